"""From the quarantine back into RAW: corrected rows become new batches."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from readmission.domain import schema
from readmission.domain.batch_ids import BatchKind
from readmission.warehouse import (
    BatchState,
    Quarantine,
    QuarantinedRow,
    RawBatch,
    RawWarehouse,
    RowState,
)
from readmission.warehouse.raw.erasures import Erasure, RawErasures

NO_LIMIT = 1.0
"""Quarantine limit of a replay: the raw gate never rejects it. People chose its rows one by one, so
a row that is still bad returns to quarantine and the others continue."""


def replay(warehouse: RawWarehouse, batch_id: str | None = None) -> list[RawBatch]:
    """Write the corrected rows as batches of kind ``replay``, in one transaction.

    Each row is replayed once, so calling this again writes nothing. Usually there is one batch.
    Rows of different origins, and rows with the same number in two source files, come in separate
    batches.

    Parameters
    ----------
    warehouse : RawWarehouse
        The rows are read from its quarantine, and the batches are written to it.
    batch_id : str, optional
        Replay only the rows of this batch; by default all rows. Rows of a rejected batch stay
        in quarantine.

    Returns
    -------
    list of RawBatch
        All replays that await the raw gate, including those of a killed run.

    Raises
    ------
    BatchNotFound
        If there is no such batch.
    """
    if batch_id is not None:
        warehouse.batch(batch_id)
    quarantine = Quarantine(warehouse.connection)
    with warehouse.numbering():
        origins = {
            batch.batch_id: batch.origin
            for batch in warehouse.batches()
            if batch.state is BatchState.ACCEPTED
        }
        fixed = quarantine.rows(batch_id, RowState.FIXED, hold=True)
        for origin, rows in _partitions(_without_erased(warehouse, fixed), origins):
            encounters = _corrected(rows, quarantine.as_arrived(rows))
            source_rows = [row.source_row for row in rows]
            batch = warehouse.append(
                BatchKind.REPLAY, encounters, source_rows, source_rows[0], origin
            )
            quarantine.mark_replayed(rows, batch.batch_id)
        return awaiting_gate(warehouse)


def _without_erased(
    warehouse: RawWarehouse, fixed: Sequence[QuarantinedRow]
) -> Sequence[QuarantinedRow]:
    """Erase the rows that a correction gave to an erased patient, and return the others."""
    numbers = {row.correction[schema.PATIENT] for row in fixed if schema.PATIENT in row.correction}
    erased = warehouse.erased_patients.among(numbers)
    erasures = RawErasures(warehouse.connection)
    for number in erased:
        erasures.erase(erasures.rows_of(int(number)), Erasure.refused())
    return [row for row in fixed if row.correction.get(schema.PATIENT) not in erased]


def awaiting_gate(warehouse: RawWarehouse) -> list[RawBatch]:
    """Return the replays that await the raw gate."""
    undecided = (BatchKind.REPLAY, BatchState.LOADED)
    return [batch for batch in warehouse.batches() if (batch.kind, batch.state) == undecided]


def _partitions(
    rows: Sequence[QuarantinedRow], origins: Mapping[str, str]
) -> Iterator[tuple[str, list[QuarantinedRow]]]:
    """Yield the rows of each batch with their origin; no source row is twice in a batch."""
    batches: dict[tuple[str, int], list[QuarantinedRow]] = defaultdict(list)
    seen: dict[tuple[str, int], int] = defaultdict(int)
    for row in rows:
        if origin := origins.get(row.batch_id):
            origin_row = (origin, row.source_row)
            batches[origin, seen[origin_row]].append(row)
            seen[origin_row] += 1
    for (origin, _), chosen in batches.items():
        yield origin, sorted(chosen, key=lambda row: row.source_row)


def _corrected(rows: Sequence[QuarantinedRow], arrived: Sequence[Mapping[str, str]]) -> pa.Table:
    values = [{**before, **row.correction} for row, before in zip(rows, arrived, strict=True)]
    contract = pa.schema([(name, pa.string()) for name in schema.NAMES])
    return pa.Table.from_pylist(values, contract)
