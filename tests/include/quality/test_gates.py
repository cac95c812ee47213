"""The gates after RAW: clean batches, training sets and a challenger's predictions."""

import numpy as np
import pandas as pd
import pytest

from readmission.domain import schema
from readmission.domain.splitting import Split
from readmission.errors import GateFailed
from readmission.modelling.model import PROBABILITY_COLUMNS
from readmission.quality.gates import Gatekeeper
from readmission.warehouse import BatchState, CleanWarehouse
from tests.include.quality.conftest import last_verdict


class TestClean:
    """A CLEAN batch is trained on only if it is complete and in range."""

    def test_a_good_batch_is_accepted(
        self, processed: CleanWarehouse, gatekeeper: Gatekeeper
    ) -> None:
        batch = gatekeeper.clean(processed, "batch-0001")

        assert batch.state is BatchState.ACCEPTED
        verdict = last_verdict(processed.connection)
        assert (verdict.gate, verdict.passed, verdict.failures) == ("clean", True, [])

    def test_lost_rows_and_values_out_of_range_reject_the_batch(
        self, processed: CleanWarehouse, gatekeeper: Gatekeeper
    ) -> None:
        # given
        for damage in (
            "DELETE FROM encounter WHERE source_row = 7",
            "UPDATE encounter SET age = 500 WHERE source_row = 8",
            "UPDATE encounter SET readmitted = 3 WHERE source_row = 9",
            "UPDATE encounter SET part = 'spare' WHERE source_row = 10",
        ):
            processed.connection.execute(damage.encode())

        # when
        with pytest.raises(GateFailed) as stopped:
            gatekeeper.clean(processed, "batch-0001")

        # then
        batch = processed.batch("batch-0001")
        assert batch.state is BatchState.REJECTED
        failures = str(batch.reason).splitlines()
        assert len(failures) == len(stopped.value.failures) == 4
        assert any(
            "400 RAW rows minus 0 quarantined; observed 399" in failure for failure in failures
        )
        for name, value in (("age", "500"), ("readmitted", "3"), ("part", "spare")):
            assert any(f.startswith(f"{name}: ") and f"e.g. {value}" in f for f in failures)
            assert f"e.g. {value}" not in str(stopped.value)
        assert not last_verdict(processed.connection).passed

    def test_splits_that_are_not_70_15_15_are_a_warning(
        self, processed: CleanWarehouse, gatekeeper: Gatekeeper
    ) -> None:
        processed.connection.execute("UPDATE encounter SET part = 'train' WHERE part = 'val'")

        batch = gatekeeper.clean(processed, "batch-0001")

        assert batch.state is BatchState.ACCEPTED
        assert any("split 70/15/15" in f for f in last_verdict(processed.connection).failures)


class TestTraining:
    """A training set has no test row, each patient in one split, and every class."""

    @pytest.fixture
    def rows(self, processed: CleanWarehouse) -> pd.DataFrame:
        processed.accept("batch-0001")
        return processed.read_splits((Split.TRAIN, Split.VALIDATION), "batch-0001")

    def test_a_good_set_passes(
        self, processed: CleanWarehouse, gatekeeper: Gatekeeper, rows: pd.DataFrame
    ) -> None:
        gatekeeper.training(processed, "batch-0001", rows)

        assert last_verdict(processed.connection).passed

    @pytest.mark.parametrize(
        ("damage", "complaint"),
        [
            ("test row", "part: no test row; 1 row fails"),
            ("two splits", "every row is in the split of its patient"),
            ("a patient without a split", "every row is in the split of its patient"),
            ("class", r"readmitted: all three classes occur; missing 2"),
            ("missing", "payer_code: "),
            ("row twice", "encounter_id: "),
        ],
    )
    def test_a_bad_set_is_stopped(
        self,
        processed: CleanWarehouse,
        gatekeeper: Gatekeeper,
        rows: pd.DataFrame,
        damage: str,
        complaint: str,
    ) -> None:
        # given
        patient = int(rows.loc[0, schema.PATIENT])
        match damage:
            case "test row":
                test = processed.read_splits((Split.TEST,)).head(1)
                rows = pd.concat([rows, test], ignore_index=True)
            case "two splits":
                other = "val" if rows.loc[0, "part"] == "train" else "train"
                rows.loc[0, "part"] = other
            case "a patient without a split":
                processed.connection.execute(
                    "DELETE FROM patient WHERE patient_nbr = %s", (patient,)
                )
            case "class":
                rows = rows[rows[schema.TARGET] != 2]
            case "missing":
                rows.loc[0, "payer_code"] = None
            case "row twice":
                rows = pd.concat([rows, rows.head(1)], ignore_index=True)

        # when
        with pytest.raises(GateFailed, match=complaint) as stopped:
            gatekeeper.training(processed, "batch-0001", rows)

        # then
        assert str(patient) not in str(stopped.value)
        assert str(rows.iloc[0][schema.ENCOUNTER]) not in str(stopped.value)
        verdict = last_verdict(processed.connection)
        assert (verdict.gate, verdict.passed) == ("training", False)


