"""The model store with a real registry: damaged versions are rejected, copies are enough."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from fastapi.testclient import TestClient
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from api.errors import ReloadFailed
from api.main import create_app
from api.metrics import Metrics
from api.model.champion import ChampionHolder
from api.model.registry import RegistryClient
from api.model.store import KEPT_SECONDS, LAST_GOOD, LocalModelStore
from readmission.domain.schema import example
from readmission.errors import BundleRefused
from readmission.modelling.fitting import Fit
from readmission.registry import PREVIOUS, PRODUCTION, Registry
from readmission.registry.rollbacks import rollbacks
from readmission.serving import bundle, golden_rows, signature
from readmission.serving.bundle import MANIFEST, seal
from readmission.serving.onnx_estimator import FILE as ESTIMATOR
from readmission.serving.scorer import TABLES_FILE
from readmission.serving.signature import Signer
from readmission.settings import CHECKOUT, Settings
from readmission.stack.site.ports import free_ports
from tests.api.models import put_into_production
from tests.conftest import Platform
from tests.signing import SIGNER

SOUND, OTHER = "1", "2"
"""Versions; the second one gets damaged."""
Damage = Callable[[Path], None]
Apply = Callable[[Damage], None]


@pytest.fixture(scope="module")
def settings(platform: Platform) -> Settings:
    """Settings of a new registered model."""
    name = f"stored_{uuid4().hex}"
    return platform.settings.model_copy(update={"model_name": name, "experiment": name})


@pytest.fixture(scope="module")
def registry(settings: Settings, fits: tuple[Fit, Fit]) -> Registry:
    """A registry with two versions, the second in production."""
    for number, fit in enumerate(fits, 1):
        put_into_production(settings, fit, f"batch-{number:04}")
    return Registry(settings)


@pytest.fixture(scope="module")
def original(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of the second version as registered."""
    return registry.download_bundle(OTHER, tmp_path_factory.mktemp("original"))


@pytest.fixture
def store(settings: Settings, tmp_path: Path) -> LocalModelStore:
    """A model store in an empty folder."""
    return store_in(tmp_path / "cache", settings)


def store_in(folder: Path, settings: Settings) -> LocalModelStore:
    """Return a model store in a folder."""
    settings = settings.model_copy(update={"model_cache_dir": folder})
    return LocalModelStore(settings, RegistryClient(settings))


@pytest.fixture
def holder(registry: Registry, store: LocalModelStore) -> ChampionHolder:
    """A holder with the first version; the second is in production."""
    registry.set_alias(PRODUCTION, SOUND)
    holder = ChampionHolder(store, Metrics())
    assert holder.reload().registered.version == SOUND
    registry.set_alias(PRODUCTION, OTHER)
    return holder


@pytest.fixture
def damage(registry: Registry, original: Path, tmp_path: Path) -> Iterator[Apply]:
    """Damages the second version in the registry; repairs it afterwards."""
    run_id = registry.client.get_model_version(registry.name, OTHER).run_id
    (output,) = registry.client.get_run(run_id).outputs.model_outputs
    location = registry.client.get_logged_model(output.model_id).artifact_location
    artifacts, place = get_artifact_repository(location), f"artifacts/{bundle.FOLDER}"

    def store_again(folder: Path) -> None:
        artifacts.delete_artifacts(place)
        artifacts.log_artifacts(str(folder), place)

    def apply(change: Damage) -> None:
        folder = Path(shutil.copytree(original, tmp_path / "damaged"))
        change(folder)
        if any(folder.iterdir()):
            store_again(folder)
        else:
            artifacts.delete_artifacts(place)

    yield apply
    store_again(original)


def flip(name: str) -> Damage:
    """Return a function that flips one bit in the middle of a file."""

    def change(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)

    return change


def remove(name: str) -> Damage:
    """Return a function that deletes a file."""
    return lambda folder: (folder / name).unlink()


def overwrite(name: str, text: str) -> Damage:
    """Return a function that replaces the content of a file."""
    return lambda folder: (folder / name).write_text(text) and None


def of_a_contract_with_more_values(folder: Path) -> None:
    """Store a model of another contract, which had a value that today's has not."""
    content = json.loads((folder / TABLES_FILE).read_text())
    content["fields"]["gender"].append(["no longer listed"])
    (folder / TABLES_FILE).write_text(json.dumps(content))
    reseal(folder)
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | {"schema_version": "another"}))
    sign_again(folder)


