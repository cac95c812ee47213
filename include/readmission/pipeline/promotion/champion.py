"""Find the model that a challenger has to beat."""

import logging

from readmission.errors import BundleRefused, NoModel
from readmission.pipeline.order import existing, promoted
from readmission.registry import Registry
from readmission.serving.model import ServedModel
from readmission.serving.signature import TrustedKeys
from readmission.warehouse import ModelHistory

log = logging.getLogger(__name__)


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
    earlier = [p.challenger_version for p in reversed(existing(promoted(history), registry))]
    for version in dict.fromkeys(filter(None, (*first, *earlier))):
        if (opened := try_to_open(version, registry, trusted)) is not None:
            return opened
    return None


def try_to_open(version: str, registry: Registry, trusted: TrustedKeys) -> ServedModel | None:
    """Return a version, or None if it does not exist or its bundle is refused."""
    try:
        return registry.open(version, trusted)
    except (BundleRefused, NoModel) as refused:
        log.warning("version %s cannot be compared with: %s", version, refused)
        return None
