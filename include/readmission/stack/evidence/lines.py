"""The lines of the checklist: the query, what its result must show, and the status."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import httpx

from readmission.errors import ReadmissionError


class LineStatus(StrEnum):
    """Whether a line of the checklist holds."""

    PASSED = "passed"
    FAILED = "failed"
    UNCHECKED = "cannot be checked here"


class CannotCheck(ReadmissionError):
    """A line cannot be checked on this platform; the message says why, and where it can be.

    Parameters
    ----------
    english, spanish : str
        The message, which the page shows in its language.
    """

    def __init__(self, english: str, spanish: str) -> None:
        super().__init__(english)
        self.reasons = {"en": english, "es": spanish}


class NotAsExpected(ReadmissionError):
    """A response does not show what the line requires."""


@dataclass(frozen=True)
class Line:
    """One line of the checklist.

    Parameters
    ----------
    name : str
        Identifies the line.
    titles : mapping of str to str
        What it shows, by language.
    command : str
        What is run or requested, without secrets.
    observe : callable
        Returns the output, or raises `NotAsExpected` or `CannotCheck`.
    """

    name: str
    titles: Mapping[str, str]
    command: str
    observe: Callable[[], str]


@dataclass(frozen=True)
class LineResult:
    """A line, its status and what was seen.

    Parameters
    ----------
    line : Line
        The line.
    status : LineStatus
        Whether it holds.
    output : str
        The response, or what went wrong, in the words of the program.
    reasons : mapping of str to str
        Why the line cannot be checked here, by language.
    """

    line: Line
    status: LineStatus
    output: str
    reasons: Mapping[str, str] = field(default_factory=dict)


def check(line: Line) -> LineResult:
    """Observe a line and return its status. A line that cannot be read never passes."""
    try:
        output = line.observe()
    except CannotCheck as error:
        return LineResult(line, LineStatus.UNCHECKED, str(error), error.reasons)
    except (ReadmissionError, httpx.HTTPError, OSError) as error:
        return LineResult(line, LineStatus.FAILED, str(error) or type(error).__name__)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        return LineResult(line, LineStatus.FAILED, f"the response has another form: {error!r}")
    if not output.strip():
        return LineResult(line, LineStatus.FAILED, "there was no output")
    return LineResult(line, LineStatus.PASSED, output)


def expect(holds: bool, output: str, wanted: str) -> str:
    """Return the output if it is as wanted.

    Raises
    ------
    NotAsExpected
        If it is not; the message has the output and what was expected.
    """
    if not holds:
        raise NotAsExpected(f"{output}\nexpected {wanted}")
    return output
