"""Predicts a file through the API in a background thread, so that the page stays usable."""

import re
from threading import Event, Thread
from typing import Any

import pandas as pd
from pydantic import BaseModel

from readmission.files.formats import HEAD_BYTES, Format, format_of
from readmission.files.limits import FileError
from ui.client import ApiClient, ApiUnavailable, Json, RequestRefused
from ui.prediction_columns import LINE_NUMBER, PredictionColumn, read_columns

ROWS_AT_ONCE = 5_000
"""Rows that are collected before they are packed into a table, which takes less memory."""
MAX_PROBLEMS = 1_000
"""Problems that are listed on the page; the download has every row with an error."""
MAX_ERROR_LENGTH = 300
ERROR = "error"
"""Column of the CSV file."""
COPIED = ("field", "value", "expected")
FORMULA = re.compile(r"(^|[;\t])(?=[\s\0]*[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Excel, LibreOffice and others evaluate a cell that begins with one of these signs.

Where the comma is decimal, as in Spanish, Excel begins a cell at each semicolon of a CSV file, even
between quotation marks; LibreOffice also at each tab.
"""
LINE_END = re.compile(r"\r\n?|\n")
WHOLE_ROW = "(row)"
"""The API's name for the field when the error concerns the row as a whole."""
FATAL_ERRORS = ("malformed", "too_large")
"""Errors after which the API stops reading, because it cannot tell where the next row starts."""


class RowProblem(BaseModel):
    """One invalid field of one row; `kind` is the API's name for the error of a whole row."""

    row: int
    field: str
    value: Any
    expected: str
    kind: str = ""


def csv_for_people(table: pd.DataFrame) -> bytes:
    """Return a table as CSV in which a spreadsheet program takes no text for a formula.

    An apostrophe goes before texts that begin like a formula, as OWASP recommends against CSV
    injection: keys and messages of errors come from the file of somebody else.
    """
    # `DataFrame.map` would turn whole numbers into decimals beside a missing value.
    texts = {
        str(name): pd.Series([*map(_without_formula, cells)], cells.index, dtype=object)
        for name, cells in table.select_dtypes(["object", "string"]).items()
    }
    return table.assign(**texts).to_csv(index=False).encode()


def _without_formula(cell: object) -> object:
    if not isinstance(cell, str) or _is_number(cell):
        return cell
    # A spreadsheet program may begin a new row even between quotation marks.
    return FORMULA.sub(r"\1'", LINE_END.sub(" ", cell))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


class FileJob:
    """Send a file and store the predictions compactly; starts at once.

    Parameters
    ----------
    client : ApiClient
        Connection to the API.
    name : str
        Name of the file, to show on the page.
    content : bytes
        The file; released at the end.

    Attributes
    ----------
    columns : tuple of PredictionColumn
        Columns of the predictions; empty until the API has described them.
    expected_rows : int
        About how many rows the file has; 0 if it is packed, which hides its lines.
    rows : int
        Rows read so far.
    summary : dict, optional
        Last line of the response; None until the file is complete.
    failure : ApiUnavailable or RequestRefused, optional
        Why the request ended early.
    fatal_error : str, optional
        Why the API stopped reading inside the file; ``fatal_kind`` is the kind of error.
    row_errors : dict of int to str
        What is wrong with each invalid row.
    problems : list of RowProblem
        The invalid fields, about `MAX_PROBLEMS` at most.
    """

    def __init__(self, client: ApiClient, name: str, content: bytes) -> None:
        self.name = name
        self.columns: tuple[PredictionColumn, ...] = ()
        self.expected_rows = _expected_rows(content)
        self.rows = 0
        self.failure: ApiUnavailable | RequestRefused | None = None
        self.summary: Json | None = None
        self.fatal_error: str | None = None
        self.fatal_kind = ""
        self.row_errors: dict[int, str] = {}
        self.problems: list[RowProblem] = []
        self._cells: list[list[Any]] = []
        self._error_cells: list[list[Any]] = []
        self._packed: list[pd.DataFrame] = []
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
        """Share of the rows that were read, 0 to 1; 0 if their number is unknown."""
        return min(1.0, self.rows / self.expected_rows) if self.expected_rows else 0.0

    def stop(self) -> None:
        """Stop after the current row and keep the predictions so far."""
        self._stopped.set()

    def join(self, seconds: float) -> None:
        """Wait at most `seconds` for the end."""
        self._thread.join(seconds)

    def table(self) -> pd.DataFrame:
        """Return the predicted rows.

        Returns
        -------
        DataFrame
            The columns of the API's CSV; row 1 is the first one below the header.
        """
        tables = [*self._packed, *([self._pack()] if self._cells else [])]
        return pd.concat(tables, ignore_index=True) if tables else self._pack()

    def csv(self) -> bytes:
        """Return all rows in the order of the file; a row with errors has the error instead."""
        errors = self._framed(self._error_cells).assign(**{ERROR: list(self.row_errors.values())})
        table = self.table()
        # Whole numbers would become decimals where a row with errors has no value.
        whole = dict.fromkeys(table.select_dtypes("integer"), "Int64")
        every_row = pd.concat([table.astype(whole), errors.dropna(axis="columns", how="all")])
        every_row = every_row.sort_values(LINE_NUMBER).astype(dict.fromkeys(whole, "Int64"))
        return csv_for_people(every_row.astype({LINE_NUMBER: int}))

    def _pack(self) -> pd.DataFrame:
        return self._framed(self._cells)

    def _framed(self, cells: list[list[Any]]) -> pd.DataFrame:
        names = [column.name for column in self.columns]
        values = zip(names, zip(*cells, strict=True), strict=False)
        # A row without a prediction must not turn whole numbers into decimals.
        whole = [name for name, column in values if {*map(type, column)} == {int, type(None)}]
        return pd.DataFrame(cells, columns=names).astype(dict.fromkeys(whole, "Int64"))

    def _run(self, client: ApiClient, content: bytes) -> None:
        try:
            self.columns = read_columns(client.openapi())
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
        row = int(line[LINE_NUMBER])
        if "error" in line:
            self._add_error(row, line)
            self._error_cells.append([column.cell(line) for column in self.columns])
        else:
            self._cells.append([column.cell(line) for column in self.columns])
            if len(self._cells) == ROWS_AT_ONCE:
                self._packed.append(self._pack())
                self._cells = []
        self.rows = row

    def _add_error(self, row: int, line: Json) -> None:
        problems, message = line.get("problems") or [], str(line.get("message", ""))
        if line["error"] in FATAL_ERRORS:
            self.fatal_error, self.fatal_kind = message, line["error"]
            problems = [
                {"field": WHOLE_ROW, "value": None, "expected": message, "message": message}
            ]
        error = "; ".join(problem["message"] for problem in problems) or message
        self.row_errors[row] = error[:MAX_ERROR_LENGTH]
        if len(self.problems) < MAX_PROBLEMS:
            self.problems += [
                RowProblem(row=row, kind=self.fatal_kind, **{name: p[name] for name in COPIED})
                for p in problems
            ]


def _expected_rows(content: bytes) -> int:
    try:
        is_text = format_of(content[:HEAD_BYTES]) is Format.TEXT
    except FileError:  # The API names the format in its error.
        is_text = False
    return max(1, content.count(b"\n") - 1) if is_text else 0
