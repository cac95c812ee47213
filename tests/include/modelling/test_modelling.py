"""Decision, metrics, fits and plots: metrics are checked against values computed by hand."""

from math import log
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from readmission.domain import schema
from readmission.domain.splitting import Split
from readmission.errors import InvalidValue
from readmission.modelling.decision import decide, tune_weights
from readmission.modelling.encoder import new_encoder
from readmission.modelling.evaluation.metrics import evaluate, evaluate_twice
from readmission.modelling.families import FAMILIES
from readmission.modelling.fitting import Fit, fit
from readmission.modelling.mlflow_runs import signature
from readmission.modelling.model import PROBABILITY_COLUMNS
from readmission.modelling.plots import draw, importance, save

OUTCOMES = np.array([0, 0, 1, 2, 2])
PROBABILITIES = np.array(
    [[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.2, 0.5, 0.3], [0.1, 0.3, 0.6], [0.5, 0.3, 0.2]]
)
PLAIN = (1.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def known_rows(clean_rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that training gets, without those of the test split."""
    return clean_rows[clean_rows["part"] != Split.TEST]


@pytest.fixture(scope="module")
def fits(known_rows: pd.DataFrame) -> dict[str, Fit]:
    """A fit of each family on a few rows."""
    return {family: fit(family, known_rows, threads=1) for family in FAMILIES}


@pytest.fixture(params=FAMILIES)
def fitted(fits: dict[str, Fit], request: pytest.FixtureRequest) -> Fit:
    return fits[request.param]


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (PLAIN, [0, 1, 1, 2, 0]),
        ((1.0, 1.0, 3.0), [0, 1, 2, 2, 2]),
        ((1.0, 2.0, 1.0), [0, 1, 1, 1, 1]),
        ((9.0, 1.0, 1.0), [0, 0, 0, 0, 0]),
    ],
)
def test_the_decision_is_the_largest_weighted_probability(
    weights: tuple[float, float, float], expected: list[int]
) -> None:
    assert decide(PROBABILITIES, weights).tolist() == expected


def test_weights_are_tuned_to_the_best_weighted_f1_of_the_grid() -> None:
    # given a model that predicts <30 too rarely
    random = np.random.default_rng(1)
    outcomes = random.choice(3, 400, p=[0.54, 0.35, 0.11])
    probabilities = random.dirichlet((5, 3, 1), 400) + 0.25 * np.eye(3)[outcomes]
    probabilities /= probabilities.sum(axis=1, keepdims=True)

    def score(weights: tuple[float, float, float]) -> float:
        return f1_score(outcomes, decide(probabilities, weights), average="weighted")

    # when
    tuned = tune_weights(outcomes, probabilities)

    # then no pair of a grid does better, and argmax does worse
    others = [
        score((1.0, later, soon)) for later in np.arange(0.8, 1.81, 0.2) for soon in range(1, 4)
    ]
    assert tuned[0] == 1.0
    assert score(tuned) >= max(others)
    assert score(tuned) > score(PLAIN)


def test_every_metric_equals_the_value_computed_by_hand() -> None:
    # given the decisions 0 1 1 2 0 for the outcomes 0 0 1 2 2
    figures = evaluate(OUTCOMES, PROBABILITIES, PLAIN)

    # then F1 by class is 1/2, 2/3, 2/3
    assert figures == pytest.approx(
        {
            "weighted_f1": (2 * 1 / 2 + 1 * 2 / 3 + 2 * 2 / 3) / 5,
            "weighted_f1_argmax": 3 / 5,
            "macro_f1": (1 / 2 + 2 / 3 + 2 / 3) / 3,
            "accuracy": 3 / 5,
            "log_loss": -sum(map(log, (0.7, 0.3, 0.5, 0.6, 0.2))) / 5,
            "brier": (0.14 + 0.86 + 0.38 + 0.26 + 0.98) / 5,
            "auroc_under_30": 5 / 6,
            "auroc_any": 5 / 6,
            "average_precision_under_30": 1 / 2 + 2 / 3 / 2,
            "recall_top_20": 1 / 2,
            "calibration_error_under_30": (0.1 + 0.1 + 0.3 + 0.4 + 0.8) / 5,
        }
    )


def test_metrics_use_the_tuned_decision_except_the_one_for_argmax() -> None:
    # given the decisions 0 1 2 2 2: F1 by class is 2/3, 0, 4/5
    figures = evaluate(OUTCOMES, PROBABILITIES, (1.0, 1.0, 3.0))

    assert figures["weighted_f1"] == pytest.approx((2 * 2 / 3 + 2 * 4 / 5) / 5)
    assert figures["weighted_f1_argmax"] == pytest.approx(3 / 5)
    assert figures["accuracy"] == pytest.approx(3 / 5)


def test_every_metric_is_returned_for_all_rows_and_for_eligible_ones() -> None:
    # given that the second of five died
    eligible = np.array([True, False, True, True, True])

    figures = evaluate_twice(OUTCOMES, PROBABILITIES, PLAIN, eligible)

    everyone = evaluate(OUTCOMES, PROBABILITIES, PLAIN)
    living = evaluate(OUTCOMES[eligible], PROBABILITIES[eligible], PLAIN)
    assert living["accuracy"] == 3 / 4
    assert figures == everyone | {f"eligible_{name}": value for name, value in living.items()}


def test_a_fit_rejects_test_rows(clean_rows: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="train and validation rows only"):
        fit("logistic_regression", clean_rows, threads=1)


def test_weights_and_metrics_come_from_the_validation_rows_only(
    fitted: Fit, known_rows: pd.DataFrame
) -> None:
    validation = known_rows[known_rows["part"] == Split.VALIDATION]

    assert fitted.outcomes.tolist() == validation[schema.TARGET].tolist()
    np.testing.assert_array_equal(fitted.probabilities, fitted.model.score(validation))
    assert fitted.model.weights == tune_weights(fitted.outcomes, fitted.probabilities)
    assert fitted.metrics == evaluate_twice(
        fitted.outcomes,
        fitted.probabilities,
        fitted.model.weights,
        validation["eligible"].to_numpy(),
    )


def test_a_fit_has_learned_from_the_train_rows(fitted: Fit, known_rows: pd.DataFrame) -> None:
    train = known_rows[known_rows["part"] == Split.TRAIN]

    figures = evaluate(
        train[schema.TARGET].to_numpy(), fitted.model.score(train), fitted.model.weights
    )

    assert figures["auroc_any"] > 0.6
    assert fitted.fit_seconds > 0


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_rows_give_the_same_model(
    fits: dict[str, Fit], known_rows: pd.DataFrame, family: str
) -> None:
    again = fit(family, known_rows, threads=1)

    np.testing.assert_allclose(again.probabilities, fits[family].probabilities, atol=1e-6)


def test_a_prediction_is_a_class_and_probabilities_for_each_row(
    fitted: Fit, raw_rows: pd.DataFrame
) -> None:
    # given raw encounters with an index of their own
    raw = raw_rows.iloc[100:160].assign(discharge_disposition_id="1")
    model = fitted.model

    # when
    predictions = model.predict(None, raw)

    # then
    assert list(predictions.columns) == ["prediction", *PROBABILITY_COLUMNS, "eligible"]
    assert predictions["eligible"].all()
    assert predictions.index.equals(raw.index)
    probabilities = predictions[list(PROBABILITY_COLUMNS)].to_numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-12)
    assert (probabilities > 0).all()
    expected = np.array(schema.CLASSES)[(probabilities * model.weights).argmax(axis=1)]
    assert predictions["prediction"].tolist() == expected.tolist()


@pytest.mark.parametrize("died", [*sorted(schema.DIED), "40", "41", "42"])
def test_the_registered_model_predicts_nothing_for_a_patient_who_died(
    fitted: Fit, raw_rows: pd.DataFrame, died: str
) -> None:
    raw = raw_rows.iloc[:2].assign(discharge_disposition_id=["1", died])

    alive, dead = fitted.model.predict(None, raw).to_dict("records")

    assert alive["eligible"]
    assert alive["prediction"] in schema.CLASSES
    assert not dead["eligible"]
    assert dead["prediction"] is None
    assert all(np.isnan(dead[name]) for name in PROBABILITY_COLUMNS)


def test_a_row_gets_the_same_prediction_alone_and_in_a_batch(
    fitted: Fit, raw_rows: pd.DataFrame
) -> None:
    raw = raw_rows.tail(8)

    together = fitted.model.predict_proba(raw)
    alone = np.vstack([fitted.model.predict_proba(raw.iloc[[i]]) for i in range(len(raw))])

    np.testing.assert_allclose(alone, together, rtol=0, atol=1e-12)


def test_an_unseen_category_is_accepted_and_an_invalid_value_is_not(
    fitted: Fit, raw_rows: pd.DataFrame
) -> None:
    raw = raw_rows.head(1)

    unseen = fitted.model.predict_proba(raw.assign(medical_specialty="SpaceMedicine"))

    assert unseen.sum() == pytest.approx(1)
    with pytest.raises(InvalidValue, match="column 'age'"):
        fitted.model.predict_proba(raw.assign(age="[200-210)"))


@pytest.mark.parametrize("sparse", [True, False])
def test_numbers_are_scaled_ordinals_kept_and_categories_one_hot_encoded(
    known_rows: pd.DataFrame, sparse: bool
) -> None:
    encoder = new_encoder(sparse=sparse)
    features = known_rows[list(schema.FEATURE_NAMES)]

    encoded = encoder.fit_transform(features)

    assert hasattr(encoded, "toarray") is sparse
    dense: npt.NDArray[np.float64] = encoded.toarray() if sparse else encoded
    frame = pd.DataFrame(dense, columns=encoder.get_feature_names_out(), index=features.index)
    assert (frame[["age", "time_in_hospital", "num_medications"]].median() == 0).all()
    assert frame["insulin"].tolist() == features["insulin"].tolist()
    of_race = frame.filter(like="race_")
    assert (of_race.sum(axis=1) == 1).all()
    assert of_race.idxmax(axis=1).str.removeprefix("race_").tolist() == features["race"].tolist()


def test_the_shares_of_importance_cover_all_fields_and_add_up_to_one(fitted: Fit) -> None:
    shares = importance(fitted.model)

    assert shares.sum() == pytest.approx(1)
    assert set(shares.index) == set(schema.FEATURE_NAMES)
    assert shares.is_monotonic_decreasing
    assert (shares >= 0).all()


def test_the_plots_show_the_validation_rows_and_their_origin(fitted: Fit, tmp_path: Path) -> None:
    # when
    figures = draw(fitted, "data: synthetic, up to batch-0001")

    # then
    assert set(figures) == {
        "confusion_matrix.png", "calibration.png", "roc_pr.png", "feature_importance.png",
    }  # fmt: skip
    for name, figure in figures.items():
        save(figure, tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
        assert (tmp_path / name).stat().st_size > 5_000
        assert "data: synthetic, up to batch-0001" in figure.get_suptitle()
        assert FAMILIES[fitted.model.family].title in figure.get_suptitle()
    counts = [text.get_text() for text in figures["confusion_matrix.png"].axes[0].texts]
    counted = [int(text.partition("\n")[0].replace(",", "")) for text in counts]
    assert sum(counted) == len(fitted.outcomes)
    correct = (decide(fitted.probabilities, fitted.model.weights) == fitted.outcomes).sum()
    assert sum(counted[::4]) == correct


def test_the_signature_is_the_contract_of_a_raw_encounter() -> None:
    inputs = signature().inputs

    assert inputs.input_names() == list(schema.FEATURE_NAMES)
    assert {i.name for i in inputs.inputs if not i.required} == {
        column.name for column in schema.FEATURES if column.nullable
    }
    assert {str(i.type) for i in inputs.inputs} == {"Any"}
    assert list(schema.example()) == list(schema.FEATURE_NAMES)
