"""Going back to the version before: who did it and when, as a tag of the registry says it.

The service that rolls back cannot reach the warehouse. It leaves a tag on the version that
left, and the pipeline copies the tags into the append-only history.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

_KEY = "rolled_back "
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"  # A tag takes no plus sign.
_VALUE = re.compile(r"to version (\d+) by (.+)")


@dataclass(frozen=True)
class Rollback:
    """One return to an earlier version.

    Parameters
    ----------
    left, back : str
        The version that was in production before, and the one that is since.
    by : str
        Who asked for it: the name of an API key.
    at : datetime
        When, in UTC and whole seconds.
    """

    left: str
    back: str
    by: str
    at: datetime

    @classmethod
    def now(cls, left: str, back: str, by: str) -> Self:
        """Return a rollback that happens at this moment."""
        return cls(left, back, by, datetime.now(UTC).replace(microsecond=0))

    @classmethod
    def of_tags(cls, version: str, tags: Mapping[str, str]) -> list[Self]:
        """Read the rollbacks that left a version, oldest first; other tags are passed over."""
        found = []
        for key, value in sorted(tags.items()):
            told = _VALUE.fullmatch(value)
            if key.startswith(_KEY) and told:
                at = datetime.strptime(key.removeprefix(_KEY), _MOMENT).replace(tzinfo=UTC)
                found.append(cls(version, told[1], told[2], at))
        return found

    @property
    def tag(self) -> dict[str, str]:
        """The tag of the version that left, which no later rollback overwrites."""
        moment = self.at.strftime(_MOMENT)
        return {f"{_KEY}{moment}": f"to version {self.back} by {self.by}"}
