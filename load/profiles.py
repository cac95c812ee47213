"""How many users there are, and when: the load profiles and the way through one."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from load.figures import ALL, Figures, Snapshot, figures
from load.objectives import missed

USERS_PER_SECOND = 20.0
"""How fast users arrive and leave."""


@dataclass(frozen=True)
class Stage:
    """A number of users for a time, which begins when all of them are there."""

    users: int
    seconds: float


@dataclass(frozen=True)
class Profile:
    """A load in stages.

    Parameters
    ----------
    meaning : str
        What it is for.
    stages : tuple of Stage
        One after the other.
    to_saturation : bool
        Whether it is meant to end at the first stage that misses an objective, and is
        judged by how far it came.
    """

    meaning: str
    stages: tuple[Stage, ...]
    to_saturation: bool = False

    def with_(self, users: int = 0, seconds: float = 0) -> "Profile":
        """Return the profile with another size, where one is given.

        Parameters
        ----------
        users : int
            Of the largest stage, the others in proportion; 0 as it is.
        seconds : float
            Of each stage; 0 as it is.
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
        "100 users more every 20 s, until an objective is missed",
        tuple(Stage(users, 20) for users in range(100, 1_100, 100)),
        to_saturation=True,
    ),
    "soak": Profile("100 users for an hour", (Stage(100, 3_600),)),
}
DEFAULT = "steady"


@dataclass(frozen=True)
class Leg:
    """A stage that is over, and what was seen in it."""

    stage: Stage
    seen: Mapping[str, Figures]

    @property
    def missed(self) -> list[str]:
        """The objectives that were missed in it."""
        return missed(self.seen)


@dataclass
class Course:
    """The way through a profile.

    Parameters
    ----------
    profile : Profile
        Where it leads.
    legs : list of Leg
        The stages that are over.
    """

    profile: Profile
    legs: list[Leg] = field(default_factory=list)
    _before: Mapping[str, Snapshot] | None = None

    def stage(self, users: int, now: Mapping[str, Snapshot]) -> Stage | None:
        """Return the stage for this moment, or none when the way is over.

        Parameters
        ----------
        users : int
            How many are there.
        now : mapping of str to Snapshot
            What has been counted until now.
        """
        current = self._current()
        if current is None or users < current.users:
            return current
        if self._before is None:
            self._before = now
        elif now[ALL].at - self._before[ALL].at >= current.seconds:
            self.legs.append(Leg(current, figures(self._before, now)))
            self._before = None
        return self._current()

    def _current(self) -> Stage | None:
        if self.profile.to_saturation and self.legs and self.legs[-1].missed:
            return None
        return next(iter(self.profile.stages[len(self.legs) :]), None)

    @property
    def reached(self) -> Leg | None:
        """The largest load under which all objectives held."""
        held = [leg for leg in self.legs if not leg.missed]
        return max(held, key=lambda leg: leg.stage.users, default=None)
