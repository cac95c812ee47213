"""Airflow's trigger fires for a delivery, and keeps watching after a place that cannot be read."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from functools import partial
from pathlib import Path

import pytest

from readmission.errors import DatasetError
from readmission.pipeline.delivery import watch
from readmission.settings import CHECKOUT

sys.path.append(str(CHECKOUT / "plugins"))
from delivery_watch import DeliveryTrigger

QUICKLY = 0.01


def fired(trigger: DeliveryTrigger, *deliveries: Callable[[], object]) -> list[object]:
    """Return the payload of an event after each delivery."""

    async def collect() -> AsyncIterator[object]:
        async with aclosing(trigger.run()) as events:
            for deliver in deliveries:
                deliver()
                yield (await anext(events)).payload

    async def whole() -> list[object]:
        return [payload async for payload in collect()]

    return asyncio.run(asyncio.wait_for(whole(), timeout=30))


def test_it_fires_for_each_delivery(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    deliveries = [partial(file.write_text, text) for text in ("a", "ab")]

    found = fired(DeliveryTrigger(str(tmp_path), QUICKLY), *deliveries)

    assert found == [{"place": str(tmp_path)}] * 2


def test_a_place_that_cannot_be_read_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # given
    deliver = partial((tmp_path / "a.csv").write_text, "a")
    list_files, broken = watch.list_files, iter([True, True, False, False])

    def unreliable(place: str) -> watch.Listing:
        if next(broken):
            raise DatasetError("the store is down")
        return list_files(place)

    monkeypatch.setattr(watch, "list_files", unreliable)

    # then
    found = fired(DeliveryTrigger(str(tmp_path), QUICKLY), deliver)
    assert found == [{"place": str(tmp_path)}]
    assert caplog.text.count("checking for deliveries again in 0.01 s: the store is down") == 2


def test_airflow_can_make_it_again_from_what_it_stores() -> None:
    trigger = DeliveryTrigger("s3://bucket/in", 30)
    name, arguments = trigger.serialize()

    assert name == f"{DeliveryTrigger.__module__}.{DeliveryTrigger.__name__}"
    again = DeliveryTrigger(**arguments)
    assert (again.place, again.seconds) == ("s3://bucket/in", 30)
