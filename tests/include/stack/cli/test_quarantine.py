"""The commands of the quarantine: decisions, errors, and no patient numbers in the output."""

import getpass
import json
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pytest
from click.testing import Result
from typer.testing import CliRunner

from readmission.domain import schema
from readmission.quality.gates import Gatekeeper
from readmission.settings import PREFIX
from readmission.stack import audit
from readmission.stack.access import open_warehouses
from readmission.stack.cli.app import app
from readmission.stack.services import object_store, postgres
from readmission.stack.site.ports import free_ports
from readmission.stack.stack import Stack
from readmission.warehouse import Quarantine, RowState
from readmission.warehouse.raw.corrections import Corrections
from tests.conftest import random_settings
from tests.databases import migrate
from tests.include.tables import encounters

FIRST, SECOND, USER = "batch-0001", "batch-0002", getpass.getuser()
ROWS = 60
BAD = dict.fromkeys((6, 7, 8), "[300-310)")
"""As RAW stores the rows, from 0; the commands count from 1: 7, 8 and 9."""
REASONS = ["age: is one of [0-10), [10-20); 3 rows fail, e.g. [300-310)"]
YES = ("--why", "no record", "--yes")
COMMANDS = ("list", "show", "history", "fix", "waive", "replay", "account")


class QuarantineCommands:
    """A small stack with three rows in quarantine, and the commands on them."""

    corrected: str

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        values = stack.settings.model_dump(mode="json", exclude_unset=True)
        self.runner = CliRunner(env={PREFIX + k.upper(): str(v) for k, v in values.items()})

    def set_up_rows(self) -> None:
        with open_warehouses(self.stack.site) as (raw, clean):
            for warehouse in (raw, clean):
                warehouse.connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
                warehouse.connection.commit()
                migrate(warehouse.connection)
            raw.load(encounters(ROWS, age=BAD), 0, "file")
            raw.accept(FIRST, pd.DataFrame({"source_row": list(BAD), "reasons": [REASONS] * 3}))

    def run(self, *words: str, answer: str | None = None) -> Result:
        return self.runner.invoke(app, ["quarantine", *words], input=answer)

    def of_corrections(self, *words: str) -> Result:
        return self.runner.invoke(app, ["corrections", *words])

    def succeed(self, *words: str) -> str:
        """Run a command that must succeed; return its output as one line."""
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return " ".join(result.stdout.split())

    def fail(self, *words: str) -> str:
        """Run a command that must fail; return its error message as one line."""
        result = self.run(*words)
        assert result.exit_code == 1, result.output
        return " ".join(result.stderr.split())

    def states(self) -> Sequence[RowState]:
        with open_warehouses(self.stack.site) as (raw, _):
            return [row.state for row in Quarantine(raw.connection).rows()]


@pytest.fixture(scope="module")
def stack(state_folders: Path) -> Iterator[Stack]:
    """A separate stack of PostgreSQL and an object store."""
    stack = Stack(random_settings(state_folders / "quarantine"))
    stack.up({"postgres", "object-store"})
    yield stack
    stack.reset()


@pytest.fixture
def commands(stack: Stack) -> QuarantineCommands:
    commands = QuarantineCommands(stack)
    commands.set_up_rows()
    return commands


def test_list_shows_closed_rows_only_with_all(commands: QuarantineCommands) -> None:
    commands.succeed("waive", FIRST, "8", "--why", "no record", "--yes")

    waiting = commands.succeed("list")
    assert "8" not in waiting.partition("age")[0]
    assert "age: is one of" in waiting
    assert "2 open, 0 fixed, 1 waived, 0 replayed" in waiting
    assert " 8 waived" in commands.succeed("list", "--all")
    assert "batch-0099 is not in the RAW ledger" in commands.fail("list", "--batch", "batch-0099")


def test_rows_are_counted_from_1_wherever_people_see_or_name_them(
    commands: QuarantineCommands,
) -> None:
    listed = json.loads(commands.succeed("list", "--json"))

    assert [one["line"] for one in listed] == [row + 1 for row in BAD]
    assert f"row 7 of {FIRST}, in quarantine since" in commands.succeed("show", FIRST, "7")
    assert f"no row {min(BAD)} in quarantine" in commands.fail("show", FIRST, str(min(BAD)))
    assert "there is no row 0: rows are counted from 1" in commands.fail("waive", FIRST, "0", *YES)


