"""The pipeline's gates, each declared once.

The overview, both summaries, the exporter, the report pages and the sweep read `GATES`. A gate
names its suite instead of importing it, so that the exporter can read this module without loading
pandas and Great Expectations.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation


class Database(StrEnum):
    """The database whose rows a gate checks; the gate's verdicts are stored there too."""

    RAW = "raw"
    CLEAN = "clean"


class Stage(StrEnum):
    """The stages of a batch, in order."""

    RAW = "raw"
    CLEAN = "clean"
    TRAINING = "training"
    PROMOTION = "promotion"


STAGES_WITH_LEDGER = frozenset({Stage.RAW, Stage.CLEAN})
"""A gate that stops a batch at one of these stages also marks it rejected in the ledger."""


@dataclass(frozen=True)
class Gate:
    """One gate.

    Parameters
    ----------
    name : str
        Key of its verdicts and reports, and value of the label ``gate`` in Prometheus.
    title : str
        Display name: its name, so that people find it under the same name everywhere.
    suite : str
        The function that returns its expectations, as ``module:function``.
    database : Database
        Holds the rows it checks; a gate of training or promotion checks rows of CLEAN.
    stage : Stage
        The stage at which it can stop a batch.
    """

    name: str
    title: str
    suite: str
    database: Database
    stage: Stage

    def expectations(self, *facts: Any) -> "list[Expectation]":
        """Return the gate's suite.

        Parameters
        ----------
        *facts
            Arguments of the suite's function: what it needs besides the rows.
        """
        built: list[Expectation] = resolve_name(self.suite)(*facts)
        return built


_SUITES = "readmission.quality.suites"

RAW = Gate("raw", "Raw gate", f"{_SUITES}:raw_suite", Database.RAW, Stage.RAW)
CLEAN = Gate("clean", "Clean gate", f"{_SUITES}:clean_suite", Database.CLEAN, Stage.CLEAN)
TRAINING = Gate(
    "training", "Training gate", f"{_SUITES}:training_suite", Database.CLEAN, Stage.TRAINING
)
PREDICTIONS = Gate(
    "predictions",
    "Predictions gate",
    f"{_SUITES}:prediction_suite",
    Database.CLEAN,
    Stage.PROMOTION,
)

GATES = (RAW, CLEAN, TRAINING, PREDICTIONS)
"""Every gate, in the order in which they check a batch."""


class Result(Protocol):
    """The fields of a gate's result that `stopped_at` reads."""

    @property
    def batch_id(self) -> str: ...
    @property
    def gate(self) -> str: ...
    @property
    def passed(self) -> bool: ...


R = TypeVar("R", bound=Result)


def stopped_at(stage: Stage, results: Iterable[R]) -> list[R]:
    """Return the results of gates that stopped a batch at a stage."""
    names = {gate.name for gate in GATES if gate.stage is stage}
    return [result for result in results if result.gate in names and not result.passed]
