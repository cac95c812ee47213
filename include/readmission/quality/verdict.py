"""A gate's findings: the expectations that were not met, and the rows that broke them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from readmission.domain.privacy import HIDDEN

DECIDE = "decide about them with `readmission quarantine`"
"""What to do about rows that a batch left behind in quarantine."""


@dataclass(frozen=True)
class Failure:
    """One expectation that was not met.

    Parameters
    ----------
    expectation, column : str
        Type of the expectation, and its column or columns (empty for the whole table).
    critical : bool
        Whether it stops the batch; otherwise it is a warning.
    subject : str
        The column and what is expected of it, in words.
    sentence : str
        The failure in words: the subject, the number of rows and some of their values; of a
        warning, also what to do.
    summary : str
        The sentence without values of rows, so that it may be logged.
    count : int
        Number of rows that broke it; 0 if the expectation is not about single rows.
    rows : mapping of int to str
        The wrong value of each failing row, by the row's index; masked if it may not be shown.
        Empty if rows cannot be quarantined one by one.
    """

    expectation: str
    column: str
    critical: bool
    subject: str
    sentence: str
    summary: str
    count: int = 0
    rows: Mapping[int, str] = field(default_factory=dict)

    def reason(self, row: int) -> str:
        """Return why one of the failing rows is bad."""
        found = self.rows[row]
        return self.subject if found == HIDDEN else f"{self.subject}; found {found!r}"


@dataclass(frozen=True)
class TooManyBadRows:
    """More rows broke an expectation than a batch may have.

    Parameters
    ----------
    limit : str
        How many did, and how many may.
    failures : sequence of Failure
        What they broke.
    """

    limit: str
    failures: Sequence[Failure]

    @property
    def sentence(self) -> str:
        """The limit, and a sentence for each failure."""
        return f"{self.limit}: {'; '.join(each.sentence for each in self.failures)}"

    @property
    def summary(self) -> str:
        """The sentence without values of rows, so that it may be logged."""
        return f"{self.limit}: {'; '.join(each.summary for each in self.failures)}"


Reason = Failure | TooManyBadRows
"""Why a batch is stopped."""


@dataclass(frozen=True)
class Verdict:
    """A gate's findings about one batch.

    Parameters
    ----------
    gate, batch_id : str
        The gate, and the batch it checked.
    evaluated : int
        How many expectations were evaluated.
    failures : tuple of Failure
        The expectations that were not met.
    site : Path
        Folder of the Data Docs that hold the report.
    page : str
        Path of the report within that folder.
    """

    gate: str
    batch_id: str
    evaluated: int
    failures: tuple[Failure, ...]
    site: Path
    page: str

    @property
    def report(self) -> str:
        """Key of the report in the bucket: the gate's folder, then the page."""
        return f"{self.gate}/{self.page}"

    @property
    def critical(self) -> list[Failure]:
        """The failures that stop the batch."""
        return [failure for failure in self.failures if failure.critical]

    def sentences(self, *, passed: bool) -> list[str]:
        """One sentence for each failure; if the batch passed, also where to decide about rows."""
        decide = f"; {DECIDE}" if passed else ""
        return [each.sentence + (decide if each.rows else "") for each in self.failures]

    @property
    def batch_failures(self) -> list[Failure]:
        """The critical failures that concern the batch as a whole."""
        return [failure for failure in self.critical if not failure.rows]

    @property
    def bad_rows(self) -> int:
        """Number of rows with at least one critical failure."""
        return len(set().union(*(failure.rows for failure in self.critical)))

    def row_reasons(self) -> pd.DataFrame:
        """Return ``source_row`` and ``reasons`` of each row with a critical failure."""
        reasons: dict[int, list[str]] = defaultdict(list)
        for failure in self.critical:
            for row in failure.rows:
                reasons[row].append(failure.reason(row))
        return pd.DataFrame(sorted(reasons.items()), columns=["source_row", "reasons"])
