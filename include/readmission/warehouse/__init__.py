"""RAW and CLEAN in PostgreSQL: tables derived from the schema, ledgers, COPY in both directions."""

from readmission.warehouse.clean import CleanWarehouse
from readmission.warehouse.decision_log import Decision, DecisionLog
from readmission.warehouse.decisions import QuarantinedRow
from readmission.warehouse.history import Candidate, ModelHistory, Promotion
from readmission.warehouse.ledger import CleanBatch, RawBatch
from readmission.warehouse.quarantine import Quarantine
from readmission.warehouse.raw import RawWarehouse
from readmission.warehouse.states import BatchKind, BatchState, RowState

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
