"""Logs without patient data: one line of JSON per record, with the ids of request and trace.

The message of an exception may quote a row: PostgreSQL quotes a duplicate key, pydantic quotes its
input. Such messages are never logged; the type of the error and its locations in the code are.
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

from readmission import __version__
from readmission.errors import InvalidValue, ReadmissionError
from readmission.logs.tracing import NoTracer, Tracer
from readmission.settings import CHECKOUT, Settings, get_settings

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""Id of the current request; every line logged while it is handled contains the id."""

TRACE_ID: ContextVar[str] = ContextVar("trace_id", default="")
"""Id of the current trace, if there is one; every line logged within it contains the id."""

OURS = "readmission"
ACCESS_LOGGERS = ("tornado.access", "uvicorn.access")
"""Loggers of request URLs. They are disabled because a query string may identify a patient."""

TRUSTED = frozenset({"botocore", "httpx", "mlflow", "requests", "urllib3"})
"""Packages whose error messages are about services and files, never about rows.

`OSError` and the project's own errors are trusted as well.
"""

log = logging.getLogger(OURS)


def configure(service: str, settings: Settings | None = None) -> None:
    """Send all logs to standard error, including Python warnings and uncaught exceptions.

    Libraries log warnings and errors only: their more detailed messages may contain patient data.

    Parameters
    ----------
    service : str
        Name of the process, added to each line.
    settings : Settings, optional
        Read from the environment by default.
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


def open_tracer(service: str, settings: Settings) -> Tracer:
    """Return what opens the spans of a process; without a collector, it does nothing.

    Parameters
    ----------
    service : str
        Name of the process.
    settings : Settings
        Name the collector, if there is one.
    """
    if settings.otlp_endpoint is None:
        return NoTracer()
    # Imported lazily: it takes half a second, and nobody without a collector needs it.
    from readmission.logs.otlp import OtlpTracer

    return OtlpTracer(service, settings.otlp_endpoint, TRACE_ID)


def trace_headers(settings: Settings) -> dict[str, str]:
    """Return the headers that let a service continue the trace of an Airflow task, if there is one.

    Airflow opens the span itself.
    """
    if settings.otlp_endpoint is None:
        return {}
    from readmission.logs.otlp import current_headers

    return current_headers()


def is_json(settings: Settings) -> bool:
    """Whether to log JSON; by default, unless standard error is a terminal."""
    if settings.log_format is None:
        return not sys.stderr.isatty()
    return settings.log_format == "json"


def stamp(seconds: float) -> str:
    """Format a Unix time as in every log line."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def where(error: BaseException) -> str:
    """Return an error's type and code locations, without its message, which may quote a row."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " > ".join(f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames)
    # PostgreSQL's error code names the problem without quoting the row.
    code = getattr(error, "sqlstate", None)
    return " ".join(filter(None, (type(error).__name__, code, places and f"at {places}")))


def is_trusted(error: BaseException) -> bool:
    """Whether the message of an error is certain not to quote a row."""
    package = type(error).__module__.partition(".")[0]
    # Checked by class as well: a module run with `python -m` defines its errors in `__main__`.
    is_about_services = package in TRUSTED or isinstance(error, OSError | ReadmissionError)
    return is_about_services and not isinstance(error, InvalidValue)


def _short(filename: str) -> str:
    """Return the path of a file relative to site-packages or to the checkout."""
    return filename.rpartition("site-packages/")[2].removeprefix(f"{CHECKOUT}/")


def note_uncaught(_loop: AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log an exception that no task awaited; used as an event loop's exception handler."""
    error = context.get("exception")
    # Log only asyncio's own message: the task's representation includes the error's message.
    log.error("asyncio: %s", context["message"], exc_info=error)


class JsonLines(JsonFormatter):
    """Format each record as exactly one line of JSON.

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
            static_fields={"service": service, "version": __version__},
            reserved_attrs=[*RESERVED_ATTRS, "color_message"],
            json_default=lambda value: type(value).__name__,
        )

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        return super().format(_presentable(record))

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802, ARG002
        """Return the time of the record in UTC."""
        return stamp(record.created)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """Return the error and its causes."""
        return _chain(ei[1])


class TextLines(logging.Formatter):
    """Format records as text for a terminal."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s%(id)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text, with an error on a line of its own."""
        shown = _presentable(record)
        request_id = getattr(shown, "request_id", "")
        shown.id = f" [{request_id}]" if request_id else ""
        return super().format(shown)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """Return the error and its causes."""
        return _chain(ei[1])


def _presentable(record: logging.LogRecord) -> logging.LogRecord:
    """Return a copy with the request's id and without the messages of untrusted errors."""
    shown = copy.copy(record)
    shown.exc_text = None
    if isinstance(record.args, tuple):
        shown.args = tuple(
            where(arg) if isinstance(arg, BaseException) and not is_trusted(arg) else arg
            for arg in record.args
        )
    for name, current in (("request_id", REQUEST_ID), ("trace_id", TRACE_ID)):
        if (found := current.get()) and not hasattr(shown, name):
            setattr(shown, name, found)
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
    log.critical("uncaught exception", exc_info=error)


def _uncaught_in_thread(failure: threading.ExceptHookArgs) -> None:
    name = failure.thread.name if failure.thread else "unknown"
    log.error("uncaught exception in thread %s", name, exc_info=failure.exc_value)
