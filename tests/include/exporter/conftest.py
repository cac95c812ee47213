"""The exporter with real stores, scraped like Prometheus does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from readmission.exporter.server import serving
from readmission.settings import PREFIX, Settings
from readmission.stack.services import exporter
from readmission.stack.site.ports import free_ports
from readmission.warehouse import CleanWarehouse, RawWarehouse
from readmission.warehouse.predictions.outcomes import OutcomeStore
from tests.conftest import Platform
from tests.databases import emptied

Samples = dict[tuple[str, ...], float]
"""Label values, in the order of the label names, to the sample's value."""


class Page:
    """The page that one scrape returned.

    Parameters
    ----------
    text : str
        Prometheus' text format.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._samples = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    def __call__(self, name: str, **labels: str) -> float | None:
        """Return the value of one sample, or None."""
        found = [
            sample.value
            for sample in self._samples
            if sample.name == f"readmission_{name}" and sample.labels == labels
        ]
        assert len(found) < 2
        return found[0] if found else None

    def all(self, name: str) -> Samples:
        """Return every sample of a metric by its label values, sorted by label name."""
        return {
            tuple(value for _, value in sorted(sample.labels.items())): sample.value
            for sample in self._samples
            if sample.name == f"readmission_{name}"
        }


Scrape = Callable[..., Page]


@pytest.fixture
def predictions_db(platform: Platform) -> Iterator[psycopg.Connection]:
    """A connection to the database of predictions, with empty tables."""
    with emptied(platform.predictions_dsn) as connection:
        connection.autocommit = True
        yield connection


@pytest.fixture
def tables(
    raw_db: psycopg.Connection,
    clean_db: psycopg.Connection,
    predictions_db: psycopg.Connection,
) -> tuple[RawWarehouse, CleanWarehouse, OutcomeStore]:
    """All tables of the project, empty."""
    raw, clean = RawWarehouse(raw_db), CleanWarehouse(clean_db)
    return raw, clean, OutcomeStore(predictions_db)


@pytest.fixture
def settings(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings that the stack passes to its exporter."""
    for name, value in exporter.service(platform.site).environment.items():
        if name.startswith(PREFIX):
            monkeypatch.setenv(name, value)
    return Settings.from_environment().model_copy(update={"exporter_port": free_ports(1)[0]})


@contextmanager
def scraping(settings: Settings) -> Iterator[Callable[[], Page]]:
    """Run an exporter; yields a function that scrapes it."""
    url = f"http://{settings.exporter_host}:{settings.exporter_port}/metrics"
    with serving(settings), httpx.Client(trust_env=False, timeout=3) as http:
        yield lambda: Page(http.get(url).raise_for_status().text)


@pytest.fixture
def scrape(settings: Settings) -> Scrape:
    """Start an exporter and scrape it once; keyword arguments change its settings."""

    def page(**changes: object) -> Page:
        with scraping(settings.model_copy(update=changes)) as once:
            return once()

    return page
