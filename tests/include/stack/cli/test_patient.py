"""The commands `readmission patient` on a stack: output, questions, errors and a private file."""

import getpass
import json
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from readmission.domain.privacy import Pseudonyms
from readmission.settings import PREFIX
from readmission.stack import audit
from readmission.stack.cli.app import app
from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from readmission.warehouse.clean.partitions import Bucket
from tests.conftest import Platform
from tests.databases import emptied
from tests.include.operations.ward import PATIENT, WHY, Ward

NUMBER, USER = str(PATIENT), getpass.getuser()


class PatientCommands:
    """A stack with rows of the patient in all databases, and the commands on it."""

    def __init__(self, stack: Stack, ward: Ward) -> None:
        self.stack, self.ward = stack, ward
        values = stack.settings.model_dump(mode="json", exclude_unset=True)
        self.runner = CliRunner(env={PREFIX + k.upper(): str(v) for k, v in values.items()})

    def run(self, *words: str, answer: str | None = None) -> Result:
        result = self.runner.invoke(app, ["patient", *words], input=answer)
        assert NUMBER not in result.stderr
        return result


@pytest.fixture
def commands(platform: Platform, databases: Stack, bucket: Bucket) -> Iterator[PatientCommands]:
    key = databases.site.credentials.prediction_log_key
    with ExitStack() as opened:
        connections = []
        opened.enter_context(emptied(postgres.dsn(databases.site, postgres.AUDIT)))
        for name in ("raw", "clean", "predictions"):
            dsn = postgres.dsn(databases.site, name)
            connections.append(opened.enter_context(emptied(dsn)))
            connections[-1].autocommit = True
        ward = Ward(*connections, platform.settings, bucket, key)
        ward.fill()
        yield PatientCommands(databases, ward)


def test_export_prints_json_or_writes_a_private_file(
    commands: PatientCommands, tmp_path: Path
) -> None:
    printed = commands.run("export", NUMBER, "--reason", WHY)
    written = commands.run("export", "-", "-r", WHY, "-o", str(tmp_path / "x"), answer=NUMBER)

    assert (printed.exit_code, written.exit_code) == (0, 0), printed.stderr + written.stderr
    assert json.loads(printed.stdout)["raw"]["encounter"]["count"] == 9
    assert written.stdout == ""
    assert json.loads((tmp_path / "x").read_text())["clean"]["patient"]["count"] == 1
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o600


def test_erase_asks_first_and_says_what_it_did(commands: PatientCommands) -> None:
    refused = commands.run("erase", NUMBER, "--reason", WHY, answer="n\n")
    assert refused.exit_code == 1
    assert "9 in raw.encounter" in refused.stderr
    assert "nothing was erased" in refused.stderr
    assert commands.ward.traces()

    erased = commands.run("erase", NUMBER, "--reason", WHY, "--by", "Dr. Osei", "--yes")
    assert erased.exit_code == 0, erased.stderr
    assert commands.ward.traces() == {}
    assert "erased 9 rows of raw.encounter" in erased.stderr
    assert "Backups still hold the rows until they expire" in erased.stderr

    again = commands.run("erase", NUMBER, "--reason", WHY, "--yes")
    assert (again.exit_code, "no row was left" in again.stderr) == (0, True)
    account = commands.runner.invoke(app, ["quarantine", "account"])
    assert "200 encounters = 193 clean + 0 in quarantine + 7 erased" in account.stdout


def test_export_and_erasure_are_audited_without_the_number(commands: PatientCommands) -> None:
    # when a patient is exported, an erasure is given up, and another one is made
    assert commands.run("export", NUMBER, "-r", WHY, "--by", "Dr. Osei").exit_code == 0
    assert commands.run("erase", NUMBER, "-r", WHY, answer="n\n").exit_code == 1
    assert commands.run("erase", NUMBER, "-r", WHY, "--yes").exit_code == 0

    # then two events have the same hash as subject, and none has the number
    found = audit.read(commands.stack.site)[-2:]
    subject = Pseudonyms(commands.ward.key).erased_patient(NUMBER)
    assert [(event.action, event.subject) for event in found] == [
        ("patient-export", subject), ("patient-erase", subject),
    ]  # fmt: skip
    assert {(event.actor, event.actor_kind) for event in found} == {(USER, "os-user")}
    assert found[0].detail == {"by": "Dr. Osei", "reason": WHY}
    assert NUMBER not in str(audit.read(commands.stack.site))


def test_following_a_rotation_of_the_key_is_audited(commands: PatientCommands) -> None:
    assert commands.run("rekey").exit_code == 0

    (event,) = audit.read(commands.stack.site)
    assert (event.action, event.subject, event.actor) == ("patient-rekey", None, USER)


@pytest.mark.parametrize("verb", ["export", "erase"])
def test_nothing_is_shown_or_erased_that_cannot_be_audited(
    commands: PatientCommands, verb: str
) -> None:
    role = postgres.AUDIT_WRITER
    with postgres._connect(commands.stack.site) as superuser:
        superuser.execute(f"ALTER ROLE {role} NOLOGIN".encode())
        try:
            yes = ["--yes"] if verb == "erase" else []
            refused = commands.run(verb, NUMBER, "--reason", WHY, *yes)
        finally:
            superuser.execute(f"ALTER ROLE {role} LOGIN".encode())

    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "the audit trail cannot be written" in " ".join(refused.stderr.split())
    assert commands.ward.traces()


def test_what_is_not_found_or_not_signed_is_refused(commands: PatientCommands) -> None:
    for verb in ("export", "erase"):
        unknown = commands.run(verb, "424242", "--reason", WHY)
        assert (unknown.exit_code, unknown.stdout) == (1, "")
        assert "no row of this patient in raw.encounter" in " ".join(unknown.stderr.split())
        assert commands.run(verb, NUMBER, "--reason", " ").exit_code == 1
        assert commands.run(verb, NUMBER).exit_code == 2
    assert commands.ward.traces()


@pytest.mark.parametrize("verb", ["export", "erase"])
def test_every_command_has_help_and_needs_a_running_stack(verb: str, state_folders: Path) -> None:
    assert CliRunner().invoke(app, ["patient", verb, "--help"]).exit_code == 0

    nowhere = CliRunner(env={f"{PREFIX}STATE_DIR": str(state_folders / "nothing")})
    result = nowhere.invoke(app, ["patient", verb, NUMBER, "--reason", WHY])

    assert result.exit_code == 1
    assert "readmission up" in result.stderr
