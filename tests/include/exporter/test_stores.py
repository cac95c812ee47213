"""Metrics of MLflow, the object store and the databases, also while one of them is down."""

import time
from collections.abc import Iterator

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from readmission.exporter.server import serving
from readmission.exporter.sources import DATABASES
from readmission.modelling.families import FAMILIES
from readmission.registry import PRODUCTION
from readmission.settings import Settings, SettingsError
from readmission.stack.services import object_store
from tests.conftest import Platform
from tests.imported import imported_by
from tests.include.conftest import BATCHES
from tests.include.exporter.conftest import Page, Scrape, scraping
from tests.include.training import Training

NOWHERE = "127.0.0.1:1"
PASSWORD = "secret-word"  # noqa: S105
DEAD_DATABASE = f"postgresql://monitoring:{PASSWORD}@{NOWHERE}/nothing"
SOURCES = {"raw", "clean", "predictions", "databases", "mlflow", "object_store"}
PATIENCE = 60


def successes(page: Page) -> dict[str, float]:
    return {labels[0]: value for labels, value in page.all("collect_success").items()}


def test_mlflow_shows_the_production_version_and_the_newest_candidates(
    trained: Training, scrape: Scrape
) -> None:
    # given
    registry = trained.registry()
    run_id = trained.run_of("xgboost")
    there = {"experiment": trained.settings.experiment, "model_name": registry.name}
    version = registry.register(run_id, {})
    before = scrape(**there)
    assert before("production_version") is None
    assert before("production_manual") == 0

    # when
    registry.promote(version)
    page = scrape(**there)

    # then
    assert page("production_version") == int(version)
    assert page("production_manual") == 0
    assert page("mlflow_up") == 1
    seconds = page("mlflow_response_seconds")
    assert seconds is not None
    assert 0 < seconds < 10
    logged = {
        (one["family"], "eligible" if "eligible_" in name else "all", _bare(name)): value
        for one in registry.newest_candidates()
        for name, value in one["metrics"].items()
        if name.startswith("val_")
    }
    assert len(logged) == len(FAMILIES) * 44
    shown = page.all("candidate_metric")  # family, metric, rows
    assert {(f, rows, metric): value for (f, metric, rows), value in shown.items()} == logged
    assert one_batch(registry.newest_candidates()) == BATCHES[0]


def _bare(name: str) -> str:
    return name.removeprefix("val_").removeprefix("eligible_")


def one_batch(candidates: list[dict[str, object]]) -> object:
    (batch,) = {one["batch_id"] for one in candidates}
    return batch


def test_a_missing_experiment_and_model_are_not_errors(scrape: Scrape) -> None:
    page = scrape(experiment="missing", model_name="missing")

    assert page("mlflow_up") == 1
    assert page("collect_success", source="mlflow") == 1
    assert page.all("candidate_metric") == {}


@pytest.fixture
def stored_bytes(platform: Platform) -> Iterator[int]:
    """Store one object in the backup bucket, which is otherwise empty; returns its size."""
    s3 = object_store.client(platform.site)
    s3.put_object(Bucket="backups", Key="probe", Body=b"x" * 1234)
    yield 1234
    s3.delete_object(Bucket="backups", Key="probe")


def test_each_bucket_shows_its_objects_and_bytes(stored_bytes: int, scrape: Scrape) -> None:
    page = scrape()

    assert page("object_store_up") == 1
    assert {bucket for (bucket,) in page.all("bucket_objects")} == {
        "mlflow", "data-docs", "airflow-logs", "backups", "training-sets",
    }  # fmt: skip
    assert page("bucket_objects", bucket="backups") == 1
    assert page("bucket_size_bytes", bucket="backups") == stored_bytes


def test_each_database_shows_its_size_and_connections(platform: Platform, scrape: Scrape) -> None:
    page = scrape(database_capacity_mb=7)

    assert page.all("database_up") == {(name,): 1 for name in DATABASES}
    assert page.all("database_capacity_bytes") == {(name,): 7 << 20 for name in DATABASES}
    with psycopg.connect(platform.raw_dsn) as connection:
        of_roles = dict(connection.execute("SELECT rolname, rolconnlimit FROM pg_roles").fetchall())
    assert page.all("database_connections_limit") == {(name,): of_roles[name] for name in DATABASES}
    assert all(5 << 20 < size < 5 << 30 for size in page.all("database_size_bytes").values())
    assert all(1 <= there <= 50 for there in page.all("database_connections").values())


