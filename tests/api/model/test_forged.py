"""A model that somebody registers by hand is refused wherever models are opened, and runs no code.

Whoever reaches MLflow can log a run, register its model and move an alias. The forged versions here
are what they could make without the key that signs models.
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import mlflow
import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from api.model.registry import RegistryClient
from api.model.store import LocalModelStore
from readmission.domain.schema import example
from readmission.errors import BundleRefused
from readmission.modelling.fitting import Fit
from readmission.registry import PRODUCTION, Registry, artifacts
from readmission.serving import card, signature
from readmission.serving.bundle import FOLDER, LARGEST, MANIFEST, open_bundle
from readmission.serving.explainers import LINEAR, LOG_ODDS
from readmission.serving.model import RegisteredVersion
from readmission.serving.signature import Signer
from readmission.settings import Settings
from tests.api.models import bundle_of, put_into_production, small_fit
from tests.conftest import Platform
from tests.signing import SIGNER, TRUSTED

Forge = Callable[[Path], None]


class CodeOnLoad(mlflow.pyfunc.PythonModel):
    """A model whose pickle creates a file when it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Path]]:
        return Path.touch, (self.marker,)

    def predict(self, context, model_input):  # type: ignore[no-untyped-def]
        """Predict nothing."""


def as_before_signatures(folder: Path) -> None:
    """Write a manifest of format 2, whose digest needs no key, that asks for the pickle."""
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest |= {"format": 2, "not_compiled": "it does not compile", "sha256": ""}
    digest = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest | {"sha256": digest}))
    (folder / signature.FILE).unlink()


def signed_by_a_stranger(folder: Path) -> None:
    """Sign the manifest with a key of the attacker."""
    signed = Signer(Signer.generate_key()).sign((folder / MANIFEST).read_bytes())
    (folder / signature.FILE).write_text(signed)


def with_the_signature_of_another_model(folder: Path) -> None:
    """Change the decision weights below a genuine signature."""
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | {"weights": [0, 0, 1]}))


@pytest.fixture
def settings(platform: Platform, tmp_path: Path) -> Settings:
    """Settings of a new registered model, with an empty folder for local copies."""
    name = f"forged_{uuid4().hex}"
    changes = {"model_name": name, "experiment": name, "model_cache_dir": tmp_path / "copies"}
    return platform.settings.model_copy(update=changes)


def register_forged(registry: Registry, bundle: Path, marker: Path) -> str:
    """Register a version with this bundle, and with a pickle that creates the marker."""
    with mlflow.start_run(experiment_id=registry.experiment_id()) as run:
        mlflow.pyfunc.log_model(
            name="model",
            python_model=CodeOnLoad(marker),
            artifacts={FOLDER: str(bundle)},
            pip_requirements=["mlflow"],  # Otherwise MLflow loads the model to infer them.
        )
    tags = {"bundle_format": "5", "signed_by": SIGNER.key_id, "verdict": "promoted"}
    return registry.register(run.info.run_id, tags)


@pytest.mark.parametrize(
    ("forge", "message"),
    [
        (as_before_signatures, "the model is not signed"),
        (signed_by_a_stranger, "a key that is not in READMISSION_TRUSTED_SIGNING_KEYS"),
        (with_the_signature_of_another_model, "the model's signature is wrong"),
    ],
)
def test_a_forged_version_is_refused_everywhere_and_runs_no_code(
    settings: Settings, fits: tuple[Fit, Fit], tmp_path: Path, forge: Forge, message: str
) -> None:
    # given a genuine champion, and a forged version to which the alias was moved
    registry, marker = Registry(settings), tmp_path / "code-ran"
    genuine = put_into_production(settings, fits[0], "batch-0001")
    bundle = Path(shutil.copytree(bundle_of(fits[1]), tmp_path / FOLDER))
    forge(bundle)
    changes = {"api_anonymous_role": "admin", "model_poll_seconds": 3600}
    with TestClient(create_app(settings.model_copy(update=changes))) as service:
        assert service.post("/reload_model").json()["model_version"] == genuine
        forged = register_forged(registry, bundle, marker)
        registry.set_alias(PRODUCTION, forged)

        # when the service follows the alias, then the genuine version stays the champion
        holder = service.app.state.service.holder  # type: ignore[attr-defined]
        holder.follow()
        assert message in holder.failure.message
        assert holder.require().registered.version == genuine
        assert holder.require().model.predict(example()).predicted_class

    # and the promotion does not open it either
    with pytest.raises(BundleRefused, match=message):
        registry.open(forged, TRUSTED)
    assert not marker.exists()


