"""Somebody moves the alias by hand: what is served, what the API says, and how it is accepted."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import httpx
import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from api.model.moves import AliasMove
from readmission.domain.production import Pin, Production, PromotionByHand
from readmission.modelling.fitting import Fit
from readmission.modelling.mlflow_runs import Lineage, log_fit
from readmission.pipeline.record_moves import promotions_by_hand
from readmission.registry import PREVIOUS, PRODUCTION, Registry
from readmission.registry.rollbacks import rollbacks
from readmission.serving.model import RegisteredVersion, ServedModel
from readmission.serving.signature import Signer
from readmission.settings import Settings
from tests.api.models import ROWS, two_versions
from tests.conftest import Platform
from tests.signing import SIGNER

OLD, PROMOTED, NEVER_PROMOTED = "1", "2", "3"
"""Versions: both first ones were promoted, the second one last."""
FOREIGN = "4"
"""A version with another signature."""
Start = Callable[..., TestClient]


@dataclass(frozen=True)
class Registered:
    """A registry with two promoted versions, and two that were not."""

    settings: Settings
    registry: Registry

    def aliases(self) -> tuple[str | None, str | None]:
        """Return the production version and the previous one."""
        return self.registry.version_of(PRODUCTION), self.registry.version_of(PREVIOUS)


@pytest.fixture(scope="module")
def registered(platform: Platform, fits: tuple[Fit, Fit]) -> Registered:
    """The registry as training and promotion leave it."""
    settings = two_versions(platform.settings, fits, "moved")
    registry = Registry(settings)
    for number, signer in ((3, SIGNER), (4, Signer(Signer.generate_key()))):
        lineage = Lineage(f"batch-{number:04}", number, ROWS, f"sha-{number}", "synthetic")
        run_id = log_fit(fits[0], lineage, registry.experiment_id(), {}, signer)
        registry.register(run_id, lineage.tags())
    return Registered(settings, registry)


@pytest.fixture
def moved(registered: Registered) -> Registered:
    """The registry after somebody has moved the alias to the version that was not promoted."""
    registry = registered.registry
    for version in registry.versions():
        for tag in version["tags"]:
            if tag.startswith(("promoted_by_hand", "rolled_back")):
                registry.client.delete_model_version_tag(registry.name, version["version"], tag)
    registry.write_pin(None)
    registry.promote(OLD)
    registry.promote(PROMOTED)
    registry.set_alias(PRODUCTION, NEVER_PROMOTED)
    return registered


@pytest.fixture
def start(moved: Registered, tmp_path: Path) -> Iterator[Start]:
    """Start the service with an empty folder of copies, as often as a test wants."""
    with ExitStack() as services:
        started = 0

        def start_service(*, follow: bool) -> TestClient:
            nonlocal started
            started += 1
            changes = {
                "model_cache_dir": tmp_path / f"cache-{started}",
                "api_anonymous_role": "admin",
                "model_poll_seconds": 3_600,
                "follow_manual_alias": follow,
            }
            app = create_app(moved.settings.model_copy(update=changes))
            service = services.enter_context(TestClient(app, raise_server_exceptions=False))
            service.post("/reload_model")
            return service

        yield start_service


def served(service: httpx.Client) -> str:
    """Return the version that the service predicts with."""
    version: str = service.get("/ready").json()["model_version"]
    return version


def gauges(service: httpx.Client) -> tuple[float, float]:
    """Return the metrics of a manual champion and of one that is held."""
    lines = dict(line.rsplit(" ", 1) for line in service.get("/metrics").text.splitlines())
    return float(lines["model_manual"]), float(lines["model_held"])


def promote(
    service: httpx.Client, version: str, reason: str = "checked on ward 4"
) -> httpx.Response:
    return service.post("/promote", json={"version": version, "reason": reason, "by": "Dr. Osei"})


def test_a_signed_version_is_served_and_called_manual(start: Start) -> None:
    # when
    service = start(follow=True)

    # then
    assert served(service) == NEVER_PROMOTED
    model = service.get("/model").json()
    assert model["manual"] is True
    assert "from version 2 to 3; version 3 is served" in model["moved_by_hand"]
    assert "readmission promote 3 --reason TEXT" in service.get("/health").json()["moved_by_hand"]
    versions = service.get("/model/history").json()["versions"]
    assert [v["version"] for v in versions if v["manual"]] == [NEVER_PROMOTED]
    assert gauges(service) == (1, 0)


def test_without_following_the_promoted_version_stays_even_after_a_restart(
    start: Start, moved: Registered, caplog: pytest.LogCaptureFixture
) -> None:
    # given a service that was running when the alias moved
    moved.registry.set_alias(PRODUCTION, PROMOTED)
    running = start(follow=False)
    assert gauges(running) == (0, 0)
    moved.registry.set_alias(PRODUCTION, NEVER_PROMOTED)

    # when it polls several times, and another one starts without any copy
    caplog.clear()
    for _ in range(3):
        running.app.state.service.holder.follow()  # type: ignore[attr-defined]
    restarted = start(follow=False)

    # then both serve the promoted version, and say why
    for service in (running, restarted):
        assert served(service) == PROMOTED
        assert service.get("/model").json()["manual"] is False
        why = "version 2 is served, because READMISSION_FOLLOW_MANUAL_ALIAS is off"
        assert why in service.get("/ready").json()["moved_by_hand"]
        assert gauges(service) == (0, 1)
    assert [r.message for r in caplog.records].count(
        AliasMove(NEVER_PROMOTED, PROMOTED, False).describe(PROMOTED)
    ) <= 2  # once for each service


@pytest.mark.parametrize("follow", [True, False])
def test_a_promotion_by_hand_accepts_the_version(
    start: Start, moved: Registered, follow: bool
) -> None:
    # given
    service = start(follow=follow)

    # when
    response = promote(service, NEVER_PROMOTED)

    # then it is promoted like any other
    assert response.status_code == 200, response.text
    assert (response.json()["status"], response.json()["model_version"]) == ("promoted", "3")
    assert moved.aliases() == (NEVER_PROMOTED, PROMOTED)
    assert moved.registry.production() == Production(NEVER_PROMOTED, (NEVER_PROMOTED,))
    stages = [
        moved.registry.client.get_model_version(moved.registry.name, version).current_stage
        for version in (OLD, PROMOTED, NEVER_PROMOTED)
    ]
    assert stages == ["Archived", "Archived", "Production"]
    # and nothing is manual any longer
    assert served(service) == NEVER_PROMOTED
    assert (service.get("/model").json()["manual"], gauges(service)) == (False, (0, 0))
    assert service.get("/health").json()["moved_by_hand"] is None
    # and who and why are recorded
    (recorded,) = promotions_by_hand(moved.registry)
    assert recorded == PromotionByHand(
        NEVER_PROMOTED, "Dr. Osei (testclient)", "checked on ward 4", recorded.at
    )
    assert "checked on ward 4" in service.get("/model").json()["verdict_reason"]
    # and a rollback still works
    for reason, version in (("too many alarms", PROMOTED), ("a mistake", NEVER_PROMOTED)):
        response = service.post("/rollback", json={"reason": reason})
        assert response.json()["model_version"] == version, response.text
    assert service.get("/health").json()["moved_by_hand"] is None


def test_a_promotion_says_what_it_replaced_though_the_poller_is_faster(
    start: Start, moved: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a service that polls between the move of the alias and the reload
    service = start(follow=True)
    state = service.app.state.service  # type: ignore[attr-defined]
    move = state.registry.promote

    def promote_and_poll(*of: str) -> None:
        move(*of)
        state.holder.follow()

    monkeypatch.setattr(state.registry, "promote", promote_and_poll)

    # when
    response = promote(service, PROMOTED).json()

    # then
    assert (response["previous_version"], response["model_version"]) == (NEVER_PROMOTED, PROMOTED)


@pytest.mark.parametrize(
    ("version", "because"), [("77", "has no version 77"), (FOREIGN, "READMISSION_TRUSTED_SIGNING")]
)
def test_a_version_that_cannot_serve_is_not_promoted(
    start: Start, moved: Registered, version: str, because: str
) -> None:
    service = start(follow=False)
    before = moved.aliases()

    response = promote(service, version)

    assert response.status_code == 409
    assert because in response.json()["message"]
    assert "Nothing was changed" in response.json()["message"]
    assert moved.aliases() == before
    assert promotions_by_hand(moved.registry) == []


@pytest.mark.parametrize(
    "body",
    [{"version": "3"}, {"version": "3", "reason": ""}, {"version": "x", "reason": "why"}],
    ids=["no reason", "empty reason", "no number"],
)
def test_a_promotion_needs_a_version_and_a_reason(
    start: Start, moved: Registered, body: dict[str, str]
) -> None:
    assert start(follow=False).post("/promote", json=body).status_code == 422
    assert moved.registry.production() == Production(NEVER_PROMOTED, (PROMOTED,))


def test_an_unsigned_version_is_not_served_and_the_champion_stays(
    start: Start, moved: Registered
) -> None:
    # given
    moved.registry.set_alias(PRODUCTION, PROMOTED)
    service = start(follow=True)

    # when
    moved.registry.set_alias(PRODUCTION, FOREIGN)
    assert service.post("/reload_model").status_code == 503

    # then
    assert served(service) == PROMOTED
    assert "version 2 is served" in service.get("/health").json()["moved_by_hand"]
    assert gauges(service) == (0, 1)


@pytest.mark.parametrize("follow", [True, False])
def test_without_the_alias_the_promoted_version_is_served(
    start: Start, moved: Registered, follow: bool
) -> None:
    moved.registry.client.delete_registered_model_alias(moved.registry.name, PRODUCTION)

    service = start(follow=follow)

    assert served(service) == PROMOTED
    assert "Somebody deleted the alias" in service.get("/health").json()["moved_by_hand"]
    assert promote(service, PROMOTED).status_code == 200
    assert moved.aliases() == (PROMOTED, OLD)
    assert service.get("/health").json()["moved_by_hand"] is None


@pytest.mark.parametrize(("follow", "back"), [(True, PROMOTED), (False, OLD)])
def test_a_rollback_leaves_what_is_served(
    start: Start, moved: Registered, follow: bool, back: str
) -> None:
    # given a service that follows the move, or one that keeps the promoted version
    service = start(follow=follow)
    left = served(service)

    # when
    response = service.post("/rollback", json={"reason": "too many alarms"}).json()

    # then
    assert (response["previous_version"], response["model_version"]) == (left, back)
    pin = Pin(back, "testclient", "too many alarms")
    assert moved.registry.production() == Production(back, (back,), pin)
    assert response["pinned"] == str(pin)
    assert service.get("/health").json()["moved_by_hand"] is None
    assert [(one.left, one.back) for one in rollbacks(moved.registry)] == [(left, back)]


def test_a_rollback_goes_to_the_version_that_was_opened_though_another_is_promoted_meanwhile(
    moved: Registered, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a promotion while the previous version is being opened
    moved.registry.promote(PROMOTED)
    service = start(follow=True)
    store = service.app.state.service.store  # type: ignore[attr-defined]
    opened = []

    def open_slowly(version: RegisteredVersion) -> ServedModel:
        if not opened:
            moved.registry.promote(NEVER_PROMOTED)
        opened.append(version.version)
        return cast("ServedModel", at_once(version))

    at_once = store.open
    monkeypatch.setattr(store, "open", open_slowly)

    # when
    response = service.post("/rollback", json={"reason": "too many alarms"}).json()

    # then the pin and the alias name the version that was opened
    assert opened[0] == OLD
    assert moved.aliases() == (OLD, NEVER_PROMOTED)
    pin = moved.registry.production().pin
    assert pin is not None
    assert pin.version == OLD
    assert response["previous_version"] == NEVER_PROMOTED


def test_a_rollback_with_a_reason_is_kept_until_the_pin_is_removed(
    start: Start, moved: Registered
) -> None:
    # given
    service = start(follow=True)
    wanted = {"to": OLD, "reason": "too many alarms", "by": "Dr. Osei", "until": "2999-01-31"}

    # when the request is sent, and sent again because the response was lost
    for _ in range(2):
        response = service.post("/rollback", json=wanted)
        assert (response.status_code, response.json()["model_version"]) == (200, OLD), response.text
        assert response.json()["pinned"] == service.get("/health").json()["pinned"]

    # then
    assert [(one.left, one.back) for one in rollbacks(moved.registry)] == [(NEVER_PROMOTED, OLD)]
    pinned = f"version {OLD} is pinned until 2999-01-31 00:00 UTC by Dr. Osei (testclient): too"
    assert service.get("/health").json()["pinned"].startswith(pinned)
    assert service.get("/model").json()["pinned"].startswith(pinned)
    # and no promotion moves the alias
    refused = promote(service, PROMOTED)
    assert refused.status_code == 409
    assert "readmission unpin" in refused.json()["message"]
    assert moved.aliases()[0] == OLD
    # until the pin is removed
    assert service.post("/unpin", json={"reason": "fixed"}).json()["was"].startswith(pinned)
    assert service.get("/health").json()["pinned"] is None
    assert service.post("/unpin", json={"reason": "fixed"}).status_code == 409
    assert promote(service, PROMOTED).status_code == 200


def test_a_rollback_that_was_killed_after_its_pin_is_completed_by_repeating_it(
    start: Start, moved: Registered
) -> None:
    # given a pin, and an alias that was not moved
    service = start(follow=True)
    moved.registry.write_pin(Pin(OLD, "Dr. Osei (testclient)", "too many alarms"))

    # when
    wanted = {"to": OLD, "reason": "too many alarms", "by": "Dr. Osei"}
    response = service.post("/rollback", json=wanted)

    # then
    assert (response.status_code, response.json()["model_version"]) == (200, OLD)
    assert moved.aliases()[0] == OLD


@pytest.mark.parametrize(
    ("wanted", "because"),
    [
        (None, "field 'reason' is missing, expected a value in the JSON body"),
        ({"reason": ""}, "at least 1 character"),
        ({"to": OLD}, "field 'reason' is missing, expected a value in the JSON body"),
        ({"reason": "why", "until": "2001-01-01"}, "in the past"),
        ({"reason": "why", "until": "tomorrow"}, "valid datetime"),
        ({"reason": "why", "to": "first"}, "pattern"),
        ({"reason": "why", "until_when": "2999-01-31"}, "not permitted"),
    ],
)
def test_an_unclear_rollback_changes_nothing(
    start: Start, moved: Registered, wanted: dict[str, str], because: str
) -> None:
    before = moved.registry.production()

    response = start(follow=True).post("/rollback", json=wanted)

    assert response.status_code == 422
    assert because in response.text
    assert moved.registry.production() == before


def test_a_rollback_to_a_version_that_cannot_serve_changes_nothing(
    start: Start, moved: Registered
) -> None:
    before = moved.registry.production()

    response = start(follow=True).post("/rollback", json={"to": FOREIGN, "reason": "why"})

    assert response.status_code == 409
    assert "Nothing was changed, because version 4 cannot serve" in response.json()["message"]
    assert moved.registry.production() == before
