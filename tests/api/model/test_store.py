"""Models fetched from a real registry: what is damaged is refused, what is kept is enough."""

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
from api.model.store import KEPT_SECONDS, LAST_GOOD, RegistryStore
from readmission.domain.schema import example
from readmission.errors import BundleRefused
from readmission.modelling.fitting import Fit
from readmission.registry import PREVIOUS, PRODUCTION, Registry
from readmission.serving import bundle, golden_rows
from readmission.serving.bundle import MANIFEST, seal
from readmission.serving.onnx_estimator import FILE as ESTIMATOR
from readmission.serving.scorers import TABLES_FILE
from readmission.settings import CHECKOUT, Settings
from readmission.stack.site.ports import free_ports
from tests.api.models import put_into_production
from tests.conftest import Platform

SOUND, OTHER = "1", "2"
"""Versions; the second is the one that comes to harm."""
Harm = Callable[[Path], None]


@pytest.fixture(scope="module")
def settings(platform: Platform) -> Settings:
    """Of a registered model of our own."""
    name = f"stored_{uuid4().hex}"
    return platform.settings.model_copy(update={"model_name": name, "experiment": name})


@pytest.fixture(scope="module")
def registry(settings: Settings, fits: tuple[Fit, Fit]) -> Registry:
    """Two registered versions; the second went into production last."""
    for number, fit in enumerate(fits, 1):
        put_into_production(settings, fit, f"batch-{number:04}")
    return Registry(settings)


