"""Errors shown to users. Each message says what is wrong and how to fix it."""

from collections.abc import Iterable, Sequence

_LONGEST_QUOTE = 80
"""Characters of a foreign value that a message quotes."""
_MOST_BATCHES = 12
"""Batches that a message lists in full."""


class ReadmissionError(Exception):
    """Base class of the project's errors; its message is written for users."""


class DatasetError(ReadmissionError):
    """The source file cannot be read as UCI encounters."""


class StillArriving(DatasetError):
    """The source file changed recently and is not readable yet; a later run reads it."""


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


class InvalidBatchId(ReadmissionError):
    """A value from outside is not the id of a batch, so nothing is read or written with it.

    Parameters
    ----------
    value : object
        The value.
    known : sequence of str
        The batches that exist, in their order, if they are known.
    """

    def __init__(self, value: object, known: Sequence[str] = ()) -> None:
        shown = known if len(known) <= _MOST_BATCHES else [known[0], "…", *known[-3:]]
        exist = f". The batches are {', '.join(shown)}" if known else ""
        super().__init__(
            f"{_shortened(value)} is not the id of a batch; expected batch-0001 or replay-0001, as"
            " the page Data quality and `readmission quarantine account` list them. Start a run"
            f" again with the id of a batch as its partition key{exist}"
        )
        self.value = value


class InvalidReportKey(ReadmissionError):
    """A key or path is not that of a report, or leaves the folder of the reports.

    Parameters
    ----------
    value : object
        The key or the path.
    expected : str
        What it should look like.
    """

    def __init__(self, value: object, expected: str) -> None:
        super().__init__(
            f"{_shortened(value)} is not a report; expected {expected}."
            " The page Data quality links to every report"
        )
        self.value = value


class BatchNotFound(ReadmissionError):
    """The ledger does not contain this batch."""

    def __init__(self, batch_id: str, ledger: str) -> None:
        super().__init__(f"{batch_id} is not in the {ledger} ledger; has it been ingested?")


class GateError(ReadmissionError):
    """A gate could not be evaluated: an expectation failed to run, or the database is wrong."""


class RowsLost(ReadmissionError):
    """Rows of a batch are neither CLEAN nor quarantined."""


class NotQuarantined(ReadmissionError):
    """The quarantine does not contain this row."""

    def __init__(self, batch_id: str, line: int) -> None:
        super().__init__(
            f"{batch_id} has no row {line} in quarantine;"
            " `readmission quarantine list` lists the rows in quarantine"
        )


class NotACorrection(ReadmissionError):
    """A row corrects no encounter that RAW already has."""

    def __init__(self, batch_id: str, line: int) -> None:
        super().__init__(
            f"row {line} of {batch_id} corrects no other row;"
            " `readmission corrections list` lists the corrections"
        )


class InvalidPatientNumber(ReadmissionError):
    """A text is not the number of a patient; the message does not repeat it."""

    def __init__(self) -> None:
        super().__init__("the number of a patient is a whole number, as in the column patient_nbr")


class PatientNotFound(ReadmissionError):
    """No table holds a row of this patient; the message does not repeat the number."""

    def __init__(self, searched: Iterable[str]) -> None:
        super().__init__(f"no row of this patient in {', '.join(searched)}; is the number right?")


class ErasureKeyError(ReadmissionError):
    """The list of erased patients cannot be read, so nobody knows which rows to refuse."""

    def __init__(self) -> None:
        super().__init__(
            "RAW has a list of erased patients, and READMISSION_PREDICTION_LOG_KEY is not the key"
            " that made it; nothing is stored until the key is restored. If it is lost, see"
            " docs/operations.md, 'Rights of a patient'"
        )


class RowsErased(ReadmissionError):
    """Rows were erased while a model learned from them, so the model is not registered."""

    def __init__(self, batch_id: str) -> None:
        super().__init__(
            f"the training rows of {batch_id} have changed since this training read them; the"
            " ledger sweep trains again within ten minutes"
        )


class DecisionRefused(ReadmissionError):
    """A person's decision, for example about a quarantined row, is incomplete or comes too late."""


class NoDriftReference(ReadmissionError):
    """A version has no summary of its training rows, so no drift is measured from it."""

    def __init__(self, version: str) -> None:
        super().__init__(
            f"version {version} has no summary of its training rows: it was deleted, or was not"
            " registered by the training of this project"
        )


class VerdictNotFound(ReadmissionError):
    """No verdict on a challenger has this number."""

    def __init__(self, promotion_id: int) -> None:
        super().__init__(f"there is no verdict {promotion_id}; `readmission promotions` lists them")


class VerdictNotRecomputable(ReadmissionError):
    """What a verdict was based on does not exist any longer."""

    def __init__(self, promotion_id: int, why: str) -> None:
        super().__init__(f"verdict {promotion_id} cannot be recomputed: {why}")


class GateFailed(ReadmissionError):
    """A quality gate stopped a batch; retrying the task would not help.

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
            f"gate {gate!r} stopped {batch_id}:\n{listed}\nThe report is in the gate's data docs."
        )
        self.gate = gate
        self.batch_id = batch_id
        self.failures = list(failures)


class DatabaseNotMigrated(ReadmissionError):
    """The tables of a database are older than this version of the library."""

    def __init__(self, database: str, found: str | None, expected: str) -> None:
        state = f"is at revision {found}" if found else "has never been migrated"
        super().__init__(
            f"the database {database!r} {state}, and this version needs revision {expected};"
            " run `readmission up` on a single machine, or"
            " `python -m readmission.warehouse.migrations` elsewhere"
        )


class DatabaseTooNew(ReadmissionError):
    """A later version of the library has migrated a database."""

    def __init__(self, database: str, found: str) -> None:
        super().__init__(
            f"the database {database!r} is at revision {found}, which this version does not know;"
            " install the version that migrated it, or restore a backup from before the migration"
        )


class NoModel(ReadmissionError):
    """No model version has the alias."""


class ProductionPinned(ReadmissionError):
    """A rollback has pinned a version, so nothing else may move the alias."""

    def __init__(self, pin: object) -> None:
        super().__init__(f"{pin}; remove the pin with `readmission unpin --reason TEXT`")


class NotPromotedYet(NoModel):
    """The registry responds and has no version in production yet."""


class BundleRefused(ReadmissionError):
    """A serving bundle is unsigned, damaged, of another contract, or fails its golden rows."""


class SigningKeyError(ReadmissionError):
    """A key that signs or verifies serving bundles is missing or malformed."""

    def __init__(self, setting: str) -> None:
        super().__init__(
            f"READMISSION_{setting.upper()} must hold 32 bytes in base64 for each Ed25519 key;"
            " `readmission up`, `make env` and `deploy.sh` generate it"
        )


class NotServable(ReadmissionError):
    """No model of a training can be compiled, so there is none to register."""

    def __init__(self, batch_id: str, reasons: Iterable[str]) -> None:
        super().__init__(
            f"no model trained for {batch_id} can be served: {'; '.join(reasons)};"
            " production stays as it is"
        )


class CardIncomplete(ReadmissionError):
    """A figure of a model's card cannot be computed."""

    def __init__(self, figure: str, value: object) -> None:
        super().__init__(
            f"the model's card has no {figure} ({value!r}), so the model is not registered; train"
            " on rows that have both outcomes in the validation split"
        )


class UnknownFamily(ReadmissionError):
    """No model family has this name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(
            f"{name!r} is not a model family; READMISSION_FAMILIES takes {', '.join(known)}"
        )


class ServingMismatch(ReadmissionError):
    """The API does not serve the version that was promoted."""


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
