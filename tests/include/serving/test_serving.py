"""The compiled form and the pipeline predict the same, and explanations add up."""

import http.client
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import mlflow
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from readmission.domain import schema
from readmission.domain.splitting import Split
from readmission.modelling.bundling import capacity
from readmission.modelling.compilation import as_encounters
from readmission.modelling.families import FAMILIES
from readmission.modelling.model import PROBABILITY_COLUMNS, ReadmissionModel
from readmission.pipeline.source import Dataset
from readmission.registry import PRODUCTION, Registry
from readmission.serving.bundle import open_bundle
from readmission.serving.model import ServedModel
from tests.api.models import registered
from tests.api.serving import Service, running, wait_for
from tests.include.training import Training
from tests.signing import TRUSTED

ROWS = 10_000
EXPLAINED = 25
TOLERANCE = 1e-5
CHUNK = 10_000
JSON = "application/json"
_SOON = schema.CLASSES.index("<30")


@dataclass(frozen=True)
class Candidate:
    """A registered version: its pipeline and its served form."""

    model: ReadmissionModel
    served: ServedModel


@pytest.fixture(scope="module")
def registry(trained: Training) -> Iterator[Registry]:
    """One version for each family, one of them in production."""
    registry = trained.registry()
    for family in FAMILIES:
        registry.promote(registry.register(trained.run_of(family), trained.lineage.tags()))
    yield registry
    registry.client.delete_registered_model(registry.name)


@pytest.fixture(scope="module")
def candidates(
    registry: Registry, trained: Training, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Candidate]:
    """The registered version of every family."""

    def opened(family: str, version: str) -> Candidate:
        folder = registry.download_bundle(version, tmp_path_factory.mktemp("bundle"))
        return Candidate(
            trained.model(family), ServedModel(registered(version), open_bundle(folder, TRUSTED))
        )

    return {family: opened(family, str(number)) for number, family in enumerate(FAMILIES, 1)}


@pytest.fixture(scope="module")
def features(dataset: Dataset) -> pd.DataFrame:
    """The features of all encounters in the file, as text."""
    return dataset.encounters.to_pandas()[list(schema.FEATURE_NAMES)]


