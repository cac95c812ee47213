"""Started by hand: decide about quarantined rows, or send those that are fixed on.

- **fix**: give the right values (`correction`) of rows (`batch_id`, `source_rows`).
- **waive**: give rows up for ever.
- **replay**: every fixed row, or those of one batch, becomes a batch of its own, is looked at by
  the raw gate and announced as a partition of RAW; from there it travels like any batch. A row
  that is still bad is set aside again in that batch.

Whatever was done, the last tasks count every row and write the reports anew. `readmission
quarantine --help` does the same from the command line.
"""

from typing import Any

from airflow.sdk import Param, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from assets import RAW
from policies import LABELLED, RETRIES, label
from readmission.domain.columns import Kind
from readmission.domain.schema import of_kind

FIX, WAIVE, REPLAY = "fix", "waive", "replay"
NO_KEYS = {
    "not": {"enum": [column.name for column in of_kind(Kind.KEY)]},
    "description": "numbers of patients and encounters are corrected by the command line,"
    " `readmission quarantine fix`: what is entered here, everybody can read in the run",
}
"""A run's configuration is shown on Airflow's pages, so it is refused before it is stored."""


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args=RETRIES,
    params={
        "action": Param(
            REPLAY, type="string", enum=[FIX, WAIVE, REPLAY], title="What to do",
            description="Waived is for ever; fixed can be changed until the replay.",
        ),
        "batch_id": Param(
            None, type=["null", "string"], pattern=r"^(batch|replay)-[0-9]{4,}$", title="Batch",
            description="The batch of the rows, such as batch-0001; a replay takes all if empty.",
        ),
        "source_rows": Param(
            [], type="array", items={"type": "integer", "minimum": 0}, title="Rows",
            description="To fix or waive: numbers of the rows, one a line.",
        ),
        "correction": Param(
            {}, type="object", additionalProperties={"type": "string"}, propertyNames=NO_KEYS,
            title="Right values",
            description='To fix: column to value, as the file spells it: {"age": "[70-80)"}.'
            " Numbers of patients and encounters: by `readmission quarantine fix` only.",
        ),
        "decided_by": Param(
            None, type=["null", "string"], title="Who decides",
            description="To fix or waive: a name; kept with the rows.",
        ),
        "why": Param(
            None, type=["null", "string"], title="Why",
            description="To fix or waive: the reason; kept with the rows.",
        ),
    },
    tags=["readmission"],
    doc_md=__doc__,
)  # fmt: skip
def quarantine_replay():
    @task
    def decide(params: dict[str, Any]) -> None:
        """Fix or waive the rows that are named."""
        if params["action"] == REPLAY:
            raise AirflowSkipException("a replay decides about no row")
        from connections import raw_warehouse
        from readmission.warehouse import Quarantine

        where = params["batch_id"] or "", params["source_rows"]
        signed = params["decided_by"] or "", params["why"] or ""
        with raw_warehouse() as warehouse:
            quarantine = Quarantine(warehouse.connection)
            if params["action"] == FIX:
                quarantine.fix(*where, params["correction"], *signed)
            else:
                quarantine.waive(*where, *signed)

    @task
    def replay(params: dict[str, Any]) -> list[str]:
        """Make batches of the fixed rows."""
        if params["action"] != REPLAY:
            raise AirflowSkipException("only a replay sends rows on")
        from connections import raw_warehouse
        from readmission.pipeline import replay

        with raw_warehouse() as warehouse:
            batches = replay.replay(warehouse, params["batch_id"])
        if not batches:
            raise AirflowSkipException("no row is fixed and waits")
        return [batch.batch_id for batch in batches]

    @task(outlets=[RAW], max_active_tis_per_dagrun=1, **LABELLED)
    def check(batch_id: str, outlet_events) -> None:
        """Let the raw gate decide, and announce what is good now."""
        label(batch_id)
        from connections import publish_report, raw_warehouse
        from readmission.pipeline.replay import NO_LIMIT
        from readmission.quality.gates import Gatekeeper
        from readmission.settings import get_settings

        gatekeeper = Gatekeeper(get_settings().docs_dir, publish_report)
        with raw_warehouse() as warehouse:
            batch = gatekeeper.raw(warehouse, batch_id, NO_LIMIT)
        if batch.ends_here:
            raise AirflowSkipException(f"{batch_id}: no row is good yet, all are set aside again")
        outlet_events[RAW].extra = {"rows": batch.rows, "quarantined": batch.quarantined_rows}
        outlet_events[RAW].add_partitions(batch_id)

    @task(trigger_rule="none_failed")
    def account() -> str:
        """Count both databases: no row may be lost."""
        from connections import clean_warehouse, raw_warehouse
        from readmission.warehouse import reconciliation

        with raw_warehouse() as raw, clean_warehouse() as clean:
            return str(reconciliation.account(raw, clean))

    @task(trigger_rule="none_failed")
    def overview() -> None:
        """Show in the reports what was decided."""
        from connections import write_overview

        write_overview()

    decided, checked = decide(), check.expand(batch_id=replay())
    [decided, checked] >> account()
    [decided, checked] >> overview()


quarantine_replay()
