"""Fixtures of all tests: a real database, object store and MLflow server, and real encounters."""

import os

# OpenMP reads this once, when scikit-learn is imported: its idle threads sleep, as in the stack,
# because other tests need the cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from readmission.domain import synthetic
from readmission.settings import CHECKOUT, PREFIX, Settings
from readmission.stack.errors import StackError
from readmission.stack.services import postgres
from readmission.stack.site.ports import free_ports
from readmission.stack.site.site import PORT_SETTINGS, Site
from readmission.stack.stack import Stack
from tests import object_stores, signing
from tests.databases import emptied
from tests.k8s import cluster

# At each request, MLflow's client looks for these on the whole path, and none is installed.
sys.modules |= dict.fromkeys(("IPython", "dbruntime", "pyspark"))  # type: ignore[arg-type]

SHARED_DATASET = CHECKOUT.parent / "shared" / "data" / "dataset_diabetes.zip"
SYNTHETIC_ROWS = 40_000
"""The end-to-end tests deliver fewer."""
FOLDERS = "readmission-tests-"

TESTS = Path(__file__).parent
ALONE = (
    "ui/browser/test_large_files.py",
    "api/http/test_draining.py",
    "api/model/test_swaps.py",
)
"""Folders and files whose tests measure seconds or need both cores; nothing runs beside them."""
TOGETHER = {
    "e2e": "e2e",
    "include/pipeline": "training",
    "include/serving": "training",
    "include/test_registry.py": "training",
    "include/exporter/test_stores.py": "training",
    "ui": "ui",
    "k8s": "k8s",
    "grafana": "grafana",
    "include/warehouse": "databases",
    "include/domain/test_batch_ids.py": "databases",
    "include/domain/test_drift.py": "databases",
    "include/test_logs.py": "databases",
}
"""What one worker runs as a whole, by folder or file: tests that share what is expensive to make.
They start in this order, before all others: no worker must wait for a long group at the end."""
ADMIN: dict[str, str] = {}
"""Variables with the login of MLflow's admin, once the platform runs."""
STARTED = frozenset({"bench", "browser", "bucket", "platform", "small_stack", "stack"})
"""Fixtures that start a service other than PostgreSQL; tests of the library alone use none."""
INNER_ROOMS = ("domain", "warehouse", "serving")
"""The rooms without fits, gates and programs; their quick tests are the unit tests."""


def pytest_report_header() -> list[str]:
    """Say which object stores and which cluster this run tests."""
    return [object_stores.described(), cluster.described()]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import no other file for ``-m alone`` or ``-m unit``: importing all takes half a minute."""
    path = collection_path.relative_to(TESTS) if collection_path.is_relative_to(TESTS) else Path()
    if config.option.markexpr == "unit" and len(path.parts) > 1:
        return None if is_inner(path) else True
    if config.option.markexpr == "alone":
        found = (path.is_relative_to(alone) or Path(alone).is_relative_to(path) for alone in ALONE)
        return None if any(found) else True
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the unit tests and those that run alone, and let the largest groups start first."""
    for path in ALONE:
        if not (TESTS / path).exists():
            raise pytest.UsageError(f"{path}, which conftest.py marks as alone, is not in {TESTS}")
    for item in items:
        path = item.path.relative_to(TESTS)
        if any(path.is_relative_to(alone) for alone in ALONE):
            item.add_marker("alone")
        if is_library(item, path):
            item.add_marker("library")
            if is_unit(item, path):
                item.add_marker("unit")
    order = list(dict.fromkeys(TOGETHER.values()))
    items.sort(key=lambda item: (*order, group := group_of(item.nodeid)).index(group))


class GroupScheduling(LoadScopeScheduling):
    """Gives each group of tests to one worker.

    The option ``--dist loadgroup`` has no effect with pytest 9.1: pytest-xdist changes an attribute
    that pytest does not read any longer.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> GroupScheduling:
    """Schedule by group, in the order of collection."""
    config.option.loadscopereorder = False
    return GroupScheduling(config, log)


def group_of(nodeid: str) -> str:
    """Return the group of a test: one of `TOGETHER`, or its file."""
    path = Path(nodeid.partition("::")[0].removeprefix("tests/"))
    return next((name for place, name in TOGETHER.items() if path.is_relative_to(place)), str(path))


def is_library(item: pytest.Item, path: Path) -> bool:
    """Whether a test of the library starts no service but PostgreSQL."""
    return path.parts[0] == "include" and STARTED.isdisjoint(getattr(item, "fixturenames", ()))


def is_unit(item: pytest.Item, path: Path) -> bool:
    """Whether a test of the library is quick and about one of its inner rooms.

    One about all of the published file is not: reading it takes seconds.
    """
    reads_all = "uci" in getattr(item, "fixturenames", ())
    return is_inner(path) and not reads_all and item.get_closest_marker("slow") is None


def is_inner(path: Path) -> bool:
    """Whether a test file is about the library's root or one of its inner rooms."""
    room = path.parts[1]
    return path.parts[0] == "include" and (room.endswith(".py") or room in INNER_ROOMS)


