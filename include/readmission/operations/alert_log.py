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

from readmission.logs.deadlines import ReadDeadline

MAX_BYTES = 1 << 20
"""Largest size of one notification."""


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
        named = f"{labels['alertname']}: {annotations.get('summary', '')}"
        runbook = annotations.get("runbook_url", "no runbook")
        columns = (
            f"{at[:19].replace('T', ' ')} UTC",
            f"{alert['status']:<8}",
            f"{labels.get('severity', '-'):<6}",
            f"{' '.join(named.split())} ({runbook})",
        )
        # A line break or a control character in a label would forge a line.
        yield "".join(c for c in "  ".join(columns) if c.isprintable())


class AlertLog(ReadDeadline, BaseHTTPRequestHandler):
    """Append the alerts of each notification to `file`; GET shows that the program runs."""

    file: Path

    def do_GET(self) -> None:
        """Respond to a probe."""
        self._respond(HTTPStatus.OK)

    def do_POST(self) -> None:
        """Append one line for each alert, before responding; Alertmanager repeats a failure."""
        if "Origin" in self.headers:
            # A page of any website may send a POST to this machine; browsers then name the website.
            self._refuse(HTTPStatus.FORBIDDEN)
            return
        length = self.headers.get("Content-Length", "")
        # With a negative length, `read` would wait for the end of the connection.
        if not (length.isascii() and length.isdecimal()):
            self._refuse(HTTPStatus.LENGTH_REQUIRED)
            return
        if len(length) > len(str(MAX_BYTES)) or int(length) > MAX_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        try:
            text = "".join(f"{line}\n" for line in lines(json.loads(self.rfile.read(int(length)))))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        with self.file.open("a", encoding="utf-8") as file:
            file.write(text)
        self._respond(HTTPStatus.NO_CONTENT)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Log nothing: the file is the log."""

    def _refuse(self, status: HTTPStatus) -> None:
        """Respond, and close the connection: the rest of the body may still arrive."""
        self.close_connection = True
        self._respond(status)

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
