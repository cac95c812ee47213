"""Score the rows of a request whose response is positional: all rows, or an error."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request

from api.dependencies import audit_event, row_budget, sender_of, service_state
from api.errors import ApiError, InvalidEncounter, Problem
from api.files.rows import CHUNK_ROWS, ParsedRow
from api.http.transport import request_id_of
from api.model.champion import Champion
from api.routes.file_scoring import FileScoring
from readmission.warehouse.audit.events import Action

MAX_BYTES = 1 << 20
"""Of a body: about 800 encounters. More belong into a file for POST /predict/batch."""


@dataclass(frozen=True)
class Scored:
    """The rows of a request with their predictions.

    Parameters
    ----------
    champion : Champion
        The model that predicted all of them.
    lines : list of dict
        One for each row, as in a file of predictions.
    """

    champion: Champion
    lines: list[dict[str, Any]]

    @property
    def logged(self) -> bool:
        """Whether every prediction is in the log."""
        return all(line["logged"] for line in self.lines)


async def score(request: Request, rows: Sequence[ParsedRow], form: str) -> Scored:
    """Predict, count and log rows as `POST /predict/batch` does.

    Raises
    ------
    ApiError
        If a row is invalid; then no row is predicted.
    """
    state = service_state(request)
    champion = state.holder.require()
    _require_valid(rows)
    budget = row_budget(request)
    budget.announce(len(rows))
    scoring = FileScoring(
        state, champion, request_id_of(request), sender_of(request), "ndjson", budget
    )
    starts = range(0, len(rows), CHUNK_ROWS)
    lines = [
        line
        for start in starts
        for line in await asyncio.to_thread(scoring.score, rows[start : start + CHUNK_ROWS])
    ]
    if len(rows) > 1:
        version = champion.registered.version
        state.audit.note(
            audit_event(request, Action.SCORE_FILE, version, rows=len(rows), format=form)
        )
    return Scored(champion, lines)


def _require_valid(rows: Sequence[ParsedRow]) -> None:
    """Raise the error of the only row, or the problems of all rows with their lines."""
    errors = {
        line: row.content for line, row in enumerate(rows, 1) if isinstance(row.content, ApiError)
    }
    if not errors:
        return
    if len(rows) == 1:
        raise errors[1]
    raise InvalidEncounter(
        [problem for line, error in errors.items() for problem in _problems_of(line, error)]
    )


def _problems_of(line: int, error: ApiError) -> list[Problem]:
    found = error.problems or [Problem("(row)", None, "an encounter", error.message)]
    return [replace(problem, message=f"line {line}: {problem.message}") for problem in found]
