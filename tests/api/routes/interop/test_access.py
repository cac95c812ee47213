"""Keys, limits, errors and the prediction log of the other protocols are those of /predict."""

from collections.abc import Iterator

import psycopg
import pytest
from fastapi.testclient import TestClient

from api.access.keys import entry_of
from api.main import create_app
from readmission.domain.schema import example
from readmission.modelling.fitting import Fit
from readmission.settings import Settings
from tests.api.conftest import FakeModelStore
from tests.api.models import loaded
from tests.api.routes.interop.test_protocols import INFER, NAME, as_tensors
from tests.api.routes.test_about import check_error
from tests.conftest import Platform

KEY = {"X-API-Key": "key-of-a-client"}
BODIES = {
    "/invocations": {"instances": [example(), example()]},
    INFER: as_tensors([example(), example()]),
}


@pytest.fixture
def guarded(
    fake_store: FakeModelStore,
    fits: tuple[Fit, Fit],
    platform: Platform,
    table: psycopg.Connection,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[TestClient]:
    """A service with a key, a log and a limit of six rows per minute."""
    fake_store.content = loaded("1", fits[0])
    settings = Settings(
        api_keys=entry_of("predict", KEY["X-API-Key"]),
        api_anonymous_role="none",
        api_row_limit=6,
        model_poll_seconds=3600,
        prediction_log_dsn=platform.predictions_dsn,
        prediction_log_key="a key of at least thirty-two characters",
        prediction_spool_dir=tmp_path_factory.mktemp("spool"),
    )
    app = create_app(settings, fake_store)
    with TestClient(app, raise_server_exceptions=False) as client:
        app.state.service.holder.reload()
        yield client


def test_each_protocol_needs_a_key_logs_every_row_and_has_limits(
    guarded: TestClient, table: psycopg.Connection
) -> None:
    # without a key there is nothing
    for path, body in BODIES.items():
        check_error(guarded.post(path, json=body), 401, "unauthorized")
    check_error(guarded.get(f"/v2/models/{NAME}"), 401, "unauthorized")

    # with a key, every row is in the log
    ids = []
    for path, body in BODIES.items():
        response = guarded.post(path, json=body, headers=KEY)
        assert response.status_code == 200, response.text
        ids.append(response.headers["x-request-id"])
        found = response.json()
        assert found.get("logged", found.get("parameters", {}).get("logged")) is True
    guarded.app.state.service.log.close(20)  # type: ignore[attr-defined]
    rows = table.execute("SELECT request_id, row FROM prediction ORDER BY at, row").fetchall()
    assert rows == [(one, row) for one in ids for row in (0, 1)]

    # and a caller without rows left has to wait
    refused = {"instances": [example()] * 3}
    check_error(guarded.post("/invocations", json=refused, headers=KEY), 429, "too_many")
    refused = {"instances": [example()] * 7}
    check_error(guarded.post("/invocations", json=refused, headers=KEY), 413, "too_large")


def test_errors_are_counted_as_those_of_predictions(guarded: TestClient) -> None:
    for path in BODIES:
        check_error(guarded.post(path, json={}, headers=KEY), 422, "invalid")

    assert 'prediction_errors_total{kind="invalid"} 2.0' in guarded.get("/metrics").text
