"""Recompute a recorded verdict from the stored rows and the registered versions."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from readmission.errors import VerdictNotFound, VerdictNotRecomputable
from readmission.pipeline.promotion.comparison import ComparisonRows, Scored, figures_of
from readmission.pipeline.promotion.order import existing
from readmission.pipeline.promotion.rule import HELD, LATE, Rule, decide
from readmission.registry import Registry
from readmission.serving.signature import TrustedKeys
from readmission.settings import lock
from readmission.warehouse import CleanWarehouse, ModelHistory, Promotion
from readmission.warehouse.clean.judged_rows import JudgedRowLog, JudgedRows

TOLERANCE = 1e-6
"""Difference that another processor may cause; no page shows more digits."""

Value = float | int | str | None


@dataclass(frozen=True)
class Recomputed:
    """A recorded verdict and its recomputed figures.

    Parameters
    ----------
    promotion : Promotion
        The recorded verdict.
    rows : JudgedRows
        The rows on which it was based.
    content_sha256 : str
        Hash of these rows as CLEAN has them now.
    figures : dict
        The figures as they come out now.
    verdict : str
        The verdict that follows from them by the rule of that time.
    lock_sha256 : str
        SHA-256 of the lock of the packages that recomputed them.
    """

    promotion: Promotion
    rows: JudgedRows
    content_sha256: str
    figures: Mapping[str, Any]
    verdict: str
    lock_sha256: str = field(default_factory=lock.lock_sha256)

    @property
    def lines(self) -> list[tuple[str, Value, Value]]:
        """Name, stored and recomputed value of every figure, and of the rows' hash."""
        stored = {name: self.promotion.figures.get(name) for name in self.figures}
        before, now = dict(_flat(stored)), dict(_flat(self.figures))
        # The verdict of those did not follow from figures.
        if not self.promotion.reason.startswith((LATE, HELD)):
            before["verdict"], now["verdict"] = self.promotion.verdict, self.verdict
        before["rows_sha256"], now["rows_sha256"] = self.rows.content_sha256, self.content_sha256
        return [(name, before.get(name), now.get(name)) for name in before | now]

    @property
    def different(self) -> list[str]:
        """Names of the figures that differ from the stored ones.

        Figures that the release of the verdict did not compute are not among them, nor are the
        criteria that report such figures.
        """
        absent = [name for name in self.figures if name not in self.promotion.figures]
        new = tuple(start for name in absent for start in (f"{name}.", f"criteria.{name}_"))
        return [
            name
            for name, stored, found in self.lines
            if not _same(stored, found) and not name.startswith(new)
        ]

    @property
    def explanation(self) -> str | None:
        """Why figures differ, if that is known."""
        if self.rows.erased:
            return (
                f"{self.rows.erased:,} of the {self.rows.row_count:,} test rows were erased since,"
                " so the recomputed figures are those of the rest"
            )
        if self.content_sha256 != self.rows.content_sha256:
            return (
                "the rows in CLEAN have changed since the verdict: a batch was processed again,"
                " or corrected by a batch that is not newer"
            )
        return None

    @property
    def warning(self) -> str | None:
        """What else may change a figure: packages of other versions than at the verdict."""
        stored = (self.promotion.figures.get("basis") or {}).get("lock_sha256")
        if stored in (None, self.lock_sha256):
            return None
        return (
            f"the lock of the packages has changed since the verdict, from {str(stored)[:12]} to"
            f" {self.lock_sha256[:12]}, so figures may differ; to rule that out, recompute it with"
            " the release that recorded it"
        )


def recompute(
    promotion_id: int, warehouse: CleanWarehouse, registry: Registry, trusted: TrustedKeys
) -> Recomputed:
    """Score both versions of a recorded verdict again, on the rows that were stored with it.

    Raises
    ------
    VerdictNotFound
        If there is no verdict with this number.
    VerdictNotRecomputable
        If its rows were not stored, all of them were erased, or a version is another one now.
    BundleRefused, NoModel
        If a version cannot be opened any longer.
    """
    promotion = _recorded(promotion_id, warehouse)
    judged = JudgedRowLog(warehouse).rows_of(promotion_id)
    if judged is None:
        raise VerdictNotRecomputable(promotion_id, "an earlier version recorded it without rows")
    if not existing([promotion], registry):
        raise VerdictNotRecomputable(
            promotion_id, f"the registry has no version {promotion.challenger_version} of its batch"
        )
    rows = ComparisonRows.read(warehouse, judged.encounters, promotion.batch_id)
    if rows.frame.empty:
        raise VerdictNotRecomputable(promotion_id, "all its rows were erased")
    challenger = Scored(registry.open(promotion.challenger_version, trusted), rows)
    version = promotion.champion_version
    champion = Scored(registry.open(version, trusted), rows) if version else None
    versions = (promotion.figures.get("best") or {}).get("earlier", ())
    earlier = [Scored(registry.open(one, trusted), rows) for one in versions]
    versions = promotion.figures.get("in_shadow", ())
    in_shadow = [Scored(registry.open(one, trusted), rows) for one in versions]
    figures = figures_of(challenger, champion, earlier, judged.seed, in_shadow)
    rule = Rule(**promotion.figures["rule"])
    verdict, _ = decide(figures, rule)
    return Recomputed(promotion, judged, rows.content_sha256, figures, verdict)


def _recorded(promotion_id: int, warehouse: CleanWarehouse) -> Promotion:
    for promotion in ModelHistory(warehouse.connection).promotions():
        if promotion.promotion_id == promotion_id:
            return promotion
    raise VerdictNotFound(promotion_id)


def _flat(figures: Any, path: str = "") -> Iterator[tuple[str, Value]]:
    """Yield every value of nested figures under its path, as ``challenger.weighted_f1``."""
    if isinstance(figures, Mapping):
        for name, value in figures.items():
            yield from _flat(value, f"{path}.{name}" if path else str(name))
    elif isinstance(figures, list | tuple):
        for place, value in enumerate(figures):
            yield from _flat(value, f"{path}.{_name_of(value) or place}")
    else:
        yield path, figures


def _name_of(value: Any) -> str | None:
    """Return the name of a criterion and its group."""
    if not (isinstance(value, Mapping) and "name" in value):
        return None
    return " ".join(filter(None, (value["name"], value.get("group"))))


def _same(stored: Value, found: Value) -> bool:
    if isinstance(stored, int | float) and isinstance(found, int | float):
        return math.isclose(stored, found, rel_tol=0, abs_tol=TOLERANCE)
    return stored == found
