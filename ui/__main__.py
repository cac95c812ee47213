"""Serve the pages: `python -m ui`, with the options of `streamlit run`."""

import contextlib
import io
import logging
import sys

import streamlit.logger
from streamlit.web import cli
from uvicorn.config import LOGGING_CONFIG

from readmission.logs import configure
from readmission.settings import CHECKOUT, SettingsError

PAGES = CHECKOUT / "ui" / "app.py"
OPTIONS = (
    *("--server.headless", "true", "--browser.gatherUsageStats", "false"),
    *("--server.fileWatcherType", "none"),
    # Both would write into the log what is no line of it.
    *("--logger.hideWelcomeMessage", "true", "--logger.enableRich", "false"),
)


def log_as_we_do() -> None:
    """Log like our other processes, Streamlit included."""
    configure("ui")
    # Uvicorn, which serves the pages, would set up its own with this.
    LOGGING_CONFIG["loggers"] = {}
    streamlit.logger.setup_formatter = _hand_over
    streamlit.logger.update_formatter()


def _hand_over(logger: logging.Logger) -> None:
    """Have a logger speak through ours; Streamlit would give each one a handler of its own."""
    handler = vars(logger).pop("streamlit_console_handler", None)
    if handler is not None:
        logger.removeHandler(handler)
    logger.propagate = True


class Said(io.TextIOBase):
    """Takes what Streamlit prints into the log."""

    def write(self, text: str) -> int:
        """Log a line."""
        if not isinstance(text, str):
            # As any stream of text; click would otherwise write bytes.
            raise TypeError("expected text")
        if text.strip():
            logging.getLogger("readmission.ui").info("%s", text.strip())
        return len(text)


def main() -> None:
    """Run until a signal stops it."""
    try:
        log_as_we_do()
    except SettingsError as error:
        sys.exit(f"error: {error}")
    sys.argv = ["streamlit", "run", str(PAGES), *OPTIONS, *sys.argv[1:]]
    with contextlib.redirect_stdout(Said()):
        cli.main()


if __name__ == "__main__":
    main()
