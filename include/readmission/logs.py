"""Logs of our own processes: one line of JSON each, with the request's id and no patient's data.

A message that an exception brings along may quote a row: PostgreSQL adds the key it refuses,
pydantic the input. Such messages are left out here, wherever they come from; the kind of the
error and its places in the code stay.
"""

import copy
import logging
import sys
import threading
import traceback
from asyncio import AbstractEventLoop
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from readmission.errors import InvalidValue, ReadmissionError
from readmission.settings import CHECKOUT, Settings, get_settings

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""Id of the request that is being answered; every line logged meanwhile carries it."""

OURS = "readmission"
ACCESS_LOGGERS = ("tornado.access", "uvicorn.access")
"""Repeat addresses with their parameters, which may be a patient's."""

TRUSTED = frozenset({"botocore", "httpx", "mlflow", "requests", "urllib3"})
"""Packages whose errors speak of services and files, never of rows; so do `OSError` and our own."""

log = logging.getLogger(OURS)


def configure(service: str, settings: Settings | None = None) -> None:
    """Log to standard error from now on, also what would otherwise end up there as bare text.

    Libraries are heard from warnings on; what they say in detail may hold what they work on.

    Parameters
    ----------
    service : str
        Name of the process, in each line.
    settings : Settings, optional
        Those of the environment by default.
    """
    settings = settings or get_settings()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(service) if is_json(settings) else TextLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    log.setLevel(settings.log_level.upper())
    logging.getLogger("uvicorn").setLevel(max(log.level, logging.INFO))
    for name in ACCESS_LOGGERS:
        logging.getLogger(name).disabled = True
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def is_json(settings: Settings) -> bool:
    """Whether lines are JSON; if nothing is set, they are unless somebody is looking."""
    if settings.log_format is None:
        return not sys.stderr.isatty()
    return settings.log_format == "json"


def stamp(seconds: float) -> str:
    """Return a time, in seconds since 1970, as all lines have it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def where(error: BaseException) -> str:
    """Return type and places of an error without its message, which may quote a patient's data."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " > ".join(f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames)
    # PostgreSQL's own code says what was wrong and nothing of the row.
    code = getattr(error, "sqlstate", None)
    return " ".join(filter(None, (type(error).__name__, code, places and f"at {places}")))


def is_trusted(error: BaseException) -> bool:
    """Whether the message of an error cannot quote a row."""
    package = type(error).__module__.partition(".")[0]
    # By class, not by package: what `python -m` runs defines its errors in `__main__`.
    speaks_of_services = package in TRUSTED or isinstance(error, OSError | ReadmissionError)
    return speaks_of_services and not isinstance(error, InvalidValue)


def _short(filename: str) -> str:
    """Return a file's name as its package has it."""
    return filename.rpartition("site-packages/")[2].removeprefix(f"{CHECKOUT}/")


def note_uncaught(_loop: AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what went wrong in a task that nobody waits for; an event loop's exception handler."""
    error = context.get("exception")
    # The message is asyncio's own; the task and its error, which it would show, stay out.
    log.error("asyncio: %s", context["message"], exc_info=error)


class JsonLines(JsonFormatter):
    """A line of JSON for each record, and one only.

    Parameters
    ----------
    service : str
        Name of the process.
    """

    def __init__(self, service: str) -> None:
        super().__init__(
            ["asctime", "levelname", "name", "message"],
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"}
            | {"exc_info": "error"},
            static_fields={"service": service},
            reserved_attrs=[*RESERVED_ATTRS, "color_message"],
            json_default=lambda value: type(value).__name__,
        )

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return super().format(_presentable(record))

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802, ARG002
        """Return the time of the record."""
        return stamp(record.created)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """Return the error and its causes."""
        return _chain(ei[1])


class TextLines(logging.Formatter):
    """The same for a terminal."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s%(id)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, or more of them for an error."""
        shown = _presentable(record)
        request_id = getattr(shown, "request_id", "")
        shown.id = f" [{request_id}]" if request_id else ""
        return super().format(shown)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """Return the error and its causes."""
        return _chain(ei[1])


def _presentable(record: logging.LogRecord) -> logging.LogRecord:
    """Return a copy with the request's id, in which no error speaks for itself."""
    shown = copy.copy(record)
    shown.exc_text = None
    if isinstance(record.args, tuple):
        shown.args = tuple(
            where(arg) if isinstance(arg, BaseException) and not is_trusted(arg) else arg
            for arg in record.args
        )
    request_id = REQUEST_ID.get()
    if request_id and not hasattr(shown, "request_id"):
        shown.request_id = request_id
    return shown


def _chain(error: BaseException | None) -> str:
    return " caused by ".join(
        f"{where(each)}: {each}" if is_trusted(each) else where(each) for each in _causes(error)
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    log.critical("ended by an error", exc_info=error)


def _uncaught_in_thread(told: threading.ExceptHookArgs) -> None:
    name = told.thread.name if told.thread else "unknown"
    log.error("thread %s ended by an error", name, exc_info=told.exc_value)
