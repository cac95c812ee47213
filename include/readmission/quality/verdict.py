"""What a gate found: the expectations that were not met, and the rows that broke them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from readmission.domain.privacy import HIDDEN
from readmission.errors import GateFailed


@dataclass(frozen=True)
class Failure:
    """One expectation that was not met.

    Parameters
    ----------
    expectation, column : str
        What was expected, of which column or columns (empty for the whole table).
    critical : bool
        Whether it stops the batch; otherwise it is a warning.
    subject : str
        The column and what is expected of it, in words.
    sentence : str
        The failure in words: the subject, the count and some of the values.
    count : int
        How many rows broke it; 0 where it is not about rows.
    rows : mapping of int to str
        Index of each failing row to what stood there, as far as it may be shown; only where
        rows can be set aside one by one.
    """

    expectation: str
    column: str
    critical: bool
    subject: str
    sentence: str
    count: int = 0
    rows: Mapping[int, str] = field(default_factory=dict)

    def reason(self, row: int) -> str:
        """Return why this very row is bad."""
        found = self.rows[row]
        return self.subject if found == HIDDEN else f"{self.subject}; found {found!r}"


@dataclass(frozen=True)
class Verdict:
    """What a gate found.

    Parameters
    ----------
    gate, batch_id : str
        Which gate looked at which batch.
    evaluated : int
        How many expectations were evaluated.
    failures : tuple of Failure
        The expectations that were not met.
    site : Path
        Folder of the Data Docs with the report.
    page : str
        The report's page within the site.
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
        """The failures that are more than warnings."""
        return [failure for failure in self.failures if failure.critical]

    @property
    def stops(self) -> list[str]:
        """Sentences of the critical failures that concern the batch as a whole."""
        return [failure.sentence for failure in self.critical if not failure.rows]

    @property
    def bad_rows(self) -> int:
        """How many rows a critical failure names."""
        return len(set().union(*(failure.rows for failure in self.critical)))

    def reasons(self) -> pd.DataFrame:
        """Return ``source_row`` and ``reasons`` of each row that a critical failure names."""
        reasons: dict[int, list[str]] = defaultdict(list)
        for failure in self.critical:
            for row in failure.rows:
                reasons[row].append(failure.reason(row))
        return pd.DataFrame(sorted(reasons.items()), columns=["source_row", "reasons"])

    def warned(self, sentences: Iterable[str]) -> "Verdict":
        """Return this verdict with warnings that no expectation on the rows can give."""
        warnings = tuple(
            Failure("drift", "", critical=False, subject=s, sentence=s) for s in sentences
        )
        return replace(self, failures=self.failures + warnings)

    def require(self) -> None:
        """Raise unless everything critical was met.

        Raises
        ------
        GateFailed
            With one sentence per failed expectation.
        """
        if self.critical:
            sentences = [failure.sentence for failure in self.critical]
            raise GateFailed(self.gate, self.batch_id, sentences)
