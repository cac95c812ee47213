"""Score an uploaded file chunk by chunk and write the predictions as they are made."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import IO, Any

from api.access.limits import FileBudget
from api.contract.predictions import (
    SummaryLine,
    UploadTotals,
    read_encounter,
    read_error,
    read_prediction,
)
from api.dependencies import ServiceState, model_reference
from api.errors import ApiError, log
from api.files import readers
from api.files.rows import Keys, ParsedRow
from api.files.writers import AnswerFormat, writer_for
from api.model.champion import Champion
from readmission.domain import schema
from readmission.logs import where
from readmission.serving.encoding_tables import Encounter
from readmission.serving.model import Prediction
from readmission.warehouse.raw.line_numbers import line_of


class FileScoring:
    """Scores one file with one model.

    Parameters
    ----------
    state : ServiceState
        Has the metrics and the prediction log.
    champion : Champion
        Scores all rows, even if another model is promoted meanwhile.
    request_id : str
        Logged with every prediction.
    sender : tuple of str
        Key id and address of the caller, logged as well.
    answer : str
        Format of the predictions: ``ndjson``, ``csv`` or ``parquet``.
    budget : FileBudget
        What may still be read from the caller's files.
    """

    def __init__(
        self,
        state: ServiceState,
        champion: Champion,
        request_id: str,
        sender: tuple[str, str],
        answer: AnswerFormat,
        budget: FileBudget,
    ) -> None:
        self._state = state
        self._champion = champion
        self._request_id = request_id
        self._sender = sender
        self._writer = writer_for(answer)
        self._budget = budget
        self._by_class: Counter[str] = Counter()
        self._rows = self._refused = 0

    @property
    def rows(self) -> int:
        """Rows read until now."""
        return self._rows

    def run(self, file: IO[bytes], content_type: str) -> Iterator[bytes]:
        """Yield the predictions in pieces.

        Raises
        ------
        ApiError
            Before the first piece only. Later errors become the last row.
        """
        budget = self._budget
        rows = readers.read_rows(file, content_type, budget.announce, budget.read)
        chunks = readers.chunked(rows)
        first = self.completed(next(chunks, []))
        piece = self._writer.begin() + self._writer.write(self.score(first))
        try:
            yield piece
            for chunk in chunks:
                yield self._writer.write(self.score(self.completed(chunk)))
        except Exception as error:  # noqa: BLE001 - the status is sent: report the error as a row
            line = self._rejected(self._rows, _as_api_error(error, self._request_id), {})
            # Count it as a row, so that the summary shows that the file broke off.
            self._rows += 1
            yield self._writer.write([line])
        yield self._writer.end(self._summary())

    def completed(self, chunk: Sequence[ParsedRow]) -> list[ParsedRow]:
        """Return a chunk with what is known of earlier stays, if the model takes them."""
        return [self._completed(row) for row in chunk]

    def score(self, chunk: Sequence[ParsedRow]) -> list[dict[str, Any]]:
        """Score the accepted rows of a completed chunk; return one line per row."""
        self._budget.take(len(chunk))
        accepted = [row.content for row in chunk if not isinstance(row.content, ApiError)]
        with self._state.tracer.span("score"):
            predictions = iter(self._champion.model.predict_many(accepted) if accepted else ())
        with self._state.tracer.span("log"):
            lines = [
                self._rejected(number, row.content, row.keys)
                if isinstance(row.content, ApiError)
                else self._accepted(number, row.content, row.keys, next(predictions))
                for number, row in enumerate(chunk, self._rows)
            ]
            self._rows += len(chunk)
            self._sync([line for line in lines if line.get("logged")])
        return lines

    def _completed(self, row: ParsedRow) -> ParsedRow:
        if isinstance(row.content, ApiError):
            return row
        return row._replace(content=self._state.stays.complete(self._champion.model, row.content))

    def _sync(self, logged: list[dict[str, Any]]) -> None:
        """Wait until the rows are synced, if the settings say so; mark them if that fails."""
        predictions_log = self._state.log
        if predictions_log is not None and logged and not predictions_log.all_synced(len(logged)):
            for line in logged:
                line["logged"] = False

    def _rejected(self, number: int, error: ApiError, keys: Keys) -> dict[str, Any]:
        self._state.metrics.count_error(error)
        self._refused += 1
        return {"row": number, "line": line_of(number), **keys, **read_error(error)}

    def _accepted(
        self, number: int, encounter: Encounter, keys: Keys, prediction: Prediction | None
    ) -> dict[str, Any]:
        logged = prediction is not None and self._record(number, encounter, prediction)
        places = {"row": number, "line": line_of(number), **keys}
        fields = read_prediction(prediction) | read_encounter(encounter)
        follow_up = self._state.follow_up.decide(prediction)
        return {**places, **fields, "follow_up": follow_up, "logged": logged}

    def _record(self, number: int, encounter: Encounter, prediction: Prediction) -> bool:
        """Count and log a prediction; return whether it was logged."""
        version, label = self._champion.registered.version, prediction.predicted_class
        self._by_class[label] += 1
        self._state.metrics.predictions(version)[label].inc()
        predictions_log, shadow = self._state.log, self._state.shadow
        if shadow is not None:
            shadow.offer(self._request_id, number, version, encounter, prediction)
        return predictions_log is not None and predictions_log.record(
            self._request_id, number, version, encounter, prediction.probabilities, label,
            *self._sender,
        )  # fmt: skip

    def _summary(self) -> dict[str, Any]:
        answered = self._rows - self._refused
        line = SummaryLine(
            **model_reference(self._champion),
            summary=UploadTotals(
                rows=self._rows,
                answered=answered,
                ineligible=answered - self._by_class.total(),
                refused=self._refused,
                by_class={name: self._by_class[name] for name in schema.CLASSES},
            ),
            request_id=self._request_id,
        )
        return line.model_dump()


def _as_api_error(error: Exception, request_id: str) -> ApiError:
    if isinstance(error, ApiError):
        return error
    log.error("upload %s failed: %s", request_id, where(error))
    return ApiError("The service failed at this row; its log has the request id.")
