"""Started by hand: acknowledge a known warning of a gate, or withdraw an acknowledgement.

The page *Data quality*, *Warnings*, lists them, with a form that starts this DAG. An acknowledged
one stays visible as acknowledged, with the user who started this run, and is open again when it
changes or when the time is over. The command `readmission warnings` does the same; see its
`--help`.
"""

from typing import Any

from airflow.sdk import Param, dag, task

from policies import DECIDED_BY, RETRIES, what_to_do
from readmission.quality.catalogue import CLEAN, GATES

ACKNOWLEDGE, WITHDRAW = "acknowledge", "withdraw"


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args=RETRIES,
    params={
        "action": what_to_do(
            ACKNOWLEDGE, WITHDRAW, default=ACKNOWLEDGE,
            description="Both are kept, with who decided and why.",
        ),
        "gate": Param(
            CLEAN.name, type="string", enum=[gate.name for gate in GATES], title="Gate",
            description="The gate that warned; drift is a warning of the gate clean.",
        ),
        "warning": Param(
            type="string", minLength=1, maxLength=300, title="Warning",
            description="How its sentence begins, for example: payer_code has drifted.",
        ),
        "until": Param(
            None, type=["null", "string"], format="date-time", title="Until",
            description="To acknowledge: when it is open again; if empty, when it changes.",
        ),
        "decided_by": DECIDED_BY,
        "why": Param(
            type="string", minLength=1, maxLength=500, title="Why",
            description="The reason; the pages show it.",
        ),
    },
    tags=["readmission"],
    doc_md=__doc__,
)  # fmt: skip
def warning_decisions():
    @task
    def decide(params: dict[str, Any], dag_run: Any) -> str:
        """Store the decision, and return the warning."""
        from datetime import datetime

        from connections import clean_warehouse, raw_warehouse, record_decision
        from readmission.quality.gate_decisions import warnings_of
        from readmission.warehouse.audit.events import Action

        given, gate = params["action"] == ACKNOWLEDGE, params["gate"]
        action = Action.ACKNOWLEDGE if given else Action.WITHDRAW
        by = record_decision(dag_run, action, gate, params["decided_by"])
        until = datetime.fromisoformat(params["until"]) if params["until"] else None
        with raw_warehouse() as raw, clean_warehouse() as clean:
            warnings = warnings_of(gate, raw, clean)
            decided = (gate, params["warning"], by, params["why"])
            if given:
                return warnings.acknowledge(*decided, until).sentence
            return warnings.withdraw(*decided).sentence

    @task
    def overview() -> None:
        """Publish the overview with the decision."""
        from connections import write_overview

        write_overview()

    decide() >> overview()


warning_decisions()
