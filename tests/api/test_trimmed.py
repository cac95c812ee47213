"""The service runs on the trimmed libraries of its image."""

import compileall
import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import Distribution
from importlib.util import cache_from_source
from pathlib import Path

import httpx
import pandas as pd
import pyarrow.parquet as pq
import pytest

from readmission.domain import schema
from readmission.domain.schema import example
from readmission.modelling.fitting import Fit
from readmission.quality.report.overview import Overview
from readmission.quality.report.summary import FILE, summarise
from readmission.settings import CHECKOUT
from readmission.stack.services import object_store
from tests.api.models import put_into_production, raw_encounters, small_fit
from tests.api.serving import running
from tests.conftest import Platform
from tests.locks import locked

IMAGE_MEGABYTES, BASE_MEGABYTES = 600, 130
ABSENT = ("sklearn", "databricks.sdk", "pyarrow._flight", "numpy.tests", "onnxruntime.tools")


@pytest.fixture(scope="module")
def packages() -> Iterator[Path]:
    """The packages of the API's lock, trimmed as in the image."""
    with tempfile.TemporaryDirectory(prefix="readmission-trimmed-") as folder:
        for installed in locked("api"):
            copy_distribution(installed, Path(folder))
        # As in the image; here, only modules that were imported may be compiled.
        compileall.compile_dir(folder, quiet=2, workers=0)
        subprocess.run(
            [sys.executable, CHECKOUT / "docker" / "trim_api.py", folder],
            check=True, capture_output=True,
        )  # fmt: skip
        yield Path(folder)


def copy_distribution(installed: Distribution, folder: Path) -> None:
    """Copy the files of an installed distribution and their bytecode."""
    for file in installed.files or ():
        if ".." in file.parts:
            continue
        source, target = Path(str(file.locate())), folder / file
        copied = [(source, target)]
        if source.suffix == ".py":
            copied.append((Path(cache_from_source(source)), Path(cache_from_source(target))))
        for there, here in copied:
            if there.exists():
                here.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(there, here)


def test_the_image_stays_below_its_size_limit(packages: Path) -> None:
    size = sum(path.stat().st_size for path in packages.rglob("*") if path.is_file())

    assert size < (IMAGE_MEGABYTES - BASE_MEGABYTES) * 1_000_000


def test_the_service_needs_none_of_the_removed_files(
    packages: Path,
    platform: Platform,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given boosted trees in the registry, and a service that sees the trimmed packages only
    settings = platform.settings.model_copy(
        update={"model_name": "served_trimmed", "experiment": "served_trimmed"}
    )
    fitted = small_fit("xgboost")
    put_into_production(settings, fitted, "batch-0001")
    publish_reports(platform)
    monkeypatch.setenv("PYTHONPATH", f"{packages}:{CHECKOUT / 'include'}")
    for module in ABSENT:
        assert not found_there(module), module
    values = {
        "MODEL_NAME": settings.model_name,
        "DOCS_ENDPOINT": platform.s3_endpoint,
        "DOCS_ACCESS_KEY": platform.site.credentials.docs_access_key,
        "DOCS_SECRET_KEY": platform.site.credentials.docs_secret_key,
    }

    with (
        running(
            tmp_path / "log", mlflow_uri=platform.mlflow_uri, settings=values,
            program=("-S", "-m", "api"),
        ) as service,
        httpx.Client(base_url=service.url, trust_env=False, timeout=60) as http,
    ):  # fmt: skip
        # then it predicts with the compiled model, explains, and reads files and reports
        assert http.post("/reload_model").status_code == 200
        assert_predicts(http, fitted)
        assert http.post("/explain", json=example()).json()["contributions"]
        assert http.get("/quality").status_code == 200


def found_there(module: str) -> bool:
    """Whether a program with the same packages as the service finds a module."""
    question = f"import importlib.util as u; raise SystemExit(not u.find_spec({module!r}))"
    found = subprocess.run([sys.executable, "-S", "-c", question], capture_output=True, check=False)
    return found.returncode == 0


def publish_reports(platform: Platform) -> None:
    content = summarise(Overview(lost="nothing"), datetime.now(UTC))
    store = object_store.client(platform.site)
    store.put_object(Bucket="data-docs", Key=FILE, Body=content.encode())


def assert_predicts(http: httpx.Client, fit: Fit) -> None:
    """Check that one encounter and a Parquet file get the predictions of the model."""
    rows = pd.DataFrame([example()])
    expected = fit.model.predict_proba(rows)[0].tolist()
    response = http.post("/predict", json=example())
    assert list(response.json()["probabilities"].values()) == pytest.approx(expected, abs=1e-6)

    rows = raw_encounters(50)[list(schema.FEATURE_NAMES)]
    numbers = {column.name: "int64" for column in schema.FEATURES if column.is_number}
    content = rows.astype(numbers).to_parquet(index=False)
    headers = {"content-type": "application/vnd.apache.parquet"}
    response = http.post("/predict/batch", content=content, headers=headers)
    assert response.status_code == 200, response.text
    assert response.text.count('"predicted_class"') == len(rows)
    response = http.post(
        "/predict/batch", params={"answer": "parquet"}, content=content, headers=headers
    )
    assert pq.read_table(io.BytesIO(response.content)).num_rows == len(rows)
