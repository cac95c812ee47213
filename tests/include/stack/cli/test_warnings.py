"""The commands `readmission warnings`: known warnings are acknowledged, and open again later."""

import getpass
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from readmission.settings import PREFIX
from readmission.stack import audit
from readmission.stack.access import open_warehouses
from readmission.stack.cli.app import app
from readmission.stack.stack import Stack
from readmission.warehouse.verdicts import GateVerdict, VerdictLog
from tests.conftest import random_settings
from tests.include.tables import encounters

FIRST, SECOND, USER = "batch-0001", "batch-0002", getpass.getuser()
SUBJECT = "weight: missing about as often as before"
ADVICE = "check whether the source fills it"
TOMORROW = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"


class WarningCommands:
    """A small stack whose raw gate has warned of its first batch, and the commands on it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        values = stack.settings.model_dump(mode="json", exclude_unset=True)
        self.runner = CliRunner(env={PREFIX + k.upper(): str(v) for k, v in values.items()})

    def warn(self, batch_id: str, share: float) -> None:
        """Let the raw gate warn of a share of missing values."""
        sentence = f"{SUBJECT} (97%); observed {share}; {ADVICE}"
        with open_warehouses(self.stack.site) as (raw, _):
            VerdictLog(raw.connection).record(
                GateVerdict(batch_id, "raw", True, 40, [sentence], 1.0, "key")
            )

    def succeed(self, *words: str) -> str:
        """Run a command that must succeed; return its output as one line."""
        result = self.runner.invoke(app, ["warnings", *words])
        assert result.exit_code == 0, result.output
        return " ".join(result.stdout.split())

    def fail(self, *words: str) -> str:
        """Run a command that must fail; return its error message as one line."""
        result = self.runner.invoke(app, ["warnings", *words])
        assert result.exit_code == 1, result.output
        return " ".join(result.stderr.split())

    def status(self) -> str:
        (found,) = json.loads(self.succeed("list", "--json"))
        return "acknowledged" if found["acknowledged"] else "open"


@pytest.fixture(scope="module")
def stack(state_folders: Path) -> Iterator[Stack]:
    """A separate stack of PostgreSQL and an object store, with two batches."""
    stack = Stack(random_settings(state_folders / "warnings"))
    stack.up({"postgres", "object-store"})
    with open_warehouses(stack.site) as (raw, _):
        for offset in (0, 10):
            raw.load(encounters(20).slice(offset, 10), offset, "file")
    yield stack
    stack.reset()


@pytest.fixture(scope="module")
def commands(stack: Stack) -> WarningCommands:
    return WarningCommands(stack)


def test_without_a_warning_the_list_says_so(commands: WarningCommands) -> None:
    assert commands.succeed("list") == "no gate has warned"


def test_a_warning_is_acknowledged_changes_and_is_withdrawn(commands: WarningCommands) -> None:
    # given a warning, which the list shows with its advice
    commands.warn(FIRST, 0.6)
    listed = commands.succeed("list")
    assert f"raw open {FIRST}" in listed
    assert ADVICE in listed

    # when somebody acknowledges it
    why = ("--reason", "a new form", "--by", "Osei")
    done = commands.succeed("acknowledge", "raw", "weight", *why, "--until", TOMORROW)

    # then it stays in the list, and on the page, as acknowledged, with who, why and until when
    assert done.startswith(f"acknowledged: {SUBJECT}")
    listed = commands.succeed("list")
    assert f"raw acknowledged {FIRST} Osei ({USER})" in listed
    assert f"{TOMORROW} 00:00" in listed
    page = (commands.stack.site.settings.docs_dir / "warnings.html").read_text()
    assert "<strong>acknowledged</strong>" in page
    assert "a new form" in page
    # and in later batches, until it changes
    commands.warn(SECOND, 0.65)
    assert commands.status() == "acknowledged"
    commands.warn(SECOND, 0.2)
    assert f"raw open again: it has changed {SECOND}" in commands.succeed("list")

    # and when it is acknowledged again and withdrawn, it is open
    commands.succeed("acknowledge", "raw", "weight", *why)
    assert commands.status() == "acknowledged"
    undone = commands.succeed("withdraw", "raw", "weight", "--reason", "a mistake", "--by", "Osei")
    assert undone.startswith(f"open again: {SUBJECT}")
    assert commands.status() == "open"

    # and each decision is in the audit trail
    found = [event for event in audit.read(commands.stack.site) if event.subject == "raw"]
    actions = sorted(str(event.action) for event in found)
    assert actions == ["warning-acknowledge", "warning-acknowledge", "warning-withdraw"]
    assert {event.actor for event in found} == {USER}


def test_a_decision_that_cannot_be_carried_out_says_why(commands: WarningCommands) -> None:
    commands.warn(FIRST, 0.6)
    why = ("--reason", "known")

    unknown = commands.fail("acknowledge", "raw", "payer_code", *why)
    assert f"the raw gate has no warning 'payer_code', expected one of {SUBJECT}" in unknown
    assert "there is no gate 'drift'" in commands.fail("acknowledge", "drift", "weight", *why)
    past = commands.fail("acknowledge", "raw", "weight", *why, "--until", "2001-01-01")
    assert "2001-01-01 00:00 UTC is in the past" in past
    assert "is not acknowledged" in commands.fail("withdraw", "raw", "weight", *why)
