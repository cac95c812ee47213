"""The warnings of gates, and who acknowledged them, in the database whose rows the gate checked."""

from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from readmission.errors import DecisionRefused
from readmission.warehouse.sql.batch_order import BATCH_NUMBER


@dataclass(frozen=True)
class GateWarning:
    """A warning of the newest batch that has it, and the last decision about it.

    Parameters
    ----------
    gate, subject : str
        Identify it across batches: the gate, and its sentence up to what was found.
    batch_id, sentence : str
        The newest batch with this warning, and its whole sentence.
    over : bool
        Whether the gate has let a newer batch through without this warning.
    acknowledged : bool
        Whether an acknowledgement holds: it has neither expired nor been withdrawn, and the
        warning has not changed since.
    decision : str, optional
        ``acknowledged`` or ``withdrawn``; None if nobody has decided.
    decided_by, why : str, optional
        Who decided, and the reason.
    decided_at, until : datetime, optional
        When, and until when it holds; None for no end.
    """

    gate: str
    subject: str
    batch_id: str
    sentence: str
    over: bool
    acknowledged: bool
    decision: str | None
    decided_by: str | None
    why: str | None
    decided_at: datetime | None
    until: datetime | None

    @property
    def status(self) -> str:
        """Over, open or acknowledged, and why a decision does not hold any more."""
        if self.over:
            return "over: not in newer batches"
        if self.acknowledged:
            return "acknowledged"
        if self.decision != "acknowledged":
            return "open"
        expired = self.until is not None and self.until <= datetime.now(UTC)
        return "open again: expired" if expired else "open again: it has changed"


class GateWarnings:
    """The warnings in one database; every method is one transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def newest(self) -> list[GateWarning]:
        """Return each warning once, as the newest batch that has it."""
        return self._warnings(_NEWEST)

    def acknowledged(self) -> list[GateWarning]:
        """Return the acknowledged warnings of all batches."""
        return self._warnings(_ACKNOWLEDGED)

    def acknowledge(
        self, gate: str, subject: str, by: str, why: str, until: datetime | None
    ) -> GateWarning:
        """Acknowledge a warning, as it is in the newest batch that has it.

        A time without a time zone is in UTC.

        Raises
        ------
        DecisionRefused
            If no batch has this warning, or the time is in the past.
        """
        if until is not None and until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        if until is not None and until <= datetime.now(UTC):
            raise DecisionRefused(f"{until:%Y-%m-%d %H:%M} UTC is in the past")
        return self._decide("acknowledged", gate, subject, by, why, until)

    def withdraw(self, gate: str, subject: str, by: str, why: str) -> GateWarning:
        """Withdraw an acknowledgement, so that the warning is open again.

        Raises
        ------
        DecisionRefused
            If no batch has this warning, or it is not acknowledged.
        """
        return self._decide("withdrawn", gate, subject, by, why, None)

    def _decide(
        self, decision: str, gate: str, subject: str, by: str, why: str, until: datetime | None
    ) -> GateWarning:
        with self.connection.transaction():
            found = self._find(gate, subject)
            if decision == "withdrawn" and found.decision != "acknowledged":
                what = f"the warning {found.subject!r} of the {gate} gate"
                raise DecisionRefused(f"{what} is not acknowledged")
            values = (gate, found.subject, decision, found.sentence, until, by, why)
            self.connection.execute(_INSERT, values)
            return self._find(gate, found.subject)

    def _find(self, gate: str, subject: str) -> GateWarning:
        """Return the warning with this subject, or the only one whose subject begins with it."""
        warnings = [one for one in self.newest() if one.gate == gate]
        found = [one for one in warnings if one.subject == subject] or [
            one for one in warnings if one.subject.startswith(subject)
        ]
        if len(found) != 1:
            known = "; ".join(one.subject for one in found or warnings) or "none"
            what = f"{len(found)} warnings that begin with" if found else "no warning"
            raise DecisionRefused(
                f"the {gate} gate has {what} {subject!r}, expected one of {known}"
            )
        return found[0]

    def _warnings(self, query: sql.Composed) -> list[GateWarning]:
        with (
            self.connection.transaction(),
            self.connection.cursor(row_factory=class_row(GateWarning)) as cursor,
        ):
            return cursor.execute(query).fetchall()


_COLUMNS = sql.SQL(
    "gate, subject, batch_id, sentence, acknowledged, decision, decided_by, why, decided_at, until"
)
_NEWEST = sql.SQL("""
WITH newest AS (SELECT gate, max({number}) AS number FROM gate_verdict WHERE passed GROUP BY gate)
SELECT DISTINCT ON (gate, subject) {columns}, {number} < newest.number AS over
FROM gate_warning JOIN newest USING (gate) WHERE {number} IS NOT NULL
ORDER BY gate, subject, {number} DESC, warned_at DESC
""").format(columns=_COLUMNS, number=BATCH_NUMBER)
_ACKNOWLEDGED = sql.SQL(
    "SELECT {columns}, false AS over FROM gate_warning WHERE acknowledged"
).format(columns=_COLUMNS)
_INSERT = """
INSERT INTO warning_decision (gate, subject, decision, extent, until, decided_by, why)
VALUES (%s, %s, %s, warning_extent(%s), %s, %s, %s)
"""
