"""A file on its way through the service, in a thread of its own: the page stays usable."""

from array import array
from collections.abc import Sequence
from threading import Event, Thread
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from ui.client import ApiAway, ApiClient, Json, Refused

KEPT_PROBLEMS = 1_000
"""Refused rows listed with field and value; all are counted and in the download."""
LONGEST_REASON = 300
WHOLE_ROW = "(row)"
"""What the service calls a row that is wrong in no single field."""
BREAKS_OFF = ("malformed", "too_large")
"""Errors of a row at which the service stops reading: what follows cannot be told from it."""


class Problem(BaseModel):
    """One thing that is wrong with one row."""

    row: int
    field: str
    value: Any
    expected: str


class FileJob:
    """Asks for the answers to a file and keeps them compactly.

    Parameters
    ----------
    client : ApiClient
        Where to ask.
    classes : sequence of str
        The outcomes, as the service names them.
    name : str
        Of the file, for people.
    content : bytes
        CSV; let go of when it is done.
    """

    def __init__(
        self, client: ApiClient, classes: Sequence[str], name: str, content: bytes
    ) -> None:
        self.name = name
        self.classes = tuple(classes)
        self.expected_rows = max(1, content.count(b"\n") - 1)
        self.rows = 0
        self.failure: ApiAway | Refused | None = None
        self.summary: Json | None = None
        self.broke_off: str | None = None
        self.reasons: dict[int, str] = {}
        self.problems: list[Problem] = []
        self._predicted: list[str] = []
        self._answered = array("l")
        self._figures = array("f")
        self._stopped = Event()
        self._thread = Thread(target=self._work, args=(client, content), daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether answers are still coming."""
        return self._thread.is_alive()

    @property
    def was_stopped(self) -> bool:
        """Whether somebody stopped it before the end."""
        return self._stopped.is_set()

    @property
    def progress(self) -> float:
        """Share of the rows that are answered, 0 to 1."""
        return min(1.0, self.rows / self.expected_rows)

    def stop(self) -> None:
        """Stop after the row that is being read; what has come stays."""
        self._stopped.set()

    def join(self, seconds: float) -> None:
        """Wait for the end."""
        self._thread.join(seconds)

    def table(self) -> pd.DataFrame:
        """Return the answered rows.

        Returns
        -------
        DataFrame
            Row (1 is the first below the header), class, the probability of each class and
            the percentile.
        """
        names = [*self.classes, "percentile"]
        figures = np.array(self._figures).reshape(-1, len(names))
        table = pd.DataFrame(figures, columns=names)
        table.insert(0, "row", np.array(self._answered, dtype="int64"))
        table.insert(1, "class", pd.Series(self._predicted, dtype="category"))
        return table

    def _work(self, client: ApiClient, content: bytes) -> None:
        try:
            for line in client.predict_file(content):
                if self._stopped.is_set():
                    return
                self._take(line)
            if self.summary is None:
                raise ApiAway(f"{client.url} ended its answer without a sum")
        except (ApiAway, Refused) as failure:
            self.failure = failure

    def _take(self, line: Json) -> None:
        if "summary" in line:
            self.summary = line
            return
        row = int(line["row"]) + 1
        if "error" in line:
            self._refuse(row, line)
        else:
            self._answered.append(row)
            self._figures.extend(line["probabilities"][name] for name in self.classes)
            self._figures.append(line["risk_percentile"])
            self._predicted.append(line["predicted_class"])
        self.rows = row

    def _refuse(self, row: int, line: Json) -> None:
        said, message = line.get("problems") or [], str(line.get("message", ""))
        if line["error"] in BREAKS_OFF:
            self.broke_off = message
            said = [{"field": WHOLE_ROW, "value": None, "expected": message, "message": message}]
        reason = "; ".join(p["message"] for p in said) or message
        self.reasons[row] = reason[:LONGEST_REASON]
        if len(self.problems) < KEPT_PROBLEMS:
            self.problems += [
                Problem(row=row, field=p["field"], value=p["value"], expected=p["expected"])
                for p in said
            ]
