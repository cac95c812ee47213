"""The logged predictions of one request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True)
class LoggedRow:
    """One prediction as the log has it, without the values of the encounter.

    Parameters
    ----------
    row : int
        Row of an upload, from 0; 0 for a single encounter.
    at : datetime
        When it was made.
    model_version, predicted_class : str
        The version that made it, and its decision.
    p_no, p_over_30, p_under_30 : float
        Its probabilities.
    encounter_hash, patient_hash : str, optional
        Keyed hashes of the numbers, if the request had them.
    caller, peer : str, optional
        Key id and address of the caller; older rows have neither.
    """

    row: int
    at: datetime
    model_version: str
    predicted_class: str
    p_no: float
    p_over_30: float
    p_under_30: float
    encounter_hash: str | None
    patient_hash: str | None
    caller: str | None
    peer: str | None


@dataclass(frozen=True)
class LoggedRequest:
    """The predictions of one request: how many of each class, and some of the rows."""

    by_class: Mapping[str, int]
    rows: Sequence[LoggedRow]


def find(
    connection: psycopg.Connection, request_id: str, row: int | None, most: int
) -> LoggedRequest | None:
    """Return the logged predictions of a request, or None if there is none.

    If a client has sent the same id twice, the predictions of both requests are returned.

    Parameters
    ----------
    connection : psycopg.Connection
        Connected to the database of predictions, and in no transaction.
    request_id : str
        As in the header of the response.
    row : int, optional
        Only this row of an upload.
    most : int
        How many rows to return, in their order.
    """
    wanted = {"request_id": request_id, "row": row, "most": most}
    # Rows that are logged between the two queries would be returned without being counted.
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    with connection.transaction():
        by_class: dict[str, int] = dict(connection.execute(_COUNT, wanted).fetchall())
        with connection.cursor(row_factory=class_row(LoggedRow)) as cursor:
            rows = cursor.execute(_ROWS, wanted).fetchall()
    return LoggedRequest(by_class, rows) if rows else None


_COUNT = """
SELECT predicted_class, count(*) FROM prediction WHERE request_id = %(request_id)s
GROUP BY predicted_class ORDER BY predicted_class
"""
_ROWS = """
SELECT row, at, model_version, predicted_class, p_no, p_over_30, p_under_30, encounter_hash,
       patient_hash, caller, peer
FROM prediction
WHERE request_id = %(request_id)s AND (%(row)s::integer IS NULL OR row = %(row)s::integer)
ORDER BY row, at LIMIT %(most)s
"""
