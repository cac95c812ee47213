"""Airflow's triggerer watches for deliveries, so that none waits for the next scheduled run."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from readmission.errors import ReadmissionError

if TYPE_CHECKING:
    from readmission.pipeline.delivery.watch import Watch

log = logging.getLogger(__name__)


class DeliveryTrigger(BaseEventTrigger):
    """Fires whenever files at a place are new or have grown, once they no longer change.

    It remembers nothing: started again, it fires once, and the ingestion skips what it has read.

    Parameters
    ----------
    place : str
        A file, a folder, or ``s3://bucket/prefix``.
    seconds : float
        Time between two checks.
    """

    def __init__(self, place: str, seconds: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.place = place
        self.seconds = seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the name of the class and its arguments, as Airflow stores them."""
        return "delivery_watch.DeliveryTrigger", {"place": self.place, "seconds": self.seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Check the place at intervals; one that cannot be read is tried again."""
        watch = await asyncio.to_thread(_watch, self.place)
        while True:
            try:
                if await asyncio.to_thread(watch.has_delivery):
                    yield TriggerEvent({"place": self.place})  # type: ignore[no-untyped-call]
            except ReadmissionError as error:
                log.warning("checking for deliveries again in %g s: %s", self.seconds, error)
            await asyncio.sleep(self.seconds)


def _watch(place: str) -> "Watch":
    """Return the watch; importing it takes long, so this runs beside Airflow's event loop."""
    from readmission.pipeline.delivery.watch import Watch

    return Watch(place)
