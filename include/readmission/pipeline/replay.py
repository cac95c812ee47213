"""From the quarantine back into RAW: corrected rows become batches of their own."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from readmission.domain import schema
from readmission.warehouse import (
    BatchKind,
    BatchState,
    Quarantine,
    QuarantinedRow,
    RawBatch,
    RawWarehouse,
    RowState,
)

NO_LIMIT = 1.0
"""Share of bad rows at which the raw gate rejects a replay: never. People chose its rows one
by one, so one that is still bad is set aside again and the others go on."""


def replay(warehouse: RawWarehouse, batch_id: str | None = None) -> list[RawBatch]:
    """Write the fixed rows, corrected, as batches of kind ``replay``, in one transaction.

    A row is replayed once: asked again, there is nothing left. Nearly always one batch
    comes out of it; rows of different origins, and different rows that have the same place
    in two source files, are kept apart.

    Parameters
    ----------
    warehouse : RawWarehouse
        Holds the rows, and gets the batches.
    batch_id : str, optional
        Only the rows of this batch; all by default. Those of a rejected batch stay.

    Returns
    -------
    list of RawBatch
        The replays that no gate has decided on, those of a killed run included.

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
        for origin, rows in _partitions(fixed, origins):
            encounters = _corrected(rows, quarantine.as_arrived(rows))
            places = [row.source_row for row in rows]
            batch = warehouse.append(BatchKind.REPLAY, encounters, places, places[0], origin)
            quarantine.mark_replayed(rows, batch.batch_id)
        return awaiting_gate(warehouse)


def awaiting_gate(warehouse: RawWarehouse) -> list[RawBatch]:
    """Return the replays that no gate has decided on."""
    undecided = (BatchKind.REPLAY, BatchState.LOADED)
    return [batch for batch in warehouse.batches() if (batch.kind, batch.state) == undecided]


def _partitions(
    rows: Sequence[QuarantinedRow], origins: Mapping[str, str]
) -> Iterator[tuple[str, list[QuarantinedRow]]]:
    """Yield origin and rows such that no source row is twice among them."""
    batches: dict[tuple[str, int], list[QuarantinedRow]] = defaultdict(list)
    seen: dict[tuple[str, int], int] = defaultdict(int)
    for row in rows:
        if origin := origins.get(row.batch_id):
            place = (origin, row.source_row)
            batches[origin, seen[place]].append(row)
            seen[place] += 1
    for (origin, _), chosen in batches.items():
        yield origin, sorted(chosen, key=lambda row: row.source_row)


def _corrected(rows: Sequence[QuarantinedRow], arrived: Sequence[Mapping[str, str]]) -> pa.Table:
    values = [{**before, **row.correction} for row, before in zip(rows, arrived, strict=True)]
    contract = pa.schema([(name, pa.string()) for name in schema.NAMES])
    return pa.Table.from_pylist(values, contract)
