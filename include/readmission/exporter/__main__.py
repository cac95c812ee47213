"""Serve the metrics, configured by the settings, until a signal says stop."""

import signal
import sys
import threading

from readmission import logs
from readmission.exporter.server import serving
from readmission.settings import SettingsError, get_settings


def main() -> None:
    """Run until a signal stops it."""
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    try:
        logs.configure("exporter")
        with serving(get_settings()):
            ending.wait()
    except (SettingsError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