@pytest.mark.parametrize(
    ("down", "failing", "still_there"),
    [
        ({"exporter_dsn_raw": "dsn"}, {"raw"}, "part_rows"),
        ({"exporter_dsn_clean": "dsn"}, {"clean"}, "quarantine_rows"),
        ({"exporter_dsn_predictions": "dsn"}, {"predictions"}, "unaccounted_rows"),
        ({"mlflow_tracking_uri": f"http://{NOWHERE}"}, {"mlflow"}, "bucket_objects"),
        ({"docs_endpoint": f"http://{NOWHERE}"}, {"object_store"}, "mlflow_response_seconds"),
    ],
    ids=["raw", "clean", "predictions", "mlflow", "object store"],
)
def test_if_one_source_is_down_the_others_are_still_exported(
    tables: object,
    settings: Settings,
    down: dict[str, str],
    failing: set[str],
    still_there: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # given
    dead = SecretStr(DEAD_DATABASE)
    changes = {name: dead if value == "dsn" else value for name, value in down.items()}

    # when
    with scraping(settings.model_copy(update=changes)) as once:
        started = time.monotonic()
        page = once()
        took = time.monotonic() - started

    # then
    assert successes(page) == {name: float(name not in failing) for name in SOURCES}
    assert page.all(still_there)
    assert took < 2
    gone = {name.removeprefix("exporter_dsn_") for name in down} & set(DATABASES)
    assert page.all("database_up") == {(name,): name not in gone for name in DATABASES}
    assert page("mlflow_up") == ("mlflow" not in failing)
    assert page("object_store_up") == ("object_store" not in failing)
    assert bool(page.all("unaccounted_rows")) is not bool(failing & {"raw", "clean"})
    # The log names the source and does not show the password.
    assert all(f"{name} cannot be read" in caplog.text for name in failing)
    assert PASSWORD not in caplog.text


def test_the_page_is_served_even_if_every_source_is_down(settings: Settings) -> None:
    dead = SecretStr(DEAD_DATABASE)
    changes: dict[str, object] = {f"exporter_dsn_{name}": dead for name in DATABASES}
    changes |= {"mlflow_tracking_uri": f"http://{NOWHERE}", "docs_endpoint": f"http://{NOWHERE}"}

    with scraping(settings.model_copy(update=changes)) as once:
        page = once()

    # Querying the databases did work: it found each of them down.
    assert successes(page) == dict.fromkeys(SOURCES, 0.0) | {"databases": 1.0}
    assert page.all("database_up") == {(name,): 0 for name in DATABASES}


def test_sources_that_are_not_configured_are_not_exported(settings: Settings) -> None:
    changes: dict[str, object] = {f"exporter_dsn_{name}": None for name in DATABASES}
    changes |= {"exporter_access_key": None, "exporter_secret_key": None}

    with scraping(settings.model_copy(update=changes)) as once:
        page = once()

    assert successes(page) == {"mlflow": 1.0}
    assert page.all("database_up") == page.all("object_store_up") == {}


def test_on_one_machine_the_name_of_a_website_is_refused(settings: Settings) -> None:
    changes: dict[str, object] = {f"exporter_dsn_{name}": None for name in DATABASES}
    changes |= {"exporter_access_key": None, "exporter_secret_key": None}
    port = settings.exporter_port

    def status(host: str) -> int:
        url = f"http://{settings.exporter_host}:{port}/metrics"
        return httpx.get(url, headers={"Host": host}, trust_env=False).status_code

    with serving(settings.model_copy(update=changes)):
        assert status(f"localhost:{port}") == 200
        assert status(f"attacker.example:{port}") == 421


def test_an_invalid_address_is_refused_without_quoting_it(settings: Settings) -> None:
    wrong = SecretStr(f"host {PASSWORD}")

    with (
        pytest.raises(
            SettingsError, match="READMISSION_EXPORTER_DSN_CLEAN is not the address"
        ) as refused,
        scraping(settings.model_copy(update={"exporter_dsn_clean": wrong})),
    ):
        pass

    assert PASSWORD not in str(refused.value)


def test_the_exporter_stays_small_by_importing_no_data_tools() -> None:
    heavy = {"pandas", "numpy", "pyarrow", "mlflow", "sklearn", "great_expectations"}

    assert imported_by("readmission.exporter.server", heavy) == set()


def test_an_alias_that_somebody_moved_is_shown(trained: Training, scrape: Scrape) -> None:
    # given a promoted version, and an alias that names another one, or none
    registry = trained.registry()
    there = {"experiment": trained.settings.experiment, "model_name": registry.name}
    promoted, other = (
        registry.register(trained.run_of(f), {}) for f in ("xgboost", "random_forest")
    )
    registry.promote(promoted)

    # when
    registry.set_alias(PRODUCTION, other)
    moved = scrape(**there)
    registry.client.delete_registered_model_alias(registry.name, PRODUCTION)
    deleted = scrape(**there)

    # then
    assert (moved("production_version"), moved("production_manual")) == (int(other), 1)
    assert (deleted("production_version"), deleted("production_manual")) == (None, 1)
