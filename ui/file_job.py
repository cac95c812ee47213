"""A CSV file on its way through the API, in a background thread so that the page stays usable."""

from array import array
from collections.abc import Sequence
from threading import Event, Thread
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from ui.client import ApiClient, ApiUnavailable, Json, RequestRefused

MAX_PROBLEMS = 1_000
"""Problems that are listed on the page; the download has every row with an error."""
MAX_ERROR_LENGTH = 300
WHOLE_ROW = "(row)"
"""The API's name for the field when the error concerns the row as a whole."""
FATAL_ERRORS = ("malformed", "too_large")
"""Errors after which the API stops reading, because it cannot tell where the next row starts."""


class RowProblem(BaseModel):
    """One invalid field in one row."""

    row: int
    field: str
    value: Any
    expected: str


class FileJob:
    """Sends a file and stores the predictions compactly; starts at once.

    Parameters
    ----------
    client : ApiClient
        Connection to the API.
    classes : sequence of str
        The outcomes, in the API's order.
    name : str
        Name of the file, to show on the page.
    content : bytes
        The CSV file; released at the end.

    Attributes
    ----------
    rows : int
        Rows read so far.
    summary : dict, optional
        Last line of the response; None until the file is complete.
    failure : ApiUnavailable or RequestRefused, optional
        Why the request ended early.
    fatal_error : str, optional
        Why the API stopped reading inside the file.
    row_errors : dict of int to str
        What is wrong with each invalid row.
    problems : list of RowProblem
        The invalid fields, about `MAX_PROBLEMS` at most.
    """

    def __init__(
        self, client: ApiClient, classes: Sequence[str], name: str, content: bytes
    ) -> None:
        self.name = name
        self.classes = tuple(classes)
        self.expected_rows = max(1, content.count(b"\n") - 1)
        self.rows = 0
        self.failure: ApiUnavailable | RequestRefused | None = None
        self.summary: Json | None = None
        self.fatal_error: str | None = None
        self.row_errors: dict[int, str] = {}
        self.problems: list[RowProblem] = []
        self._row_numbers = array("l")
        self._predicted: list[str] = []
        self._numbers = array("f")
        self._stopped = Event()
        self._thread = Thread(target=self._run, args=(client, content), daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether predictions are still arriving."""
        return self._thread.is_alive()

    @property
    def was_stopped(self) -> bool:
        """Whether the user stopped the job."""
        return self._stopped.is_set()

    @property
    def progress(self) -> float:
        """Share of the rows that were read, 0 to 1."""
        return min(1.0, self.rows / self.expected_rows)

    def stop(self) -> None:
        """Stop after the current row and keep the predictions so far."""
        self._stopped.set()

    def join(self, seconds: float) -> None:
        """Wait at most `seconds` for the end."""
        self._thread.join(seconds)

    def table(self) -> pd.DataFrame:
        """Return the predicted rows, named as in the API's response.

        Returns
        -------
        DataFrame
            ``row`` (1 is the first below the header), ``predicted_class``, the probability of
            each outcome by its name, and ``risk_percentile``.
        """
        names = [*self.classes, "risk_percentile"]
        numbers = np.array(self._numbers).reshape(-1, len(names))
        table = pd.DataFrame(numbers, columns=names)
        table.insert(0, "row", np.array(self._row_numbers, dtype="int64"))
        table.insert(1, "predicted_class", pd.Series(self._predicted, dtype="category"))
        return table

    def _run(self, client: ApiClient, content: bytes) -> None:
        try:
            for line in client.predict_file(content):
                if self._stopped.is_set():
                    return
                self._add(line)
            if self.summary is None:
                raise ApiUnavailable(f"The response from {client.url} ended without a summary")
        except (ApiUnavailable, RequestRefused) as failure:
            self.failure = failure

    def _add(self, line: Json) -> None:
        if "summary" in line:
            self.summary = line
            return
        row = int(line["row"]) + 1
        if "error" in line:
            self._add_error(row, line)
        else:
            self._row_numbers.append(row)
            self._predicted.append(line["predicted_class"])
            self._numbers.extend(line["probabilities"][name] for name in self.classes)
            self._numbers.append(line["risk_percentile"])
        self.rows = row

    def _add_error(self, row: int, line: Json) -> None:
        problems, message = line.get("problems") or [], str(line.get("message", ""))
        if line["error"] in FATAL_ERRORS:
            self.fatal_error = message
            problems = [
                {"field": WHOLE_ROW, "value": None, "expected": message, "message": message}
            ]
        error = "; ".join(problem["message"] for problem in problems) or message
        self.row_errors[row] = error[:MAX_ERROR_LENGTH]
        if len(self.problems) < MAX_PROBLEMS:
            self.problems += [
                RowProblem(row=row, field=p["field"], value=p["value"], expected=p["expected"])
                for p in problems
            ]
