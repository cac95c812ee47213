"""RAW, CLEAN, PREDICTIONS and AUDIT in PostgreSQL: their tables, ledgers and histories.

The names below are imported lazily so that the exporter does not load pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from readmission.warehouse.clean.model_history import Candidate, ModelHistory, Promotion
    from readmission.warehouse.clean.warehouse import CleanWarehouse
    from readmission.warehouse.ledger import CleanBatch, RawBatch
    from readmission.warehouse.raw.decision_log import Decision, DecisionLog
    from readmission.warehouse.raw.decisions import QuarantinedRow
    from readmission.warehouse.raw.quarantine import Quarantine
    from readmission.warehouse.raw.warehouse import RawWarehouse
    from readmission.warehouse.states import BatchState, RowState

_MODULES = {
    "clean.model_history": ("Candidate", "ModelHistory", "Promotion"),
    "clean.warehouse": ("CleanWarehouse",),
    "ledger": ("CleanBatch", "RawBatch"),
    "raw.decision_log": ("Decision", "DecisionLog"),
    "raw.decisions": ("QuarantinedRow",),
    "raw.quarantine": ("Quarantine",),
    "raw.warehouse": ("RawWarehouse",),
    "states": ("BatchState", "RowState"),
}

__all__ = [
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
