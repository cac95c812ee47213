"""Plain MLflow without the project, the API and the batch path predict the same for each row."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import mlflow
import numpy as np
import pandas as pd
import pytest

from readmission.domain import schema
from readmission.domain.columns import MISSING
from readmission.modelling.families import FAMILIES
from readmission.modelling.model import PROBABILITY_COLUMNS
from readmission.pipeline.source import Dataset
from readmission.registry import PRODUCTION, Registry
from readmission.settings import CHECKOUT
from tests.api.serving import Service, running
from tests.include.training import Training, unpickled
from tests.locks import link_packages

ROWS = 24
EXACT = {"rtol": 0, "atol": 1e-12}
COMPILED = {"rtol": 0, "atol": 1e-6}

ANSWER = """
import json, sys
sys.path.append(sys.argv[1])  # The packages of training's lock, without the project.
try:
    import readmission
    sys.exit("the project is on the path: " + readmission.__file__)
except ModuleNotFoundError:
    pass
import mlflow, pandas
requests = pandas.DataFrame(json.load(sys.stdin))
answers = {}
for version in sys.argv[3:]:
    model = mlflow.pyfunc.load_model(f"models:/{sys.argv[2]}/{version}")
    answers[version] = model.predict(requests).to_dict("list")
import readmission
json.dump({"answers": answers, "code": readmission.__file__}, open("answers.json", "w"))
"""
"""A program that knows only MLflow and the name of the model. Python ignores the environment, the
user folder and `.pth` files, so it cannot import the checkout."""


@pytest.fixture(scope="module")
def clean(trained: Training, dataset: Dataset) -> pd.DataFrame:
    """Eligible test rows of CLEAN, with missing values and measured results among them."""
    rows = trained.test_rows[trained.test_rows["eligible"]]
    raw = dataset.encounters.to_pandas().iloc[rows["source_row"]]
    varied = (raw.eq(MISSING).any(axis=1) & raw["A1Cresult"].ne("None")).to_numpy()
    return pd.concat([rows[varied].head(ROWS // 2), rows[~varied].head(ROWS // 2)])


@pytest.fixture(scope="module")
def raw(clean: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """The same encounters as in the file."""
    return dataset.encounters.to_pandas().iloc[clean["source_row"]]


@pytest.fixture(scope="module")
def requests(raw: pd.DataFrame) -> list[dict[str, Any]]:
    """The same encounters as JSON, with counts as numbers."""
    return [
        {c.name: int(row[c.name]) if c.is_number else row[c.name] for c in schema.FEATURES}
        for row in raw.to_dict("records")
    ]


@pytest.fixture(scope="module")
def registry(trained: Training) -> Iterator[Registry]:
    """One version for each family, none in production yet."""
    registry = trained.registry()
    for family in FAMILIES:
        registry.register(trained.run_of(family), trained.lineage.tags())
    yield registry
    registry.client.delete_registered_model(registry.name)


@pytest.fixture(scope="module")
def strangers(
    registry: Registry,
    requests: list[dict[str, Any]],
    trained: Training,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    """The predictions of plain MLflow outside the project."""
    folder = tmp_path_factory.mktemp("elsewhere")
    versions = [str(number) for number in range(1, len(FAMILIES) + 1)]
    packages = tmp_path_factory.mktemp("packages")
    link_packages("training", packages)
    assert trained.settings.mlflow_login is not None
    user, password = trained.settings.mlflow_login
    subprocess.run(
        [sys.executable, "-I", "-S", "-c", ANSWER, str(packages), registry.name, *versions],
        cwd=folder,
        env={
            "MLFLOW_TRACKING_URI": trained.settings.mlflow_tracking_uri,
            "MLFLOW_TRACKING_USERNAME": user,
            "MLFLOW_TRACKING_PASSWORD": password,
            "HOME": str(folder),
        },
        input=json.dumps(requests).encode(),
        check=True,
    )
    return json.loads((folder / "answers.json").read_text())


@pytest.fixture(scope="module")
def service(
    registry: Registry, trained: Training, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The API in its own process, with the same registry."""
    log = tmp_path_factory.mktemp("service") / "log"
    settings = {"MODEL_NAME": registry.name}
    uri = trained.settings.mlflow_tracking_uri
    with running(log, mlflow_uri=uri, settings=settings) as service:
        yield service


def test_the_artifact_contains_its_own_code(strangers: dict[str, Any]) -> None:
    code = Path(strangers["code"])

    assert not code.is_relative_to(CHECKOUT)
    assert code.parent.name == "readmission"


def test_the_artifact_ships_nothing_but_what_a_model_imports(
    registry: Registry, tmp_path: Path
) -> None:
    # when
    local = mlflow.artifacts.download_artifacts(
        f"models:/{registry.name}/1", dst_path=str(tmp_path)
    )

    # then
    code = Path(local) / "code"
    shipped = {str(path.relative_to(code)) for path in code.rglob("*") if path.is_file()}
    assert shipped == {"readmission/__init__.py", "readmission/library.zip"}
    with ZipFile(code / "readmission" / "library.zip") as archive:
        names = archive.namelist()
    assert {name.partition("/")[0] for name in names} == {
        "errors.py", "domain", "serving", "modelling",
    }  # fmt: skip
    assert not any("__pycache__" in name for name in names)


@pytest.mark.parametrize("version", range(1, len(FAMILIES) + 1), ids=list(FAMILIES))
def test_all_ways_of_serving_predict_the_same_for_every_encounter(
    registry: Registry,
    service: Service,
    strangers: dict[str, Any],
    clean: pd.DataFrame,
    requests: list[dict[str, Any]],
    version: int,
) -> None:
    # given a model in production
    registry.promote(str(version))
    run_id = registry.behind(PRODUCTION).run_id
    model = unpickled(registry, run_id)

    # when the API predicts
    with httpx.Client(base_url=service.url, timeout=60, trust_env=False) as api:
        assert api.post("/reload_model").json()["model_version"] == str(version)
        served = [
            api.post("/predict", json=request).raise_for_status().json() for request in requests
        ]

    # and the batch path scores the same encounters as CLEAN holds them
    batch = model.score(clean)

    # then plain MLflow, the API and the batch path agree on probabilities and class
    plain = pd.DataFrame(strangers["answers"][str(version)])
    by_service = [[a["probabilities"][label] for label in schema.CLASSES] for a in served]
    np.testing.assert_allclose(plain[list(PROBABILITY_COLUMNS)], batch, **EXACT)
    np.testing.assert_allclose(by_service, batch, **COMPILED)
    classes = [answer["predicted_class"] for answer in served]
    assert classes == plain["prediction"].tolist() == model.decide(batch).tolist()
    assert len({tuple(row) for row in batch.round(6).tolist()}) > ROWS / 2
