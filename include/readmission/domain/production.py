"""The model in production, and what the registry's tags record about it.

A tag of the registered model names the version that promotion, a rollback or a person with
``readmission promote`` put in production. If the alias names another one, somebody moved it.

The API rolls back and promotes on request, but it cannot reach the warehouse. It tags the version,
and the pipeline copies these tags into the append-only history.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

PROMOTED_VERSION = "promoted_version"
"""Tag of the registered model: ``4``, or ``3>4`` while the alias moves from version 3 to 4."""
_PROMOTED = re.compile(r"(?:(\d+)>)?(\d+)", re.ASCII)

PIN = "production_pin"
"""Tag of the registered model: the `Pin` that a rollback has set, as JSON."""
NO_PIN = "{}"

CRITERION = "criterion_"
"""Prefix of a version's tags with the result of a criterion, as ``passed: sentence``."""

_KEY, _BY_HAND = "rolled_back ", "promoted_by_hand "
_MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"  # No plus sign is allowed in the key of a tag.
_WHOLE_SECOND = "%Y-%m-%dT%H:%M:%SZ"
"""How version 0.2.0 wrote times."""
_VALUE = re.compile(
    r"to version (\d+) by (.+?)(, pinned(?: until ([0-9T:.Z-]+))?)?(?:: (.+))?", re.DOTALL
)
_REQUEST = re.compile(r"by (.+?): (.+)", re.DOTALL)


class CriterionStatus(StrEnum):
    """The result of a criterion."""

    PASSED = "passed"
    FAILED = "failed"
    REPORTED = "reported"

    @classmethod
    def of(cls, *, passed: bool, decides: bool = True) -> "CriterionStatus":
        """Return the result of a comparison with a limit."""
        if not decides:
            return cls.REPORTED
        return cls.PASSED if passed else cls.FAILED


@dataclass(frozen=True)
class Pin:
    """The version that a rollback keeps in production, whatever promotion decides meanwhile.

    Parameters
    ----------
    version : str
        The version.
    by, reason : str
        Who pinned it, and why.
    until : datetime, optional
        When the pin ends, in UTC; by default it holds until it is removed.
    """

    version: str
    by: str
    reason: str
    until: datetime | None = None

    @classmethod
    def of(cls, tag: str | None) -> Self | None:
        """Read the value of the tag `PIN`; None if there is none, it has ended or is malformed."""
        try:
            found = json.loads(tag or "")
            until = found.pop("until")
            pin = cls(**found, until=_moment(until) if until else None)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        return None if pin.until and pin.until <= datetime.now(UTC) else pin

    @property
    def tag(self) -> str:
        """The value of the tag."""
        return json.dumps(asdict(self) | {"until": _text(self.until)})

    def __str__(self) -> str:
        until = f" until {self.until:%Y-%m-%d %H:%M} UTC" if self.until else ""
        return f"version {self.version} is pinned{until} by {self.by}: {self.reason}"


@dataclass(frozen=True)
class Production:
    """The version that the alias names, and the one that promotion put in production.

    Parameters
    ----------
    aliased : str, optional
        The version with the alias ``production``; None if the alias was deleted.
    promoted : tuple of str
        The promoted version; while the alias moves, the old and the new one. It is empty before
        the first promotion and in a registry of an earlier release.
    pin : Pin, optional
        The version that a rollback has pinned. While there is one, promotion moves no alias.
    """

    aliased: str | None = None
    promoted: tuple[str, ...] = ()
    pin: Pin | None = None

    @classmethod
    def of(cls, aliased: str | None, tags: Mapping[str, str]) -> Self:
        """Return the state for an alias and the tags of the registered model."""
        versions = _PROMOTED.fullmatch(tags.get(PROMOTED_VERSION, ""))
        promoted = tuple(filter(None, versions.groups())) if versions else ()
        return cls(aliased, promoted, Pin.of(tags.get(PIN)))

    @property
    def moved(self) -> bool:
        """Whether somebody moved or deleted the alias by hand."""
        return bool(self.promoted) and self.aliased not in self.promoted

    @property
    def promoted_version(self) -> str | None:
        """The promoted version; while the alias moves, the one that it names."""
        if self.aliased in self.promoted:
            return self.aliased
        return self.promoted[0] if self.promoted else None

    def served(self, follow: bool) -> str | None:
        """Return the version to serve.

        Parameters
        ----------
        follow : bool
            Whether a version that somebody moved the alias to is served. If not, or if the alias
            was deleted, it is the promoted version.
        """
        if self.moved and not (follow and self.aliased):
            return self.promoted_version
        return self.aliased

    def replaced_by(self, version: str) -> tuple[str, ...]:
        """Return the versions that become ``previous`` when another is promoted, best first.

        Only a promoted version does, so that a rollback never leads to one that somebody moved
        the alias to. Without a promoted version it is the aliased one.
        """
        known = (self.promoted_version, *self.promoted) if self.promoted else (self.aliased,)
        return tuple(dict.fromkeys(one for one in known if one and one != version))


