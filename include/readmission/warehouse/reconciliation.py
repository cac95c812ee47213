"""Account for every encounter that has arrived, and raise an error if any is missing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from readmission.domain.batch_ids import BatchKind
from readmission.errors import RowsLost
from readmission.warehouse.sql.tallies import CleanTally, RawTally, clean_tallies, raw_tallies
from readmission.warehouse.states import BatchState

if TYPE_CHECKING:
    from readmission.warehouse import CleanWarehouse, RawWarehouse

_ALWAYS_SHOWN = ("clean", "in quarantine")
"""Counts that are shown even if they are 0."""


@dataclass(frozen=True)
class Line:
    """The rows of one batch, counted by where they are now.

    Parameters
    ----------
    batch_id, kind : str, BatchKind
        The batch, and whether its rows came from the source or from the quarantine.
    rows : int
        Rows of the batch. A replayed row also counts in its original batch, as ``replayed``.
    clean : int
        Rows in CLEAN, unless the batch was rejected.
    open, fixed, waived, replayed : int
        Quarantined rows, by the decision about them.
    rejected : int
        Rows of a batch that a gate rejected as a whole.
    in_progress : int
        Rows that CLEAN has not received yet.
    erased : int
        Rows that were erased for a patient or because of their age. After a replay, such a row
        counts in both batches.
    repeated : int
        Rows that had already arrived in an earlier delivery, word for word.
    superseded : int
        Rows in CLEAN that a correction has replaced.
    """

    batch_id: str
    kind: BatchKind
    rows: int
    clean: int
    open: int
    fixed: int
    waived: int
    replayed: int
    rejected: int
    in_progress: int
    erased: int = 0
    repeated: int = 0
    superseded: int = 0


@dataclass(frozen=True)
class Account:
    """All encounters that arrived, counted by where they are now; each is in one place only.

    Parameters
    ----------
    lines : tuple of Line
        One per batch, in order.
    """

    lines: tuple[Line, ...]

    @property
    def arrived(self) -> int:
        """Encounters that came from the source."""
        return sum(line.rows for line in self.lines if line.kind is BatchKind.ARRIVAL)

    @property
    def clean(self) -> int:
        """Encounters in CLEAN."""
        return sum(line.clean for line in self.lines)

    @property
    def quarantined(self) -> int:
        """Encounters that wait for a decision or for their replay."""
        return sum(line.open + line.fixed for line in self.lines)

    @property
    def waived(self) -> int:
        """Encounters that were waived, so that they never reach CLEAN."""
        return sum(line.waived for line in self.lines)

    @property
    def rejected(self) -> int:
        """Encounters in batches that a gate rejected as a whole."""
        return sum(line.rejected for line in self.lines)

    @property
    def in_progress(self) -> int:
        """Encounters in RAW that CLEAN has not received yet."""
        return sum(line.in_progress for line in self.lines)

    @property
    def erased(self) -> int:
        """Encounters that were erased for a patient or because of their age."""
        return sum(line.erased for line in self.lines if line.kind is BatchKind.ARRIVAL)

    @property
    def repeated(self) -> int:
        """Encounters that had already arrived in an earlier delivery."""
        return sum(line.repeated for line in self.lines)

    @property
    def superseded(self) -> int:
        """Encounters whose row a correction has replaced, which is counted with its own batch."""
        return sum(line.superseded for line in self.lines)

    def __str__(self) -> str:
        named = {
            "clean": self.clean,
            "in quarantine": self.quarantined,
            "waived": self.waived,
            "rejected": self.rejected,
            "in progress": self.in_progress,
            "repeated": self.repeated,
            "superseded": self.superseded,
            "erased": self.erased,
        }
        shown = [f"{n:,} {what}" for what, n in named.items() if n or what in _ALWAYS_SHOWN]
        return f"{self.arrived:,} encounters = {' + '.join(shown)}"


def account(raw: "RawWarehouse", clean: "CleanWarehouse", *, recount: bool = False) -> Account:
    """Count the rows of RAW and CLEAN and return where every encounter is.

    The pipeline may run meanwhile. CLEAN is counted before RAW, so a batch that reaches CLEAN
    between the two counts as in progress.

    Parameters
    ----------
    raw, clean : RawWarehouse, CleanWarehouse
        The two warehouses.
    recount : bool
        Whether to count the encounters themselves, which reads both tables, rather than to rely on
        the counts that triggers keep. After a restore both may come from a backup that lacks rows.

    Raises
    ------
    RowsLost
        If arrivals are not CLEAN + quarantined + waived + rejected + in progress + repeated
        + superseded + erased; the message names each batch whose rows do not add up.
    """
    processed = clean_tallies(clean.connection, recount=recount)
    tallies = raw_tallies(raw.connection, recount=recount)
    lines = tuple(_line(tally, processed.get(tally.batch_id)) for tally in tallies)
    problems = [
        *_unlike_ledger(tallies),
        *_unknown_to_raw(tallies, processed),
        *(_unbalanced(line) for line in lines if _balance(line) != line.rows),
    ]
    found = Account(lines)
    places = (
        *(found.clean, found.quarantined, found.waived),
        *(found.rejected, found.in_progress),
        *(found.repeated, found.superseded, found.erased),
    )
    if not problems and found.arrived != sum(places):
        problems.append(f"the totals do not add up: {found}")
    if problems:
        if raw.erased_patients.is_pending:
            problems.append("an erasure was not completed; repeat `readmission patient erase`")
        raise RowsLost(
            "the rows do not match the ledgers:\n" + "\n".join(f"  - {one}" for one in problems)
        )
    return found


def unaccounted(tallies: Sequence[RawTally], processed: Mapping[str, CleanTally]) -> int:
    """Return how many rows are missing or counted twice; 0 if the rows match the ledgers.

    Parameters
    ----------
    tallies : sequence of RawTally
        Row counts of RAW, taken after those of CLEAN.
    processed : mapping of str to CleanTally
        Row counts of CLEAN by batch.
    """
    lines = [_line(tally, processed.get(tally.batch_id)) for tally in tallies]
    misplaced = sum(abs(line.rows - _balance(line)) for line in lines)
    return misplaced + sum(abs(tally.rows - tally.stored - tally.erased) for tally in tallies)


def _line(raw: RawTally, clean: CleanTally | None) -> Line:
    left = raw.for_clean
    in_clean = rejected = in_progress = superseded = 0
    if clean is None or _is_outdated(clean, raw):
        stopped = raw.state is BatchState.REJECTED
        rejected, in_progress = (left, 0) if stopped else (0, left)
    elif BatchState.REJECTED in (raw.state, clean.state):
        rejected = clean.stored
    else:
        in_clean, superseded = clean.stored - clean.superseded, clean.superseded
    return Line(
        raw.batch_id,
        raw.kind,
        raw.rows,
        in_clean,
        raw.open,
        raw.fixed,
        raw.waived,
        raw.replayed,
        rejected,
        in_progress,
        raw.erased,
        raw.repeated,
        superseded,
    )


def _is_outdated(clean: CleanTally, raw: RawTally) -> bool:
    """Whether RAW's gate has since quarantined other rows, so CLEAN must be written again."""
    decided_since = raw.decided_at is not None and raw.decided_at > clean.created_at
    return decided_since and clean.quarantined_rows != raw.set_aside


