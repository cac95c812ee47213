"""Started by hand: decide about quarantined rows, or replay the rows that were fixed.

- **fix**: correct values (`correction`) of some rows (`batch_id`, `lines`).
- **waive**: discard rows permanently.
- **replay**: all fixed rows, or those of one batch, become a new batch. The raw gate checks it and
  announces it as a partition of RAW, and from there it is processed like any other batch. Rows
  that are still bad return to quarantine in the new batch.

After every action, the last tasks count all rows and publish the reports. The command `readmission
quarantine` does the same; see its `--help`.
"""

from typing import Any

from airflow.sdk import Param, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from assets import RAW
from policies import DECIDED_BY, LABELLED, RETRIES, label, what_to_do
from readmission.domain.batch_ids import PATTERN, parse_batch_id
from readmission.domain.columns import Kind
from readmission.domain.schema import of_kind

FIX, WAIVE, REPLAY = "fix", "waive", "replay"
NO_KEYS = {
    "not": {"enum": [column.name for column in of_kind(Kind.KEY)]},
    "description": "correct patient and encounter numbers on the command line, with"
    " `readmission quarantine fix`: everybody can read the values in this form",
}
"""Airflow shows a run's configuration on its pages, so the form rejects these columns."""


def _source_rows(params: dict[str, Any]) -> list[int]:
    """Return the rows as they are stored, from 0; `source_rows` is deprecated, use `lines`."""
    from readmission.warehouse.raw.line_numbers import source_row_of

    return [*map(source_row_of, params["lines"]), *params.get("source_rows", [])]


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args=RETRIES,
    params={
        "action": what_to_do(
            FIX, WAIVE, REPLAY, default=REPLAY,
            description="Waiving is permanent; a fix can be changed until the replay.",
        ),
        "batch_id": Param(
            None, type=["null", "string"], pattern=PATTERN, title="Batch",
            description="Batch of the rows, for example batch-0001; if empty, replay all batches.",
        ),
        "lines": Param(
            [], type="array", items={"type": "integer", "minimum": 1}, title="Rows",
            description="To fix or waive: the row numbers, from 1, as the quarantine page shows"
            " them; one per line.",
        ),
        "correction": Param(
            {}, type="object", additionalProperties={"type": "string"}, propertyNames=NO_KEYS,
            title="Corrected values",
            description='To fix: column and value, as written in the file: {"age": "[70-80)"}.'
            " Patient and encounter numbers: only with `readmission quarantine fix`.",
        ),
        "decided_by": DECIDED_BY,
        "why": Param(
            None, type=["null", "string"], title="Why",
            description="To fix or waive: the reason; stored with the rows.",
        ),
    },
    tags=["readmission"],
    doc_md=__doc__,
)  # fmt: skip
def quarantine_replay():
    @task
    def decide(params: dict[str, Any], dag_run: Any) -> None:
        """Fix or waive the given rows."""
        if params["action"] == REPLAY:
            raise AirflowSkipException("the action is a replay, so there is nothing to decide")
        from connections import raw_warehouse, record_decision
        from readmission.warehouse import Quarantine
        from readmission.warehouse.audit.events import Action

        where = parse_batch_id(params["batch_id"]), _source_rows(params)
        action = Action.FIX_ROWS if params["action"] == FIX else Action.WAIVE_ROWS
        by = record_decision(dag_run, action, where[0], params["decided_by"], rows=len(where[1]))
        signed = by, params["why"] or ""
        with raw_warehouse() as warehouse:
            quarantine = Quarantine(warehouse.connection)
            if params["action"] == FIX:
                quarantine.fix(*where, params["correction"], *signed)
            else:
                quarantine.waive(*where, *signed)

    @task
    def replay(params: dict[str, Any], dag_run: Any) -> list[str]:
        """Write the fixed rows as new batches."""
        if params["action"] != REPLAY:
            raise AirflowSkipException("the action is not a replay")
        from connections import raw_warehouse, record_decision
        from readmission.pipeline import replay
        from readmission.warehouse.audit.events import Action

        batch_id = parse_batch_id(params["batch_id"]) if params["batch_id"] else None
        record_decision(dag_run, Action.REPLAY_ROWS, batch_id, params["decided_by"])
        with raw_warehouse() as warehouse:
            batches = replay.replay(warehouse, batch_id)
        if not batches:
            raise AirflowSkipException("no fixed row awaits a replay")
        return [batch.batch_id for batch in batches]

    @task(outlets=[RAW], max_active_tis_per_dagrun=1, **LABELLED)
    def check(batch_id: str, outlet_events) -> None:
        """Let the raw gate decide, and announce the batch if at least one row is good now."""
        label(batch_id)
        from connections import publish_report, raw_warehouse
        from lineage import report, report_gate
        from readmission.pipeline.replay import NO_LIMIT
        from readmission.quality.gates import Gatekeeper
        from readmission.settings import get_settings

        settings = get_settings()
        gatekeeper = Gatekeeper(settings.docs_dir, publish_report, report_gate)
        with raw_warehouse() as warehouse:
            batch = gatekeeper.raw(warehouse, batch_id, NO_LIMIT, settings.corrections)
        if batch.ends_here:
            raise AirflowSkipException(
                f"{batch_id}: all rows are still bad and return to quarantine"
            )
        outlet_events[RAW].extra = {"rows": batch.rows, "quarantined": batch.quarantined_rows}
        outlet_events[RAW].add_partitions(batch_id)
        report(batch_id, inputs=[], outputs=[RAW])

    @task(trigger_rule="none_failed")
    def account() -> str:
        """Count the rows of RAW and CLEAN: none may be lost."""
        from connections import clean_warehouse, raw_warehouse
        from readmission.warehouse import reconciliation

        with raw_warehouse() as raw, clean_warehouse() as clean:
            return str(reconciliation.account(raw, clean))

    @task(trigger_rule="none_failed")
    def overview() -> None:
        """Publish the overview with the decisions."""
        from connections import write_overview

        write_overview()

    decided, checked = decide(), check.expand(batch_id=replay())
    [decided, checked] >> account()
    [decided, checked] >> overview()


quarantine_replay()
