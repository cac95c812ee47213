"""A file on its way through the service, in a thread of its own: the page stays usable."""

from array import array
from threading import Event, Thread
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from ui.client import ApiAway, ApiClient, Json, Refused

KEPT_PROBLEMS = 1_000
"""Refused rows listed with field and value; all are counted and in the download."""
LONGEST_REASON = 300
CLASSES = ("NO", ">30", "<30")
FIGURES = (*CLASSES, "percentile")


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
    name : str
        Of the file, for people.
    content : bytes
        CSV; let go of when it is done.
    """

    def __init__(self, client: ApiClient, name: str, content: bytes) -> None:
        self.name = name
        self.expected_rows = max(1, content.count(b"\n") - 1)
        self.rows = 0
        self.failure: ApiAway | Refused | None = None
        self.summary: Json | None = None
        self.reasons: dict[int, str] = {}
        self.problems: list[Problem] = []
        self._classes: list[str] = []
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
        figures = np.array(self._figures).reshape(-1, len(FIGURES))
        table = pd.DataFrame(figures, columns=list(FIGURES))
        table.insert(0, "row", np.array(self._answered, dtype="int64"))
        table.insert(1, "class", pd.Series(self._classes, dtype="category"))
        return table

    def _work(self, client: ApiClient, content: bytes) -> None:
        try:
            for line in client.predict_file(content):
                if self._stopped.is_set():
                    return
                self._take(line)
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
            self._figures.extend(line["probabilities"][name] for name in CLASSES)
            self._figures.append(line["risk_percentile"])
            self._classes.append(line["predicted_class"])
        self.rows = row

    def _refuse(self, row: int, line: Json) -> None:
        said = line.get("problems") or []
        reason = "; ".join(p["message"] for p in said) or str(line.get("message", ""))
        self.reasons[row] = reason[:LONGEST_REASON]
        if len(self.problems) < KEPT_PROBLEMS:
            self.problems += [
                Problem(row=row, field=p["field"], value=p["value"], expected=p["expected"])
                for p in said
            ]
