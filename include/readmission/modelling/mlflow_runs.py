"""One MLflow run per fitted model: parameters, metrics, lineage, plots and the model itself."""

import hashlib
import importlib.metadata
import json
import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
from mlflow.types.schema import AnyType

import readmission
from readmission.domain import schema
from readmission.domain.columns import earlier_stays
from readmission.errors import BundleRefused
from readmission.modelling.bundling import write_bundle
from readmission.modelling.encoder import has_history
from readmission.modelling.evaluation.metrics import prefixed
from readmission.modelling.families import family
from readmission.modelling.fitting import LOCAL, Fit
from readmission.modelling.model import PROBABILITY_COLUMNS, ReadmissionModel
from readmission.modelling.plots import draw, save
from readmission.serving import card
from readmission.serving.bundle import FOLDER, FORMAT
from readmission.serving.card.attributes import chai, hti_1
from readmission.serving.card.rendering import html, markdown
from readmission.serving.signature import Signer, TrustedKeys

log = logging.getLogger(__name__)

NOT_SERVABLE = "not_servable"
"""Tag of a run whose model cannot be compiled; its value is the reason."""

_UNTAGGED = "07616681184d"  # The contract of releases up to 0.2.0, which wrote no such tag.
_OPENED = {"bundle_format": str(FORMAT), "schema_version": schema.VERSION}

_RUNTIME = (
    "mlflow",
    "numpy",
    "onnxruntime",
    "pandas",
    "pyarrow",
    "pydantic-settings",
    "scikit-learn",
)
_LIBRARY = Path(readmission.__file__).parent
_SHIPPED = ("errors.py", "domain", "serving", "modelling")
"""Files and folders of the library that ship with a registered model."""
_ARCHIVE = "library.zip"
_PACKAGE = f'''"""The library's code that this model imports, in one archive."""

from pathlib import Path

__version__ = "{readmission.__version__}"
__path__ = [str(Path(__file__).with_name("{_ARCHIVE}"))]
'''
"""The package that replaces `readmission` in a registered model."""


@dataclass(frozen=True)
class Lineage:
    """The data that a model was trained on.

    Parameters
    ----------
    batch_id : str
        Newest batch.
    batches : int
        Number of accepted batches up to it.
    rows : int
        Number of train and validation rows.
    data_sha256 : str
        Hash of those rows.
    data_source : str
        ``uci``, ``file``, ``synthetic``, or several joined by ``+``.
    lock_sha256, commit : str
        The lock of the packages and the commit of the code that train on them, if they are known.
    """

    batch_id: str
    batches: int
    rows: int
    data_sha256: str
    data_source: str
    lock_sha256: str = "unknown"
    commit: str = "unknown"

    def tags(self) -> dict[str, str]:
        """Return the lineage as MLflow tags."""
        return {name: str(value) for name, value in vars(self).items()}


def bundle_tags(signer: Signer) -> dict[str, str]:
    """Return the tags that say which versions and keys can open a run's bundle."""
    return _OPENED | {"signed_by": signer.key_id}


def is_current(tags: Mapping[str, str], trusted: TrustedKeys) -> bool:
    """Whether a run or registered version with these tags was trained for what this version opens.

    It also opens a model of a contract that has only gained values since, but should replace it.
    """
    found = {"schema_version": _UNTAGGED} | dict(tags)
    return found.items() >= _OPENED.items() and tags.get("signed_by") in trusted.by_id


def code_tags(name: str) -> dict[str, str]:
    """Return the tags that say which family, library code and packages made a run.

    The code includes the parameters of the family. Runs with equal tags, on the same data, fit the
    same model.
    """
    digest = hashlib.sha256("\n".join(_requirements(name)).encode())
    for file in _shipped_files():
        digest.update(f"{file.relative_to(_LIBRARY)} {file.stat().st_size}\n".encode())
        digest.update(file.read_bytes())
    return {"family": name, "code_sha256": digest.hexdigest()}


def history_tag(*, known: bool) -> dict[str, str]:
    """Return the tag that says whether a model was trained on earlier stays, too."""
    return {"earlier_stays": "known" if known else "unknown"}


def find_run(
    client: MlflowClient,
    experiment_id: str,
    lineage: Lineage,
    family: str,
    signer: Signer,
    *,
    history: bool,
    engine: str = LOCAL,
) -> str | None:
    """Return the finished run of this family on exactly this data, if there is one.

    A repeated training uses it to skip the fits that have already finished. A run of other code or
    of another engine, whose bundle has an older format, or is signed with another key, is not found
    and so is trained again.
    """
    wanted = {"batch_id": lineage.batch_id, "data_sha256": lineage.data_sha256}
    wanted |= bundle_tags(signer) | code_tags(family) | history_tag(known=history)
    wanted["engine"] = engine
    condition = " and ".join(f"tags.{name} = '{value}'" for name, value in wanted.items())
    runs = client.search_runs(
        [experiment_id], f"attributes.status = 'FINISHED' and {condition}", max_results=1
    )
    return runs[0].info.run_id if runs else None


