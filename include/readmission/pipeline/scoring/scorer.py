"""Score any number of encounters with one model, in memory that does not grow."""

import io
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv
from pyarrow import parquet as pq

from readmission.domain import schema
from readmission.domain.columns import earlier_stays, is_missing
from readmission.errors import DatasetError
from readmission.pipeline.delivery.arrival import Arrival
from readmission.pipeline.delivery.chunks import Chunk, read_chunks
from readmission.pipeline.delivery.places import arrivals_at
from readmission.pipeline.scoring.parts import (
    ScoredPart,
    ScoredParts,
    digest,
    names_of,
    require_apart,
)
from readmission.serving.model import ServedModel
from readmission.serving.text_rows import TextEncoder, WrongValue

KEYS = (schema.ENCOUNTER, schema.PATIENT, "id")
"""Columns by which callers find their rows again; the last one is their own."""
CHUNKS = 25
"""Chunks of a part, which are about 250,000 encounters: what a killed run scores again."""
_DISCHARGE = "discharge_disposition_id"
DIED = f"{_DISCHARGE}: the stay ended with the patient's death, so there is no prediction"
NOT_LOOKED_UP = "blank: not looked up"
"""What a prediction says of a row without earlier stays; only the API knows where to find them."""
_MISSHAPEN = "(this row has "
_SOON = schema.CLASSES.index("<30")

Scored = tuple[pa.Table, pa.Table]
"""Rows that could be read, with their predictions, and the others."""


def scored_columns(names: Sequence[str]) -> Sequence[str]:
    """Check the columns of a file to score, and return those to read.

    These are its keys, its fields of earlier stays and all features.

    Raises
    ------
    DatasetError
        Names the features that are missing, or fields of earlier stays in capitals.
    """
    missing = [name for name in schema.FEATURE_NAMES if name not in names]
    if missing:
        raise DatasetError(f"lacks columns of an encounter: {', '.join(missing)}")
    known = earlier_stays.BY_NAME
    if other := [name for name in names if name.lower() in known and name not in known]:
        raise DatasetError(
            f"has earlier stays in capitals, {', '.join(other)}; write them in lower case"
        )
    optional = (name for name in dict.fromkeys(names) if name.lower() in KEYS or name in known)
    return [*optional, *schema.FEATURE_NAMES]


