"""The ledgers of RAW and CLEAN: one line per batch, and the queries that both share."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from readmission.domain.batch_ids import BatchKind, parse_batch_id
from readmission.errors import BatchNotFound
from readmission.warehouse.states import BatchState


@dataclass(frozen=True)
class RawBatch:
    """One line of RAW's ledger.

    Parameters
    ----------
    batch_id : str
        Key of the batch and of its asset partition.
    number : int
        Position in order of arrival, from 1.
    rows : int
        Encounters that arrived in the batch, including quarantined and erased ones.
    source_offset : int
        Row of the source file at which the batch starts; for a replay, the first of its rows.
    content_sha256 : str
        Hash of the content as it arrived; it does not change when rows are erased.
    origin : str
        Origin of the encounters: ``uci``, ``file`` or ``synthetic``.
    state : BatchState
        Whether the gate has accepted or rejected the batch.
    reason : str
        Why the batch was rejected, or accepted without a row for CLEAN; otherwise empty.
    quarantined_rows : int
        Rows of the batch that were quarantined, including those fixed, waived or replayed since.
    created_at, decided_at : datetime
        When the batch was loaded, and when the gate decided.
    kind : BatchKind
        Whether its rows came from the source or from the quarantine.
    erased_rows : int
        Rows that were erased for a patient or because of their age, or refused on arrival.
    repeated_rows : int
        Rows that had already arrived in an earlier delivery, word for word.
    """

    batch_id: str
    number: int
    rows: int
    source_offset: int
    content_sha256: str
    origin: str
    state: BatchState
    reason: str
    quarantined_rows: int
    created_at: datetime
    decided_at: datetime | None
    kind: BatchKind = BatchKind.ARRIVAL
    erased_rows: int = 0
    repeated_rows: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", BatchState(self.state))
        object.__setattr__(self, "kind", BatchKind(self.kind))

    @property
    def accepted_rows(self) -> int:
        """Rows that CLEAN must receive."""
        return self.rows - self.quarantined_rows - self.repeated_rows - self.erased_rows

    @property
    def ends_here(self) -> bool:
        """Whether no row is left for CLEAN, which then does not receive the batch."""
        return self.state is BatchState.ACCEPTED and self.accepted_rows == 0


@dataclass(frozen=True)
class SetAside:
    """The rows of a batch that RAW keeps out of CLEAN.

    Parameters
    ----------
    quarantined, repeated : int
        Rows in quarantine, and rows that had arrived before.
    """

    quarantined: int = 0
    repeated: int = 0


@dataclass(frozen=True)
class CleanBatch:
    """One line of CLEAN's ledger: RAW rows = CLEAN + quarantined + repeated + erased rows.

    Parameters
    ----------
    batch_id, number : str, int
        As in RAW's ledger.
    raw_rows, clean_rows, quarantined_rows : int
        Rows of the batch in RAW, and how many of them are in CLEAN and in quarantine.
    content_sha256 : str
        Hash of the CLEAN rows, including their splits.
    origin : str
        Origin of the encounters.
    state, reason : BatchState, str
        Whether the gate has accepted or rejected the batch, and why it was rejected.
    created_at, decided_at : datetime
        When the batch was written, and when the gate decided.
    erased_rows : int
        Rows of the batch that were erased for a patient or because of their age.
    repeated_rows : int
        Rows of the batch that had already arrived in an earlier delivery.
    """

    batch_id: str
    number: int
    raw_rows: int
    clean_rows: int
    quarantined_rows: int
    content_sha256: str
    origin: str
    state: BatchState
    reason: str
    created_at: datetime
    decided_at: datetime | None
    erased_rows: int = 0
    repeated_rows: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", BatchState(self.state))


Line = TypeVar("Line", RawBatch, CleanBatch)


class Ledger(Generic[Line]):
    """The batches of one database, on one connection; every method is one transaction."""

    ledger_name: ClassVar[str]
    """Name of the ledger in messages."""
    ledger_line: ClassVar[type[Any]]
    """Class of a ledger line."""
    ledger_query: ClassVar[sql.SQL]
    """Selects the fields of that class in order of batches, with a ``{condition}``."""
    numbering_lock: ClassVar[int]
    """Advisory lock for writes that must not run at the same time."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def batches(self) -> list[Line]:
        """Return the whole ledger in order of arrival."""
        return self._select(sql.SQL(""))

    def batch(self, batch_id: str) -> Line:
        """Return one line of the ledger.

        Raises
        ------
        InvalidBatchId
            If `batch_id` is not the id of a batch.
        BatchNotFound
            If the ledger does not contain the batch.
        """
        found = self._select(sql.SQL("WHERE batch_id = %s"), parse_batch_id(batch_id))
        if not found:
            raise BatchNotFound(batch_id, self.ledger_name)
        return found[0]

    @contextmanager
    def numbering(self) -> Iterator[None]:
        """Open a transaction in which no other process can write or erase rows of batches."""
        with self.connection.transaction():
            self._lock()
            yield

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Let no other process write or erase rows until the block ends; reading is shared.

        Unlike `numbering`, it opens no transaction: what the block commits stays if it fails later.
        """
        with self._holding(self.numbering_lock, "_shared"):
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Like `unchanged`, but exclusive: no other process can read a batch as a whole."""
        with self._holding(self.numbering_lock):
            yield

    @contextmanager
    def _holding(self, lock: int, suffix: str = "") -> Iterator[None]:
        def call(function: str) -> None:
            query = sql.SQL("SELECT {}(%s)").format(sql.Identifier(function + suffix))
            with self.connection.transaction():
                self.connection.execute(query, (lock,))

        call("pg_advisory_lock")
        try:
            yield
        finally:
            if not self.connection.closed:
                call("pg_advisory_unlock")

    def _lock(self) -> None:
        self.connection.execute("SELECT pg_advisory_xact_lock(%s)", (self.numbering_lock,))

    def _select(self, condition: sql.Composable, *parameters: object) -> list[Line]:
        with (
            self.connection.transaction(),
            self.connection.cursor(row_factory=class_row(self.ledger_line)) as cursor,
        ):
            return cursor.execute(
                self.ledger_query.format(condition=condition), parameters
            ).fetchall()

    def _decide(self, batch_id: str, state: BatchState, failures: Sequence[str] = ()) -> Line:
        with self.connection.transaction():
            self.connection.execute(
                "UPDATE batch SET state = %s, reason = %s, decided_at = now() WHERE batch_id = %s",
                (state, "\n".join(failures), batch_id),
            )
            return self.batch(batch_id)