def test_the_forged_pickle_would_run_code(
    settings: Settings, fits: tuple[Fit, Fit], tmp_path: Path
) -> None:
    # given
    registry, marker = Registry(settings), tmp_path / "code-ran"
    version = register_forged(registry, bundle_of(fits[1]), marker)

    # when MLflow loads it, which this project never does
    with pytest.raises(Exception, match="load_context"):
        mlflow.pyfunc.load_model(f"models:/{registry.name}/{version}")

    # then
    assert marker.exists()


@pytest.mark.parametrize(
    "place",
    [
        "mlflow-artifacts://attacker:5000/1/models/m-1/artifacts",
        "http://attacker/1",
        "s3://attacker/1",
        "file:///etc",
        "/etc",
        "mlflow-artifacts:/1/../2",
        "mlflow-artifacts://[broken/1",
    ],
)
def test_no_password_goes_to_a_host_that_a_version_names(place: str) -> None:
    artifacts.require_own("version 1", "mlflow-artifacts:/1/models/m-1/artifacts")

    with pytest.raises(BundleRefused, match="not in MLflow's own store"):
        artifacts.require_own("version 1", place)


def test_a_run_id_that_is_a_path_reaches_no_other_folder(tmp_path: Path) -> None:
    settings = Settings(model_cache_dir=tmp_path / "copies")
    store = LocalModelStore(settings, RegistryClient(settings))

    with pytest.raises(BundleRefused, match="no valid run id"):
        store.open(RegisteredVersion(settings.model_name, "2", "/../../../spool", "file"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (signature.FILE, "[" * LARGEST[signature.FILE]),
        (signature.FILE, " " * (LARGEST[signature.FILE] + 1)),
        (MANIFEST, " " * (LARGEST[MANIFEST] + 1)),
    ],
    ids=["nested signature", "long signature", "long manifest"],
)
def test_what_is_read_before_it_is_verified_is_small(
    fits: tuple[Fit, Fit], tmp_path: Path, name: str, content: str
) -> None:
    bundle = Path(shutil.copytree(bundle_of(fits[0]), tmp_path / FOLDER))
    (bundle / name).write_text(content)

    with pytest.raises(BundleRefused, match=r"too large|cannot be read"):
        open_bundle(bundle, TRUSTED)


def test_a_file_that_was_added_to_a_signed_bundle_is_not_read(tmp_path: Path) -> None:
    # given a signed model that explains itself with one file, and another one, put beside it
    fitted = small_fit("xgboost")
    bundle = Path(shutil.copytree(bundle_of(fitted), tmp_path / FOLDER))
    (bundle / LINEAR).write_bytes(b"not signed")

    # then its own explainer is made
    assert open_bundle(bundle, TRUSTED).make_explainer().unit == LOG_ODDS


def test_a_signed_bundle_that_lacks_a_file_is_refused_whatever_is_put_in_its_place(
    fits: tuple[Fit, Fit], tmp_path: Path
) -> None:
    bundle = Path(shutil.copytree(bundle_of(fits[0]), tmp_path / FOLDER))
    manifest = json.loads((bundle / MANIFEST).read_text())
    del manifest["files"][card.FILE]
    (bundle / MANIFEST).write_text(json.dumps(manifest))
    (bundle / signature.FILE).write_text(SIGNER.sign((bundle / MANIFEST).read_bytes()))

    with pytest.raises(BundleRefused, match=card.FILE):
        open_bundle(bundle, TRUSTED)


def test_a_bundle_with_more_than_a_bundle_has_is_not_downloaded(
    settings: Settings, fits: tuple[Fit, Fit], tmp_path: Path
) -> None:
    registry = Registry(settings)
    registry.experiment_id()
    bundle = Path(shutil.copytree(bundle_of(fits[0]), tmp_path / FOLDER))
    (bundle / "folder").mkdir()
    (bundle / "folder" / "more").write_bytes(b"more")
    version = register_forged(registry, bundle, tmp_path / "marker")

    with pytest.raises(BundleRefused, match="training writes files only"):
        registry.open(version, TRUSTED)
