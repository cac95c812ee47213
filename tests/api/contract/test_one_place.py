"""A field declared in the response model reaches JSON, NDJSON, CSV, Parquet and OpenAPI."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel, Field

from api.contract.explanations.explanation import ExplanationResponse
from api.contract.fields import (
    CELL_TYPES,
    JsonOnly,
    OneColumnPerKey,
    ReadBy,
    columns_of,
    example_of,
    reader_of,
)
from api.contract.predictions import (
    COLUMNS,
    PredictedRow,
    PredictionResponse,
    RejectedRow,
)
from api.contract.problem_details import ErrorResponse
from api.files.parquet_writer import ARROW_TYPES
from readmission.domain import schema
from readmission.domain.schema import example
from readmission.modelling.fitting import Fit
from readmission.settings import CHECKOUT
from tests.api.models import bundle_of
from tests.signing import SIGNER

DECLARED = Path("api", "contract", "predictions.py")
BEFORE = "    risk_percentile: int | None = Field("
NEW_FIELD = """\
    added_field: Annotated[
        Literal["low", "high"],
        ReadBy(lambda made: "high" if made.risk_percentile >= 80 else "low"),
    ] = Field(description="Coarse risk.", examples=["low"])
"""

REQUEST_EVERY_FORM = """
import io, json, sys
from pathlib import Path
import pyarrow.parquet as pq
from fastapi.testclient import TestClient
from api.main import create_app
from api.model.moves import VersionToServe
from readmission.domain.schema import example
from readmission.serving.bundle import open_bundle
from readmission.serving.model import RegisteredVersion, ServedModel
from readmission.serving.signature import TrustedKeys
from readmission.settings import Settings

TRUSTED = TrustedKeys.parse([sys.argv[2]])

class Store:
    version = RegisteredVersion("diabetes_readmission", "1", "run-1", "synthetic")
    def current(self): return VersionToServe(self.version)
    def open(self, version): return ServedModel(version, open_bundle(Path(sys.argv[1]), TRUSTED))
    def keep(self, model): pass
    def last_good(self): return None

with TestClient(create_app(Settings(api_anonymous_role="admin"), Store())) as client:
    assert client.post("/reload_model").status_code == 200
    def upload(answer):
        response = client.post("/predict/batch", params={"answer": answer}, json=[example()] * 2)
        assert response.status_code == 200, response.text
        return response
    table = pq.read_table(io.BytesIO(upload("parquet").content))
    openapi = client.get("/openapi.json").json()
    print(json.dumps({
        "json": client.post("/predict", json=example()).json(),
        "explained": client.post("/explain", json=example()).json(),
        "ndjson": json.loads(upload("ndjson").text.splitlines()[0]),
        "csv": upload("csv").text.splitlines()[0].split(","),
        "parquet": {field.name: str(field.type) for field in table.schema},
        "parquet row": table.to_pylist()[0],
        "schemas": openapi["components"]["schemas"],
        "files": openapi["paths"]["/predict/batch"]["post"]["responses"]["200"]["content"],
    }))
"""


@pytest.fixture(scope="module")
def forms(fits: tuple[Fit, Fit], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every form of a response, from a copy of the service with one more declared field."""
    copy = tmp_path_factory.mktemp("service")
    shutil.copytree(CHECKOUT / "api", copy / "api")
    declared = (copy / DECLARED).read_text()
    assert declared.count(BEFORE) == 1
    (copy / DECLARED).write_text(declared.replace(BEFORE, NEW_FIELD + BEFORE))

    done = subprocess.run(
        [sys.executable, "-c", REQUEST_EVERY_FORM, str(bundle_of(fits[0])), SIGNER.public_key],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": f"{copy}:{CHECKOUT / 'include'}"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_a_declared_field_is_in_every_form_of_json(forms: dict[str, Any]) -> None:
    band = "high" if forms["json"]["risk_percentile"] >= 80 else "low"

    for form in ("json", "explained", "ndjson"):
        assert forms[form]["added_field"] == band, form


def test_a_declared_field_is_a_column_of_csv_and_parquet(forms: dict[str, Any]) -> None:
    for columns in (forms["csv"], list(forms["parquet"])):
        assert columns[columns.index("added_field") + 1] == "risk_percentile"
    assert forms["parquet"]["added_field"] == "string"
    assert forms["parquet row"]["added_field"] == forms["json"]["added_field"]


def test_a_declared_field_is_in_openapi(forms: dict[str, Any]) -> None:
    for model in ("PredictionResponse", "ExplanationResponse", "PredictedRow"):
        described = forms["schemas"][model]["properties"]["added_field"]
        assert described["enum"] == ["low", "high"], model
        assert described["description"] == "Coarse risk."
    files = forms["files"]
    assert files["application/x-ndjson"]["example"]["added_field"] == "low"
    header, row = files["text/csv"]["example"].splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True))["added_field"] == "low"
    assert "added_field" in files["text/csv"]["schema"]["description"]
    assert "`added_field` (str)" in files["application/vnd.apache.parquet"]["schema"]["description"]


