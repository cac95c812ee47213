"""Paired bootstrap over patients: 95 % intervals of the difference between two models.

Patients are drawn with replacement, each with all rows. Both models are compared on the same draws,
so a difficult draw is difficult for both. A draw is a vector of weights, one for each patient, and
every metric is computed from the weights without copying a row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

AT_RISK_SHARE = 0.20
"""Share of the rows, those at highest risk, among which a model must find the patients."""
DRAWS = 1_000
LEVEL = 0.95
_CHUNK = 50
"""Number of draws whose row weights are in memory at the same time."""

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int32]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Difference:
    """A difference between two models, challenger minus champion.

    Parameters
    ----------
    figure : float
        On all rows.
    low, high : float
        Its 95 % interval, from the percentiles of the draws.
    """

    figure: float
    low: float
    high: float


class PairedBootstrap:
    """The draws of patients for one set of rows.

    Parameters
    ----------
    patients : ndarray of int, shape (n,)
        Number of each row's patient.
    seed : int
        The same seed gives the same draws.
    draws : int
        How many.
    """

    def __init__(self, patients: npt.NDArray[np.integer], seed: int, draws: int = DRAWS) -> None:
        _, self._patient = np.unique(patients, return_inverse=True)
        self._patients = int(self._patient.max()) + 1 if len(patients) else 0
        self.draws = draws
        self._seed = seed

    def mean(self, values: Floats) -> Difference:
        """Return the interval of the mean over the rows, such as of a difference of losses."""
        sums = self._sums(values[:, None])[:, 0]
        counts = np.bincount(self._patient, minlength=self._patients).astype(float)
        drawn = self._drawn(np.stack([sums, counts], axis=1))
        return _difference(float(values.mean()), drawn[:, 0] / drawn[:, 1])

    def absolute_mean(self, values: Floats) -> Difference:
        """Return the interval of the sum of the absolute values of the columns' means."""
        sums = self._sums(np.column_stack([values, np.ones(len(values))]))
        drawn = self._drawn(sums)
        means = np.abs(drawn[:, :-1]).sum(axis=1) / drawn[:, -1]
        return _difference(float(np.abs(values.mean(axis=0)).sum()), means)

    def weighted_f1(
        self,
        outcomes: npt.NDArray[np.integer],
        challenger: npt.NDArray[np.integer],
        champion: npt.NDArray[np.integer],
    ) -> Difference:
        """Return the interval of the difference in weighted F1 of two vectors of decisions."""
        sides = [self._cells(outcomes, decided) for decided in (challenger, champion)]
        first, second = (weighted_f1_of(cells.sum(axis=0)[None])[0] for cells in sides)
        # Drawing takes most of the time, so both sides are summed over the same pass.
        drawn = np.hsplit(self._drawn(np.hstack(sides)), 2)
        return _difference(float(first - second), np.subtract(*map(weighted_f1_of, drawn)))

    def ranking(
        self, positive: Flags, challenger: Floats, champion: Floats, groups: Sequence[Flags]
    ) -> list[tuple[Difference, Difference]]:
        """Return the intervals of the differences in AUROC and in recall among the top 20 %.

        Parameters
        ----------
        positive : ndarray of bool, shape (n,)
            The rows to be found.
        challenger, champion : ndarray, shape (n,)
            Risks.
        groups : sequence of ndarray of bool, shape (n,)
            The rows over which the two are computed. Those among the top 20 % are chosen from all
            rows, whatever the group.

        Returns
        -------
        list of (Difference, Difference)
            AUROC and recall of each group.
        """
        rankings = [self._ranking(positive, risk, groups) for risk in (challenger, champion)]
        first, second = (ranking.metrics(self._once()) for ranking in rankings)
        on_all = (first - second)[0]
        drawn = np.concatenate(
            [
                np.subtract(*(one.metrics(weights) for one in rankings))
                for weights in self._weights()
            ]
        )
        return [
            (
                _difference(float(on_all[place, 0]), drawn[:, place, 0]),
                _difference(float(on_all[place, 1]), drawn[:, place, 1]),
            )
            for place in range(len(groups))
        ]

    def aurocs(self, positive: Flags, risk: Floats, groups: Sequence[Flags]) -> list[Difference]:
        """Return the AUROC of one model in each group, with the interval of its value.

        The parameters are as in `ranking`.
        """
        if not groups:
            return []
        ranking = self._ranking(positive, risk, groups)
        once = ranking.metrics(self._once())[0]
        drawn = np.concatenate([ranking.metrics(weights) for weights in self._weights()])
        return [
            _difference(float(once[place, 0]), drawn[:, place, 0]) for place in range(len(groups))
        ]

    def of_one(
        self,
        outcomes: npt.NDArray[np.integer],
        decided: npt.NDArray[np.integer],
        positive: Flags,
        risk: Floats,
        losses: Floats,
    ) -> dict[str, Difference]:
        """Return the metrics of one model, each with the interval of its value.

        The parameters are as in `weighted_f1` and `ranking`; `losses` is the log-loss of each row.
        """
        cells = self._cells(outcomes, decided)
        f1 = float(weighted_f1_of(cells.sum(axis=0)[None])[0])
        ranking = self._ranking(positive, risk, [np.ones(len(positive), dtype=bool)])
        once = ranking.metrics(self._once())[0, 0]
        drawn = np.concatenate([ranking.metrics(weights) for weights in self._weights()])[:, 0]
        return {
            "weighted_f1": _difference(f1, weighted_f1_of(self._drawn(cells))),
            "log_loss": self.mean(losses),
            "auroc_under_30": _difference(float(once[0]), drawn[:, 0]),
            "recall_top_20": _difference(float(once[1]), drawn[:, 1]),
        }

    def _ranking(self, positive: Flags, risk: Floats, groups: Sequence[Flags]) -> "_Ranking":
        return _Ranking(self._patient, self._patients, positive, risk, groups)

    def _once(self) -> Counts:
        """Return the weights of a draw that has every patient once."""
        return np.ones((1, self._patients), dtype=np.int32)

    def _cells(self, outcomes: npt.NDArray[np.integer], decided: npt.NDArray[np.integer]) -> Floats:
        """Return the confusion counts of each patient's rows, shape (patients, 9)."""
        cells = self._patient * 9 + outcomes * 3 + decided
        counts = np.bincount(cells, minlength=self._patients * 9)
        return counts.reshape(self._patients, 9).astype(float)

    def _sums(self, values: Floats) -> Floats:
        """Return the sum of each column over the rows of each patient."""
        columns = [
            np.bincount(self._patient, weights=column, minlength=self._patients)
            for column in values.T
        ]
        return np.stack(columns, axis=1)

    def _drawn(self, sums: Floats) -> Floats:
        """Return the sum of each column over the patients of each draw."""
        return np.concatenate([weights.astype(float) @ sums for weights in self._weights()])

    def _weights(self) -> Iterator[Counts]:
        """Yield how often each patient was drawn, some draws at a time: shape (draws, patients)."""
        random, left = np.random.default_rng(self._seed), self.draws
        while left > 0:
            drawn = random.integers(0, self._patients, (min(_CHUNK, left), self._patients))
            counts = [np.bincount(draw, minlength=self._patients) for draw in drawn]
            yield np.stack(counts).astype(np.int32)
            left -= _CHUNK