class BatchScorer:
    """Scores chunks of text.

    Parameters
    ----------
    model : ServedModel
        The model, whose bundle was verified when it was opened.
    threshold : float, optional
        Risk of readmission within 30 days from which a patient is followed up.
    """

    def __init__(self, model: ServedModel, threshold: float | None = None) -> None:
        self._threshold = threshold
        self._estimator = model.bundle.scorer.estimator
        tables = model.bundle.scorer.tables
        self._encoder, self._takes_history = TextEncoder(tables), tables.takes_history
        self._weights = np.array(model.bundle.manifest.weights)
        self._quantiles = np.array(model.bundle.manifest.risk_quantiles)

    def score(self, rows: pa.Table, first_row: int) -> Scored:
        """Return predictions and wrong rows; each row is in one of the two tables.

        The rows of patients who died have nulls and a note in place of a prediction.
        """
        matrix, wrong = self._encoder.encode(rows)
        problems, died = _problems(wrong), _died(rows)
        names = [name for name in rows.column_names if name.lower() in KEYS]
        keys: dict[str, Any] = {name.lower(): rows.column(name) for name in names}
        lines = np.arange(first_row, first_row + rows.num_rows) + 1
        found = pa.table({"line": pa.array(lines), **keys})
        good, bad = np.delete(np.arange(rows.num_rows), list(problems)), sorted(problems)
        reasons = pa.array(["; ".join(problems[row]) for row in bad], pa.string())
        rejected = found.take(pa.array(bad, pa.int64())).append_column("error", reasons)
        predicted = self._predicted(found.take(good), matrix[good], pa.array(~died[good]))
        predicted = predicted.append_column("note", _notes(rows, died).take(good))
        return predicted.append_column("history", self._history(rows).take(good)), rejected

    def _predicted(
        self, found: pa.Table, matrix: npt.NDArray[np.float32], eligible: "pa.Array[Any]"
    ) -> pa.Table:
        count = len(matrix)
        probabilities = self._estimator.predict_proba(matrix) if count else np.empty((0, 3))
        chosen = (probabilities * self._weights).argmax(axis=1) if count else np.empty(0, int)
        below = np.searchsorted(self._quantiles, probabilities[:, _SOON])
        classes = pa.array(schema.CLASSES)
        columns: dict[str, Any] = {"predicted_class": classes.take(chosen.astype(np.int64))}
        for nth, name in enumerate(schema.CLASSES):
            columns[f"probability_{name}"] = pa.array(probabilities[:, nth])
        columns["risk_percentile"] = pa.array(np.maximum(below - 1, 0).astype(np.int16))
        columns["follow_up"] = self._follow_up(probabilities[:, _SOON])
        for name, values in columns.items():
            nothing = pa.scalar(None, values.type)
            found = found.append_column(name, pc.if_else(eligible, values, nothing))
        return found.append_column("eligible", eligible)

    def _follow_up(self, risks: npt.NDArray[np.floating]) -> "pa.Array[Any]":
        """Return whether each risk reaches the threshold; null without one."""
        if self._threshold is None:
            return pa.nulls(len(risks), pa.bool_())
        return pa.array(risks.astype(np.float64) >= self._threshold)

    def _history(self, rows: pa.Table) -> "pa.Array[Any]":
        """Return whether the fields of earlier stays were used; null if there was no need to."""
        known = np.zeros(rows.num_rows, dtype=bool)
        if earlier_stays.KNOWN in rows.column_names:
            known = np.array([not is_missing(t) for t in rows[earlier_stays.KNOWN].to_pylist()])
        sent, blank = (
            (earlier_stays.CALLER, NOT_LOOKED_UP)
            if self._takes_history
            else (earlier_stays.IGNORED, None)
        )
        return pa.array([sent if one else blank for one in known], pa.string())


def _problems(wrong: Iterable[WrongValue]) -> dict[int, list[str]]:
    """Return why a row could not be read, by its position."""
    problems: dict[int, list[str]] = {}
    for value in wrong:
        misshapen = value.value.startswith(_MISSHAPEN)
        problem = value.value.strip("()") if misshapen else str(value)
        problems.setdefault(value.row, []).append(problem)
    return problems


def _died(rows: pa.Table) -> npt.NDArray[np.bool_]:
    """Return whether the stay ended with the patient's death, for each row."""
    discharged, read = rows.column(_DISCHARGE), schema.BY_NAME[_DISCHARGE].read
    died = [text for text in pc.unique(discharged).to_pylist() if read(text) in schema.DIED]
    return np.asarray(pc.is_in(discharged, pa.array(died, pa.string())))


def _notes(rows: pa.Table, died: npt.NDArray[np.bool_]) -> "pa.Array[Any]":
    """Return what was interpreted in each row, and that a patient died; otherwise null."""
    notes = {row: [DIED] for row in np.flatnonzero(died).tolist()}
    optional = [column for column in earlier_stays.FIELDS if column.name in rows.column_names]
    for column in (*schema.FEATURES, *optional):
        values = rows.column(column.name)
        for text in pc.unique(values):
            found = column.interpret(text.as_py())
            if found is not None and found.value != text.as_py():
                for row in np.flatnonzero(pc.equal(values, text)).tolist():
                    notes.setdefault(row, []).append(f"{column.name}: {found.remark}")
    return pa.array(
        ["; ".join(notes.get(row, [])) or None for row in range(len(died))], pa.string()
    )


