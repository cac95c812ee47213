"""Compare each challenger in shadow with its champion, on outcomes that became known later."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import psycopg

from readmission.domain import schema
from readmission.domain.columns import MISSING
from readmission.domain.production import CriterionStatus
from readmission.modelling.evaluation import criteria
from readmission.modelling.evaluation.criteria import Criterion, LabelledRows, Predicted
from readmission.modelling.evaluation.subgroups import ATTRIBUTES, groups_of, is_enough
from readmission.warehouse.predictions.compared_rows import (
    ComparedRow,
    ShadowRow,
    in_shadow,
    shadow_pairs,
)
from readmission.warehouse.predictions.live_figures import AGREED, OUTCOMES, LiveFigure
from readmission.warehouse.predictions.outcomes import DAYS

SEED = 296
"""Seed of the bootstraps, so that the same predictions give the same intervals."""


@dataclass(frozen=True)
class ShadowComparison:
    """A challenger in shadow against the champion of that time.

    Parameters
    ----------
    champion, challenger : str
        The two versions.
    outcomes, agreed : int
        Encounters with a known outcome, and those of them for which both chose the same class.
    criteria : sequence of Criterion
        The criteria of a promotion on these encounters, with the floors of each group of patients;
        none if there are too few to judge by.
    """

    champion: str
    challenger: str
    outcomes: int
    agreed: int
    criteria: Sequence[Criterion]

    @property
    def is_better(self) -> bool:
        """Whether the challenger would be promoted by these outcomes: no criterion failed."""
        failed = CriterionStatus.FAILED in {one.verdict for one in self.criteria}
        return bool(self.criteria) and not failed

    @property
    def sentence(self) -> str:
        """Say that the challenger is better, for the reason of the next verdict."""
        loss = next(one for one in self.criteria if one.name == criteria.LOG_LOSS)
        return (
            f"version {self.challenger} proved better in shadow, on {self.outcomes} live outcomes:"
            f" {criteria.sentence(loss.to_dict())}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as the verdict that names it stores it."""
        return {
            "champion": self.champion,
            "challenger": self.challenger,
            "outcomes": self.outcomes,
            "criteria": [one.to_dict() for one in self.criteria],
        }

    def figures(self) -> Iterator[LiveFigure]:
        """Yield the counts, and every difference over all patients with its interval."""
        names = self.challenger, self.champion, "", ""
        yield LiveFigure(*names, OUTCOMES, self.outcomes)
        yield LiveFigure(*names, AGREED, self.agreed)
        for one in self.criteria:
            is_difference = one.name not in (criteria.ERROR, criteria.SLOPE_NAME)
            if (
                is_difference
                and not one.group
                and one.figure is not None
                and one.interval is not None
            ):
                yield LiveFigure(*names, one.name, one.figure, *one.interval)


def compare_in_shadow(
    connection: psycopg.Connection, days: int = DAYS, most: int | None = None
) -> list[ShadowComparison]:
    """Compare the pairs of the last days, by the criteria of a promotion.

    Parameters
    ----------
    connection : psycopg.Connection
        A connection to the PREDICTIONS database.
    days : int
        Largest age of the predictions.
    most : int, optional
        How many of the newest challengers are compared; all by default.
    """
    pairs = shadow_pairs(connection, days)
    if most is not None:
        newest = newest_of((challenger for _, challenger in pairs), most)
        pairs = [pair for pair in pairs if pair[1] in newest]
    return [
        _comparison(champion, challenger, in_shadow(connection, champion, challenger, days))
        for champion, challenger in pairs
    ]


def labelled(found: Sequence[ComparedRow | ShadowRow]) -> LabelledRows:
    """Return the outcomes, patients and groups of predictions."""
    outcomes = _codes([one.readmitted for one in found])
    frame = pd.DataFrame({name: [getattr(one, name) for one in found] for name in ATTRIBUTES})
    frame = frame.where(frame.notna() & (frame != MISSING), schema.UNKNOWN)
    groups = groups_of(frame.assign(**{schema.TARGET: outcomes}))
    return LabelledRows(outcomes, np.array([one.patient for one in found]), groups)


def predicted(probabilities: Sequence[Sequence[float]], classes: Sequence[str]) -> Predicted:
    """Return what a version predicted, with the classes as codes."""
    return Predicted(np.array(probabilities, dtype=float), _codes(classes))


def newest_of(versions: Iterable[str], most: int) -> list[str]:
    """Return the newest versions, newest first; anything but a version's number is left out."""
    numbered = {version for version in versions if version.isascii() and version.isdigit()}
    return sorted(numbered, key=int, reverse=True)[:most]


def _comparison(champion: str, challenger: str, found: Sequence[ShadowRow]) -> ShadowComparison:
    agreed = sum(one.champion_class == one.challenger_class for one in found)
    rows = labelled(found)
    compared: list[Criterion] = []
    if is_enough(rows.positive):
        compared = criteria.compare(
            rows,
            predicted([one.challenger for one in found], [one.challenger_class for one in found]),
            predicted([one.champion for one in found], [one.champion_class for one in found]),
            None,
            SEED,
        )
    return ShadowComparison(champion, challenger, len(found), agreed, compared)


def _codes(classes: Sequence[str]) -> np.ndarray:
    return np.array([schema.CLASSES.index(one) for one in classes], dtype=int)
