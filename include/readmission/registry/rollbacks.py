"""Roll back to an earlier version, pin it, and list what was rolled back."""

from itertools import chain

from readmission.domain.production import Pin, Rollback
from readmission.errors import NoModel
from readmission.registry.aliases import PREVIOUS
from readmission.registry.client import Registry


def rollback_versions(registry: Registry, to: str | None = None) -> tuple[str, str]:
    """Return the version that a rollback replaces, and the one that it goes back to.

    By default that is ``previous``; if the served version was put in production by hand, it is the
    last promoted version.

    Parameters
    ----------
    registry : Registry
        Where the versions are.
    to : str, optional
        The version to go back to.

    Raises
    ------
    NoModel
        If there is no version to go back to, or it is in production already.
    """
    found = registry.production()
    served, back = found.served(registry.follow), to or registry.version_of(PREVIOUS)
    promoted = found.promoted_version
    by_hand = to is None and found.moved
    if by_hand and promoted and promoted != served and registry.exists_version(promoted):
        back = promoted
    if served is None or back is None:
        raise NoModel(f"{registry.name} has no previous version to go back to")
    if served == back:
        raise NoModel(f"version {back} of {registry.name} is in production already")
    return served, back


def roll_back(registry: Registry, pin: Pin) -> Rollback:
    """Go back to the version of a pin, which replaces an earlier pin.

    The pin is written before the alias moves, so that a promotion that runs meanwhile either sees
    the pin, or moves the alias before the rollback does. The rollback is stored as a tag of the
    version that was replaced.

    Parameters
    ----------
    registry : Registry
        With the login of the promotion.
    pin : Pin
        The version, who goes back to it, why and until when.

    Raises
    ------
    NoModel
        If the version is in production already.
    """
    left, back = rollback_versions(registry, pin.version)
    registry.write_pin(pin)
    registry.promote(back)
    done = Rollback.now(left, back, pin.by, pin)
    registry.tag_version(left, done.tag)
    return done


def rollbacks(registry: Registry) -> list[Rollback]:
    """Return all rollbacks, oldest first."""
    found = [Rollback.of_tags(one["version"], one["tags"]) for one in registry.versions()]
    return sorted(chain.from_iterable(found), key=lambda rollback: rollback.at)
