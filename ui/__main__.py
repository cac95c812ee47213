"""Serve the web app: `python -m ui`, with the options of `streamlit run`."""

import contextlib
import io
import logging
import sys

import streamlit.logger
from streamlit.web import cli
from uvicorn.config import HTTP_PROTOCOLS, LOGGING_CONFIG

from readmission.logs import configure, connections
from readmission.settings import CHECKOUT, SettingsError

APP = CHECKOUT / "ui" / "server.py"
OPTIONS = (
    *("--server.headless", "true", "--browser.gatherUsageStats", "false"),
    *("--server.fileWatcherType", "none"),
    # The welcome message and Rich's tracebacks would put lines into the log that are not JSON.
    *("--logger.hideWelcomeMessage", "true", "--logger.enableRich", "false"),
)


def configure_logging() -> None:
    """Log in the project's format, including what Streamlit and Uvicorn log."""
    configure("ui")
    # Streamlit serves through Uvicorn, which would install handlers of its own from this.
    LOGGING_CONFIG["loggers"] = {}
    streamlit.logger.setup_formatter = _use_root_handler
    streamlit.logger.update_formatter()


def _use_root_handler(logger: logging.Logger) -> None:
    """Remove the handler that Streamlit gives each logger, and pass its records to ours."""
    handler = vars(logger).pop("streamlit_console_handler", None)
    if handler is not None:
        logger.removeHandler(handler)
    logger.propagate = True


class StdoutToLog(io.TextIOBase):
    """A text stream that logs whatever is printed to it."""

    def write(self, text: str) -> int:
        """Log the text and return its length."""
        if not isinstance(text, str):
            # click writes bytes to any stream that does not refuse them.
            raise TypeError("expected text")
        if text.strip():
            logging.getLogger("readmission.ui").info("%s", text.strip())
        return len(text)


def main() -> None:
    """Serve until a signal stops the process."""
    try:
        configure_logging()
    except SettingsError as error:
        sys.exit(f"error: {error}")
    # h11 limits the headers of a request, and this protocol the time for it to arrive.
    HTTP_PROTOCOLS["auto"] = connections.NAME
    sys.argv = ["streamlit", "run", str(APP), *OPTIONS, *sys.argv[1:]]
    with contextlib.redirect_stdout(StdoutToLog()):
        cli.main()


if __name__ == "__main__":
    main()