def test_show_prints_reasons_values_and_decisions(commands: QuarantineCommands) -> None:
    shown = commands.succeed("show", FIRST, "7")
    assert REASONS[0] in shown
    assert "no decision yet" in shown
    assert "age [300-310)" in shown
    assert "expected" in shown
    assert "gender" not in shown

    commands.succeed(
        "fix", FIRST, "7", "--set", "age=[30-40)", "--why", "asked the ward", "--by", "Osei"
    )
    shown = commands.succeed("show", FIRST, "7")
    assert "fixed by Osei" in shown
    assert "asked the ward" in shown
    assert "[30-40)" in shown
    assert "gender" in commands.succeed("show", FIRST, "7", "--all")


def test_history_keeps_every_decision(commands: QuarantineCommands) -> None:
    assert "there are no decisions" in commands.succeed("history")
    fix = ("fix", FIRST, "7", "--set")
    commands.succeed(*fix, "age=[30-40)", "--why", "asked the ward", "--by", "Osei")
    commands.succeed(*fix, "age=[40-50)", "--why", "asked again", "--by", "Ba")
    commands.succeed("waive", FIRST, "8", "--why", "no record", "--yes")

    output = commands.succeed("history", "--batch", FIRST)
    assert "fixed by Osei" in output
    assert output.index("asked the ward; age = [30-40)") < output.index(
        "asked again; age = [40-50)"
    )
    assert output.index("asked again") < output.index(f"row 8 of {FIRST}: waived by")
    shown = commands.succeed("show", FIRST, "7")
    assert "asked the ward" in shown
    assert "asked again" in shown
    assert "batch-0099 is not in the RAW ledger" in commands.fail("history", "-b", "batch-0099")


def test_the_author_of_a_fix_defaults_to_the_current_user(commands: QuarantineCommands) -> None:
    output = commands.succeed("fix", FIRST, "7", "8", "--set", "age=[30-40)", "--why", "asked")

    assert f"row 7 of {FIRST}: fixed by {getpass.getuser()}" in output
    assert "readmission quarantine replay" in output
    assert commands.states() == [RowState.FIXED, RowState.FIXED, RowState.OPEN]


def test_a_decision_is_audited_with_the_user_and_the_name(commands: QuarantineCommands) -> None:
    fix = ("fix", FIRST, "7", "9", "--set", "age=[30-40)", "--why", "asked", "--by", "Osei")
    assert f"fixed by Osei ({USER})" in commands.succeed(*fix)
    commands.succeed("waive", FIRST, "8", "--why", "no record", "--yes")

    fixed, waived = audit.read(commands.stack.site)[-2:]
    assert (fixed.actor, fixed.actor_kind) == (waived.actor, waived.actor_kind) == (USER, "os-user")
    assert fixed.peer == waived.peer == f"{USER}@{socket.gethostname()}"
    assert (fixed.action, fixed.subject) == ("quarantine-fix", FIRST)
    assert fixed.detail == {"rows": 2, "by": f"Osei ({USER})", "columns": ["age"]}
    assert (waived.action, waived.detail) == ("quarantine-waive", {"rows": 1, "by": USER})
    # and printed
    only = ("--actor", USER, "--action", "quarantine-waive", "--limit", "1")
    printed = commands.runner.invoke(app, ["audit", "--since", f"{waived.at:%Y-%m-%d}", *only])
    assert f"{USER} (os-user)  quarantine-waive  {FIRST}" in printed.stdout
    assert len(printed.stdout.splitlines()) == 1
    nobody = commands.runner.invoke(app, ["audit", "--actor", "nobody"])
    later = commands.runner.invoke(app, ["audit", "--since", "2999-01-01"])
    assert (nobody.exit_code, nobody.stdout, later.stdout) == (0, "", "")


def test_reading_rows_is_audited(commands: QuarantineCommands) -> None:
    commands.succeed("list", "-b", FIRST)
    commands.succeed("show", FIRST, "7")
    commands.succeed("history", "-b", FIRST)

    found = audit.read(commands.stack.site)[-3:]
    assert {(one.action, one.subject, one.actor) for one in found} == {
        ("quarantine-read", FIRST, USER)
    }
    assert [one.detail for one in found] == [{"rows": 3}, {"rows": 1, "line": 7}, {"decisions": 0}]


