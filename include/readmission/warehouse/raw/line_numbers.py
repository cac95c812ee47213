"""The number of a row as people read and type it, and as the tables store it.

The column ``source_row`` counts the rows of a source from 0. People count from 1, as the API's
``line`` does: the first row below a header is row 1.
"""

from readmission.errors import ReadmissionError


class InvalidLine(ReadmissionError):
    """A number below 1 was given as that of a row."""

    def __init__(self, line: int) -> None:
        super().__init__(f"there is no row {line}: rows are counted from 1")


def line_of(source_row: int) -> int:
    """Return the number that people see, from 1, of a stored row."""
    return source_row + 1


def source_row_of(line: int) -> int:
    """Return the stored number, from 0, of a row that a person names.

    Raises
    ------
    InvalidLine
        If the number is below 1.
    """
    if line < 1:
        raise InvalidLine(line)
    return line - 1


class NumberedRow:
    """Base class of records about one row."""

    source_row: int

    @property
    def line(self) -> int:
        """The number of the row as people see it, from 1."""
        return line_of(self.source_row)
