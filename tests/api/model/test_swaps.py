"""A real service whose model is swapped while many ask: every answer is one model's own."""

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
"""Callers, each with a connection; all have asked before the first looks for an answer."""
FILES = 4_096
"""A socket is one, here and in the service."""
PATIENCE = 60
POLL_SECONDS = 0.1
PAUSE_SECONDS = 3
"""Between two requests of one who asks: the machine has to load models besides."""
ANSWERS_A_SWAP = 100
"""Of the new version, before the next one comes: no machine is too fast for the test."""


@pytest.fixture(scope="module")
def settings(platform: Platform, fits: tuple[Fit, Fit]) -> Settings:
    """Of a registered model with two versions, the second in production."""
    return two_versions(platform.settings, fits, "swapped")


@pytest.fixture(scope="module")
def service(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service; it looks often, and does not hold a test back."""
    told = {
        "MODEL_NAME": settings.model_name,
        "MODEL_POLL_SECONDS": str(POLL_SECONDS),
        "API_RATE_LIMIT": "0",
    }
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, most), most))
    log = tmp_path_factory.mktemp("swaps") / "log"
    with running(log, mlflow_uri=settings.mlflow_tracking_uri, settings=told) as service:
        wait_for(f"{service.url}/ready", 200, service.process, log)
        yield service


@pytest.fixture(scope="module")
def known(fits: tuple[Fit, Fit]) -> Mapping[str, list[tuple[Encounter, Prediction]]]:
    """Encounters, and what each version says of them."""
    asked = as_encounters(raw_encounters(20)[list(schema.FEATURE_NAMES)])
    return {
        version: list(zip(asked, loaded(version, fit).predict_many(asked), strict=True))
        for version, fit in zip("12", fits, strict=True)
    }


def is_whole(answer: dict[str, Any], said: Prediction) -> bool:
    """Whether an answer is in all its parts what a version says."""
    probabilities = list(answer["probabilities"].values())
    return (
        answer["predicted_class"] == said.predicted_class
        and answer["risk_percentile"] == said.risk_percentile
        and probabilities == pytest.approx(list(said.probabilities), abs=1e-6)
    )


async def swap(
    http: httpx.AsyncClient, registry: Registry, version: str, *, asked_to: bool
) -> None:
    """Move the alias and see to it that the service follows, asked to or by itself."""
    await asyncio.to_thread(registry.set_alias, PRODUCTION, version)
    if asked_to:
        reloaded = await http.post("/reload_model")
        assert reloaded.status_code == 200, reloaded.text
        assert reloaded.json()["model_version"] == version
        return
    async with asyncio.timeout(PATIENCE):
        while (await http.get("/health")).json()["model_version"] != version:
            await asyncio.sleep(POLL_SECONDS / 2)


class Caller:
    """Asks one encounter again and again over one connection.

    Parameters
    ----------
    place : int
        Of the encounter among those that are known.
    encounter : Encounter
        What is asked.
    """

    def __init__(self, place: int, encounter: Encounter) -> None:
        self.place = place
        body = json.dumps(dict(encounter)).encode()
        self._request = (
            b"POST /predict HTTP/1.1\r\nHost: service\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        self.asked = 0

    async def connect(self, url: str) -> None:
        """Open the connection."""
        host, port = url.removeprefix("http://").split(":")
        self._reader, self._writer = await asyncio.open_connection(host, int(port))

    async def ask(self) -> None:
        """Send the request."""
        self.asked += 1
        self._writer.write(self._request)
        await self._writer.drain()

    async def answer(self) -> dict[str, Any]:
        """Wait for the answer."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        length = re.search(rb"content-length: (\d+)", head)
        assert length
        answer: dict[str, Any] = json.loads(await self._reader.readexactly(int(length[1])))
        return answer

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def ask_while_swapping(
    service: Service,
    registry: Registry,
    known: Mapping[str, list[tuple[Encounter, Prediction]]],
) -> tuple[int, Counter[str], int]:
    """Return how often was asked, how often each version answered, and how many answers broke."""
    seen: Counter[str] = Counter()
    broken = 0
    done = asyncio.Event()
    places = [number % len(known["1"]) for number in range(AT_ONCE)]
    callers = [Caller(place, known["1"][place][0]) for place in places]

    async def listen(caller: Caller, pause: float) -> None:
        nonlocal broken
        while True:
            answer = await caller.answer()
            version = answer["model_version"]
            seen[version] += 1
            broken += not is_whole(answer, known[version][caller.place][1])
            if done.is_set():
                return
            await asyncio.sleep(pause)
            await caller.ask()

    async with asyncio.timeout(4 * PATIENCE), asyncio.TaskGroup() as opening:
        for caller in callers:
            opening.create_task(caller.connect(service.url))
    # Nobody has read an answer when the last one asks.
    await asyncio.gather(*(caller.ask() for caller in callers))
    client = {"base_url": service.url, "trust_env": False, "timeout": 2 * PATIENCE}
    async with httpx.AsyncClient(**client) as operator, asyncio.TaskGroup() as all_of_them:
        for number, caller in enumerate(callers):
            all_of_them.create_task(listen(caller, PAUSE_SECONDS * (0.5 + number / AT_ONCE)))
        for turn in range(SWAPS):
            version = "12"[turn % 2]
            await swap(operator, registry, version, asked_to=turn % 4 < 2)
            async with asyncio.timeout(PATIENCE):
                enough = seen[version] + ANSWERS_A_SWAP
                while seen[version] < enough:
                    await asyncio.sleep(POLL_SECONDS / 2)
        done.set()
    for caller in callers:
        caller.close()
    return sum(caller.asked for caller in callers), seen, broken


def test_a_thousand_ask_at_once_through_twenty_swaps(
    service: Service,
    settings: Settings,
    known: Mapping[str, list[tuple[Encounter, Prediction]]],
) -> None:
    # given two versions that no answer of which is alike
    assert not any(
        one.probabilities == pytest.approx(list(other.probabilities), abs=1e-4)
        for (_, one), (_, other) in zip(known["1"], known["2"], strict=True)
    )

    # when a thousand ask all the while
    asked, seen, broken = asyncio.run(ask_while_swapping(service, Registry(settings), known))

    # then each has an answer, whole and of the version it names, and both versions answered
    assert seen.total() == asked > AT_ONCE
    assert broken == 0
    assert set(seen) == {"1", "2"}
    health = httpx.get(f"{service.url}/health", trust_env=False, timeout=PATIENCE).json()
    assert health["last_reload_error"] is None
    log = Path(service.log).read_text()
    assert "Traceback" not in log
    assert "ERROR" not in log
