"""Everything that decided which model is in production, oldest first, and the pin that stands."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from mlflow.exceptions import MlflowException
from rich.table import Table

from readmission.domain.production import Pin, Rollback
from readmission.pipeline.promotion.approval import ApprovalRecord, approvals
from readmission.pipeline.record_moves import promotions_by_hand
from readmission.registry import Registry
from readmission.registry.rollbacks import rollbacks
from readmission.stack import audit
from readmission.stack.cli.terminal import escape_markup
from readmission.stack.errors import StackError
from readmission.stack.site.site import Site
from readmission.warehouse import CleanWarehouse, ModelHistory, Promotion
from readmission.warehouse.audit.events import Action, signed
from readmission.warehouse.clean.move_log import MANUAL, PROMOTED, SETTLED, MoveLog, ProductionMove
from readmission.warehouse.clean.rollback_log import RollbackLog

_MOST_EVENTS = 10_000
_MOVED = {MANUAL: "moved by hand", SETTLED: "settled", PROMOTED: "promoted by hand"}
_HEADINGS = (
    *("at", "number", "version", "champion", "batch", "verdict", "computed from", "reason"),
)


@dataclass(frozen=True)
class RemovedPin:
    """A pin that somebody removed: of which version, by whom, why and when."""

    version: str
    by: str
    reason: str
    at: datetime


Decision = Promotion | ApprovalRecord | Rollback | ProductionMove | RemovedPin
_NAMES: dict[type, str] = {
    Promotion: "verdict",
    ApprovalRecord: "approval",
    Rollback: "rollback",
    ProductionMove: "move",
    RemovedPin: "unpin",
    Pin: "pin",
}


@dataclass(frozen=True)
class DecisionHistory:
    """What decided about production.

    Parameters
    ----------
    decisions : list
        Verdicts, approvals, rollbacks, moves by hand and removed pins, oldest first.
    pin : Pin, optional
        The pin that stands.
    missing : list of str
        What could not be read, and why.
    """

    decisions: list[Decision]
    pin: Pin | None
    missing: list[str]


def decision_history(site: Site, clean: CleanWarehouse) -> DecisionHistory:
    """Return what decided about production, without what an unavailable service holds.

    What the API has stored in the registry and no sweep has copied yet is among it.
    """
    moves = MoveLog(clean.connection).moves()
    found: list[Decision] = [*ModelHistory(clean.connection).promotions(), *moves]
    recorded, pin, missing = RollbackLog(clean.connection).rollbacks(), None, []
    try:
        _require_mlflow(site)
        registry = Registry(site.settings)
        recorded = [*recorded, *rollbacks(registry)]
        found += [*approvals(registry), *_new_promotions_by_hand(moves, registry)]
        pin = registry.production().pin
    except (MlflowException, httpx.HTTPError):
        missing.append("MLflow is unavailable: approvals, pins and what is new there are missing")
    found += {(one.left, one.at): one for one in recorded}.values()
    try:
        found += _removed_pins(site)
    except StackError as error:
        missing.append(f"removed pins are missing: {error}")
    return DecisionHistory(sorted(found, key=_time_of), pin, missing)


def _require_mlflow(site: Site) -> None:
    """Fail at once if MLflow does not respond: its client would repeat each request for minutes."""
    httpx.get(f"{site.settings.mlflow_tracking_uri}/health", timeout=5, trust_env=False)


def to_dict(decision: Decision | Pin) -> dict[str, Any]:
    """Return a decision with the name of its kind as ``entry``."""
    return {"entry": _NAMES[type(decision)]} | asdict(decision)


def history_table(found: list[Decision]) -> Table:
    """Return decisions as a table, one line each."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for heading in _HEADINGS:
        table.add_column(heading, overflow="fold")
    for one in found:
        *cells, reason = _line(one)
        table.add_row(f"{_time_of(one):%Y-%m-%d %H:%M}", *cells, escape_markup(reason))
    return table


def _new_promotions_by_hand(
    moves: Sequence[ProductionMove], registry: Registry
) -> Iterator[ProductionMove]:
    known = {(move.version, move.at) for move in moves if move.kind == PROMOTED}
    for one in promotions_by_hand(registry):
        if (one.version, one.at) not in known:
            yield ProductionMove(PROMOTED, None, one.version, one.by, one.reason, one.at)


def _removed_pins(site: Site) -> Iterator[RemovedPin]:
    for event in audit.read(site, action=Action.UNPIN, limit=_MOST_EVENTS):
        # The command records its user as well, under the same request, without the version.
        if event.subject is not None:
            by = signed(event.detail.get("by"), event.actor)
            at = event.at.replace(tzinfo=UTC)
            yield RemovedPin(event.subject, by, str(event.detail.get("reason", "")), at)


def _time_of(one: Decision) -> datetime:
    at = one.created_at if isinstance(one, Promotion) else one.at
    return at.astimezone(UTC) if at else datetime.max.replace(tzinfo=UTC)


def _line(one: Decision) -> tuple[str, ...]:
    match one:
        case Promotion():
            return _verdict_line(one)
        case ApprovalRecord():
            by = f"by {one.by}" if one.by else ""
            return "", one.version, "", "", f"approval {one.state}", "", by
        case Rollback():
            return _rollback_line(one)
        case ProductionMove():
            reason = f"by {one.by}: {one.reason}" if one.by else ""
            left, version = one.left or "", one.version or "none"
            return "", version, left, "", _MOVED.get(one.kind, one.kind), "", reason
        case RemovedPin():
            return "", one.version, "", "", "unpinned", "", f"by {one.by}: {one.reason}"


def _verdict_line(one: Promotion) -> tuple[str, ...]:
    champion, number = one.champion_version or "none", str(one.promotion_id)
    basis = _basis(one.figures.get("basis") or {})
    return number, one.challenger_version, champion, one.batch_id, one.verdict, basis, one.reason


def _basis(basis: dict[str, Any]) -> str:
    """Return hashes of rows and lock, shortened, and the seed; `--json` has all of them."""
    hashes = [f"{name} {str(basis[f'{name}_sha256'])[:8]}" for name in ("rows", "lock") if basis]
    return ", ".join([*hashes, f"seed {basis['seed']}"] if basis else [])


def _rollback_line(one: Rollback) -> tuple[str, ...]:
    until = f" until {one.until:%Y-%m-%d %H:%M} UTC" if one.until else ""
    pinned = f", pinned{until}" if one.pinned else ""
    reason = f": {one.reason}" if one.reason else ""
    return "", one.back, one.left, "", "rolled back", "", f"by {one.by}{pinned}{reason}"