def log_fit(
    fit: Fit,
    lineage: Lineage,
    experiment_id: str,
    artifacts: Mapping[str, Any],
    signer: Signer,
) -> str:
    """Log a fit as one MLflow run and return the run's id.

    If logging fails, MLflow marks the run as failed. A model that cannot be compiled is not logged,
    so it cannot be registered; the run's tag ``not_servable`` has the reason.

    Parameters
    ----------
    fit : Fit
        The model and its validation rows.
    lineage : Lineage
        The data it was trained on.
    experiment_id : str
        Experiment of the run.
    artifacts : mapping
        Further JSON artifacts by file name.
    signer : Signer
        Signs the model's bundle.
    """
    model = fit.model
    with mlflow.start_run(
        experiment_id=experiment_id,
        run_name=f"{model.family} {lineage.batch_id}",
        tags=lineage.tags()
        | bundle_tags(signer)
        | code_tags(model.family)
        | history_tag(known=has_history(model.encoder))
        | {"engine": fit.engine},
    ) as run:
        mlflow.log_params({**_parameters(model), **fit.extent})
        _log_plots(fit, f"data: {lineage.data_source}, up to {lineage.batch_id}")
        for name, content in artifacts.items():
            mlflow.log_dict(content, name)
        try:
            model_id = _log_model(fit, lineage, signer)
        except BundleRefused as refused:
            log.warning("the %s is not logged: %s", model.family, refused)
            mlflow.set_tag(NOT_SERVABLE, str(refused))
            model_id = None
        # Logged last, with the model's id: MLflow links earlier metrics to the model one by one.
        metrics = prefixed(fit.metrics, "val") | {"fit_seconds": fit.fit_seconds}
        mlflow.log_metrics(metrics, model_id=model_id)
    return str(run.info.run_id)


def signature(*, history: bool = False) -> ModelSignature:
    """Return the model's signature: raw encounters in, a class and probabilities out.

    With `history`, the fields of earlier stays are optional inputs.

    The columns have any type, because `readmission.domain.columns.Column.read` reads numbers and
    text alike: `pandas.read_csv` makes integers of the codes of admission, for example.
    """
    inputs = [ColSpec(AnyType(), c.name, required=not c.nullable) for c in schema.FEATURES]
    if history:
        inputs += [ColSpec(AnyType(), name, required=False) for name in earlier_stays.NAMES]
    outputs = [ColSpec("string", "prediction")]
    outputs += [ColSpec("double", name) for name in PROBABILITY_COLUMNS]
    outputs.append(ColSpec("boolean", "eligible"))
    return ModelSignature(Schema(inputs), Schema(outputs))


def _parameters(model: ReadmissionModel) -> Mapping[str, object]:
    weights = zip(schema.CLASSES, model.weights, strict=True)
    # MLflow does not allow < or > in the name of a parameter.
    named = {"NO": "no", ">30": "over_30", "<30": "under_30"}
    return model.estimator.get_params() | {
        f"decision_weight_{named[label]}": weight for label, weight in weights
    }


def _log_plots(fit: Fit, subtitle: str) -> None:
    with TemporaryDirectory() as folder:
        for name, figure in draw(fit, subtitle).items():
            save(figure, Path(folder) / name)
        mlflow.log_artifacts(folder, "plots")


def _log_model(fit: Fit, lineage: Lineage, signer: Signer) -> str:
    """Log the model with its serving bundle and the code that it imports; return its id."""
    with warnings.catch_warnings(), TemporaryDirectory() as folder:
        warnings.simplefilter(
            "ignore"
        )  # MLflow asks for type hints, but the signature is explicit.
        logging.getLogger("mlflow").setLevel(logging.ERROR)
        made_by = code_tags(fit.model.family) | {
            "packages": ", ".join(_requirements(fit.model.family))
        }
        data = {**vars(lineage), **made_by, **fit.extent}
        bundle = write_bundle(Path(folder) / FOLDER, fit, data, signer)
        _log_card(json.loads((bundle / card.FILE).read_text()))
        logged = mlflow.pyfunc.log_model(
            name="model",
            python_model=fit.model,
            artifacts={FOLDER: str(bundle)},
            code_paths=[_serving_code(Path(folder))],
            signature=signature(history=has_history(fit.model.encoder)),
            input_example=pd.DataFrame([schema.example()]),
            pip_requirements=_requirements(fit.model.family),
        )
    return str(logged.model_id)


def _log_card(found: Mapping[str, Any]) -> None:
    """Log the model's card for people, and in the fields of two standards."""
    mlflow.log_text(markdown(found), "card/card.md")
    mlflow.log_text(html(found), "card/card.html")
    mlflow.log_dict({"hti_1": hti_1(found), "chai": chai(found)}, "card/card.json")


def _requirements(name: str) -> list[str]:
    distribution = family(name).distribution
    names = sorted((*_RUNTIME, distribution()) if distribution else _RUNTIME)
    return [f"{name}=={importlib.metadata.version(name)}" for name in names]


def _serving_code(folder: Path) -> str:
    """Pack the code that a model imports from this library into a package of two files.

    MLflow uploads file by file, about 15 ms each on the client and again on its server.
    """
    package = folder / _LIBRARY.name
    package.mkdir()
    (package / "__init__.py").write_text(_PACKAGE)
    with ZipFile(package / _ARCHIVE, "w", ZIP_DEFLATED) as archive:
        for file in _shipped_files():
            archive.write(file, file.relative_to(_LIBRARY))
    return str(package)


def _shipped_files() -> list[Path]:
    """Return the files that ship with a model, always in the same order."""
    found = (path for name in _SHIPPED for path in (_LIBRARY / name, *(_LIBRARY / name).rglob("*")))
    return sorted(path for path in found if path.is_file() and path.suffix != ".pyc")
