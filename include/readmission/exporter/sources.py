"""The exporter's sources, their poll intervals, and the metrics that need several of them."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from readmission.exporter.catalogue import MLFLOW_UP, PAGE, STORE_UP, Sample
from readmission.exporter.collecting import PipelineCollector, Poller, Source
from readmission.exporter.connecting import DEFAULTS, reader
from readmission.exporter.metrics import batches, databases, mlflow, object_store, outcomes
from readmission.settings import PREFIX, Settings, SettingsError
from readmission.warehouse.sql.addresses import address_of

DATABASES = ("raw", "clean", "predictions", "audit", "mlflow", "airflow")
OFTEN, SELDOM = 10, 60
"""Seconds between polls of a cheap and of an expensive source."""


def addresses(settings: Settings) -> dict[str, str]:
    """Return the address of each database whose setting is given.

    Raises
    ------
    SettingsError
        If a value is not a PostgreSQL address.
    """
    named = {name: f"exporter_dsn_{name}" for name in DATABASES}
    given = {name: (field, getattr(settings, field)) for name, field in named.items()}
    return {
        name: address_of(*pair, **DEFAULTS) for name, pair in given.items() if pair[1] is not None
    }


def collector_and_pollers(settings: Settings) -> tuple[PipelineCollector, list[Poller]]:
    """Return the collector that responds to scrapes, and the threads that poll its sources.

    Raises
    ------
    SettingsError
        If an address is invalid, or the object store's key comes without its secret.
    """
    dsns = addresses(settings)
    warehouses = _warehouses(dsns)
    groups = [
        (warehouses, OFTEN),
        (_databases(dsns, settings.database_capacity_mb << 20), OFTEN),
        ([_mlflow(settings)], OFTEN),
        (_object_store(settings), OFTEN),
        (_predictions(dsns), SELDOM),
    ]
    pollers = [Poller(sources, interval) for sources, interval in groups if sources]
    sources = [source for poller in pollers for source in poller.sources]
    joint: list[Callable[[], Iterator[Sample]]] = [partial(pages, settings)]
    if len(warehouses) > 1:
        joint.append(partial(_both_warehouses, *warehouses))
    return PipelineCollector(sources, joint), pollers


def pages(settings: Settings) -> Iterator[Sample]:
    """Yield the address of each page that people open, for the links of the dashboards."""
    known = {
        "airflow": settings.airflow_page_url,
        "clinicians": settings.page_url,
        "mlflow": settings.mlflow_page_url,
    }
    if settings.airflow_page_url:
        known["reports"] = f"{settings.airflow_page_url}/plugin/data-quality"
    if settings.prometheus_page_url:
        known["runbooks"] = f"{settings.prometheus_page_url}/consoles/runbooks.html"
    for name, url in sorted(known.items()):
        if url:
            yield PAGE(1, name, url)


def _warehouses(dsns: dict[str, str]) -> list[Source[Any]]:
    """Return CLEAN and RAW in the order in which `batches.joint_samples` needs them read."""
    sources: list[Source[Any]] = []
    if "clean" in dsns:
        read_clean = reader(dsns["clean"], batches.read_clean, batches.CleanReading())
        sources.append(Source("clean", read_clean, batches.clean_samples))
    if "raw" in dsns:
        read_raw = reader(dsns["raw"], batches.read_raw, batches.RawReading())
        sources.append(Source("raw", read_raw, batches.raw_samples))
    return sources


def _both_warehouses(
    clean: Source[batches.CleanReading], raw: Source[batches.RawReading]
) -> Iterator[Sample]:
    readings = raw.reading, clean.reading
    if readings[0] is not None and readings[1] is not None:
        yield from batches.joint_samples(readings[0], readings[1])


def _databases(dsns: dict[str, str], capacity: int) -> list[Source[Any]]:
    if not dsns:
        return []
    to_samples = partial(databases.samples, capacity=capacity)
    unavailable = databases.unavailable(list(dsns))
    return [Source("databases", partial(databases.read, dsns), to_samples, unavailable)]


def _mlflow(settings: Settings) -> Source[Any]:
    server = mlflow.TrackingServer(
        settings.mlflow_tracking_uri,
        settings.model_name,
        settings.experiment,
        settings.mlflow_login,
    )
    return Source("mlflow", server.read, mlflow.samples, [MLFLOW_UP(False)])


def _object_store(settings: Settings) -> list[Source[Any]]:
    key, secret = settings.exporter_access_key, settings.exporter_secret_key
    if not (settings.docs_endpoint and (key or secret)):
        return []
    if key is None or secret is None:
        raise SettingsError(
            f"set both {PREFIX}EXPORTER_ACCESS_KEY and {PREFIX}EXPORTER_SECRET_KEY, or neither"
        )
    store = object_store.ObjectStore.at(
        settings.docs_endpoint,
        settings.docs_region,
        key.get_secret_value(),
        secret.get_secret_value(),
        settings.buckets,
    )
    return [Source("object_store", store.read, object_store.samples, [STORE_UP(False)])]


def _predictions(dsns: dict[str, str]) -> list[Source[Any]]:
    if "predictions" not in dsns:
        return []
    read = partial(outcomes.read, dsns["predictions"])
    return [Source("predictions", read, outcomes.samples)]