def test_a_decision_that_cannot_be_audited_is_not_made(commands: QuarantineCommands) -> None:
    role = postgres.AUDIT_WRITER
    with postgres._connect(commands.stack.site) as superuser:
        superuser.execute(f"ALTER ROLE {role} NOLOGIN".encode())
        try:
            fix = commands.fail("fix", FIRST, "7", "--set", "age=[30-40)", "--why", "asked")
            waive = commands.fail("waive", FIRST, "8", "--why", "no record", "--yes")
        finally:
            superuser.execute(f"ALTER ROLE {role} LOGIN".encode())

    assert "nothing was changed: the audit trail cannot be written" in fix
    assert "nothing was changed" in waive
    assert commands.states() == [RowState.OPEN] * 3


def test_fix_prints_the_values_that_are_still_invalid(commands: QuarantineCommands) -> None:
    output = commands.succeed("fix", FIRST, "7", "--set", "gender=Female", "--why", "asked")

    assert "still invalid: age is [300-310), expected one of [0-10)" in output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--set", "age=old"), "column 'age': 'old' is not allowed, expected one of [0-10)"),
        (("--set", "aeg=[0-10)"), "no such column"),
        (("--set", "age"), "expected COLUMN=VALUE"),
        ((), "--set COLUMN=VALUE, or --as-it-is"),
        (("--set", "age=[0-10)", "--as-it-is"), "--set COLUMN=VALUE, or --as-it-is"),
        (("--set", "age=[0-10)", "--why", " "), "a name and a reason"),
    ],
)
def test_an_invalid_fix_is_rejected_with_its_reason(
    commands: QuarantineCommands, words: tuple[str, ...], message: str
) -> None:
    assert message in commands.fail("fix", FIRST, "7", "--why", "asked", *words)
    assert commands.states() == [RowState.OPEN] * 3


def test_waive_asks_for_confirmation_and_is_final(commands: QuarantineCommands) -> None:
    declined = commands.run("waive", FIRST, "7", "--why", "no record", answer="n\n")
    assert declined.exit_code == 1
    assert commands.states()[0] is RowState.OPEN

    assert "waived by Osei" in commands.succeed(
        "waive", FIRST, "7", "--why", "no record", "--by", "Osei", "--yes"
    )

    again = ("fix", FIRST, "7", "--set", "age=[0-10)", "--why", "found it")
    assert f"row 7 of {FIRST} was waived by Osei ({USER}); that is final" in commands.fail(*again)
    assert "no row 11 in quarantine" in commands.fail("waive", FIRST, "11", "-w", "x", "--yes")


def test_reports_show_a_decision_at_once(commands: QuarantineCommands) -> None:
    site = commands.stack.site

    def page(name: str) -> str:
        content = object_store.client(site).get_object(Bucket=site.settings.docs_bucket, Key=name)
        return content["Body"].read().decode()

    commands.succeed("waive", FIRST, "7", "--why", "no record", "--yes")
    assert page("quarantine.html").count("<strong>waived</strong>") == 1
    assert "2 in quarantine + 1 waived" in page("index.html")

    commands.succeed("fix", FIRST, "8", "--set", "age=[30-40)", "--why", "asked")
    assert page("quarantine.html").count("<strong>fixed</strong>") == 1
    assert (site.settings.docs_dir / "quarantine.html").read_text() == page("quarantine.html")


def test_a_decision_is_saved_even_if_the_reports_cannot_be_updated(
    commands: QuarantineCommands,
) -> None:
    # given an unavailable object store
    commands.runner.env[f"{PREFIX}S3_PORT"] = str(free_ports(1)[0])

    waiving = ("waive", FIRST, "7", "--why", "no record", "--yes")
    assert "the decision is saved, but the reports do not show it yet" in commands.fail(*waiving)

    assert commands.states()[0] is RowState.WAIVED


def test_replay_without_fixed_rows_does_nothing(commands: QuarantineCommands) -> None:
    assert "nothing to replay" in commands.succeed("replay")


def test_replay_without_airflow_fails_and_keeps_the_rows(commands: QuarantineCommands) -> None:
    commands.succeed("fix", FIRST, "7", "--set", "age=[30-40)", "--why", "asked")

    assert "Airflow is unavailable" in commands.fail("replay")
    assert commands.states()[0] is RowState.FIXED