@dataclass(frozen=True)
class Rollback:
    """One rollback to an earlier version.

    Parameters
    ----------
    left, back : str
        The version that was replaced, and the earlier one that is in production again.
    by : str
        Name of the API key that requested it, with the person if one was named.
    at : datetime
        When, in UTC.
    reason : str
        Why; empty if no reason was given.
    pinned : bool
        Whether the earlier version was pinned.
    until : datetime, optional
        When the pin ends.
    """

    left: str
    back: str
    by: str
    at: datetime
    reason: str = ""
    pinned: bool = False
    until: datetime | None = None

    @classmethod
    def now(cls, left: str, back: str, by: str, pin: Pin | None = None) -> Self:
        """Return a rollback that happens now."""
        at = datetime.now(UTC)
        if pin is None:
            return cls(left, back, by, at)
        return cls(left, back, by, at, pin.reason, pinned=True, until=pin.until)

    @classmethod
    def of_tags(cls, version: str, tags: Mapping[str, str]) -> list[Self]:
        """Read rollbacks from the tags of a version, oldest first; other tags are ignored."""
        return [
            cls(
                version, found[1], found[2], at,
                found[5] or "", bool(found[3]), _moment(found[4] or ""),
            )
            for at, found in _records(tags, _KEY, _VALUE)
        ]  # fmt: skip

    @property
    def tag(self) -> dict[str, str]:
        """The tag for the replaced version; the time in its key makes it unique."""
        until = f" until {_text(self.until)}" if self.until else ""
        pinned = f", pinned{until}" if self.pinned else ""
        reason = f": {self.reason}" if self.reason else ""
        value = f"to version {self.back} by {self.by}{pinned}{reason}"
        return {f"{_KEY}{_text(self.at)}": value}


@dataclass(frozen=True)
class PromotionByHand:
    """A person's promotion of a registered version.

    Parameters
    ----------
    version : str
        The version that is in production since.
    by, reason : str
        Who requested it, and why.
    at : datetime
        When, in UTC.
    """

    version: str
    by: str
    reason: str
    at: datetime

    @classmethod
    def now(cls, version: str, by: str, reason: str) -> Self:
        """Return a promotion that happens now."""
        return cls(version, by, reason, datetime.now(UTC))

    @classmethod
    def of_tags(cls, version: str, tags: Mapping[str, str]) -> list[Self]:
        """Read promotions by hand from the tags of a version; other tags are ignored."""
        return [
            cls(version, found[1], found[2], at) for at, found in _records(tags, _BY_HAND, _REQUEST)
        ]

    @property
    def tags(self) -> dict[str, str]:
        """The tags for the version: the record, and the verdict that the model's pages show."""
        request = f"by {self.by}: {self.reason}"
        return {
            f"{_BY_HAND}{_text(self.at)}": request,
            "verdict": "promoted",
            "verdict_reason": f"promoted by hand {request}",
        }


def _records(
    tags: Mapping[str, str], prefix: str, value: re.Pattern[str]
) -> Iterator[tuple[datetime, re.Match[str]]]:
    """Yield time and content of the tags with a prefix, oldest first; skip malformed ones."""
    for key, text in sorted(tags.items()):
        at = _moment(key.removeprefix(prefix)) if key.startswith(prefix) else None
        content = value.fullmatch(text)
        if at and content:
            yield at, content


def _moment(text: str) -> datetime | None:
    """Return the time in the key of a tag, or None for a tag that was written by hand."""
    for form in (_MOMENT, _WHOLE_SECOND):
        with suppress(ValueError):
            return datetime.strptime(text, form).replace(tzinfo=UTC)
    return None


def _text(at: datetime | None) -> str | None:
    return at.strftime(_MOMENT) if at else None