class TestPredictions:
    """Predictions have valid probabilities, cover every class and are not too good to be true."""

    USUAL = {"weighted_f1": 0.56, "auroc_under_30": 0.67}  # noqa: RUF012

    @pytest.fixture
    def predictions(self) -> pd.DataFrame:
        """2,000 predictions, a few of them <30."""
        probabilities = np.random.default_rng(1).dirichlet((5, 3, 1), 2_000)
        frame = pd.DataFrame(probabilities, columns=list(PROBABILITY_COLUMNS))
        return frame.assign(prediction=np.array(schema.CLASSES)[probabilities.argmax(axis=1)])

    @pytest.fixture
    def outcomes(self) -> np.ndarray:
        return np.random.default_rng(2).choice(3, 2_000, p=[0.54, 0.35, 0.11])

    def test_usual_predictions_pass(
        self,
        processed: CleanWarehouse,
        gatekeeper: Gatekeeper,
        predictions: pd.DataFrame,
        outcomes: np.ndarray,
    ) -> None:
        gatekeeper.predictions(processed, "batch-0001", predictions, outcomes, self.USUAL)

        assert last_verdict(processed.connection).passed

    @pytest.mark.parametrize(
        ("damage", "complaint"),
        [
            ("weighted_f1", "weighted_f1: .* points to a leak"),
            ("auroc_under_30", "auroc_under_30: .* points to a leak"),
            ("vanished", "prediction: every class is predicted; missing <30"),
            ("sum", "probability_sum: probabilities sum to 1; 1 row fails"),
            ("negative", "probability_NO: "),
            ("missing", "probability_<30: "),
        ],
    )
    def test_bad_predictions_are_stopped(
        self,
        processed: CleanWarehouse,
        gatekeeper: Gatekeeper,
        predictions: pd.DataFrame,
        outcomes: np.ndarray,
        damage: str,
        complaint: str,
    ) -> None:
        # given
        metrics = dict(self.USUAL)
        match damage:
            case "weighted_f1":
                metrics["weighted_f1"] = 0.63
            case "auroc_under_30":
                metrics["auroc_under_30"] = 0.80
            case "vanished":
                predictions["prediction"] = predictions["prediction"].replace("<30", "NO")
            case "sum":
                predictions.loc[3, "probability_NO"] *= 0.9
            case "negative":
                predictions.loc[3, ["probability_NO", "probability_>30", "probability_<30"]] = (
                    -1,
                    1,
                    1,
                )
            case "missing":
                predictions.loc[3, "probability_<30"] = np.nan

        # then
        with pytest.raises(GateFailed, match=complaint):
            gatekeeper.predictions(processed, "batch-0001", predictions, outcomes, metrics)
        assert not last_verdict(processed.connection).passed

    def test_a_high_score_on_a_small_test_split_may_be_chance(
        self,
        processed: CleanWarehouse,
        gatekeeper: Gatekeeper,
        predictions: pd.DataFrame,
        outcomes: np.ndarray,
    ) -> None:
        small = {"weighted_f1": 0.63, "auroc_under_30": 0.80}

        gatekeeper.predictions(
            processed, "batch-0001", predictions.head(200), outcomes[:200], small
        )
