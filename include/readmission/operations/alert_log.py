"""Writes alerts into a file: ``python -m readmission.operations.alert_log HOST PORT FILE``.

Alertmanager posts each notification to this program, which appends one line for each alert. So
alerts can be read where no mail server and no chat is set up.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MAX_BYTES = 1 << 20
"""Of one notification."""


def lines(notification: Mapping[str, Any]) -> Iterator[str]:
    """Yield one line for each alert of a notification.

    Raises
    ------
    KeyError, TypeError
        If it is not a notification of Alertmanager.
    """
    for alert in notification["alerts"]:
        labels, annotations = alert["labels"], alert["annotations"]
        at = alert["endsAt"] if alert["status"] == "resolved" else alert["startsAt"]
        summary = " ".join(annotations.get("summary", "").split())
        runbook = annotations.get("runbook_url", "no runbook")
        yield (
            f"{at[:19].replace('T', ' ')} UTC  {alert['status']:<8}  "
            f"{labels.get('severity', '-'):<6}  {labels['alertname']}: {summary} ({runbook})"
        )


class AlertLog(BaseHTTPRequestHandler):
    """Append the alerts of each notification to `file`; GET tells that the program runs."""

    file: Path

    def do_GET(self) -> None:
        """Respond to a probe."""
        self._respond(HTTPStatus.OK)

    def do_POST(self) -> None:
        """Append one line for each alert, before responding; Alertmanager repeats a failure."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BYTES:
            self._respond(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        try:
            text = "".join(f"{line}\n" for line in lines(json.loads(self.rfile.read(length))))
        except (ValueError, KeyError, TypeError, AttributeError):
            self._respond(HTTPStatus.BAD_REQUEST)
            return
        with self.file.open("a", encoding="utf-8") as file:
            file.write(text)
        self._respond(HTTPStatus.NO_CONTENT)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Log nothing: the file is the log."""

    def _respond(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


def server(host: str, port: int, file: Path) -> ThreadingHTTPServer:
    """Return a server that appends alerts to a file."""
    handler = type("Handler", (AlertLog,), {"file": file})
    return ThreadingHTTPServer((host, port), handler)


def main() -> None:
    """Serve until a signal stops the process."""
    host, port, file = sys.argv[1:]
    with server(host, int(port), Path(file)) as serving:
        serving.serve_forever()


if __name__ == "__main__":
    main()
