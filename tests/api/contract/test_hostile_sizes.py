"""The time for a rejected body grows with its size, not with its square or its digits."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from api.contract.encounter import parse_encounter
from api.contract.protocols import data_frames, tensors
from api.contract.protocols.json_objects import parse_object
from api.errors import InvalidEncounter
from api.errors.base import MAX_PROBLEMS
from api.files.rows import check_header
from readmission.domain import schema
from tests.machine import slowness

SECONDS = 2.0
"""Each of these took 9 seconds or more."""
NAMES = [*(f"{number:x}" for number in range(20_000)), "0"]
MEMBERS = ",".join(f'"{name}":0' for name in NAMES)
HUGE = {"name": "age", "shape": [10**9] * 100_000, "datatype": "BYTES", "data": ["[0-10)"]}

HOSTILE: dict[str, Callable[[], Any]] = {
    "members of an object": lambda: parse_object(f"{{{MEMBERS}}}".encode()),
    "columns of a data frame": lambda: data_frames.rows_of(
        {"dataframe_split": {"columns": NAMES, "data": []}}
    ),
    "columns of a file": lambda: check_header([*schema.FEATURE_NAMES, *NAMES]),
    "sizes of a tensor": lambda: tensors.rows_of({"inputs": [HUGE]}),
}


@pytest.mark.parametrize("read", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_body_is_rejected_at_once(read: Callable[[], Any]) -> None:
    started = time.process_time()

    with pytest.raises(InvalidEncounter):
        read()

    assert time.process_time() - started < SECONDS * slowness()


def test_names_are_suggested_only_for_the_problems_that_are_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    searched: list[str] = []
    monkeypatch.setattr("api.contract.encounter._known_field_like", lambda n: searched.append(n))
    body = json.dumps({f"age{number}": 0 for number in range(5_000)})

    with pytest.raises(InvalidEncounter) as caught:
        parse_encounter(body.encode())

    assert len(searched) <= MAX_PROBLEMS
    assert len(caught.value.problems) == MAX_PROBLEMS
    missing = len([c for c in schema.REQUEST_COLUMNS if not c.nullable]) - 2  # two keys
    assert f"and {5_000 - 3 + missing} more" in caught.value.message
