"""A challenger in shadow predicts what the champion answered, and no answer depends on it."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.main import create_app
from api.model.shadow import shadow
from readmission.domain import schema
from readmission.domain.privacy import Pseudonyms
from readmission.errors import BundleRefused
from readmission.modelling.fitting import Fit
from readmission.settings import Settings, SettingsError
from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from tests.api.conftest import FakeModelStore
from tests.api.models import loaded
from tests.databases import emptied

KEY = "a key of at least thirty-two characters"
ROWS = "SELECT * FROM shadow_prediction ORDER BY number"
NUMBERED: dict[str, str | int] = {**schema.example(), schema.PATIENT: "8222157"}


@pytest.fixture
def table(databases: Stack) -> Iterator[psycopg.Connection]:
    """A connection to the empty database of predictions."""
    with emptied(postgres.dsn(databases.site, "predictions")) as connection:
        connection.autocommit = True
        yield connection


@pytest.fixture
def settings(table: psycopg.Connection, databases: Stack, tmp_path: Path) -> Settings:
    return Settings(
        api_anonymous_role="admin", api_rate_limit=0, model_poll_seconds=3600, shadow_share=1,
        prediction_log_dsn=SecretStr(postgres.dsn(databases.site, "predictions")),
        prediction_log_key=SecretStr(KEY), model_cache_dir=tmp_path / "models",
        prediction_spool_dir=tmp_path / "spool",
    )  # fmt: skip


@pytest.fixture
def client(
    settings: Settings, fake_store: FakeModelStore, fits: tuple[Fit, Fit],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[TestClient]:  # fmt: skip
    """The service with version 1 as champion and 2 as challenger; a test says when it predicts."""
    monkeypatch.setattr(shadow.Shadow, "_run", lambda *_: None)
    fake_store.content = loaded("1", fits[0])
    fake_store.in_shadow = loaded("2", fits[1])
    with TestClient(create_app(settings, fake_store)) as client:
        client.post("/reload_model").raise_for_status()
        shadow_of(client)._holder.refresh()
        yield client


def shadow_of(client: TestClient) -> Any:
    return client.app.state.service.shadow  # type: ignore[attr-defined]


def metric(client: TestClient, name: str, **labels: str) -> float | None:
    registry = client.app.state.service.metrics.registry  # type: ignore[attr-defined]
    found: float | None = registry.get_sample_value(name, labels)
    return found


def test_both_answers_are_stored_by_version_under_hashes(
    client: TestClient, table: psycopg.Connection, fits: tuple[Fit, Fit]
) -> None:
    # when a single encounter and a file are predicted
    answer = client.post("/predict", json=NUMBERED).json()
    client.post("/predict/batch", json=[NUMBERED, NUMBERED]).raise_for_status()
    shadow_of(client).turn()

    # then the answers are the champion's
    assert answer["model_version"] == "1"
    first, *others = table.execute(ROWS).fetchall()
    assert len(others) == 2
    _, _, request_id, row, _, patient, one, champion, decided, two, challenger, other = first
    assert (request_id, row, one, two) == (answer["request_id"], 0, "1", "2")
    assert patient == Pseudonyms(KEY).patient("8222157")
    assert (champion, decided) == (
        pytest.approx(list(answer["probabilities"].values())),
        answer["predicted_class"],
    )
    # and the challenger predicted what it would have answered
    expected = loaded("2", fits[1]).predict(schema.example())
    assert expected is not None
    assert (challenger, other) == (pytest.approx(expected.probabilities), expected.predicted_class)
    # and agreement and difference are counted
    agreed = "yes" if other == decided else "no"
    labels = {"model_version": "2", "agreed": agreed}
    assert metric(client, "shadow_predictions_total", **labels) == 3
    assert metric(client, "shadow_difference_under_30_total", model_version="2") == pytest.approx(
        3 * abs(challenger[2] - champion[2])
    )


def test_a_full_queue_drops_and_counts_and_every_request_is_answered(
    client: TestClient, table: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadow, "LIMIT", 2)

    answers = [client.post("/predict", json=NUMBERED) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200] * 5
    assert metric(client, "shadow_dropped_total", reason="queue_full") == 3
    shadow_of(client).turn()
    assert len(table.execute(ROWS).fetchall()) == 2


def test_a_turn_stores_a_part_and_rests_after_each_encounter(
    client: TestClient, table: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given three requests, and turns of two
    rests: list[float] = []
    monkeypatch.setattr(shadow, "TURN_ROWS", 2)
    monkeypatch.setattr(shadow, "sleep", rests.append)
    client.post("/predict/batch", json=[NUMBERED] * 3).raise_for_status()

    # when
    began = time.thread_time()
    shadow_of(client).turn()
    worked = time.thread_time() - began

    # then nine tenths of the time are rest
    assert len(table.execute(ROWS).fetchall()) == len(rests) == 2
    assert all(rest > 0 for rest in rests)
    assert sum(rests) <= shadow.REST * worked
    # and the next turn has the last one
    shadow_of(client).turn()
    assert len(table.execute(ROWS).fetchall()) == len(rests) == 3


def test_what_fails_or_cannot_be_stored_is_dropped_and_counted(
    client: TestClient, table: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a challenger that fails
    holder = shadow_of(client)._holder
    with monkeypatch.context() as broken:
        broken.setattr(type(holder.challenger.bundle.scorer), "predict_one", _fail)
        broken.setattr(
            client.app.state.service.holder.champion.scorer,
            "predict",
            _answer,  # type: ignore[attr-defined]
        )
        assert client.post("/predict", json=NUMBERED).status_code == 200
        shadow_of(client).turn()
    assert metric(client, "shadow_dropped_total", reason="failed") == 1

    # and a table that is locked away
    table.execute("ALTER TABLE shadow_prediction RENAME TO elsewhere")
    assert client.post("/predict", json=NUMBERED).status_code == 200
    shadow_of(client).turn()
    assert metric(client, "shadow_dropped_total", reason="not_stored") == 1

    # when it is back, predictions are stored again
    table.execute("ALTER TABLE elsewhere RENAME TO shadow_prediction")
    client.post("/predict", json=NUMBERED)
    shadow_of(client).turn()
    assert len(table.execute(ROWS).fetchall()) == 1


def _fail(*_: object) -> None:
    raise RuntimeError("a challenger may fail in any way")


async def _answer(_: object) -> Any:
    from readmission.serving.model import Prediction

    return Prediction("NO", (0.5, 0.3, 0.2), 50)


def test_a_version_that_fails_verification_never_runs_in_shadow(
    client: TestClient, fake_store: FakeModelStore, fits: tuple[Fit, Fit]
) -> None:
    holder = shadow_of(client)._holder
    fake_store.in_shadow = loaded("3", fits[1])
    fake_store.damage = BundleRefused("version 3 is not signed with a trusted key")

    holder.refresh()
    opened = fake_store.opened
    holder.refresh()

    # then it is not tried again at once, and its predecessor does not run instead of it
    assert fake_store.opened == opened
    assert shadow_of(client).challenger is None
    assert metric(client, "shadow_model_info", model_version="2") is None
    assert client.post("/predict", json=NUMBERED).status_code == 200


def test_a_promoted_challenger_leaves_the_shadow(
    client: TestClient, fake_store: FakeModelStore
) -> None:
    fake_store.content = fake_store.in_shadow  # type: ignore[assignment]
    client.post("/reload_model").raise_for_status()
    client.post("/predict", json=NUMBERED)

    shadow_of(client)._holder.refresh()

    assert shadow_of(client).challenger is None
    assert shadow_of(client)._waiting.empty()


def test_the_sample_is_a_share_and_off_by_default(
    client: TestClient, fake_store: FakeModelStore
) -> None:
    assert create_app(Settings(), fake_store).state.service.shadow is None
    shadow_of(client)._share = 0.25

    for _ in range(200):
        client.post("/predict", json=NUMBERED)

    assert 20 <= shadow_of(client)._waiting.qsize() <= 80


def test_a_share_without_a_prediction_log_is_refused(fake_store: FakeModelStore) -> None:
    with pytest.raises(SettingsError, match="READMISSION_SHADOW_SHARE needs"):
        create_app(Settings(shadow_share=0.1), fake_store)


def test_the_thread_predicts_without_being_asked(
    settings: Settings, fake_store: FakeModelStore, fits: tuple[Fit, Fit],
    table: psycopg.Connection,
) -> None:  # fmt: skip
    fake_store.content, fake_store.in_shadow = loaded("1", fits[0]), loaded("2", fits[1])
    settings = settings.model_copy(update={"model_poll_seconds": 0.05})
    with TestClient(create_app(settings, fake_store)) as client:
        deadline = time.monotonic() + 30
        while not table.execute(ROWS).fetchall():
            assert time.monotonic() < deadline
            client.post("/predict", json=NUMBERED)
            time.sleep(0.05)
