"""The load on a stack during the faults: deliveries of batches, and predictions."""

import contextlib
import itertools
import secrets
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from readmission.domain import synthetic
from readmission.domain.batch_ids import batch_name
from readmission.domain.schema import example
from readmission.errors import ReadmissionError
from readmission.stack.access import open_airflow
from readmission.stack.cli.batch_progress import INGESTION
from readmission.stack.site.site import Site

SUPPLY = 200_000
"""Synthetic encounters that can be delivered."""
NEXT_DELIVERY, NEXT_SWEEP = 20.0, 15.0
PACE = 0.01
"""Seconds between two predictions."""


class Worker(ABC):
    """A thread that repeats one step until it is stopped; a step that fails is repeated."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @abstractmethod
    def step(self) -> None:
        """Do the work once."""

    def stop(self) -> None:
        """End the work and wait for the last step."""
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.is_set():
            with contextlib.suppress(ReadmissionError, httpx.HTTPError, OSError):
                self.step()
            self._done.wait(self._pause)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()


class Deliveries(Worker):
    """Appends whole batches to the source, and has Airflow ingest them and sweep.

    The stack's own schedule is off, so that the deliveries decide when a batch arrives.

    Parameters
    ----------
    site : Site
        The stack.
    source : Path
        The CSV file that the stack reads.
    batch_rows : int
        Encounters in a batch.
    max_batches : int
        Largest number of batches to deliver.
    """

    def __init__(self, site: Site, source: Path, batch_rows: int, max_batches: int) -> None:
        super().__init__(pause=1.0)
        self._site, self.source, self.batch_rows = site, source, batch_rows
        self._max_batches = max_batches
        self._lines = iter(synthetic.csv_bytes(SUPPLY).splitlines(keepends=True))
        self.source.write_bytes(next(self._lines))
        self._delivered_at = self._swept_at = -NEXT_DELIVERY
        self._new = True
        self.batches = 0

    @property
    def rows(self) -> int:
        """Encounters delivered."""
        return self.batches * self.batch_rows

    @property
    def batch_ids(self) -> list[str]:
        """The batches that they become, in order."""
        return [batch_name(number + 1) for number in range(self.batches)]

    def stop_new(self) -> None:
        """Deliver no further batch; ingestion and sweeps continue."""
        self._new = False

    def step(self) -> None:
        """Deliver a batch, or start the ingestion or the sweep, whatever is due."""
        now = time.monotonic()
        due = now - self._delivered_at > NEXT_DELIVERY
        if self._new and due and self.batches < self._max_batches:
            with self.source.open("ab") as file:
                file.write(b"".join(itertools.islice(self._lines, self.batch_rows)))
            self.batches += 1
            self._delivered_at = now
        if now - self._swept_at > NEXT_SWEEP:
            # Remembered first: Airflow may have started a run although its response was lost.
            self._swept_at = now
            airflow = open_airflow(self._site)
            airflow.trigger(INGESTION, {"batch_size": self.batch_rows, "batches": 0})
            airflow.trigger("ledger_sweep", {})


class Predictions(Worker):
    """Sends predictions and remembers those whose response says that they are logged.

    Attributes
    ----------
    logged : dict
        Model version and predicted class of each, by the id of its request.
    not_logged : set of str
        Ids of the requests whose response says that they are not logged.
    """

    def __init__(self, site: Site) -> None:
        super().__init__(pause=PACE)
        self.prefix = f"chaos-{secrets.token_hex(4)}-"
        self.logged: dict[str, tuple[str, str]] = {}
        self.not_logged: set[str] = set()
        self.failed = 0
        self._numbers = itertools.count()
        self._url = f"{site.settings.api_url}/predict"
        self._http = httpx.Client(
            headers={"X-API-Key": site.credentials.api_predict_key}, timeout=30, trust_env=False
        )

    def step(self) -> None:
        """Send one prediction."""
        request_id = f"{self.prefix}{next(self._numbers)}"
        try:
            response = self._http.post(
                self._url, json=dict(example()), headers={"X-Request-ID": request_id}
            ).raise_for_status()
        except httpx.HTTPError:
            # The result is unknown, or there is no model yet: such a request may be logged or not.
            self.failed += 1
            raise
        made = response.json()
        if made["logged"]:
            self.logged[request_id] = (made["model_version"], made["predicted_class"])
        else:
            self.not_logged.add(request_id)
