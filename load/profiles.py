"""The load profiles, and the run of a profile: the number of users at each moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from load.objectives import missed
from load.stats import ALL, EndpointStats, Snapshot, between

USERS_PER_SECOND = 20.0
"""How many users start or stop per second."""


@dataclass(frozen=True)
class Stage:
    """A number of users, and the seconds to keep it once all of them have started."""

    users: int
    seconds: float


@dataclass(frozen=True)
class Profile:
    """A load in stages.

    Parameters
    ----------
    meaning : str
        What the profile is for.
    stages : tuple of Stage
        The stages, in order.
    to_saturation : bool
        Whether the profile ends at the first stage that misses an objective; it then reports the
        largest load under which all objectives were met.
    """

    meaning: str
    stages: tuple[Stage, ...]
    to_saturation: bool = False

    def resized(self, users: int = 0, seconds: float = 0) -> "Profile":
        """Return a copy with a different number of users or a different duration.

        Parameters
        ----------
        users : int
            Users of the largest stage; the others keep their proportion to it. 0 for no change.
        seconds : float
            Duration of each stage; 0 for no change.
        """
        most = max(stage.users for stage in self.stages)
        scale = users / most if users else 1.0
        stages = (
            Stage(max(round(stage.users * scale), 1), seconds or stage.seconds)
            for stage in self.stages
        )
        return replace(self, stages=tuple(stages))


PROFILES: Mapping[str, Profile] = {
    "smoke": Profile("every kind of user, for a few seconds", (Stage(20, 15),)),
    "steady": Profile("100 users for a minute", (Stage(100, 60),)),
    "ramp": Profile(
        "100 more users every 20 s, until an objective is missed",
        tuple(Stage(users, 20) for users in range(100, 1_100, 100)),
        to_saturation=True,
    ),
    "soak": Profile("100 users for an hour", (Stage(100, 3_600),)),
}
DEFAULT = "steady"


@dataclass(frozen=True)
class StageResult:
    """A finished stage and its statistics by endpoint."""

    stage: Stage
    stats: Mapping[str, EndpointStats]

    @property
    def missed(self) -> list[str]:
        """The objectives that this stage missed."""
        return missed(self.stats)


@dataclass
class ProfileRun:
    """A run of a profile.

    Parameters
    ----------
    profile : Profile
        The profile.
    finished : list of StageResult
        The finished stages.
    """

    profile: Profile
    finished: list[StageResult] = field(default_factory=list)
    _before: Mapping[str, Snapshot] | None = None

    def stage(self, users: int, now: Mapping[str, Snapshot]) -> Stage | None:
        """Return the current stage, or None at the end of the profile.

        Parameters
        ----------
        users : int
            Number of users who have started.
        now : mapping of str to Snapshot
            The current counters.
        """
        current = self._current()
        if current is None or users < current.users:
            return current
        if self._before is None:
            self._before = now
        elif now[ALL].at - self._before[ALL].at >= current.seconds:
            self.finished.append(StageResult(current, between(self._before, now)))
            self._before = None
        return self._current()

    def _current(self) -> Stage | None:
        if self.profile.to_saturation and self.finished and self.finished[-1].missed:
            return None
        return next(iter(self.profile.stages[len(self.finished) :]), None)

    @property
    def largest_met(self) -> StageResult | None:
        """The stage with the largest load under which all objectives were met."""
        met = [result for result in self.finished if not result.missed]
        return max(met, key=lambda result: result.stage.users, default=None)
