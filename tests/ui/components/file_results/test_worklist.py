"""The worklist of a file: by risk, not by class."""

from io import BytesIO

import pandas as pd
import pytest

from tests.api.serving import Service
from tests.ui.pages import FILES, ROWS, Opened, csv, predict_file, text_of
from ui.components.file_results.worklist import Worklist, make_worklist


@pytest.fixture
def worklist() -> Worklist:
    """Rows of which the one at the second highest risk has the later class, and one died."""
    table = pd.DataFrame(
        {
            "line": [1, 2, 3, 4],
            "encounter_id": ["11", "<b>", "33", "=4"],
            "patient_nbr": [None] * 4,
            "predicted_class": ["<30", "NO", None, "<30"],
            "probability_<30": [0.218, 0.229, None, 0.4],
        }
    )
    return make_worklist(table, "probability_<30", 0.22)


def test_the_order_is_that_of_the_risk_whatever_the_class(worklist: Worklist) -> None:
    assert list(worklist.rows["line"]) == [4, 2, 1]
    assert list(worklist.rows["rank"]) == [1, 2, 3]
    assert list(worklist.chosen["line"]) == [4, 2]
    assert "patient_nbr" not in worklist.rows


def test_without_capacity_nobody_is_followed_up(worklist: Worklist) -> None:
    table = worklist.rows.rename(columns={"risk_within_30_days": "risk"})

    assert make_worklist(table, "risk", None).chosen.empty


def test_csv_and_excel_have_the_same_rows(worklist: Worklist) -> None:
    excel = pd.read_excel(BytesIO(worklist.xlsx()), dtype={"encounter_id": str})

    # A key like a formula is text in both: as the type of the cell, or by an apostrophe.
    assert list(excel["encounter_id"]) == ["=4", "<b>", "11"]
    assert excel.replace("=4", "'=4").to_csv(index=False).encode() == worklist.csv()


def test_a_key_with_a_control_character_does_not_stop_the_excel_file(worklist: Worklist) -> None:
    rows = worklist.rows.assign(encounter_id=["4\x0b5", "\x1f", "11"])

    excel = Worklist(rows, 0.22).xlsx()

    read = pd.read_excel(BytesIO(excel), dtype={"encounter_id": str})
    assert read["encounter_id"].fillna("").tolist() == ["45", "", "11"]


def test_the_printed_page_has_the_chosen_patients_with_a_box_each(worklist: Worklist) -> None:
    headings = {"rank": "Rank", "encounter_id": "stay", "risk_within_30_days": "risk"}
    page = worklist.page("List", headings, "Done", lambda _share: "12,5 %", "es").decode()

    assert page.count("☐") == page.count("<td>12,5 %</td>") == 2
    assert '<html lang="es">' in page
    assert "&lt;b&gt;" in page
    assert "<td>11</td>" not in page


def test_the_page_files_offers_the_worklist(api: Service, opened: Opened) -> None:
    page = predict_file(opened(api.url, FILES), csv())

    assert f"of {ROWS}** patients have a risk of at least" in text_of(page.markdown)
    assert "8 of 40 patients per day" in text_of(page.markdown)
    labels = [button.proto.label for button in page.get("download_button")]
    assert {"Print the worklist", "Worklist as CSV", "Worklist as Excel"} <= set(labels)