def of_a_later_format(folder: Path) -> None:
    """Write a manifest with fields that this version does not know."""
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | {"format": 99, "unknown": 1}))
    sign_again(folder)


def with_another_weight(folder: Path) -> None:
    """Change a value that is in the manifest only."""
    manifest = json.loads((folder / MANIFEST).read_text())
    first, *others = manifest["weights"]
    (folder / MANIFEST).write_text(json.dumps(manifest | {"weights": [first + 0.01, *others]}))


def reseal(folder: Path, signer: Signer = SIGNER) -> None:
    """Write and sign a manifest that matches the changed files, as whoever has the key can."""
    manifest = json.loads((folder / MANIFEST).read_text())
    for name in (MANIFEST, signature.FILE):
        (folder / name).unlink(missing_ok=True)
    facts = ("family", "weights", "risk_quantiles")
    seal(folder, signer, **{name: manifest[name] for name in facts})


def sealed_with_another_key(folder: Path) -> None:
    """Sign the bundle with a key that the service does not trust."""
    reseal(folder, Signer(Signer.generate_key()))


def with_the_id_of_a_trusted_key(folder: Path) -> None:
    """Sign with another key and claim to be a trusted one."""
    sealed_with_another_key(folder)
    signed = json.loads((folder / signature.FILE).read_text())
    (folder / signature.FILE).write_text(json.dumps(signed | {"key_id": SIGNER.key_id}))


def sign_again(folder: Path) -> None:
    """Sign the manifest as it is."""
    (folder / signature.FILE).write_text(SIGNER.sign((folder / MANIFEST).read_bytes()))


def with_another_golden_row(folder: Path) -> None:
    """Change the probabilities that one golden row expects."""
    rows = golden_rows.GoldenRows.read(folder / golden_rows.FILE)
    rows.probabilities[17] = np.roll(rows.probabilities[17], 1)
    rows.write(folder / golden_rows.FILE)
    reseal(folder)


def with_wrong_compiled_form(folder: Path) -> None:
    """Shift the encoding of inpatient stays by one."""
    content = json.loads((folder / TABLES_FILE).read_text())
    stays = content["fields"]["number_inpatient"]
    content["fields"]["number_inpatient"] = [
        [value, *following[1:]] for (value, *_), following in pairwise([*stays, stays[-1]])
    ]
    (folder / TABLES_FILE).write_text(json.dumps(content))
    reseal(folder)


def with_unreadable_compiled_form(folder: Path) -> None:
    """Store an ONNX file that the runtime cannot read."""
    (folder / ESTIMATOR).write_bytes(b"from the future")
    reseal(folder)


def empty(folder: Path) -> None:
    """Remove the bundle, as in versions from before models were compiled."""
    shutil.rmtree(folder)
    folder.mkdir()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (flip(ESTIMATOR), ESTIMATOR),
        (flip(TABLES_FILE), TABLES_FILE),
        (flip(golden_rows.FILE), golden_rows.FILE),
        (remove(TABLES_FILE), TABLES_FILE),
        (remove(MANIFEST), f"{MANIFEST} cannot be read"),
        (overwrite(MANIFEST, '{"family": '), "signature is wrong"),
        (with_another_weight, "signature is wrong"),
        (remove(signature.FILE), "is not signed: an earlier version of this project trained it"),
        (overwrite(signature.FILE, "[1]"), f"{signature.FILE} cannot be read"),
        (overwrite(signature.FILE, '{"key_id": [], "signature": ""}'), "a key that is not in"),
        (sealed_with_another_key, "a key that is not in READMISSION_TRUSTED_SIGNING_KEYS"),
        (with_the_id_of_a_trusted_key, "signature is wrong"),
        (
            of_a_contract_with_more_values,
            "trained for gender no longer listed, which this version does not allow; `readmission",
        ),
        (
            of_a_later_format,
            f"format 99, but this version needs {bundle.FORMAT}; `readmission retrain`",
        ),
        (with_wrong_compiled_form, "does not reproduce its golden rows"),
        (with_unreadable_compiled_form, "files cannot be read"),
        (with_another_golden_row, "golden rows: 1 of 200 classes differ"),
        (empty, "has no serving bundle"),
    ],
    ids=[
        *("estimator", "tables", "golden", "table-lost", "manifest-lost", "manifest-cut"),
        *("weight", "unsigned", "signature-list", "key-list", "another-key", "claimed-key"),
        *("contract", "format", "wrong-tables", "unreadable-onnx", "golden-row", "no-bundle"),
    ],
)
def test_a_damaged_version_is_rejected_with_a_reason_and_the_champion_stays(
    holder: ChampionHolder, damage: Apply, change: Damage, message: str
) -> None:
    before = holder.require()
    damage(change)

    with pytest.raises(ReloadFailed, match=f"Version {SOUND} stays the champion") as caught:
        holder.reload()

    assert message in caught.value.message
    assert holder.failure is not None
    assert message in holder.failure.message
    assert holder.require() is before
    assert before.model.predict(example()).predicted_class


