"""RAW, CLEAN and their gates without Airflow, for tests that follow single rows."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import psycopg

from readmission.pipeline.process import process
from readmission.pipeline.replay import NO_LIMIT, replay
from readmission.warehouse import CleanWarehouse, Quarantine, RawBatch, RawWarehouse
from readmission.warehouse.reconciliation import Account, account
from tests.include.tables import encounters

ROWS = 100
FIRST = "batch-0001"
BAD = {7: "[300-310)", 8: "[300-310)"}
"""Invalid ages, by row."""
GOOD = {"age": "[30-40)"}
LIMIT = 0.05
REASONS = ["age: is one of …; 2 rows fail"]


class Hospital:
    """Both warehouses, and the steps of the DAGs on them."""

    def __init__(self, raw: psycopg.Connection, clean: psycopg.Connection, docs: Path) -> None:
        self.raw, self.clean = RawWarehouse(raw), CleanWarehouse(clean)
        self.quarantine = Quarantine(raw)
        # Great Expectations takes seconds to import, also for those that only collect tests.
        from readmission.quality.gates import Gatekeeper

        self.gatekeeper = Gatekeeper(docs, lambda *_: None)

    def arrive(self, offset: int = 0, origin: str = "file", **cells: Mapping[int, str]) -> RawBatch:
        """Load the encounters at an offset; `cells` changes values of a column, by row."""
        rows = encounters(offset + ROWS, **cells).slice(offset, ROWS)
        return self.raw.load(rows, offset, origin)

    def set_aside(self, batch_id: str, *rows: int) -> RawBatch:
        """Accept a batch and put some rows into quarantine, like a gate."""
        reasons = [REASONS] * len(rows)
        return self.raw.accept(batch_id, pd.DataFrame({"source_row": rows, "reasons": reasons}))

    def gate(self, batch: RawBatch) -> RawBatch:
        """Let the raw gate decide."""
        limit = LIMIT if batch.kind == "arrival" else NO_LIMIT
        return self.gatekeeper.raw(self.raw, batch.batch_id, limit)

    def refine(self, batch_id: str, *, gated: bool = False) -> None:
        """Process an accepted batch into CLEAN; the gate is optional, because it takes a second."""
        process(self.raw, self.clean, batch_id, "a key")
        if gated:
            self.gatekeeper.clean(self.clean, batch_id)
        else:
            self.clean.accept(batch_id)

    def replay(self, *, gated: bool = False) -> list[RawBatch]:
        """Replay the fixed rows and process the new batches into CLEAN."""
        accept = self.gate if gated else self._accept
        batches = [accept(batch) for batch in replay(self.raw)]
        for batch in batches:
            if not batch.ends_here:
                self.refine(batch.batch_id, gated=gated)
        return batches

    def _accept(self, batch: RawBatch) -> RawBatch:
        return self.set_aside(batch.batch_id)

    def account(self) -> Account:
        """Count where every row is."""
        return account(self.raw, self.clean)

    def times_in_clean(self, source_row: int) -> int:
        """Return how many times a row of the source is in CLEAN."""
        with self.clean.connection.transaction():
            found = self.clean.connection.execute(
                "SELECT count(*) FROM encounter WHERE source_row = %s", (source_row,)
            ).fetchone()
        assert found is not None
        return int(found[0])
