"""The alias `production` moved by hand: what is served then, and the promotion by hand."""

from dataclasses import dataclass

from api.errors import ApiError
from readmission.domain.production import Pin, Production
from readmission.serving.model import RegisteredVersion
from readmission.settings import PREFIX

COMMAND = "readmission promote {} --reason TEXT"


class PromotionFailed(ApiError):
    """The version to promote by hand does not exist or could not serve."""

    status = 409
    kind = "promotion_failed"
    title = "The promotion is not possible"


@dataclass(frozen=True)
class AliasMove:
    """Somebody moved or deleted the alias.

    Parameters
    ----------
    aliased : str, optional
        The version that the alias names; None if it was deleted.
    promoted : str
        The version that was promoted last.
    follow : bool
        Whether to serve the aliased version.
    """

    aliased: str | None
    promoted: str
    follow: bool

    @classmethod
    def of(cls, production: Production, follow: bool) -> "AliasMove | None":
        """Return the move, or None if the alias names the promoted version."""
        promoted = production.promoted_version
        if not production.moved or promoted is None:
            return None
        return cls(production.aliased, promoted, follow)

    def describe(self, served: str | None) -> str:
        """Return what happened, which version is served and what to do, for operators."""
        if self.aliased is None:
            happened = f"Somebody deleted the alias production, which named version {self.promoted}"
        else:
            happened = (
                f"Somebody moved the alias production by hand from version {self.promoted} to "
                f"{self.aliased}"
            )
        serving = f"version {served} is served" if served else "no version is served"
        held = self.aliased and not self.follow
        because = f", because {PREFIX}FOLLOW_MANUAL_ALIAS is off" if held else ""
        command = COMMAND.format(self.aliased or self.promoted)
        return f"{happened}; {serving}{because}. To accept it: {command}"


@dataclass(frozen=True)
class VersionToServe:
    """The version to serve, whether somebody moved the alias by hand, and the pin of a rollback."""

    version: RegisteredVersion
    move: AliasMove | None = None
    pin: Pin | None = None