@pytest.fixture(scope="module")
def some(features: pd.DataFrame) -> pd.DataFrame:
    """Eligible encounters from all parts of the file, with counts as numbers."""
    alive = features[~features["discharge_disposition_id"].isin(schema.DIED)]
    chosen = alive.iloc[:: max(len(alive) // ROWS, 1)].head(ROWS).reset_index(drop=True)
    return chosen.astype({c.name: int for c in schema.FEATURES if c.is_number})


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_the_compiled_form_predicts_the_file_like_the_pipeline(
    candidates: dict[str, Candidate], features: pd.DataFrame, family: str
) -> None:
    model, scorer = candidates[family].model, candidates[family].served.bundle.scorer
    assert scorer.runtime == "compiled"
    worst, changed = 0.0, 0
    chosen = features.iloc[::4] if family == "xgboost" else features.iloc[::20]

    for start in range(0, len(chosen), CHUNK):
        rows = chosen.iloc[start : start + CHUNK]
        expected = model.predict_proba(rows)
        answered = scorer.predict_proba(as_encounters(rows))
        worst = max(worst, float(np.abs(answered - expected).max()))
        changed += int((model.decide(answered) != model.decide(expected)).sum())

    assert worst <= TOLERANCE
    assert changed == 0


@dataclass(frozen=True)
class Answers:
    """Probabilities, shape (n, 3), and classes."""

    probabilities: npt.NDArray[np.float64]
    classes: Sequence[str]

    @classmethod
    def of(cls, answers: Sequence[dict[str, Any]]) -> "Answers":
        """Read the responses of the API."""
        shares = [[answer["probabilities"][name] for name in schema.CLASSES] for answer in answers]
        return cls(np.array(shares), [answer["predicted_class"] for answer in answers])


@pytest.fixture(scope="module")
def service(
    registry: Registry, trained: Training, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The API in its own process, with the same registry."""
    settings = {"MODEL_NAME": registry.name, "API_RATE_LIMIT": "0"}
    log, uri = tmp_path_factory.mktemp("serving") / "log", trained.settings.mlflow_tracking_uri
    with running(log, mlflow_uri=uri, settings=settings) as service:
        wait_for(f"{service.url}/ready", 200, service.process, log)
        yield service


@dataclass(frozen=True)
class Compared:
    """Encounters, and what plain MLflow predicts for them with the version that the API serves."""

    rows: pd.DataFrame
    answers: Answers


@pytest.fixture(scope="module", params=range(1, len(FAMILIES) + 1), ids=list(FAMILIES))
def compared(
    request: pytest.FixtureRequest, registry: Registry, service: Service, some: pd.DataFrame
) -> Compared:
    """All rows for one family; a tenth for the others, since all of them share the encoding."""
    version = str(request.param)
    rows = some if list(FAMILIES)[request.param - 1] == "xgboost" else some.iloc[::10]
    registry.promote(version)
    reloaded = httpx.post(f"{service.url}/reload_model", timeout=60, trust_env=False)
    assert reloaded.json()["model_version"] == version
    answered = mlflow.pyfunc.load_model(f"models:/{registry.name}@{PRODUCTION}").predict(rows)
    probabilities = answered[list(PROBABILITY_COLUMNS)].to_numpy()
    return Compared(rows, Answers(probabilities, answered["prediction"].tolist()))


def test_plain_mlflow_takes_what_pandas_reads_from_the_file(
    registry: Registry, dataset: Dataset
) -> None:
    file = dataset.encounters.slice(0, 500).to_pandas().to_csv(index=False)
    model = mlflow.pyfunc.load_model(f"models:/{registry.name}/1")

    # codes as integers and "None" as missing; everything as text; counts as decimals
    guessed, text = pd.read_csv(io.StringIO(file)), pd.read_csv(io.StringIO(file), dtype=str)
    counts = {column.name: float for column in schema.FEATURES if column.is_number}
    answered = [model.predict(rows) for rows in (guessed, text, text.astype(counts))]

    assert guessed["admission_type_id"].dtype == "int64"
    assert guessed["max_glu_serum"].isna().any()
    assert answered[0].equals(answered[1])
    assert answered[0].equals(answered[2])


def test_plain_mlflow_names_the_column_of_a_wrong_value(
    registry: Registry, some: pd.DataFrame
) -> None:
    model = mlflow.pyfunc.load_model(f"models:/{registry.name}/1")

    with pytest.raises(Exception, match=r"insulin.*sometimes"):
        model.predict(some.head(2).assign(insulin="sometimes"))


def check_alike(one: Answers, other: Answers) -> None:
    """Check that two sets of predictions are the same."""
    np.testing.assert_allclose(one.probabilities, other.probabilities, rtol=0, atol=TOLERANCE)
    assert list(one.classes) == list(other.classes)


def test_single_encounters_get_the_predictions_of_the_registered_model(
    service: Service, compared: Compared
) -> None:
    connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=60)
    answers = []
    for encounter in as_encounters(compared.rows):
        connection.request("POST", "/predict", json.dumps(encounter), {"content-type": JSON})
        answers.append(json.loads(connection.getresponse().read()))
    connection.close()

    check_alike(Answers.of(answers), compared.answers)


def as_parquet(rows: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    rows.to_parquet(sink)
    return sink.getvalue()


WRITERS = {
    "text/csv": lambda rows: rows.to_csv(index=False).encode(),
    JSON: lambda rows: json.dumps(as_encounters(rows)).encode(),
    "application/x-ndjson": lambda rows: "\n".join(map(json.dumps, as_encounters(rows))).encode(),
    "application/vnd.apache.parquet": as_parquet,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_files_get_the_predictions_of_the_registered_model(
    service: Service, compared: Compared, kind: str
) -> None:
    response = httpx.post(
        f"{service.url}/predict/batch",
        content=WRITERS[kind](compared.rows),
        headers={"content-type": kind},
        timeout=300,
        trust_env=False,
    )

    *answers, last = (json.loads(line) for line in response.text.splitlines())
    assert last["summary"]["answered"] == len(compared.rows)
    check_alike(Answers.of(answers), compared.answers)


@pytest.mark.parametrize("family", FAMILIES)
def test_contributions_add_up_to_the_prediction(
    candidates: dict[str, Candidate], some: pd.DataFrame, family: str
) -> None:
    served = candidates[family].served
    for encounter in as_encounters(some.iloc[:: ROWS // EXPLAINED]):
        explanation = served.explain(encounter)

        added = np.array(list(explanation.contributions.values()))
        score = np.array(explanation.base) + added.sum(axis=0)
        if explanation.unit == "log-odds":
            score = np.exp(score) / np.exp(score).sum()
        assert score == pytest.approx(served.predict(encounter).probabilities, abs=1e-4)
        assert set(explanation.contributions) == set(schema.FEATURE_NAMES)
        # contributions are centred over the classes
        assert np.allclose(added.sum(axis=1), 0, atol=1e-5)
    assert explanation.unit == ("probability" if family == "random_forest" else "log-odds")


@pytest.mark.parametrize("family", FAMILIES)
def test_the_card_shows_what_a_follow_up_would_catch(
    candidates: dict[str, Candidate], trained: Training, family: str
) -> None:
    card = candidates[family].served.card
    points = {name: [p[name] for p in card["capacity"]] for name in card["capacity"][0]}

    assert points["share"] == sorted(points["share"])
    assert {percent / 100 for percent in range(101)} <= set(points["share"])
    assert points["caught"] == sorted(points["caught"])
    assert points["threshold"] == sorted(points["threshold"], reverse=True)
    assert (points["caught"][0], points["caught"][-1]) == (0, 1)
    # following up the riskiest half beats following up anybody
    assert points["caught"][points["share"].index(0.5)] > 0.5
    assert points["precision"][points["share"].index(0.1)] > points["precision"][-1]
    assert card["family"] == family
    assert sum(card["importance"].values()) == pytest.approx(1, abs=0.01)
    assert list(card["importance"].values()) == sorted(card["importance"].values(), reverse=True)
    assert card["data"]["rows"] == trained.lineage.rows
    assert set(card["decision_weights"]) == set(schema.CLASSES)


def test_thresholds_for_small_shares_are_risks_that_patients_have() -> None:
    risk = np.random.default_rng(1).beta(2, 12, 10_000)
    soon = np.random.default_rng(2).random(10_000) < risk

    points = capacity(soon, risk)

    ranked = np.sort(risk)[::-1]
    below = [point for point in points if point["share"] < 0.01]
    assert [point["share"] for point in below] == [i / 1_000 for i in range(10)]
    assert points[0] == {
        "share": 0,
        "threshold": ranked[0],
        "caught": 0,
        "precision": 0,
        "patients": 0,
    }
    assert points[5]["threshold"] == ranked[49]
    assert points[5]["precision"] == pytest.approx(soon[risk >= ranked[49]].mean())


@pytest.mark.parametrize("family", FAMILIES)
def test_percentiles_rank_a_patient_among_the_validation_patients(
    candidates: dict[str, Candidate], some: pd.DataFrame, family: str, trained: Training
) -> None:
    candidate, rows = candidates[family], trained.rows
    validation = rows.loc[rows["part"] == Split.VALIDATION, list(schema.FEATURE_NAMES)]
    aside = candidate.model.score(validation)[:, _SOON]
    apart = 100 / len(aside)  # A quantile may lie between two patients.

    for prediction in candidate.served.predict_many(as_encounters(some.head(500))):
        # the compiled form differs in the seventh digit
        lower = 100 * (aside < prediction.probabilities[_SOON] - 1e-6).mean()
        upper = 100 * (aside < prediction.probabilities[_SOON] + 1e-6).mean()
        assert lower - 1 - apart <= prediction.risk_percentile <= upper + apart