class _Ranking:
    """The ranks of one model's risks, from which weighted metrics follow."""

    def __init__(
        self,
        patient: Places,
        patients: int,
        positive: Flags,
        risk: Floats,
        groups: Sequence[Flags],
    ) -> None:
        order = np.argsort(-risk, kind="stable")
        self._patient = patient[order]
        ranked = self._patient, patients, positive[order], risk[order]
        self._groups = [_RankedGroup(*ranked, members[order]) for members in groups]

    def metrics(self, weights: Counts) -> Floats:
        """Return AUROC and recall of each group for some draws: shape (draws, groups, 2)."""
        through = np.cumsum(weights[:, self._patient], axis=1, dtype=np.int32)
        flagged = (through <= AT_RISK_SHARE * through[:, -1:]).sum(axis=1)
        by_patient = np.ascontiguousarray(weights.T)
        return np.stack([group.metrics(by_patient, flagged) for group in self._groups], axis=1)


class _RankedGroup:
    """The rows of a group, from the highest risk to the lowest.

    AUROC is the share of pairs in which the positive row ranks above the negative one; a tie counts
    half. So for each positive row it needs the negative weight above its tie and through its tie:
    the weights are added up between these places only, by a sparse matrix of places and patients.
    """

    def __init__(
        self, patient: Places, patients: int, positive: Flags, risk: Floats, members: Flags
    ) -> None:
        rows = np.flatnonzero(members)
        risks, hits = -risk[rows], positive[rows]
        self._positives = rows[hits]
        self._patient = patient[self._positives]
        above = np.searchsorted(risks, risks[hits], side="left")
        through = np.searchsorted(risks, risks[hits], side="right")
        places = np.unique(np.concatenate([above, through, [len(rows)]]))
        self._above, self._through = (np.searchsorted(places, one) for one in (above, through))
        misses = np.flatnonzero(~hits)
        steps = np.searchsorted(places, misses, side="right"), patient[rows[misses]]
        ones = np.ones(len(misses), dtype=np.int32)
        self._negatives = sparse.csr_array((ones, steps), shape=(len(places), patients))

    def metrics(self, by_patient: Counts, flagged: Places) -> Floats:
        """Return AUROC and recall; they are NaN in a draw that has only one class.

        Parameters
        ----------
        by_patient : ndarray of int, shape (patients, draws)
            How often each patient was drawn.
        flagged : ndarray of int, shape (draws,)
            How many rows of all groups, from the highest risk, are among the top 20 %.
        """
        hits = by_patient[self._patient]
        positives = hits.sum(axis=0)
        negatives = np.cumsum(self._negatives @ by_patient, axis=0, dtype=np.int32)
        above = (negatives[self._above] + negatives[self._through]) / 2
        with np.errstate(invalid="ignore", divide="ignore"):
            recall = (hits * (self._positives[:, None] < flagged)).sum(axis=0) / positives
            lost = np.einsum("rd,rd->d", hits, above) / (positives * negatives[-1])
            return np.stack([1 - lost, recall], axis=1)


def weighted_f1_of(cells: Floats) -> Floats:
    """Return the F1 of the classes weighted by size for confusion counts of shape (draws, 9)."""
    confusion = cells.reshape(-1, 3, 3)
    actual, called = confusion.sum(axis=2), confusion.sum(axis=1)
    right = np.diagonal(confusion, axis1=1, axis2=2)
    f1 = 2 * right / np.maximum(actual + called, 1)
    return np.asarray((f1 * actual).sum(axis=1) / actual.sum(axis=1))


def _difference(figure: float, drawn: Floats) -> Difference:
    tail = 100 * (1 - LEVEL) / 2
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return Difference(figure, np.nan, np.nan)
    low, high = np.percentile(known, [tail, 100 - tail])
    return Difference(figure, float(low), float(high))
