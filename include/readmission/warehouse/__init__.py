"""RAW and CLEAN in PostgreSQL: tables derived from the schema, ledgers, COPY in both directions.

What is named here is imported when it is first asked for: who only counts needs no data frames.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from readmission.warehouse.clean import CleanWarehouse
    from readmission.warehouse.decision_log import Decision, DecisionLog
    from readmission.warehouse.decisions import QuarantinedRow
    from readmission.warehouse.history import Candidate, ModelHistory, Promotion
    from readmission.warehouse.ledger import CleanBatch, RawBatch
    from readmission.warehouse.quarantine import Quarantine
    from readmission.warehouse.raw import RawWarehouse
    from readmission.warehouse.states import BatchKind, BatchState, RowState

_MODULES = {
    "clean": ("CleanWarehouse",),
    "decision_log": ("Decision", "DecisionLog"),
    "decisions": ("QuarantinedRow",),
    "history": ("Candidate", "ModelHistory", "Promotion"),
    "ledger": ("CleanBatch", "RawBatch"),
    "quarantine": ("Quarantine",),
    "raw": ("RawWarehouse",),
    "states": ("BatchKind", "BatchState", "RowState"),
}

__all__ = [
    "BatchKind",
    "BatchState",
    "Candidate",
    "CleanBatch",
    "CleanWarehouse",
    "Decision",
    "DecisionLog",
    "ModelHistory",
    "Promotion",
    "Quarantine",
    "QuarantinedRow",
    "RawBatch",
    "RawWarehouse",
    "RowState",
]


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
