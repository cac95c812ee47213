"""Score the rows of a request whose response is positional: all rows, or an error."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request

from api.access.limits import FileBudget
from api.dependencies import audit_event, file_budget, sender_of, service_state
from api.errors import ApiError, BodyTooLarge, InvalidEncounter, Problem
from api.files.rows import CHUNK_ROWS, ParsedRow
from api.http.transport import request_id_of
from api.model.champion import Champion
from api.routes.file_scoring import FileScoring
from readmission.serving.encoding_tables import Encounter
from readmission.warehouse.audit.events import Action

MAX_BYTES = 1 << 20
"""Largest body: about 800 encounters. Send more as a file to POST /predict/batch."""

MAX_ROWS = 10_000
"""Most rows of a request, because all are in memory; a packed megabyte could hold 200,000."""
MAX_WRONG_ROWS = 20
"""Rows with an error, after which the others are not checked: each costs a millisecond."""


@dataclass(frozen=True)
class Scored:
    """The rows of a request with their predictions.

    Parameters
    ----------
    champion : Champion
        The model that predicted all of them.
    lines : list of dict
        One for each row, as in a file of predictions.
    encounters : list of Encounter
        The same rows as the model received them: with earlier stays, if it takes them.
    """

    champion: Champion
    lines: list[dict[str, Any]]
    encounters: list[Encounter]

    @property
    def logged(self) -> bool:
        """Whether every prediction is in the log."""
        return all(line["logged"] for line in self.lines)


async def score(request: Request, rows: Iterable[ParsedRow], form: str) -> Scored:
    """Predict, count and log rows as `POST /predict/batch` does.

    Parameters
    ----------
    request : Request
        Says who sent the rows.
    rows : iterable of ParsedRow
        Read in a thread; at most `MAX_ROWS`.
    form : str
        Name of the format, for the audit trail.

    Raises
    ------
    ApiError
        If a row is invalid; then no row is predicted.
    """
    state = service_state(request)
    champion = state.holder.require()
    budget = file_budget(request)
    with state.tracer.span("validate"):
        paid = await asyncio.to_thread(_valid_and_paid, rows, budget)
    scoring = FileScoring(
        state, champion, request_id_of(request), sender_of(request), "ndjson", budget
    )
    completed = await asyncio.to_thread(scoring.completed, paid)
    starts = range(0, len(completed), CHUNK_ROWS)
    lines = [
        line
        for start in starts
        for line in await asyncio.to_thread(scoring.score, completed[start : start + CHUNK_ROWS])
    ]
    if len(paid) > 1:
        version = champion.registered.version
        state.audit.note(
            audit_event(request, Action.SCORE_FILE, version, rows=len(paid), format=form)
        )
    encounters = [row.content for row in completed if not isinstance(row.content, ApiError)]
    return Scored(champion, lines, encounters)


def require_few(rows: int) -> None:
    """Refuse more rows than a request may have."""
    if rows > MAX_ROWS:
        raise BodyTooLarge(MAX_ROWS, "a request", "rows")


def _valid_and_paid(rows: Iterable[ParsedRow], budget: FileBudget) -> list[ParsedRow]:
    """Return all rows; wrong ones count against the caller's limit, too.

    Raises
    ------
    ApiError
        Of the only row, or with the problems of the first `MAX_WRONG_ROWS` wrong rows.
    """
    read: list[ParsedRow] = []
    errors: dict[int, ApiError] = {}
    for line, row in enumerate(rows, 1):
        require_few(line)
        read.append(row)
        if isinstance(row.content, ApiError):
            errors[line] = row.content
        if len(errors) == MAX_WRONG_ROWS:
            break
    budget.announce(len(read))
    if not errors:
        return read
    if len(read) == 1:
        raise errors[1]
    raise InvalidEncounter(
        [problem for line, error in errors.items() for problem in _problems_of(line, error)]
    )


def _problems_of(line: int, error: ApiError) -> list[Problem]:
    found = error.problems or [Problem("(row)", None, "an encounter", error.message)]
    return [replace(problem, message=f"line {line}: {problem.message}") for problem in found]
