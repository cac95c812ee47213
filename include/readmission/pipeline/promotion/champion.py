"""Find the models that a challenger has to beat: the champion, and the best one before it."""

import logging
import math
from collections.abc import Sequence
from itertools import islice

from readmission.errors import BundleRefused, NoModel
from readmission.pipeline.promotion.order import standing
from readmission.registry import Registry
from readmission.serving.model import ServedModel
from readmission.serving.signature import TrustedKeys
from readmission.warehouse import ModelHistory

log = logging.getLogger(__name__)

EARLIER = 3
"""Most earlier champions that are scored, so that the time of a verdict does not keep growing."""


def find_champion(
    history: ModelHistory, registry: Registry, trusted: TrustedKeys
) -> ServedModel | None:
    """Return the model that a challenger has to beat.

    That is the version that the API serves. If its alias or the version was deleted, or the version
    cannot be opened, it is the newest promoted version that can still be opened. So removing the
    champion does not let a challenger win.

    Returns
    -------
    ServedModel or None
        None if no version was ever promoted, or none of them can be opened any longer.
    """
    production = registry.production()
    first = (production.served(registry.follow), production.promoted_version)
    earlier = [p.challenger_version for p in reversed(standing(history, registry))]
    for version in dict.fromkeys(filter(None, (*first, *earlier))):
        if (opened := try_to_open(version, registry, trusted)) is not None:
            return opened
    return None


def earlier_champions(
    history: ModelHistory, registry: Registry, trusted: TrustedKeys, *others: str
) -> list[ServedModel]:
    """Return earlier promoted versions that can still be opened, at most `EARLIER`.

    The first one had the highest weighted F1 when it was promoted, the others the lowest log-loss.
    A challenger is compared with the best of them too, so that small losses, each within the
    margin, do not add up.

    Parameters
    ----------
    history, registry, trusted
        Where versions are recorded and stored, and who may have signed them.
    *others : str
        Versions to leave out: challenger and champion.
    """
    figures = {
        one.challenger_version: one.figures.get("challenger") or {}
        for one in standing(history, registry)
        if one.challenger_version not in others
    }
    by_loss = sorted(figures, key=lambda version: figures[version].get("log_loss", math.inf))
    by_f1 = sorted(by_loss, key=lambda version: -figures[version].get("weighted_f1", -math.inf))
    best = _open_first(by_f1, 1, registry, trusted)
    known = [one.registered.version for one in best]
    left = [version for version in by_loss if version not in known]
    return [*best, *_open_first(left, EARLIER - len(best), registry, trusted)]


def _open_first(
    versions: Sequence[str], number: int, registry: Registry, trusted: TrustedKeys
) -> list[ServedModel]:
    """Return the first versions that can be opened; it gives up after a few that cannot."""
    opened = (try_to_open(version, registry, trusted) for version in versions[: 2 * EARLIER])
    return list(islice(filter(None, opened), number))


def try_to_open(version: str, registry: Registry, trusted: TrustedKeys) -> ServedModel | None:
    """Return a version, or None if it does not exist or its bundle is refused."""
    try:
        return registry.open(version, trusted)
    except (BundleRefused, NoModel) as refused:
        log.warning("version %s is left out of the comparison: %s", version, refused)
        return None