def test_a_damaged_version_cannot_be_rolled_back_to(
    registry: Registry,
    damage: Apply,
    settings: Settings,
    tmp_path: Path,
) -> None:
    # given a version in production, and a damaged previous version
    registry.set_alias(PRODUCTION, SOUND)
    registry.set_alias(PREVIOUS, OTHER)
    damage(with_another_golden_row)
    changes = {"model_cache_dir": tmp_path / "cache", "api_anonymous_role": "admin"}
    before = rollbacks(registry)
    with TestClient(create_app(settings.model_copy(update=changes))) as service:
        assert service.post("/reload_model").json()["model_version"] == SOUND

        # when a rollback is requested, twice
        for _ in range(2):
            response = service.post("/rollback", json={"reason": "too many alarms"})

            # then nothing has changed
            assert response.status_code == 409
            assert "Nothing was changed" in response.json()["message"]
            assert registry.version_of(PRODUCTION) == SOUND
            assert service.get("/health").json()["model_version"] == SOUND
    assert rollbacks(registry) == before


def assert_predicts(fit: Fit, probabilities: object) -> None:
    """Check the probabilities of a fit for the example encounter."""
    import pandas as pd

    expected = fit.model.predict_proba(pd.DataFrame([example()]))[0]
    assert probabilities == pytest.approx(expected.tolist(), abs=1e-5)


def test_a_damaged_local_copy_is_downloaded_again(
    holder: ChampionHolder, store: LocalModelStore, settings: Settings, fits: tuple[Fit, Fit]
) -> None:
    # given a damaged copy of a version
    champion = holder.reload()
    folder = copy_of(store, OTHER)
    flip(ESTIMATOR)(folder)
    assert store.last_good() is None

    # when it is loaded again
    again = holder.reload()

    # then model and copy are as registered
    assert again.registered == champion.registered
    assert_predicts(fits[1], again.model.predict(example()).probabilities)
    kept = store.last_good()
    assert kept is not None
    assert kept.registered == champion.registered
    assert not list(folder.parent.glob(".fetching-*"))


def copy_of(store: LocalModelStore, version: str) -> Path:
    """Return the folder with the local copy of a version."""
    (folder,) = store._folder.glob(f"{version}-*")
    return folder


def without_mlflow(settings: Settings) -> Settings:
    """Return settings whose MLflow does not respond."""
    nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
    return settings.model_copy(update={"mlflow_tracking_uri": nowhere})


PROGRAM = """
import json, sys
from itertools import pairwise
from pathlib import Path
from readmission.domain.schema import example
from api.metrics import Metrics
from api.model.champion import ChampionHolder
from api.model.registry import RegistryClient
from api.model.store import LocalModelStore
from readmission.settings import Settings
name, uri, folder, key, method = sys.argv[1:]
settings = Settings(model_name=name, mlflow_tracking_uri=uri, model_cache_dir=Path(folder),
                    trusted_signing_keys=(key,))
holder = ChampionHolder(LocalModelStore(settings, RegistryClient(settings)), Metrics())
getattr(holder, method)()
failure = holder.failure and holder.failure.message
model = holder.require().model
print(json.dumps([model.registered.version, model.predict(example()).probabilities,
                  model.explain(example()).unit, failure]))
"""