def test_json_has_the_declared_fields_in_their_order(service: TestClient) -> None:
    predicted = service.post("/predict", json=example()).json()
    explained = service.post("/explain", json=example()).json()
    rejected = service.post("/predict", json={}).json()

    assert list(predicted) == list(PredictionResponse.model_fields)
    assert list(explained) == list(ExplanationResponse.model_fields)
    assert list(rejected) == list(ErrorResponse.model_fields)
    for body, model in ((predicted, PredictionResponse), (explained, ExplanationResponse)):
        assert model.model_validate(body).model_dump() == body


def test_a_table_has_all_fields_but_those_for_json_only() -> None:
    flat = {column.path[0] for column in COLUMNS}

    assert flat == {*PredictedRow.model_fields, *RejectedRow.model_fields} - {
        "meaning", "problems", "read_as",
    }  # fmt: skip
    assert set(ARROW_TYPES) == set(CELL_TYPES)


class Declared(BaseModel):
    """Fields of every kind that can be declared."""

    text: str = Field(examples=["a"])
    flag: bool = Field(examples=[True])
    maybe: int | None = Field(examples=[None])
    chosen: Literal["x", "y"] = Field(examples=["x"])
    computed: Annotated[int, ReadBy(lambda source: source.maybe + 1)] = Field(examples=[2])
    scores: Annotated[dict[Literal["p", "q"], float], OneColumnPerKey("score")] = Field(
        examples=[{"p": 0.5, "q": 0.5}]
    )
    details: Annotated[list[str], JsonOnly()] = Field(examples=[["why"]])


class Source:
    """An object that the fields are read from."""

    text, flag, maybe, chosen = "b", False, 1, "y"
    scores: dict[str, float] = {"p": 0.25, "q": 0.75}  # noqa: RUF012 - never changed
    details = ("because",)


def test_every_kind_of_field_is_read_and_has_columns() -> None:
    line = reader_of(Declared)(Source)

    assert line == {
        "text": "b", "flag": False, "maybe": 1, "chosen": "y", "computed": 2,
        "scores": {"p": 0.25, "q": 0.75}, "details": ("because",),
    }  # fmt: skip
    assert {column.name: (column.type, column.cell(line)) for column in columns_of(Declared)} == {
        "text": (str, "b"),
        "flag": (bool, False),
        "maybe": (int, 1),
        "chosen": (str, "y"),
        "computed": (int, 2),
        "score_p": (float, 0.25),
        "score_q": (float, 0.75),
    }
    assert all(column.cell({}) is None for column in columns_of(Declared))


def test_a_field_that_fits_no_cell_is_an_error_that_says_what_to_do() -> None:
    class Unfit(BaseModel):
        reasons: list[str]

    with pytest.raises(TypeError, match=r"Unfit\.reasons: .* annotate .* JsonOnly"):
        columns_of(Unfit)


def test_a_field_without_an_example_is_an_error_that_says_what_to_do() -> None:
    class Bare(BaseModel):
        reason: str

    with pytest.raises(TypeError, match=r"Bare\.reason has no example; add Field"):
        example_of(Bare)


def test_the_classes_of_a_mapping_are_those_of_the_contract() -> None:
    names = [column.name for column in COLUMNS if column.path[0] == "probabilities"]

    assert names == [f"probability_{name}" for name in schema.CLASSES]
