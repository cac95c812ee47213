"""Helpers to open and use a page in Streamlit's own test driver."""

from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from readmission.domain import schema, synthetic

Opened = Callable[..., AppTest]

PREDICT, FILES, MODEL, CAPACITY, QUALITY = (
    f"views/{name}.py" for name in ("predict", "files", "model", "capacity", "quality")
)
VIEWS = (PREDICT, FILES, MODEL, CAPACITY, QUALITY)
ROWS = 40


def switch_to(page: AppTest, view: str) -> AppTest:
    """Go to another page of the app."""
    page.switch_page(view).run()
    assert not page.exception
    return page


def press(page: AppTest, label: str) -> AppTest:
    """Press the button with this label."""
    (button,) = [b for b in page.button if b.label == label]
    button.click().run()
    assert not page.exception
    return page


def text_of(elements: Any) -> str:
    """Return the text of several elements."""
    return "\n".join(element.value for element in elements)


def widget(page: AppTest, name: str) -> Any:
    """Return the widget of a field."""
    kinds = (page.selectbox, page.number_input, page.text_input, page.radio, page.multiselect)
    return next(w for kind in kinds for w in kind if w.key == f"field:{name}")


def metrics(page: AppTest) -> dict[str, str]:
    """Return the values of the metrics on a page by their labels."""
    return {metric.label: metric.value for metric in page.metric}


def predicted_encounter(page: AppTest) -> dict[str, Any]:
    """Return the encounter of the last prediction."""
    encounter: dict[str, Any] = page.session_state["prediction"][0]
    return encounter


def csv(rows: int = ROWS, **changes: object) -> bytes:
    """Return a CSV file of eligible encounters; `changes` are the second row's, by column."""
    table = synthetic.encounters(rows, seed=3).to_pandas()
    died = table["discharge_disposition_id"].isin(schema.DIED)
    table.loc[died, "discharge_disposition_id"] = "1"
    for column, value in changes.items():
        table.loc[1, column] = value
    return table.to_csv(index=False).encode()


def predict_file(page: AppTest, content: bytes) -> AppTest:
    """Upload a file on the page Files, predict it and wait for the end."""
    page.file_uploader[0].upload("stays.csv", content, "text/csv").run()
    press(page, "Predict file")
    page.session_state["file_job"].join(120)
    page.run()
    assert not page.exception
    return page
