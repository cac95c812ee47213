"""Rollbacks of the production model, recorded as tags in the registry.

The API rolls back, but it cannot reach the warehouse. It tags the version that was replaced, and
the pipeline copies these tags into the append-only history.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

_KEY = "rolled_back "
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"  # No plus sign is allowed in the key of a tag.
_VALUE = re.compile(r"to version (\d+) by (.+)")


@dataclass(frozen=True)
class Rollback:
    """One rollback to an earlier version.

    Parameters
    ----------
    left, back : str
        The version that was replaced, and the earlier one that is in production again.
    by : str
        Name of the API key that requested it.
    at : datetime
        When, in UTC and whole seconds.
    """

    left: str
    back: str
    by: str
    at: datetime

    @classmethod
    def now(cls, left: str, back: str, by: str) -> Self:
        """Return a rollback that happens now."""
        return cls(left, back, by, datetime.now(UTC).replace(microsecond=0))

    @classmethod
    def of_tags(cls, version: str, tags: Mapping[str, str]) -> list[Self]:
        """Read rollbacks from the tags of a version, oldest first; other tags are ignored."""
        found = []
        for key, value in sorted(tags.items()):
            versions = _VALUE.fullmatch(value)
            at = _moment(key.removeprefix(_KEY)) if key.startswith(_KEY) else None
            if at and versions:
                found.append(cls(version, versions[1], versions[2], at))
        return found

    @property
    def tag(self) -> dict[str, str]:
        """The tag for the replaced version; the time in its key makes it unique."""
        moment = self.at.strftime(_MOMENT)
        return {f"{_KEY}{moment}": f"to version {self.back} by {self.by}"}


def _moment(text: str) -> datetime | None:
    """Return the time in the key of a tag, or None for a tag that was written by hand."""
    try:
        return datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None