@dataclass(frozen=True)
class Platform:
    """Addresses and secrets of the running services.

    Parameters
    ----------
    site : Site
        Addresses and secrets of its stack.
    settings : Settings
        The settings of the services, with the key that signs models in tests, and with MLflow's
        admin.
    raw_dsn, clean_dsn, predictions_dsn : str
        Addresses of the databases.
    mlflow_uri : str
        Address of the MLflow server.
    s3_endpoint, s3_access_key, s3_secret_key : str
        Address and keys of the object store.
    """

    site: Site
    settings: Settings
    raw_dsn: str
    clean_dsn: str
    predictions_dsn: str
    mlflow_uri: str
    s3_endpoint: str
    s3_access_key: str
    s3_secret_key: str


def random_settings(state_dir: Path, **changes: object) -> Settings:
    """Return settings of a stack on free ports, without scheduled runs.

    A scheduled run would ingest rows that a test has delivered for its own run.
    """
    ports = dict(zip(PORT_SETTINGS, free_ports(len(PORT_SETTINGS)), strict=True))
    values = {"state_dir": state_dir, "scheduled_runs": False, **ports, **changes}
    return Settings(**values)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def state_folders() -> Iterator[Path]:
    """A folder for state folders; stacks of killed test runs are deleted first."""
    temporary = Path(tempfile.gettempdir())
    for folder in temporary.glob(f"{FOLDERS}*"):
        if not alive(folder):
            try:
                forget(folder)
            except (StackError, OSError) as error:
                # Another test run may be deleting it; this run does not depend on it.
                warnings.warn(f"{folder} of a killed test run remains: {error}", stacklevel=1)
    mine = temporary / f"{FOLDERS}{os.getpid()}"
    mine.mkdir(mode=0o711)
    yield mine
    forget(mine)


def alive(folder: Path) -> bool:
    """Whether the test run that created a folder is still running.

    Another program may now have its process id, so the command line must contain "pytest". That of
    an xdist worker does not, but that of its parent does.
    """
    try:
        owner = psutil.Process(int(folder.name.removeprefix(FOLDERS)))
        started = [owner, *filter(None, [owner.parent()])]
        return any("pytest" in " ".join(process.cmdline()) for process in started)
    except psutil.NoSuchProcess:
        return False


def forget(folder: Path) -> None:
    """Reset all stacks in a folder, and delete the folder."""
    for state_dir in list(folder.glob("*")):
        Stack(random_settings(state_dir)).reset()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def databases(state_folders: Path) -> Stack:
    """A stack on free ports in which only PostgreSQL runs."""
    stack = Stack(random_settings(state_folders / "platform"))
    stack.up(only={"postgres"})
    return stack


@pytest.fixture
def trail(databases: Stack) -> Iterator[psycopg.Connection]:
    """A connection of its owner to the empty audit trail."""
    with emptied(postgres.dsn(databases.site, postgres.AUDIT)) as connection:
        connection.autocommit = True
        yield connection


@pytest.fixture
def trail_address(databases: Stack) -> str:
    """The address of the audit trail for those who append to it."""
    return postgres.dsn(databases.site, postgres.AUDIT, postgres.AUDIT_WRITER)


@pytest.fixture(autouse=True)
def logged_in_as_admin() -> None:
    """Undo the login of an earlier test: MLflow's client has one for the whole process."""
    os.environ |= ADMIN


@pytest.fixture(scope="session")
def platform(databases: Stack) -> Platform:
    """PostgreSQL, the object store and the MLflow server, on free ports.

    From then on, MLflow's clients in this process and its children log in as MLflow's admin.
    """
    databases.up(only={"postgres", "object-store", "mlflow"})
    site = databases.site
    ADMIN["MLFLOW_TRACKING_USERNAME"] = "admin"
    ADMIN["MLFLOW_TRACKING_PASSWORD"] = site.credentials.mlflow_admin
    os.environ |= ADMIN
    return Platform(
        site=site,
        settings=site.training_settings.model_copy(update=signing.SETTINGS),
        raw_dsn=postgres.dsn(site, "raw"),
        clean_dsn=postgres.dsn(site, "clean"),
        predictions_dsn=postgres.dsn(site, "predictions"),
        mlflow_uri=site.settings.mlflow_tracking_uri,
        s3_endpoint=site.s3_endpoint,
        s3_access_key=site.credentials.s3_access_key,
        s3_secret_key=site.credentials.s3_secret_key,
    )


@pytest.fixture
def raw_db(databases: Stack) -> Iterator[psycopg.Connection]:
    """A connection to RAW, with empty tables."""
    with emptied(postgres.dsn(databases.site, "raw")) as connection:
        yield connection


@pytest.fixture
def clean_db(databases: Stack) -> Iterator[psycopg.Connection]:
    """A connection to CLEAN, with empty tables."""
    with emptied(postgres.dsn(databases.site, "clean")) as connection:
        yield connection


@pytest.fixture(scope="session")
def encounters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of encounters: from READMISSION_DATASET, the UCI file, or synthetic."""
    if named := os.environ.get(f"{PREFIX}DATASET"):
        return Path(named).resolve()
    if SHARED_DATASET.exists():
        return SHARED_DATASET
    path = tmp_path_factory.mktemp("encounters") / "synthetic.csv"
    path.write_bytes(synthetic.csv_bytes(SYNTHETIC_ROWS))
    return path
