"""Swapping the champion under load: every response comes from one model version."""

import asyncio
import json
import re
import resource
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from readmission.domain import schema
from readmission.modelling.compilation import as_encounters
from readmission.modelling.fitting import Fit
from readmission.registry import PRODUCTION, Registry
from readmission.serving.encoding_tables import Encounter
from readmission.serving.model import Prediction
from readmission.settings import Settings
from tests.api.models import loaded, raw_encounters, two_versions
from tests.api.serving import Service, running, wait_for
from tests.conftest import Platform

SWAPS = 20
AT_ONCE = 1_000
"""Callers, one connection each; all send a request before any reads a response."""
OPEN_FILES = 4_096
"""Limit for the sockets, here and in the service."""
PATIENCE = 60
POLL_SECONDS = 0.1
PAUSE_SECONDS = 3
"""Between two requests of a caller, so that the machine can also load models."""
RESPONSES_PER_SWAP = 100
"""Responses of the new version before the next swap."""


@pytest.fixture(scope="module")
def settings(platform: Platform, fits: tuple[Fit, Fit]) -> Settings:
    """Settings of a registered model with two versions, the second in production."""
    return two_versions(platform.settings, fits, "swapped")


@pytest.fixture(scope="module")
def service(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service, polling often and without a rate limit."""
    values = {
        "MODEL_NAME": settings.model_name,
        "MODEL_POLL_SECONDS": str(POLL_SECONDS),
        "API_RATE_LIMIT": "0",
    }
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(OPEN_FILES, most), most))
    log = tmp_path_factory.mktemp("swaps") / "log"
    with running(log, mlflow_uri=settings.mlflow_tracking_uri, settings=values) as service:
        wait_for(f"{service.url}/ready", 200, service.process, log)
        yield service


@pytest.fixture(scope="module")
def known(fits: tuple[Fit, Fit]) -> Mapping[str, list[tuple[Encounter, Prediction]]]:
    """Encounters with the predictions of each version."""
    encounters = as_encounters(raw_encounters(20)[list(schema.FEATURE_NAMES)])
    return {
        version: list(zip(encounters, loaded(version, fit).predict_many(encounters), strict=True))
        for version, fit in zip("12", fits, strict=True)
    }


def matches(response: dict[str, Any], expected: Prediction) -> bool:
    """Whether all parts of a response belong to one prediction."""
    probabilities = list(response["probabilities"].values())
    return (
        response["predicted_class"] == expected.predicted_class
        and response["risk_percentile"] == expected.risk_percentile
        and probabilities == pytest.approx(list(expected.probabilities), abs=1e-6)
    )


async def swap(
    http: httpx.AsyncClient, registry: Registry, version: str, *, by_reload: bool
) -> None:
    """Move the alias and wait until the service follows, by a reload or by polling."""
    await asyncio.to_thread(registry.set_alias, PRODUCTION, version)
    if by_reload:
        reloaded = await http.post("/reload_model")
        assert reloaded.status_code == 200, reloaded.text
        assert reloaded.json()["model_version"] == version
        return
    async with asyncio.timeout(PATIENCE):
        while (await http.get("/health")).json()["model_version"] != version:
            await asyncio.sleep(POLL_SECONDS / 2)


class Caller:
    """Sends one encounter repeatedly over one connection.

    Parameters
    ----------
    place : int
        Index of the encounter among the known ones.
    encounter : Encounter
        Body of the request.
    """

    def __init__(self, place: int, encounter: Encounter) -> None:
        self.place = place
        body = json.dumps(dict(encounter)).encode()
        self._request = (
            b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        self.sent = 0

    async def connect(self, url: str) -> None:
        """Open the connection."""
        host, port = url.removeprefix("http://").split(":")
        self._reader, self._writer = await asyncio.open_connection(host, int(port))

    async def send(self) -> None:
        """Send the request."""
        self.sent += 1
        self._writer.write(self._request)
        await self._writer.drain()

    async def receive(self) -> dict[str, Any]:
        """Wait for the response."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        length = re.search(rb"content-length: (\d+)", head)
        assert length
        body: dict[str, Any] = json.loads(await self._reader.readexactly(int(length[1])))
        return body

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()


async def send_while_swapping(
    service: Service,
    registry: Registry,
    known: Mapping[str, list[tuple[Encounter, Prediction]]],
) -> tuple[int, Counter[str], int]:
    """Return the number of requests, of responses per version, and of wrong responses."""
    seen: Counter[str] = Counter()
    wrong = 0
    done = asyncio.Event()
    places = [number % len(known["1"]) for number in range(AT_ONCE)]
    callers = [Caller(place, known["1"][place][0]) for place in places]

    async def listen(caller: Caller, pause: float) -> None:
        nonlocal wrong
        while True:
            response = await caller.receive()
            version = response["model_version"]
            seen[version] += 1
            wrong += not matches(response, known[version][caller.place][1])
            if done.is_set():
                return
            await asyncio.sleep(pause)
            await caller.send()

    async with asyncio.timeout(4 * PATIENCE), asyncio.TaskGroup() as opening:
        for caller in callers:
            opening.create_task(caller.connect(service.url))
    # All requests are sent before the first response is read.
    await asyncio.gather(*(caller.send() for caller in callers))
    client = {"base_url": service.url, "trust_env": False, "timeout": 2 * PATIENCE}
    async with httpx.AsyncClient(**client) as operator, asyncio.TaskGroup() as listening:
        for number, caller in enumerate(callers):
            listening.create_task(listen(caller, PAUSE_SECONDS * (0.5 + number / AT_ONCE)))
        for turn in range(SWAPS):
            version = "12"[turn % 2]
            await swap(operator, registry, version, by_reload=turn % 4 < 2)
            async with asyncio.timeout(PATIENCE):
                enough = seen[version] + RESPONSES_PER_SWAP
                while seen[version] < enough:
                    await asyncio.sleep(POLL_SECONDS / 2)
        done.set()
    for caller in callers:
        caller.close()
    return sum(caller.sent for caller in callers), seen, wrong


def test_a_thousand_callers_get_whole_responses_during_twenty_swaps(
    service: Service,
    settings: Settings,
    known: Mapping[str, list[tuple[Encounter, Prediction]]],
) -> None:
    # given two versions whose predictions all differ
    assert not any(
        one.probabilities == pytest.approx(list(other.probabilities), abs=1e-4)
        for (_, one), (_, other) in zip(known["1"], known["2"], strict=True)
    )

    # when a thousand callers send requests during the swaps
    sent, seen, wrong = asyncio.run(send_while_swapping(service, Registry(settings), known))

    # then each response comes from the version it names, and both versions responded
    assert seen.total() == sent > AT_ONCE
    assert wrong == 0
    assert set(seen) == {"1", "2"}
    health = httpx.get(f"{service.url}/health", trust_env=False, timeout=PATIENCE).json()
    assert health["last_reload_error"] is None
    log = Path(service.log).read_text()
    assert "Traceback" not in log
    assert "ERROR" not in log
