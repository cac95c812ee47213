"""Every error a user can meet, each naming what is wrong and the way out."""

from collections.abc import Iterable, Sequence


class ReadmissionError(Exception):
    """Base of all errors of this project: the message is meant for people."""


class DatasetError(ReadmissionError):
    """The source file cannot be read as UCI encounters."""


class DownloadError(DatasetError):
    """The dataset could not be fetched from UCI."""


class InvalidValue(ReadmissionError):
    """A column holds a value outside its contract.

    Parameters
    ----------
    column : str
        UCI name of the column.
    value : object
        The first offending value.
    expected : str
        What the contract allows, in words.
    """

    def __init__(self, column: str, value: object, expected: str) -> None:
        super().__init__(f"column {column!r}: {value!r} is not allowed, expected {expected}")
        self.column = column
        self.value = value


class BatchNotFound(ReadmissionError):
    """A ledger has no such batch."""

    def __init__(self, batch_id: str, ledger: str) -> None:
        super().__init__(f"{batch_id} is not in the {ledger} ledger; has it been ingested?")


class GateError(ReadmissionError):
    """A gate could not be evaluated: an expectation raised instead of answering."""


class RowsLost(ReadmissionError):
    """Rows of a batch are neither CLEAN nor quarantined."""


class NotQuarantined(ReadmissionError):
    """The quarantine has no such row."""

    def __init__(self, batch_id: str, source_row: int) -> None:
        super().__init__(
            f"{batch_id} has no row {source_row} in quarantine;"
            " `readmission quarantine list` shows which rows are there"
        )


class DecisionRefused(ReadmissionError):
    """A decision on a quarantined row is incomplete, or comes too late."""


class GateFailed(ReadmissionError):
    """A quality gate stopped a batch; it must not be retried.

    Parameters
    ----------
    gate : str
        Name of the gate, e.g. ``raw``.
    batch_id : str
        The batch that was stopped.
    failures : sequence of str
        One sentence per failed expectation.
    """

    def __init__(self, gate: str, batch_id: str, failures: Sequence[str]) -> None:
        listed = "\n".join(f"  - {failure}" for failure in failures)
        super().__init__(
            f"gate {gate!r} stopped {batch_id}:\n{listed}\n"
            f"The report is in the data docs of that gate."
        )
        self.gate = gate
        self.batch_id = batch_id
        self.failures = list(failures)


class DatabaseNotMigrated(ReadmissionError):
    """The tables of a database are older than the library."""

    def __init__(self, database: str, found: str | None, expected: str) -> None:
        state = f"is at revision {found}" if found else "has never been migrated"
        super().__init__(
            f"the database {database!r} {state}, and this version needs revision {expected};"
            " run `readmission up` on one machine, elsewhere"
            " `python -m readmission.warehouse.migrations`"
        )


class DatabaseTooNew(ReadmissionError):
    """A later version of the library has migrated a database."""

    def __init__(self, database: str, found: str) -> None:
        super().__init__(
            f"the database {database!r} is at revision {found}, which this version does not know;"
            " install the version that migrated it, or restore the backup made before"
        )


class NoModel(ReadmissionError):
    """The registry has no model behind the alias."""


class BundleRefused(ReadmissionError):
    """What is stored with a model to serve it by is damaged, foreign, or answers otherwise."""


class UnknownFamily(ReadmissionError):
    """No model family has this name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(
            f"{name!r} is not a model family; READMISSION_FAMILIES takes {', '.join(known)}"
        )


class ServingMismatch(ReadmissionError):
    """The API does not serve the version that was promoted."""
