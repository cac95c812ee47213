"""A model family is one file, which declares all that fitting, serving and pages need."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from readmission.domain import schema, synthetic
from readmission.domain.cleaning import eligible
from readmission.errors import UnknownFamily
from readmission.modelling import families
from readmission.modelling.bundling import write_bundle
from readmission.modelling.compilation import as_encounters
from readmission.modelling.families import FAMILIES, require_known
from readmission.modelling.plots import draw
from readmission.serving.bundle import open_bundle
from readmission.serving.model import ServedModel
from readmission.serving.onnx_estimator import CompiledEstimator
from readmission.settings import CHECKOUT, Settings
from tests.api.models import registered, small_fit
from tests.signing import SIGNER, TRUSTED

FOLDER = CHECKOUT / "include" / "readmission" / "modelling" / "families"
CODE = ("include", "api", "dags", "plugins", "ui", "grafana", "load/benchmarks/pipeline.py")
ESTIMATORS = ("sklearn", "xgboost", "onnx", "pandas", "mlflow")

FIFTH = '''
"""A family for a test: logistic regression with strong regularisation."""

from dataclasses import replace

from readmission.modelling.families.logistic_regression import FAMILY as LINEAR


def build(threads):
    return LINEAR.build(threads).set_params(C=0.01)


FAMILY = replace(LINEAR, title="Cautious regression", build=build)
'''


def test_every_file_declares_one_family() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}

    assert set(FAMILIES) == files
    assert len({declared.title for declared in FAMILIES.values()}) == len(files)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_onnx_model_predicts_what_the_estimator_does(name: str) -> None:
    random = np.random.default_rng(7)
    rows = random.normal(size=(3_000, 12)).astype(np.float32)
    estimator = FAMILIES[name].build(1).fit(rows, random.integers(0, 3, len(rows)))

    compiled = CompiledEstimator(FAMILIES[name].to_onnx(estimator, 12))

    for encoded in (rows, *next_to_thresholds(name, estimator)):
        assert (
            np.abs(compiled.predict_proba(encoded) - estimator.predict_proba(encoded)).max() < 1e-5
        )


@pytest.mark.parametrize("name", FAMILIES)
def test_trees_give_a_row_the_same_digits_alone_and_among_others(name: str) -> None:
    random = np.random.default_rng(7)
    rows = random.normal(size=(1_000, 12)).astype(np.float32)
    estimator = FAMILIES[name].build(1).fit(rows, random.integers(0, 3, len(rows)))

    compiled = CompiledEstimator(FAMILIES[name].to_onnx(estimator, 12))

    assert compiled.rows_are_independent == (name != "logistic_regression")
    if compiled.rows_are_independent:
        alone = [compiled.predict_one(rows[i : i + 1]) for i in range(len(rows))]
        for height in (2, 33, 150, len(rows)):
            assert compiled.predict_proba(rows[:height]).tolist() == alone[:height]


def next_to_thresholds(name: str, estimator: Any) -> Iterator[Any]:
    """Yield rows of values on either side of the thresholds, which show how they are rounded."""
    match name:
        case "random_forest":
            found = [tree.tree_.threshold for tree in estimator.estimators_]
        case "hist_gradient_boosting":
            found = [tree.nodes["num_threshold"] for each in estimator._predictors for tree in each]
        case "xgboost":
            found = [estimator.get_booster().trees_to_dataframe()["Split"].dropna().to_numpy()]
        case _:
            return
    near = np.resize(np.unique(np.concatenate(found)).astype(np.float32), (1_000, 12))
    yield near
    yield np.nextafter(near, np.float32(-9))
    yield np.nextafter(near, np.float32(9))


@pytest.mark.parametrize("name", ["hist_gradient_boosting", "xgboost"])
def test_a_missing_value_takes_the_side_that_it_took_at_training(name: str) -> None:
    random = np.random.default_rng(7)
    rows = random.normal(size=(3_000, 12)).astype(np.float32)
    labels = np.digitize(rows[:, 0], [-0.5, 0.5])
    rows[random.random(rows.shape) < 0.3] = np.nan
    estimator = FAMILIES[name].build(1).fit(rows, labels)

    compiled = CompiledEstimator(FAMILIES[name].to_onnx(estimator, 12)).predict_proba(rows)

    assert np.abs(compiled - estimator.predict_proba(rows)).max() < 1e-5


def test_three_families_compete_unless_others_are_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Settings().families == ("logistic_regression", "random_forest", "xgboost")

    monkeypatch.setenv("READMISSION_FAMILIES", "xgboost,hist_gradient_boosting")
    assert Settings.from_environment().families == ("xgboost", "hist_gradient_boosting")


def test_an_unknown_family_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(UnknownFamily, match="'lightgbm' is not a model family") as refused:
        require_known(["xgboost", "lightgbm"])

    assert all(name in str(refused.value) for name in FAMILIES)


def test_listing_the_families_loads_no_library_that_fits() -> None:
    program = (
        "import json, sys; from readmission.modelling.families import FAMILIES;"
        f"print(json.dumps([name for name in {ESTIMATORS!r} if name in sys.modules]))"
    )

    listed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert json.loads(listed.stdout) == []


def test_no_other_code_names_a_family() -> None:
    # given all names and titles; only the settings may name those that compete by default
    names = {*FAMILIES, *(declared.title for declared in FAMILIES.values())}
    allowed = {CHECKOUT / "include" / "readmission" / "settings" / "__init__.py"}

    # then
    typed = [
        f"{path.relative_to(CHECKOUT)}:{node.lineno} {node.value!r}"
        for room in CODE
        for path in ([CHECKOUT / room] if room.endswith(".py") else (CHECKOUT / room).rglob("*.py"))
        if path.parent != FOLDER and path not in allowed
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in names
        if not is_an_import_of_xgboost(path, node.value)
    ]
    assert typed == []


def is_an_import_of_xgboost(path: Path, name: object) -> bool:
    """Whether the name is that of the package, which is preloaded or whose version is shown."""
    return name == "xgboost" and path.name in {"airflow.py", "serving.py"}


def test_a_family_that_is_only_a_file_is_fitted_compiled_explained_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a file that is not mentioned anywhere
    (tmp_path / "cautious_regression.py").write_text(FIFTH)
    monkeypatch.setattr(families, "__path__", [*families.__path__, str(tmp_path)])
    monkeypatch.setattr(families, "FAMILIES", families.declared())

    # when
    fitted = small_fit("cautious_regression")
    folder = write_bundle(tmp_path / "bundle", fitted, {"batch_id": "batch-0001"}, SIGNER)
    bundle = open_bundle(folder, TRUSTED)

    # then
    assert bundle.scorer.runtime == "compiled"
    assert bundle.card["title"] == "Cautious regression"
    raw = synthetic.encounters(20, seed=5).to_pandas()
    raw = raw[eligible(raw)]
    encounters = as_encounters(raw[list(schema.FEATURE_NAMES)])
    served = ServedModel(registered("1"), bundle)
    probabilities = [found.probabilities for found in served.predict_many(encounters) if found]
    np.testing.assert_allclose(probabilities, fitted.model.predict_proba(raw), atol=1e-6)
    assert served.explain(encounters[0]).unit == "log-odds"
    heading = draw(fitted, "synthetic")["calibration.png"].get_suptitle()
    assert heading.startswith("Cautious regression")