def score_all(
    place: Path | str,
    output: str,
    model: ServedModel,
    progress: Callable[[int], None] = lambda _rows: None,
    threshold: float | None = None,
) -> list[ScoredPart]:
    """Score all files at a place, and return the parts of the predictions.

    A run that was killed continues with the first part that is not finished, and its files are the
    same, byte for byte. A file that cannot be read does not hold up the others.

    Parameters
    ----------
    place : Path or str
        A file, a folder, or ``s3://bucket/prefix``, in any format of a delivery.
    output : str
        A folder, or ``s3://bucket/prefix``.
    model : ServedModel
        The model.
    progress : callable
        Called with the number of rows of each finished part.
    threshold : float, optional
        Risk of readmission within 30 days from which a patient is followed up.

    Raises
    ------
    DatasetError
        Names each file that cannot be read; raised after all others are scored.
    ScoringError
        If the output cannot be written, holds the encounters, or holds predictions of another
        version, with another threshold, or of a file of the same name from another folder.
    """
    require_apart(place, output)
    registered = model.registered
    described = {"name": registered.name, "version": registered.version, "run": registered.run_id}
    parts = ScoredParts.open(output, described, threshold)
    scorer = BatchScorer(model, threshold)
    found, problems = list[ScoredPart](), list[DatasetError]()
    for arrival in arrivals_at(place):
        try:
            with arrival.errors_named():
                for part in _score_file(arrival, parts, scorer):
                    progress(part.rows)
                    found.append(part)
        except DatasetError as error:
            problems.append(error)
    if problems:
        raise DatasetError("; ".join(map(str, problems)))
    return found


def _score_file(arrival: Arrival, parts: ScoredParts, scorer: BatchScorer) -> Iterator[ScoredPart]:
    """Yield the parts of a file, finished before or now."""
    parts.require_own_name(arrival.key)
    status = arrival.status()
    state, number, row, is_last = f"{status.size}-{status.modified_ns}", 0, 0, False
    with arrival.open() as file:
        chunks = read_chunks(file, is_complete=True, header=scored_columns)
        ahead = next(chunks, None)
        while ahead is not None:
            number += 1
            taken = [ahead, *islice(chunks, CHUNKS - 1)]
            ahead = next(chunks, None)
            is_last = ahead is None
            part = parts.finished(arrival.key, state, number)
            if part is None:
                part = _score_part(
                    arrival, parts, scorer, taken, (state, number, row), is_last=is_last
                )
            row += part.rows
            yield part


def _score_part(
    arrival: Arrival,
    parts: ScoredParts,
    scorer: BatchScorer,
    chunks: Iterable[Chunk],
    place: tuple[str, int, int],
    *,
    is_last: bool,
) -> ScoredPart:
    state, number, row = place
    sink, wrong, rows = io.BytesIO(), list[pa.Table](), 0
    writer: pq.ParquetWriter | None = None
    for predicted, bad in _in_order(scorer, chunks, row):
        writer = writer or pq.ParquetWriter(sink, predicted.schema, compression="zstd")
        writer.write_table(predicted)
        rows += predicted.num_rows + bad.num_rows
        wrong.append(bad)
    if writer is not None:
        writer.close()
    errors, text = pa.concat_tables(wrong), io.BytesIO()
    if errors.num_rows:
        arrow_csv.write_csv(errors, text)
    predictions, rejected = names_of(arrival.key, number)
    files = {predictions: sink.getvalue(), rejected: text.getvalue() or None}
    part = ScoredPart(
        arrival.key, state, number, rows, errors.num_rows, digest(sink.getvalue()), is_last
    )
    parts.add(part, files)
    return part


def _in_order(scorer: BatchScorer, chunks: Iterable[Chunk], row: int) -> Iterator[Scored]:
    """Yield the scores of chunks in order; as many are scored at once as there are processors."""
    threads = len(os.sched_getaffinity(0))
    waiting: deque[Future[Scored]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for chunk in chunks:
            rows = chunk.parse(row)
            waiting.append(pool.submit(scorer.score, rows, row))
            row += rows.num_rows
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
