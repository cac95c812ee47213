"""The service in this process with a model store that a test fills, and the log's database."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from api.model.moves import AliasMove, VersionToServe
from readmission.domain.schema import example
from readmission.errors import NotPromotedYet
from readmission.modelling.fitting import Fit
from readmission.serving.model import RegisteredVersion, ServedModel
from readmission.settings import Settings
from tests.api.faulty_proxy import FaultyProxy, faulty_proxy
from tests.api.models import loaded, small_fit
from tests.conftest import Platform
from tests.databases import emptied


class FakeModelStore:
    """A model store that holds one model, or an error to raise."""

    def __init__(self) -> None:
        self.content: ServedModel | Exception = NotPromotedYet("nothing has been promoted yet")
        self.in_shadow: ServedModel | None = None
        self.damage: Exception | None = None
        self.move: AliasMove | None = None
        self.kept: list[str] = []
        self.opened = 0

    def current(self) -> VersionToServe:
        """Return the version of the model."""
        if isinstance(self.content, Exception):
            raise self.content
        return VersionToServe(self.content.registered, self.move)

    def challenger(self) -> RegisteredVersion | None:
        """Return the version that is to run in shadow."""
        return self.in_shadow.registered if self.in_shadow else None

    def open(self, version: RegisteredVersion) -> ServedModel:
        """Return the model, or raise the damage."""
        self.opened += 1
        if self.damage:
            raise self.damage
        if self.in_shadow and self.in_shadow.registered == version:
            return self.in_shadow
        assert isinstance(self.content, ServedModel)
        assert self.content.registered == version
        return self.content

    def keep(self, model: ServedModel) -> None:
        """Record which version was kept."""
        self.kept.append(model.registered.version)

    def last_good(self) -> ServedModel | None:
        """Return None: there is no local copy."""
        return None


@pytest.fixture(scope="session")
def fits() -> tuple[Fit, Fit]:
    """Two different small models."""
    return small_fit(seed=1), small_fit(seed=2)


@pytest.fixture
def fake_store() -> FakeModelStore:
    """A model store without a model."""
    return FakeModelStore()


@pytest.fixture
def empty_service(fake_store: FakeModelStore) -> Iterator[TestClient]:
    """The service before any model exists."""
    # No polling, so that a test decides when to load; no rate limit, so that it need not wait.
    settings = Settings(api_anonymous_role="admin", model_poll_seconds=3600, api_rate_limit=0)
    app = create_app(settings, fake_store)
    with TestClient(app, raise_server_exceptions=False) as client:
        deadline = time.monotonic() + 60
        while app.state.service.holder.failure is None:  # The first load has not failed yet.
            assert time.monotonic() < deadline
            time.sleep(0.001)
        yield client


@pytest.fixture
def service(
    empty_service: TestClient, fake_store: FakeModelStore, fits: tuple[Fit, Fit]
) -> TestClient:
    """The service with version 1 loaded."""
    fake_store.content = loaded("1", fits[0])
    assert empty_service.post("/reload_model").status_code == 200
    return empty_service


@pytest.fixture
def encounter() -> dict[str, str | int]:
    """A valid request."""
    return example()


@pytest.fixture
def table(platform: Platform) -> Iterator[psycopg.Connection]:
    """A connection to the empty database of predictions."""
    with emptied(platform.predictions_dsn) as connection:
        connection.autocommit = True
        yield connection


@pytest.fixture
def logging_service(
    fake_store: FakeModelStore,
    fits: tuple[Fit, Fit],
    platform: Platform,
    table: psycopg.Connection,
    tmp_path: Path,
) -> Iterator[TestClient]:
    """The service with a model and the empty database of predictions."""
    fake_store.content = loaded("1", fits[0])
    settings = Settings(
        api_anonymous_role="admin",
        api_rate_limit=0,
        model_poll_seconds=3600,
        prediction_log_dsn=platform.predictions_dsn,
        prediction_log_key="a key of at least thirty-two characters",
        prediction_spool_dir=tmp_path,
    )
    app = create_app(settings, fake_store)
    with TestClient(app, raise_server_exceptions=False) as client:
        app.state.service.holder.reload()
        yield client


@pytest.fixture
def proxy(platform: Platform, table: psycopg.Connection) -> Iterator[FaultyProxy]:
    """A proxy to that database."""
    with faulty_proxy(platform.predictions_dsn) as proxy:
        yield proxy