def start(settings: Settings, folder: Path, method: str) -> subprocess.Popen[bytes]:
    """Start a process that calls a method of the holder and predicts."""
    where = [settings.model_name, settings.mlflow_tracking_uri, str(folder)]
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *where, SIGNER.public_key, method],
        cwd=CHECKOUT,
        env=os.environ | {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def output_of(started: subprocess.Popen[bytes]) -> list[object]:
    """Return the output of such a process."""
    out, err = started.communicate(timeout=240)
    assert started.returncode == 0, err.decode()[-3_000:]
    values: list[object] = json.loads(out)
    return values


def test_without_mlflow_the_service_starts_from_the_local_copy(
    holder: ChampionHolder, settings: Settings, tmp_path: Path
) -> None:
    expected = holder.reload().model.predict(example()).probabilities

    version, probabilities, unit, _ = output_of(
        start(without_mlflow(settings), tmp_path / "cache", "start")
    )

    assert (version, unit) == (OTHER, "log-odds")
    assert probabilities == expected


def test_several_processes_can_share_the_folder(
    registry: Registry, settings: Settings, tmp_path: Path, fits: tuple[Fit, Fit]
) -> None:
    registry.set_alias(PRODUCTION, OTHER)

    started = [start(settings, tmp_path / "cache", "reload") for _ in range(3)]

    for one in started:
        version, probabilities, _, failure = output_of(one)
        assert (version, failure) == (OTHER, None)
        assert_predicts(fits[1], probabilities)
    left = {
        path.name.split("-")[0] for path in (tmp_path / "cache" / settings.model_name).iterdir()
    }
    assert left == {OTHER, LAST_GOOD.split("-")[0]}


def test_old_copies_are_deleted_and_recent_ones_stay(
    holder: ChampionHolder, store: LocalModelStore
) -> None:
    # given a recent download and copy of another process, and old ones
    folder = copy_of(store, SOUND).parent
    others = [folder / name for name in (".fetching-1", "7-a", ".fetching-2", "6-b")]
    for path in others:
        path.mkdir()
    for path in others[2:]:
        moment = time.time() - 2 * KEPT_SECONDS
        os.utime(path, (moment, moment))

    # when a version is kept
    holder.reload()

    # then the old ones are gone
    assert [path.exists() for path in others] == [True, True, False, False]


def test_a_loaded_model_does_not_need_its_folder(
    holder: ChampionHolder, store: LocalModelStore
) -> None:
    champion = holder.reload()
    shutil.rmtree(store._folder)

    assert champion.model.predict(example())
    assert champion.model.explain(example()).contributions


@pytest.mark.parametrize("trouble", ["no-folder", "no-room"])
def test_a_full_or_missing_disk_does_not_prevent_a_swap(
    registry: Registry,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    trouble: str,
) -> None:
    # given a folder that cannot be created, or a disk with too little space
    folder = tmp_path / "cache"
    if trouble == "no-folder":
        folder.write_text("a file")
    else:
        monkeypatch.setattr("api.model.store.MIN_FREE_BYTES", 1 << 60)
    store = store_in(folder, settings)
    holder = ChampionHolder(store, Metrics())

    # then versions can be swapped and used
    for version in (SOUND, OTHER, SOUND):
        registry.set_alias(PRODUCTION, version)
        assert holder.reload().registered.version == version
        assert holder.require().model.explain(example()).contributions
    assert holder.failure is None
    assert trouble == "no-room" or "kept no local copy of version 1" in caplog.text


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"\xff\xfe", b"../..", b"1-nothing"], ids=repr
)
def test_an_invalid_pointer_means_no_copy_and_no_error(
    store: LocalModelStore, content: bytes
) -> None:
    store._folder.mkdir(parents=True)
    (store._folder / LAST_GOOD).write_bytes(content)

    assert store.last_good() is None


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"../..", b"a folder"], ids=["bytes", "up", "dir"]
)
def test_an_invalid_pointer_is_replaced_by_the_next_model(
    holder: ChampionHolder, store: LocalModelStore, content: bytes
) -> None:
    # given an invalid pointer to the last good copy
    pointer = store._folder / LAST_GOOD
    if content == b"a folder":
        pointer.unlink()
        pointer.mkdir()
    else:
        pointer.write_bytes(content)

    # when another version is promoted
    holder.follow()

    # then it is the champion, and the next start uses it if the pointer can be written
    assert holder.require().registered.version == OTHER
    assert holder.failure is None
    kept = store.last_good()
    assert (kept is not None and kept.registered.version == OTHER) or pointer.is_dir()


def test_an_outage_during_a_download_is_not_reported_as_a_missing_bundle(
    registry: Registry, store: LocalModelStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a version in production
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    wanted = store.current().version

    # when the registry is unavailable for the download
    try:
        cut_off = store_in(store._folder.parent, without_mlflow(settings))
        with pytest.raises(Exception, match="MLflow did not respond") as failed:
            cut_off.open(wanted)
    finally:
        Registry(settings)  # MLflow keeps its address in the process.

    # then the error does not ask to train the model again
    assert not isinstance(failed.value, BundleRefused)