@pytest.fixture(scope="module")
def original(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What serves the second version, as it was registered."""
    return registry.download_bundle(OTHER, tmp_path_factory.mktemp("original"))


@pytest.fixture
def store(settings: Settings, tmp_path: Path) -> RegistryStore:
    """The registry with an empty folder of its own."""
    return RegistryStore(settings.model_copy(update={"model_cache_dir": tmp_path / "cache"}))


@pytest.fixture
def holder(registry: Registry, store: RegistryStore) -> ChampionHolder:
    """The first version serves."""
    registry.set_alias(PRODUCTION, SOUND)
    holder = ChampionHolder(store, Metrics())
    assert holder.reload().registered.version == SOUND
    registry.set_alias(PRODUCTION, OTHER)
    return holder


@pytest.fixture
def harmed(registry: Registry, original: Path, tmp_path: Path) -> Iterator[Callable[[Harm], None]]:
    """Does harm to what the registry stores with the second version; mends it afterwards."""
    run_id = registry.client.get_model_version(registry.name, OTHER).run_id
    (output,) = registry.client.get_run(run_id).outputs.model_outputs
    location = registry.client.get_logged_model(output.model_id).artifact_location
    artifacts, place = get_artifact_repository(location), f"artifacts/{bundle.FOLDER}"

    def store_again(folder: Path) -> None:
        artifacts.delete_artifacts(place)
        artifacts.log_artifacts(str(folder), place)

    def harm(change: Harm) -> None:
        folder = Path(shutil.copytree(original, tmp_path / "harmed"))
        change(folder)
        if any(folder.iterdir()):
            store_again(folder)
        else:
            artifacts.delete_artifacts(place)

    yield harm
    store_again(original)


def flip(name: str) -> Harm:
    """Return how one byte in the middle of a file is changed."""

    def change(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)

    return change


def remove(name: str) -> Harm:
    """Return how a file is lost."""
    return lambda folder: (folder / name).unlink()


def overwrite(name: str, text: str) -> Harm:
    """Return how a file gets another content."""
    return lambda folder: (folder / name).write_text(text) and None


def of_another_schema(folder: Path) -> None:
    """Make the manifest one of another contract."""
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | {"schema_version": "another"}))


def with_another_weight(folder: Path) -> None:
    """Change one digit of what no other file repeats."""
    manifest = json.loads((folder / MANIFEST).read_text())
    first, *others = manifest["weights"]
    (folder / MANIFEST).write_text(json.dumps(manifest | {"weights": [first + 0.01, *others]}))


def reseal(folder: Path) -> None:
    """Write a manifest that fits the files, as somebody would who changed them on purpose."""
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).unlink()
    facts = ("family", "weights", "risk_quantiles", "not_compiled")
    seal(folder, **{name: manifest[name] for name in facts})


def with_another_golden_row(folder: Path) -> None:
    """Let one golden row expect a probability that neither form of the model gives."""
    rows = golden_rows.GoldenRows.read(folder / golden_rows.FILE)
    rows.probabilities[17] = np.roll(rows.probabilities[17], 1)
    rows.write(folder / golden_rows.FILE)
    reseal(folder)


def with_wrong_compiled_form(folder: Path) -> None:
    """Let the tables take each inpatient stay for one more than it is."""
    content = json.loads((folder / TABLES_FILE).read_text())
    stays = content["fields"]["number_inpatient"]
    content["fields"]["number_inpatient"] = [
        [value, *following[1:]] for (value, *_), following in pairwise([*stays, stays[-1]])
    ]
    (folder / TABLES_FILE).write_text(json.dumps(content))
    reseal(folder)


def with_unreadable_compiled_form(folder: Path) -> None:
    """Store an ONNX file of a kind this runtime does not know."""
    (folder / ESTIMATOR).write_bytes(b"from the future")
    reseal(folder)


def empty(folder: Path) -> None:
    """Leave nothing, as in a version that was registered before models were compiled."""
    shutil.rmtree(folder)
    folder.mkdir()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (flip(ESTIMATOR), ESTIMATOR),
        (flip(TABLES_FILE), TABLES_FILE),
        (flip(golden_rows.FILE), golden_rows.FILE),
        (remove(TABLES_FILE), TABLES_FILE),
        (remove(MANIFEST), f"{MANIFEST} cannot be read"),
        (overwrite(MANIFEST, '{"family": '), f"{MANIFEST} cannot be read"),
        (overwrite(MANIFEST, "[1]"), f"{MANIFEST} cannot be read"),
        (of_another_schema, "schema_version another"),
        (with_another_weight, f"{MANIFEST} is not as it was at training"),
        (with_another_golden_row, "golden rows otherwise than at training"),
        (empty, "has no serving bundle"),
    ],
    ids=[
        *("estimator", "tables", "golden", "table-lost", "manifest-lost", "manifest-cut"),
        *("manifest-list", "schema", "weight", "golden-row", "no-bundle"),
    ],
)
def test_a_damaged_version_is_refused_by_name_and_the_old_model_stays(
    holder: ChampionHolder, harmed: Callable[[Harm], None], change: Harm, told: str
) -> None:
    before = holder.require()
    harmed(change)

    with pytest.raises(ReloadFailed, match=f"Version {SOUND} goes on answering") as refused:
        holder.reload()

    assert told in refused.value.message
    assert holder.failure is not None
    assert told in holder.failure.message
    assert holder.require() is before
    assert before.model.predict(example()).predicted_class


def test_a_version_that_cannot_serve_is_not_gone_back_to(
    registry: Registry,
    harmed: Callable[[Harm], None],
    settings: Settings,
    tmp_path: Path,
) -> None:
    # given a version in production, and the one before it damaged
    registry.set_alias(PRODUCTION, SOUND)
    registry.set_alias(PREVIOUS, OTHER)
    harmed(with_another_golden_row)
    told = {"model_cache_dir": tmp_path / "cache", "api_anonymous_role": "admin"}
    before = registry.rollbacks()
    with TestClient(create_app(settings.model_copy(update=told))) as service:
        assert service.post("/reload_model").json()["model_version"] == SOUND

        # when somebody wants to go back, and again
        for _ in range(2):
            refused = service.post("/rollback")

            # then nothing has changed anywhere
            assert refused.status_code == 409
            assert "nothing was changed" in refused.json()["message"]
            assert registry.version_of(PRODUCTION) == SOUND
            assert service.get("/health").json()["model_version"] == SOUND
    assert registry.rollbacks() == before


@pytest.mark.parametrize("change", [with_wrong_compiled_form, with_unreadable_compiled_form])
def test_a_compiled_form_that_answers_otherwise_gives_way_to_the_pipeline(
    holder: ChampionHolder, harmed: Callable[[Harm], None], change: Harm, fits: tuple[Fit, Fit]
) -> None:
    harmed(change)

    champion = holder.reload()

    assert champion.registered.version == OTHER
    assert champion.model.bundle.scorer.runtime == "pipeline"
    assert holder.failure is None
    assert_is(fits[1], champion.model.predict(example()).probabilities)


def assert_is(fit: Fit, probabilities: object) -> None:
    """Check that probabilities are those of a fit for the example."""
    import pandas as pd

    expected = fit.model.predict_proba(pd.DataFrame([example()]))[0]
    assert probabilities == pytest.approx(expected.tolist(), abs=1e-5)


def test_a_damaged_local_copy_is_fetched_anew(
    holder: ChampionHolder, store: RegistryStore, settings: Settings, fits: tuple[Fit, Fit]
) -> None:
    # given a version that lies in the folder, damaged since
    champion = holder.reload()
    place = copy_of(store, OTHER)
    flip(ESTIMATOR)(place)
    assert store.last_good() is None

    # when it is loaded again
    again = holder.reload()

    # then it is as it was registered, and so is the copy
    assert again.registered == champion.registered
    assert_is(fits[1], again.model.predict(example()).probabilities)
    kept = store.last_good()
    assert kept is not None
    assert kept.registered == champion.registered
    assert not list(place.parent.glob(".fetching-*"))


def copy_of(store: RegistryStore, version: str) -> Path:
    """Return where the local copy of a version lies."""
    (place,) = store._folder.glob(f"{version}-*")
    return place


def away(settings: Settings) -> Settings:
    """Return settings whose MLflow does not answer."""
    nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
    return settings.model_copy(update={"mlflow_tracking_uri": nowhere})


STARTED = """
import json, sys
from itertools import pairwise
from pathlib import Path
from readmission.domain.schema import example
from api.metrics import Metrics
from api.model.champion import ChampionHolder
from api.model.store import RegistryStore
from readmission.settings import Settings
name, uri, folder, way = sys.argv[1:]
settings = Settings(model_name=name, mlflow_tracking_uri=uri, model_cache_dir=Path(folder))
holder = ChampionHolder(RegistryStore(settings), Metrics())
getattr(holder, way)()
failure = holder.failure and holder.failure.message
model = holder.require().model
print(json.dumps([model.registered.version, model.predict(example()).probabilities,
                  model.explain(example()).unit, failure]))
"""


def process(settings: Settings, folder: Path, way: str) -> subprocess.Popen[bytes]:
    """Start a process of its own that loads a model and answers."""
    arguments = [settings.model_name, settings.mlflow_tracking_uri, str(folder), way]
    return subprocess.Popen(
        [sys.executable, "-c", STARTED, *arguments],
        cwd=CHECKOUT,
        env=os.environ | {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def said(started: subprocess.Popen[bytes]) -> list[object]:
    """Return what such a process says in the end."""
    out, err = started.communicate(timeout=240)
    assert started.returncode == 0, err.decode()[-3_000:]
    answer: list[object] = json.loads(out)
    return answer


def test_without_mlflow_it_starts_from_the_local_copy(
    holder: ChampionHolder, settings: Settings, tmp_path: Path
) -> None:
    expected = holder.reload().model.predict(example()).probabilities

    version, probabilities, unit, _ = said(process(away(settings), tmp_path / "cache", "start"))

    assert (version, unit) == (OTHER, "log-odds")
    assert probabilities == expected


def test_processes_that_share_the_folder_all_come_to_serve(
    registry: Registry, settings: Settings, tmp_path: Path, fits: tuple[Fit, Fit]
) -> None:
    registry.set_alias(PRODUCTION, OTHER)

    started = [process(settings, tmp_path / "cache", "reload") for _ in range(3)]

    for one in started:
        version, probabilities, _, failure = said(one)
        assert (version, failure) == (OTHER, None)
        assert_is(fits[1], probabilities)
    left = {
        path.name.split("-")[0] for path in (tmp_path / "cache" / settings.model_name).iterdir()
    }
    assert left == {OTHER, LAST_GOOD.split("-")[0]}


def test_what_another_process_may_be_fetching_is_left_alone_and_the_old_is_removed(
    holder: ChampionHolder, store: RegistryStore
) -> None:
    # given another process' half of a download, another version's folder, and leftovers
    folder = copy_of(store, SOUND).parent
    others = [folder / name for name in (".fetching-1", "7-a", ".fetching-2", "6-b")]
    for path in others:
        path.mkdir()
    for path in others[2:]:
        moment = time.time() - 2 * KEPT_SECONDS
        os.utime(path, (moment, moment))

    # when a version is kept
    holder.reload()

    # then only what nobody has touched for long is gone
    assert [path.exists() for path in others] == [True, True, False, False]


def test_a_model_answers_and_explains_after_its_folder_is_gone(
    holder: ChampionHolder, store: RegistryStore
) -> None:
    champion = holder.reload()
    shutil.rmtree(store._folder)

    assert champion.model.predict(example())
    assert champion.model.explain(example()).contributions


@pytest.mark.parametrize("trouble", ["no-folder", "no-room"])
def test_a_folder_that_takes_nothing_does_not_stop_a_swap(
    registry: Registry,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    trouble: str,
) -> None:
    # given a place that no folder can be made in, or a disk with too little room
    folder = tmp_path / "cache"
    if trouble == "no-folder":
        folder.write_text("a file")
    else:
        monkeypatch.setattr("api.model.store.ROOM", 1 << 60)
    store = RegistryStore(settings.model_copy(update={"model_cache_dir": folder}))
    holder = ChampionHolder(store, Metrics())

    # then versions are swapped and answer
    for version in (SOUND, OTHER, SOUND):
        registry.set_alias(PRODUCTION, version)
        assert holder.reload().registered.version == version
        assert holder.require().model.explain(example()).contributions
    assert holder.failure is None
    assert trouble == "no-room" or "no local copy of version 1 is kept" in caplog.text


@pytest.mark.parametrize(
    "litter", [b"", b"nonsense", b"\xff\xfe", b"../..", b"1-nothing"], ids=repr
)
def test_litter_in_place_of_the_pointer_is_no_copy_and_no_error(
    store: RegistryStore, litter: bytes
) -> None:
    store._folder.mkdir(parents=True)
    (store._folder / LAST_GOOD).write_bytes(litter)

    assert store.last_good() is None


@pytest.mark.parametrize("litter", [b"\xff\xfe", b"../..", b"a folder"], ids=["bytes", "up", "dir"])
def test_litter_in_place_of_the_pointer_gives_way_to_the_next_model(
    holder: ChampionHolder, store: RegistryStore, litter: bytes
) -> None:
    # given a pointer that points nowhere
    pointer = store._folder / LAST_GOOD
    if litter == b"a folder":
        pointer.unlink()
        pointer.mkdir()
    else:
        pointer.write_bytes(litter)

    # when another version is promoted
    holder.follow()

    # then it serves, and is what the next start begins with if a file can be put there
    assert holder.require().registered.version == OTHER
    assert holder.failure is None
    kept = store.last_good()
    assert (kept is not None and kept.registered.version == OTHER) or pointer.is_dir()


def test_a_registry_that_goes_away_between_two_questions_is_not_called_empty(
    registry: Registry, store: RegistryStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given that it has said which version it is
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    wanted = store.current()

    # when it does not hand the version out
    try:
        gone = RegistryStore(
            away(settings).model_copy(update={"model_cache_dir": store._settings.model_cache_dir})
        )
        with pytest.raises(Exception, match="MLflow did not answer") as failed:
            gone.open(wanted)
    finally:
        Registry(settings)  # MLflow keeps its address in the process.

    # then nobody is told to train again
    assert not isinstance(failed.value, BundleRefused)
