"""Started by hand: put an earlier version into production and keep it there.

The API verifies the version, moves the aliases and serves it. While it is pinned, promotion judges
every challenger, and moves no alias. `readmission rollback` does the same, and `readmission unpin`
removes the pin.
"""

from typing import Any

from airflow.sdk import Param, dag, task

from policies import RETRIES


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args=RETRIES,
    params={
        "to": Param(
            None, type=["null", "string"], pattern=r"^[1-9][0-9]{0,8}$", title="Version",
            description="The version to go back to; if empty, the previous one.",
        ),
        "until": Param(
            None, type=["null", "string"], format="date-time", title="Pinned until",
            description="When promotion may replace the version again; if empty, after"
            " `readmission unpin`.",
        ),
        "reason": Param(
            type="string", minLength=1, maxLength=500, title="Why",
            description="The reason; stored with the rollback.",
        ),
    },
    tags=["readmission"],
    doc_md=__doc__,
)  # fmt: skip
def model_rollback():
    @task
    def roll_back(params: dict[str, Any], dag_run: Any) -> str:
        """Roll back, wait until the API serves the version, and record the rollback."""
        from connections import clean_warehouse, record_decision
        from readmission.pipeline.promotion import rollback
        from readmission.registry import Registry
        from readmission.settings import get_settings
        from readmission.warehouse import ModelHistory
        from readmission.warehouse.audit.events import Action

        by = record_decision(dag_run, Action.ROLL_BACK, params["to"], None)
        settings = get_settings()
        with clean_warehouse() as warehouse:
            return rollback.roll_back(
                {name: params[name] for name in ("to", "until", "reason")} | {"by": by},
                dag_run.run_id,
                ModelHistory(warehouse.connection),
                Registry(settings),
                settings,
            )

    roll_back()


model_rollback()