def _balance(line: Line) -> int:
    aside = line.open + line.fixed + line.waived + line.replayed
    in_clean = line.clean + line.superseded
    return in_clean + aside + line.rejected + line.in_progress + line.repeated + line.erased


def _unbalanced(line: Line) -> str:
    return (
        f"{line.batch_id}: {line.rows} RAW rows, but {line.clean} CLEAN + {line.open} open"
        f" + {line.fixed} fixed + {line.waived} waived + {line.replayed} replayed"
        f" + {line.rejected} rejected + {line.in_progress} in progress"
        f" + {line.repeated} repeated + {line.superseded} superseded + {line.erased} erased"
    )


def _unlike_ledger(tallies: list[RawTally]) -> Iterator[str]:
    for tally in tallies:
        if tally.stored + tally.erased != tally.rows:
            erased = f", and {tally.erased} were erased" if tally.erased else ""
            yield (
                f"{tally.batch_id}: RAW's ledger says {tally.rows} rows, but its table has"
                f" {tally.stored}{erased}"
            )
        expected = tally.rows - tally.erased if tally.kind is BatchKind.REPLAY else 0
        if tally.taken != expected:
            yield (
                f"{tally.batch_id}: {tally.taken} quarantined rows are marked as replayed in it,"
                f" expected {expected}"
            )


def _unknown_to_raw(tallies: list[RawTally], processed: dict[str, CleanTally]) -> Iterator[str]:
    for batch_id in processed.keys() - {tally.batch_id for tally in tallies}:
        yield f"{batch_id}: in CLEAN, but not in RAW"
