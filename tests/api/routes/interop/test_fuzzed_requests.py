"""A damaged body of any protocol is an error of its caller at once; no log shows its values."""

import json
import logging
import random
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.contract.fhir import examples
from api.contract.protocols.cds_hooks import DISCHARGE
from readmission.domain.schema import example
from tests.api.routes.interop.test_cds_hooks import body_for
from tests.api.routes.interop.test_protocols import FORMS, INFER, JSON, OLDER, as_tensors
from tests.machine import slowness

REQUESTS = 60
SECONDS = 1.0
"""CPU time of a request; a valid one takes a hundredth."""
TELLTALE = "Doe-1931"
"""A patient's value, which may be in a response but in no log."""
ROWS = [example(), OLDER]
FEEDBACK = {
    "card": "7f3c1c1e-0f2b-4c52-9d7e-1f6c7c9b2a10",
    "outcome": "overridden",
    "overrideReason": {"reason": {"code": "disagree"}, "userComment": TELLTALE},
    "outcomeTimestamp": "2026-03-06T09:30:00Z",
}
BODIES: dict[str, tuple[str, Any]] = {
    "fhir": ("/fhir/RiskAssessment", examples.bundle()),
    "cds_hooks": (f"/cds-services/{DISCHARGE}", body_for(DISCHARGE)),
    "feedback": (f"/cds-services/{DISCHARGE}/feedback", {"feedback": [FEEDBACK]}),
    "kserve": (INFER, as_tensors(ROWS) | {"outputs": [{"name": "predicted_class"}]}),
    **{name: ("/invocations", {name: form(ROWS)}) for name, form in FORMS.items()},
    "predict": ("/predict", example()),
    "explain": ("/explain", example()),
    "what_if": ("/explain", example() | {"what_if": ["insulin", "A1Cresult"]}),
}
TEXTS: dict[str, Callable[[random.Random], str]] = {
    "@list": lambda chance: (n := chance.choice([9, 800, 985, 30_000])) * "[" + n * "]",
    "@object": lambda chance: (n := chance.choice([9, 800, 985])) * '{"coding":' + "0" + n * "}",
    "@digits": lambda chance: "9" * chance.choice([19, 400, 4_300, 4_301]),
    "@infinite": lambda _: "1e999",
    "@half": lambda _: r'"\ud800"',
    "@nan": lambda _: "NaN",
}
"""What `json.dumps` does not write, by a text that stands for it."""
VALUES: list[Any] = [
    None, True, 0, -1, 1e308, "", "\0", "é" * 9_999, TELLTALE, "[70-80)", [], {}, [[]], [None],
    "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", [{}] * 3_000, {"": TELLTALE},
    {"resourceType": "Bundle", "entry": [{"resource": {}}]}, *TEXTS, *TEXTS,
]  # fmt: skip


def places(part: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each object and list of a body with each of its keys or indices."""
    for key, value in list(part.items() if isinstance(part, dict) else enumerate(part)):
        yield part, key
        if isinstance(value, dict | list):
            yield from places(value)


def damaged(body: Any, chance: random.Random) -> bytes:
    """Return a body with a few changes: values replaced, removed, nested, or given twice."""
    body = {"body": deepcopy(body)}
    for _ in range(chance.choice([1, 1, 2, 4])):
        holder, key = chance.choice(list(places(body)))
        match chance.choice(["replace", "replace", "replace", "remove", "nest", "twice"]):
            case "replace":
                holder[key] = deepcopy(chance.choice(VALUES))
            case "remove" if holder is not body:
                del holder[key]
            case "nest":
                holder[key] = chance.choice([[holder[key]], {key: holder[key]}])
            case "twice" if isinstance(holder, dict):
                holder[f"@twice{key}"] = chance.choice(VALUES)
    text = json.dumps(body.get("body"), ensure_ascii=False).replace('"@twice', '"')
    for name, write in TEXTS.items():
        text = text.replace(f'"{name}"', write(chance))
    return text.encode()


@pytest.mark.parametrize("name", BODIES)
def test_a_damaged_body_is_an_error_of_its_caller(
    service: TestClient, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    path, body = BODIES[name]
    allowed = slowness() * SECONDS
    for seed in random.sample(range(2**32), REQUESTS):
        content = damaged(body, random.Random(seed))  # noqa: S311 - a seed repeats it
        caplog.clear()
        started = time.process_time()

        with caplog.at_level(logging.DEBUG, "readmission"):
            response = service.post(path, content=content, headers=JSON)

        took, about = time.process_time() - started, f"seed {seed}: {content[:2_000]!r}"
        assert response.status_code < 500 or is_without_database(response.status_code, name), about
        assert took < allowed, f"{took:.1f} s, {about}"
        assert TELLTALE not in caplog.text, about


def is_without_database(status: int, name: str) -> bool:
    """Whether valid feedback was refused because this service has no database for it."""
    return status == 503 and name == "feedback"
