"""A service in this process, whose registry is a shelf that a test fills."""

import time
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from readmission.domain.schema import example
from readmission.errors import NoModel
from readmission.modelling.fitting import Fit
from readmission.serving.model import RegisteredVersion, ServedModel
from readmission.settings import Settings
from tests.api.models import loaded, small_fit


class Shelf:
    """Stands for the store: holds a model, nothing, or an error to raise."""

    def __init__(self) -> None:
        self.content: ServedModel | Exception = NoModel("nothing has been promoted yet")
        self.damage: Exception | None = None
        self.kept: list[str] = []
        self.opened = 0

    def current(self) -> RegisteredVersion:
        """Say what lies there."""
        if isinstance(self.content, Exception):
            raise self.content
        return self.content.registered

    def open(self, version: RegisteredVersion) -> ServedModel:
        """Hand it out."""
        self.opened += 1
        if self.damage:
            raise self.damage
        assert isinstance(self.content, ServedModel)
        assert self.content.registered == version
        return self.content

    def keep(self, model: ServedModel) -> None:
        """Remember what was kept."""
        self.kept.append(model.registered.version)

    def last_good(self) -> ServedModel | None:
        """There is no local copy."""
        return None


@pytest.fixture(scope="session")
def fits() -> tuple[Fit, Fit]:
    """Two different small models."""
    return small_fit(seed=1), small_fit(seed=2)


@pytest.fixture
def shelf() -> Shelf:
    """An empty shelf."""
    return Shelf()


@pytest.fixture
def empty_service(shelf: Shelf) -> Iterator[TestClient]:
    """The service before any model exists."""
    # Nobody polls: a test says when to look. A test is not held back by a limit either.
    settings = Settings(api_anonymous_role="admin", model_poll_seconds=3600, api_rate_limit=0)
    app = create_app(settings, shelf)
    with TestClient(app, raise_server_exceptions=False) as client:
        deadline = time.monotonic() + 60
        while app.state.serving.holder.failure is None:  # the load at the start
            assert time.monotonic() < deadline
            time.sleep(0.001)
        yield client


@pytest.fixture
def service(empty_service: TestClient, shelf: Shelf, fits: tuple[Fit, Fit]) -> TestClient:
    """The service with version 1 loaded."""
    shelf.content = loaded("1", fits[0])
    assert empty_service.post("/reload_model").status_code == 200
    return empty_service


@pytest.fixture
def encounter() -> dict[str, str | int]:
    """An acceptable request."""
    return example()