def test_account_counts_all_rows_and_fails_if_one_is_missing(commands: QuarantineCommands) -> None:
    commands.succeed("waive", FIRST, "7", "--why", "no record", "--yes")
    expected = "60 encounters = 0 clean + 2 in quarantine + 1 waived + 57 in progress"
    assert expected in commands.succeed("account")

    with open_warehouses(commands.stack.site) as (raw, _):
        raw.connection.execute("DELETE FROM encounter WHERE source_row = 3")
    assert "RAW's ledger says 60 rows, but its table has 59" in commands.fail("account")


def test_no_patient_or_encounter_number_is_printed(commands: QuarantineCommands) -> None:
    rows = encounters(ROWS)
    numbers = {str(rows.column(name)[6]) for name in (schema.ENCOUNTER, schema.PATIENT)}

    outputs = [
        commands.succeed("fix", FIRST, "7", "--set", "patient_nbr=123456789", "--why", "asked"),
        commands.succeed("show", FIRST, "7", "--all"),
        commands.succeed("list", "--all"),
        commands.succeed("history"),
    ]

    for text in outputs:
        assert not any(number in text for number in numbers | {"123456789"})
    assert "(number not shown)" in outputs[1]


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


@pytest.mark.parametrize(
    "words",
    [
        ("list", "--batch", "../../x"), ("show", "batch_0026", "7"), ("history", "-b", "' or 1=1"),
        ("fix", "../../x", "7", "--set", "age=[70-80)", "--why", "so"), ("replay", "-b", "x"),
        ("waive", "batch-0001/..", "7", "--yes", "--why", "so"),
    ],
    ids=lambda words: words[0],
)  # fmt: skip
def test_anything_but_a_batch_is_refused(
    commands: QuarantineCommands, words: tuple[str, ...]
) -> None:
    assert "is not the id of a batch; expected batch-0001 or replay-0001" in commands.fail(*words)


@pytest.fixture
def correcting(commands: QuarantineCommands, tmp_path: Path) -> QuarantineCommands:
    """The commands after a second batch has brought other ages for two rows of the first."""
    with open_warehouses(commands.stack.site) as (raw, _clean):
        corrected = encounters(ROWS, age=dict.fromkeys((20, 21), "[50-60)"))
        raw.load(corrected, ROWS, "file")
        Gatekeeper(tmp_path, lambda _site, _gate: None).raw(raw, SECOND, 1.0)
        first, *_others = sorted(one.line for one in Corrections(raw.connection).all())
        commands.corrected = str(first)
    return commands


def test_corrections_are_listed_accepted_and_rejected(correcting: QuarantineCommands) -> None:
    first, second = correcting.corrected, str(int(correcting.corrected) + 1)

    # given corrections that wait, shown with the columns, and with the values only on request
    listed = correcting.of_corrections("list")
    assert f"row {first} of {SECOND}" in listed.stdout
    assert "corrects row 21 of batch-0001: age; held" in " ".join(listed.stdout.split())
    assert "[50-60)" not in listed.stdout
    assert "-> [50-60)" in correcting.of_corrections("list", "--values").stdout

    # when a person decides
    accepted = correcting.of_corrections("accept", SECOND, first, "--reason", "asked the ward")
    rejected = correcting.of_corrections("reject", SECOND, second, "--reason", "typing error")

    # then the decisions are kept, and nothing waits
    assert "accepted 1 of batch-0002" in accepted.stdout
    assert "rejected 1 of batch-0002" in rejected.stdout
    assert "0 held, 1 accepted, 1 rejected" in correcting.of_corrections("list").stdout
    assert "typing error" in correcting.of_corrections("list", "--all").stdout


def test_corrections_are_listed_as_json(correcting: QuarantineCommands) -> None:
    plain = json.loads(correcting.of_corrections("list", "--json").stdout)
    valued = json.loads(correcting.of_corrections("list", "--json", "--values").stdout)

    earlier = [(one["earlier_batch"], one["earlier_line"]) for one in plain]
    assert earlier == [(FIRST, 21), (FIRST, 22)]
    assert str(plain[0]["line"]) == correcting.corrected
    assert {one["status"] for one in plain} == {"held"}
    assert all("changes" not in one for one in plain)
    (change,) = valued[0]["changes"]
    assert (change["column"], change["new"]) == ("age", "[50-60)")


def test_a_row_that_corrects_nothing_is_refused(correcting: QuarantineCommands) -> None:
    refused = correcting.of_corrections("accept", FIRST, "7", "--reason", "why")

    assert refused.exit_code == 1
    assert "row 7 of batch-0001 corrects no other row" in " ".join(refused.stderr.split())
