"""A rollback queries every replica of the API for its version, and names those that lag behind."""

import socket
import time
from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from readmission.pipeline.promotion.replicas import addresses_of, wait_until_served
from readmission.settings import Settings
from tests.include.pipeline.promotion.test_judge import Service, serving

DEAD = "http://127.0.0.1:9"


@pytest.fixture
def services() -> Iterator[tuple[Service, Service]]:
    with serving() as one, serving() as other:
        for each in (one, other):
            each.serves, each.after_reload = "4", "3"
        yield one, other


def settings_of(*addresses: str) -> Settings:
    return Settings(api_replicas=",".join(addresses), api_url="http://fastapi:8000")


@pytest.mark.parametrize("address", ["api:8000", "http://api:port", "http://a:8000,b:8000"])
def test_an_address_that_could_not_be_queried_is_a_wrong_setting(address: str) -> None:
    with pytest.raises(ValidationError, match="api_replicas"):
        settings_of(address)


def test_several_addresses_are_a_right_setting() -> None:
    settings = settings_of("http://a:8000", " https://b.c/", "http://[::1]:80")

    assert settings.api_replicas.count("http") == 3


def test_every_replica_is_reloaded_and_asked(services: tuple[Service, Service]) -> None:
    settings = settings_of(*(service.url for service in services))

    found = wait_until_served("3", settings)

    assert (found.others, str(found)) == ({}, "all 2 replicas serve version 3")
    assert [service.requests[0] for service in services] == ["POST /reload_model"] * 2
    assert {service.host for service in services} == {"fastapi:8000"}


def test_replicas_that_do_not_serve_it_in_time_are_named(
    services: tuple[Service, Service],
) -> None:
    # given a replica that keeps the old version, and one that is gone
    healthy, stuck = services
    stuck.after_reload = "4"
    started = time.monotonic()

    # when
    found = wait_until_served("3", settings_of(healthy.url, stuck.url, DEAD), timeout=1)

    # then
    assert time.monotonic() - started < 5
    assert str(found) == (
        "2 of 3 replicas do not serve version 3 yet: "
        + ", ".join(sorted([f"{stuck.url} serves version 4", f"{DEAD} does not respond"]))
    )


def test_on_one_machine_the_one_api_is_asked(services: tuple[Service, Service]) -> None:
    found = wait_until_served("3", Settings(api_url=services[0].url))

    assert str(found) == "the API serves version 3"


def test_a_name_stands_for_as_many_replicas_as_it_has_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def resolved(_host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        family, kind = socket.AF_INET, socket.SOCK_STREAM
        return [(family, kind, 6, "", (address, port)) for address in ("10.0.0.8", "10.0.0.7")]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)

    assert list(addresses_of(settings_of("http://fastapi-pods:8000"))) == [
        "http://10.0.0.7:8000", "http://10.0.0.8:8000",
    ]  # fmt: skip


def test_a_name_that_cannot_be_resolved_does_not_respond() -> None:
    settings = settings_of("http://no-such-service.invalid:8000")

    found = wait_until_served("3", settings, timeout=0.5)

    assert found.others == {"http://no-such-service.invalid:8000": "does not respond"}
