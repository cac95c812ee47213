"""Serves the metrics until a signal stops the process."""

import signal
import sys
import threading

from readmission import logs
from readmission.exporter.server import serving
from readmission.settings import SettingsError, get_settings


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        logs.configure("exporter")
        with serving(get_settings()):
            stopping.wait()
    except (SettingsError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
