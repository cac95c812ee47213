"""Live figures: what each version, and a challenger in shadow, was worth once outcomes came."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from api.prediction_log.encoding import Encoder
from readmission.domain import schema
from readmission.domain.privacy import Pseudonyms
from readmission.modelling.evaluation import criteria
from readmission.modelling.evaluation.calibration import expected_error
from readmission.pipeline.outcomes.live import VERSIONS, measure_live, store_live
from readmission.pipeline.outcomes.shadow import compare_in_shadow
from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from readmission.warehouse.predictions import live_figures, shadow
from readmission.warehouse.predictions.live_figures import LiveFigure
from readmission.warehouse.predictions.outcomes import OutcomeStore
from readmission.warehouse.predictions.shadow import ShadowPrediction
from readmission.warehouse.predictions.store import PredictionStore
from tests.databases import emptied
from tests.include.calibrated import frequencies, hints

KEY = "a key of at least thirty-two characters"
NAMES = Pseudonyms(KEY)
ROWS = 1_200
NOW = datetime.now(UTC)
RANDOM = np.random.default_rng(4)
OUTCOMES = RANDOM.choice(3, ROWS, p=[0.5, 0.3, 0.2])


def probabilities(skill: float) -> np.ndarray:
    """Return predictions that know the outcome by so much."""
    noise = RANDOM.dirichlet([5, 3, 2], ROWS)
    return np.asarray(skill * np.eye(3)[OUTCOMES] + (1 - skill) * noise)


GOOD, BAD = probabilities(0.4), probabilities(0.05)


@pytest.fixture
def predictions(databases: Stack) -> Iterator[psycopg.Connection]:
    """The empty database of predictions."""
    with emptied(postgres.dsn(databases.site, "predictions")) as connection:
        connection.autocommit = True
        yield connection


def log(connection: psycopg.Connection, version: str, predicted: np.ndarray) -> None:
    """Log a prediction of every encounter, two for each patient; the latter half are women."""
    encoder = Encoder(KEY)
    lines = [
        encoder.line(
            (
                NOW.timestamp(), "request", place, version,
                {
                    schema.ENCOUNTER: place, schema.PATIENT: place // 2, "race": "?",
                    "gender": "Male" if place < ROWS / 2 else "Female", "age": "[70-80)",
                },
                one, schema.CLASSES[one.argmax()], "", None,
            )
        )
        for place, one in enumerate(predicted)
    ]  # fmt: skip
    PredictionStore(connection).copy(b"".join(lines))


def log_in_shadow(
    connection: psycopg.Connection, champion: np.ndarray, challenger: np.ndarray,
    version: str = "2",
) -> None:  # fmt: skip
    rows = [
        ShadowPrediction(
            NOW, "request", place, NAMES.encounter(place), NAMES.patient(place // 2),
            "1", list(map(float, one)), schema.CLASSES[one.argmax()],
            version, list(map(float, two)), schema.CLASSES[two.argmax()],
        )
        for place, (one, two) in enumerate(zip(champion, challenger, strict=True))
    ]  # fmt: skip
    shadow.store(connection, rows)


def know(
    connection: psycopg.Connection, first: int = ROWS, later: timedelta = timedelta(1)
) -> None:
    """Record the outcomes of the first encounters, which became known later than predicted."""
    outcomes = [
        (str(NAMES.encounter(place)), schema.CLASSES[code], "train")
        for place, code in enumerate(OUTCOMES[:first])
    ]
    OutcomeStore(connection).record("batch-0001", "sha", NOW + later, outcomes)


def by_name(figures: list[LiveFigure], group: str = "", against: str = "") -> dict[str, LiveFigure]:
    return {
        one.metric: one for one in figures if (one.patient_group, one.against) == (group, against)
    }


def test_figures_have_counts_and_intervals_for_all_and_by_group(
    predictions: psycopg.Connection,
) -> None:
    # given
    log(predictions, "1", GOOD)
    know(predictions)

    # when
    found = store_live(predictions)

    # then the figures are those of the library
    everybody, soon = by_name(found), OUTCOMES == 2
    assert everybody["outcomes"].figure == ROWS
    assert everybody["under_30"].figure == soon.sum()
    expected = {
        "log_loss": log_loss(OUTCOMES, GOOD, labels=range(3)),
        "auroc_under_30": roc_auc_score(soon, GOOD[:, 2]),
        "calibration_error_under_30": expected_error(soon, GOOD[:, 2]),
        "calibration_gap_under_30": GOOD[:, 2].mean() - soon.mean(),
    }
    for name, value in expected.items():
        assert everybody[name].figure == pytest.approx(value)
    loss = everybody["log_loss"]
    assert loss.low is not None
    assert loss.high is not None
    assert loss.low < loss.figure < loss.high
    # and those of a group are over its own rows
    women = by_name(found, "Female")
    own = slice(ROWS // 2, None)
    assert women["outcomes"].figure == ROWS / 2
    assert women["auroc_under_30"].figure == pytest.approx(roc_auc_score(soon[own], GOOD[own, 2]))
    assert by_name(found, "Unknown")["outcomes"].figure == ROWS
    # and they are stored, instead of earlier ones
    key = lambda one: (one.patient_group, one.metric)  # noqa: E731
    assert sorted(live_figures.stored(predictions), key=key) == sorted(found, key=key)
    assert len(store_live(predictions)) == len(live_figures.stored(predictions))


def test_with_few_outcomes_only_counts_are_given(predictions: psycopg.Connection) -> None:
    log(predictions, "1", GOOD)
    log_in_shadow(predictions, BAD, GOOD)
    know(predictions, first=60)

    assert {one.metric for one in measure_live(predictions)} == {"outcomes", "under_30", "agreed"}


def test_an_outcome_that_a_model_may_have_seen_does_not_count(
    predictions: psycopg.Connection,
) -> None:
    log(predictions, "1", GOOD)
    log_in_shadow(predictions, BAD, GOOD)
    know(predictions, later=timedelta(days=-1))

    (compared,) = compare_in_shadow(predictions)

    assert measure_live(predictions) == list(compared.figures())
    assert compared.outcomes == 0


def test_only_the_newest_challengers_are_measured_and_all_are_compared(
    predictions: psycopg.Connection,
) -> None:
    """Each measured one is a set of series in Prometheus, and each batch may bring another."""
    for version in range(2, VERSIONS + 4):
        log_in_shadow(predictions, BAD[:2], GOOD[:2], str(version))

    measured = {int(one.model_version) for one in measure_live(predictions)}

    assert measured == set(range(4, VERSIONS + 4))
    assert len(compare_in_shadow(predictions)) == VERSIONS + 2


def test_a_challenger_better_overall_but_below_a_floor_in_one_group_is_not_better(
    predictions: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given one that knows more about the men and nothing about the women, the latter half
    monkeypatch.setattr(criteria, "MINIMUM_POSITIVES", 100)
    monkeypatch.setattr(criteria, "CALIBRATION_ERROR", 0.1)  # Bins divide equal risks.
    is_woman = np.arange(ROWS) >= ROWS / 2
    champion = frequencies(OUTCOMES, hints(OUTCOMES, 0.2))
    challenger = frequencies(OUTCOMES, np.where(is_woman, 3, hints(OUTCOMES, 0.9)))
    log(predictions, "1", champion)
    log_in_shadow(predictions, champion, challenger)
    know(predictions)

    # when
    (compared,) = compare_in_shadow(predictions)

    # then
    assert {one.group for one in compared.criteria if one.verdict == "failed"} == {"gender: Female"}
    assert not compared.is_better
    assert {one.patient_group for one in compared.figures()} == {""}


@pytest.mark.parametrize(
    ("champion", "challenger", "better"),
    [(BAD, GOOD, True), (GOOD, BAD, False), (GOOD, GOOD, False)],
)
def test_a_challenger_proves_better_in_shadow_by_the_criteria_of_a_promotion(
    predictions: psycopg.Connection, champion: np.ndarray, challenger: np.ndarray, better: bool
) -> None:
    log_in_shadow(predictions, champion, challenger)
    know(predictions)

    (compared,) = compare_in_shadow(predictions)

    assert (compared.champion, compared.challenger, compared.outcomes) == ("1", "2", ROWS)
    assert compared.is_better is better
    assert compared.agreed == (champion.argmax(1) == challenger.argmax(1)).sum()
    figures = by_name(list(compared.figures()), against="1")
    assert figures.keys() == {
        "outcomes", "agreed", "log_loss", "weighted_f1", "auroc_under_30", "recall_top_20",
    }  # fmt: skip
    loss = figures["log_loss"]
    expected = log_loss(OUTCOMES, challenger) - log_loss(OUTCOMES, champion)
    assert loss.figure == pytest.approx(expected, abs=1e-9)
