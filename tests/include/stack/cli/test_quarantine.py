"""The quarantine by the command line: decide, be refused, and never see a patient's number."""

import getpass
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pytest
from click.testing import Result
from typer.testing import CliRunner

from readmission.domain import schema
from readmission.settings import PREFIX
from readmission.stack.access import warehouses
from readmission.stack.cli.app import app
from readmission.stack.services import object_store
from readmission.stack.site.ports import free_ports
from readmission.stack.stack import Stack
from readmission.warehouse import Quarantine, RowState
from tests.conftest import random_settings
from tests.databases import migrate
from tests.include.tables import encounters

FIRST = "batch-0001"
ROWS = 60
BAD = dict.fromkeys((7, 8, 9), "[300-310)")
REASONS = ["age: is one of [0-10), [10-20); 3 rows fail, e.g. [300-310)"]
COMMANDS = ("list", "show", "history", "fix", "waive", "replay", "account")


class Ward:
    """A small stack with three rows in quarantine, and its command line."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        values = stack.settings.model_dump(mode="json", exclude_unset=True)
        self.runner = CliRunner(env={PREFIX + k.upper(): str(v) for k, v in values.items()})

    def fill(self) -> None:
        with warehouses(self.stack.site) as (raw, clean):
            for warehouse in (raw, clean):
                warehouse.connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
                warehouse.connection.commit()
                migrate(warehouse.connection)
            raw.load(encounters(ROWS, age=BAD), 0, "file")
            raw.accept(FIRST, pd.DataFrame({"source_row": list(BAD), "reasons": [REASONS] * 3}))

    def say(self, *words: str, answer: str | None = None) -> Result:
        return self.runner.invoke(app, ["quarantine", *words], input=answer)

    def told(self, *words: str) -> str:
        """Return what a command says that must go well, as one line."""
        result = self.say(*words)
        assert result.exit_code == 0, result.output
        return " ".join(result.stdout.split())

    def refused(self, *words: str) -> str:
        """Return what a command says that must fail."""
        result = self.say(*words)
        assert result.exit_code == 1, result.output
        return " ".join(result.stderr.split())

    def states(self) -> Sequence[RowState]:
        with warehouses(self.stack.site) as (raw, _):
            return [row.state for row in Quarantine(raw.connection).rows()]


@pytest.fixture(scope="module")
def stack(state_folders: Path) -> Iterator[Stack]:
    """A database and an object store of its own."""
    stack = Stack(random_settings(state_folders / "quarantine"))
    stack.up({"postgres", "object-store"})
    yield stack
    stack.reset()


@pytest.fixture
def ward(stack: Stack) -> Ward:
    ward = Ward(stack)
    ward.fill()
    return ward


def test_what_waits_is_listed_and_what_is_closed_only_if_asked_for(ward: Ward) -> None:
    ward.told("waive", FIRST, "8", "--why", "no record", "--yes")

    waiting = ward.told("list")
    assert "8" not in waiting.partition("age")[0]
    assert "age: is one of" in waiting
    assert "2 open, 0 fixed, 1 waived, 0 replayed" in waiting
    assert " 8 waived" in ward.told("list", "--all")
    assert "batch-0099 is not in the RAW ledger" in ward.refused("list", "--batch", "batch-0099")


def test_a_row_is_shown_with_its_reasons_values_and_decision(ward: Ward) -> None:
    shown = ward.told("show", FIRST, "7")
    assert REASONS[0] in shown
    assert "nobody has decided yet" in shown
    assert "age [300-310)" in shown
    assert "expected" in shown
    assert "gender" not in shown

    ward.told("fix", FIRST, "7", "--set", "age=[30-40)", "--why", "asked the ward", "--by", "Osei")
    shown = ward.told("show", FIRST, "7")
    assert "fixed by Osei" in shown
    assert "asked the ward" in shown
    assert "[30-40)" in shown
    assert "gender" in ward.told("show", FIRST, "7", "--all")


def test_every_decision_is_listed_and_none_overwrites_another(ward: Ward) -> None:
    assert "nobody has decided" in ward.told("history")
    fix = ("fix", FIRST, "7", "--set")
    ward.told(*fix, "age=[30-40)", "--why", "asked the ward", "--by", "Osei")
    ward.told(*fix, "age=[40-50)", "--why", "asked again", "--by", "Ba")
    ward.told("waive", FIRST, "8", "--why", "no record", "--yes")

    told = ward.told("history", "--batch", FIRST)
    assert "fixed by Osei" in told
    assert told.index("asked the ward; age is [30-40)") < told.index("asked again; age is [40-50)")
    assert told.index("asked again") < told.index(f"row 8 of {FIRST}: waived by")
    shown = ward.told("show", FIRST, "7")
    assert "asked the ward" in shown
    assert "asked again" in shown
    assert "batch-0099 is not in the RAW ledger" in ward.refused("history", "-b", "batch-0099")


def test_a_fix_is_signed_by_the_user_of_the_session_if_nobody_is_named(ward: Ward) -> None:
    told = ward.told("fix", FIRST, "7", "8", "--set", "age=[30-40)", "--why", "asked")

    assert f"row 7 of {FIRST}: fixed by {getpass.getuser()}" in told
    assert "readmission quarantine replay" in told
    assert ward.states() == [RowState.FIXED, RowState.FIXED, RowState.OPEN]


def test_a_fix_says_what_it_leaves_wrong(ward: Ward) -> None:
    told = ward.told("fix", FIRST, "7", "--set", "gender=Female", "--why", "asked")

    assert "still wrong: age is [300-310), expected one of [0-10)" in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--set", "age=old"), "column 'age': 'old' is not allowed, expected one of [0-10)"),
        (("--set", "aeg=[0-10)"), "no such column"),
        (("--set", "age"), "expected COLUMN=VALUE"),
        ((), "--set COLUMN=VALUE, or --as-it-is"),
        (("--set", "age=[0-10)", "--as-it-is"), "--set COLUMN=VALUE, or --as-it-is"),
        (("--set", "age=[0-10)", "--by", " "), "a name and a reason"),
    ],
)
def test_a_fix_that_makes_no_sense_is_refused_in_words(
    ward: Ward, words: tuple[str, ...], message: str
) -> None:
    assert message in ward.refused("fix", FIRST, "7", "--why", "asked", *words)
    assert ward.states() == [RowState.OPEN] * 3


def test_a_row_is_waived_after_a_question_and_for_ever(ward: Ward) -> None:
    asked = ward.say("waive", FIRST, "7", "--why", "no record", answer="n\n")
    assert asked.exit_code == 1
    assert ward.states()[0] is RowState.OPEN

    assert "waived by Osei" in ward.told(
        "waive", FIRST, "7", "--why", "no record", "--by", "Osei", "--yes"
    )

    again = ("fix", FIRST, "7", "--set", "age=[0-10)", "--why", "found it")
    assert f"row 7 of {FIRST} was waived by Osei; that is final" in ward.refused(*again)
    assert "no row 11 in quarantine" in ward.refused("waive", FIRST, "11", "-w", "x", "--yes")


def test_the_reports_show_a_decision_at_once(ward: Ward) -> None:
    site = ward.stack.site

    def page(name: str) -> str:
        content = object_store.client(site).get_object(Bucket=site.settings.docs_bucket, Key=name)
        return content["Body"].read().decode()

    ward.told("waive", FIRST, "7", "--why", "no record", "--yes")
    assert page("quarantine.html").count("<strong>waived</strong>") == 1
    assert "2 in quarantine + 1 waived" in page("index.html")

    ward.told("fix", FIRST, "8", "--set", "age=[30-40)", "--why", "asked")
    assert page("quarantine.html").count("<strong>fixed</strong>") == 1
    assert (site.settings.docs_dir / "quarantine.html").read_text() == page("quarantine.html")


def test_a_decision_that_the_reports_cannot_show_stands_and_is_shown_later(ward: Ward) -> None:
    # given an object store that does not answer
    ward.runner.env[f"{PREFIX}S3_PORT"] = str(free_ports(1)[0])

    waiving = ("waive", FIRST, "7", "--why", "no record", "--yes")
    assert "decided, but the reports do not show it yet" in ward.refused(*waiving)

    assert ward.states()[0] is RowState.WAIVED


def test_nothing_to_replay_is_no_error_and_starts_nothing(ward: Ward) -> None:
    assert "nothing to replay" in ward.told("replay")


def test_a_replay_without_airflow_says_so_and_keeps_the_rows(ward: Ward) -> None:
    ward.told("fix", FIRST, "7", "--set", "age=[30-40)", "--why", "asked")

    assert "Airflow does not answer" in ward.refused("replay")
    assert ward.states()[0] is RowState.FIXED


def test_the_account_is_told_and_a_missing_row_is_an_error(ward: Ward) -> None:
    ward.told("waive", FIRST, "7", "--why", "no record", "--yes")
    expected = "60 encounters = 0 clean + 2 in quarantine + 1 waived + 57 on the way"
    assert expected in ward.told("account")

    with warehouses(ward.stack.site) as (raw, _):
        raw.connection.execute("DELETE FROM encounter WHERE source_row = 3")
    assert "60 rows, and 59 are there" in ward.refused("account")


def test_no_number_of_a_patient_or_an_encounter_is_shown(ward: Ward) -> None:
    rows = encounters(ROWS)
    numbers = {str(rows.column(name)[7]) for name in (schema.ENCOUNTER, schema.PATIENT)}

    said = [
        ward.told("fix", FIRST, "7", "--set", "patient_nbr=123456789", "--why", "asked"),
        ward.told("show", FIRST, "7", "--all"),
        ward.told("list", "--all"),
        ward.told("history"),
    ]

    for text in said:
        assert not any(number in text for number in numbers | {"123456789"})
    assert "(number not shown)" in said[1]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_needs_a_running_stack(
    command: str, state_folders: Path
) -> None:
    assert command in CliRunner().invoke(app, ["quarantine", "--help"]).stdout
    assert CliRunner().invoke(app, ["quarantine", command, "--help"]).exit_code == 0
    arguments = {
        "show": [FIRST, "7"],
        "fix": [FIRST, "7", "--as-it-is", "--why", "x"],
        "waive": [FIRST, "7", "--why", "x", "--yes"],
    }

    nowhere = CliRunner(env={f"{PREFIX}STATE_DIR": str(state_folders / "nothing")})
    result = nowhere.invoke(app, ["quarantine", command, *arguments.get(command, [])])

    assert result.exit_code == 1
    assert "readmission up" in result.stderr
