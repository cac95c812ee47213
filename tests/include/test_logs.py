"""Log lines are one JSON object each, and never contain an error's message about a row."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from pydantic import BaseModel, ValidationError

from readmission import __version__, logs
from readmission.errors import InvalidValue, NoModel
from readmission.settings import CHECKOUT, Settings

PATIENT_NBR = "1864209753"
PROGRAM = """
import asyncio, logging, sys, threading, warnings
from readmission import logs
logs.configure("test")
logging.getLogger("readmission.some").info("two\\nlines")
logging.getLogger("somebody.else").info("in detail: %(patient)s")
logging.getLogger("uvicorn.access").warning("GET /?patient_nbr=%(patient)s")
warnings.warn("take care", stacklevel=1)
def fail():
    raise ValueError("cannot handle %(patient)s")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
async def forget():
    asyncio.get_running_loop().set_exception_handler(logs.note_uncaught)
    async def failing():
        fail()
    task = asyncio.create_task(failing())
    await asyncio.sleep(0)
    del task
asyncio.run(forget())
fail()
"""


@pytest.fixture
def refused(raw_db: psycopg.Connection) -> psycopg.Error:
    """PostgreSQL's error about a duplicate key."""
    raw_db.execute("CREATE TABLE patient (patient_nbr bigint PRIMARY KEY)")
    raw_db.execute("INSERT INTO patient VALUES (%s)", [PATIENT_NBR])
    with pytest.raises(psycopg.errors.UniqueViolation) as caught:
        raw_db.execute("INSERT INTO patient VALUES (%s)", [PATIENT_NBR])
    return caught.value


class Patient(BaseModel):
    """Rejects text."""

    patient_nbr: int


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """The lines of a logger, in both formats."""
    written: list[str] = []

    class Sink(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(logs.JsonLines("test").format(record))
            written.append(logs.TextLines().format(record))

    sink = Sink()
    logging.getLogger("readmission.logs_of_a_test").addHandler(sink)
    yield written
    logging.getLogger("readmission.logs_of_a_test").removeHandler(sink)


log = logging.getLogger("readmission.logs_of_a_test")


def test_the_log_does_not_quote_a_row_as_the_database_does(
    lines: list[str], refused: psycopg.Error
) -> None:
    assert PATIENT_NBR in str(refused)  # given an error that quotes it

    log.warning("not stored: %s", refused)
    log.warning("not stored", exc_info=refused)

    for line in lines:
        assert "UniqueViolation 23505" in line
        assert PATIENT_NBR not in line


def test_a_validation_error_is_logged_without_its_input(lines: list[str]) -> None:
    def fail() -> None:
        try:
            Patient.model_validate({"patient_nbr": f"no number {PATIENT_NBR}"})
        except ValidationError as error:
            raise InvalidValue("patient_nbr", PATIENT_NBR, "a number") from error

    try:
        fail()
    except InvalidValue:
        log.exception("refused")

    for line in lines:
        assert "InvalidValue at tests/include/test_logs.py" in line
        assert "caused by ValidationError at " in line
        assert PATIENT_NBR not in line


@pytest.mark.parametrize("error", [OSError("the disk is full"), NoModel("nothing was promoted")])
def test_errors_about_services_and_files_keep_their_message(
    lines: list[str], error: Exception
) -> None:
    log.error("it failed: %s", error)
    log.error("it failed", exc_info=error)

    assert len(lines) == 4
    assert all(str(error) in line for line in lines)


def test_a_line_contains_the_request_id_and_extra_fields(lines: list[str]) -> None:
    token = logs.REQUEST_ID.set("request-1")
    log.warning("said %d", 7, extra={"action": "predict"})
    logs.REQUEST_ID.reset(token)
    log.warning("outside of requests")

    as_json, as_text, outside, _ = lines
    fields: dict[str, Any] = json.loads(as_json)
    assert fields.pop("time").endswith("+00:00")
    assert fields == {
        "level": "WARNING",
        "service": "test",
        "version": __version__,
        "logger": "readmission.logs_of_a_test",
        "message": "said 7",
        "request_id": "request-1",
        "action": "predict",
    }
    assert as_text.endswith("said 7 [request-1]")
    assert "request_id" not in json.loads(outside)


def test_everything_a_process_logs_is_json_up_to_its_last_error() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM % {"patient": PATIENT_NBR}],
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    logged = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.returncode == 1
    assert done.stdout == ""
    assert PATIENT_NBR not in done.stderr
    assert [line["message"].splitlines()[0] for line in logged] == [
        "two",
        "<string>:8: UserWarning: take care",
        "uncaught exception in thread Thread-1 (fail)",
        "asyncio: Task exception was never retrieved",
        "uncaught exception",
    ]
    assert all("<string>:10 fail" in line["error"] for line in logged[2:])


@pytest.mark.parametrize(
    ("set_", "is_terminal", "expected"),
    [(None, False, True), (None, True, False), ("json", True, True), ("text", False, False)],
)
def test_lines_are_json_unless_in_a_terminal(
    monkeypatch: pytest.MonkeyPatch, set_: str | None, is_terminal: bool, expected: bool
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal, raising=False)

    assert logs.is_json(Settings(log_format=set_)) is expected  # type: ignore[arg-type]
