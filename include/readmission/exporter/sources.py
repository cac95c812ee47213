"""Which sources there are, how often each is looked at, and what several tell together."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from readmission.exporter.catalogue import MLFLOW_UP, STORE_UP, Sample
from readmission.exporter.collecting import PipelineCollector, Source, Watch
from readmission.exporter.connecting import address, reader
from readmission.exporter.metrics import batches, databases, mlflow, object_store, outcomes
from readmission.settings import PREFIX, Settings, SettingsError

DATABASES = ("raw", "clean", "predictions", "mlflow", "airflow")
OFTEN, SELDOM = 10, 60
"""Seconds between two looks at what is cheap to ask and what is not."""


def addresses(settings: Settings) -> dict[str, str]:
    """Return the address of each database that is monitored.

    Raises
    ------
    SettingsError
        If one is no address.
    """
    named = {name: f"monitoring_dsn_{name}" for name in DATABASES}
    given = {name: (field, getattr(settings, field)) for name, field in named.items()}
    return {name: address(*pair) for name, pair in given.items() if pair[1] is not None}


def watches(settings: Settings) -> tuple[PipelineCollector, list[Watch]]:
    """Return what answers scrapes, and the threads that keep it up to date.

    Raises
    ------
    SettingsError
        If an address makes no sense, or only half of the object store's key is given.
    """
    dsns = addresses(settings)
    warehouses = _warehouses(dsns)
    slow = _predictions(dsns)
    groups = [
        (warehouses, OFTEN),
        (_databases(dsns, settings.database_capacity_mb << 20), OFTEN),
        ([_tracking(settings)], OFTEN),
        (_object_store(settings), OFTEN),
        (slow, SELDOM),
    ]
    found = [Watch(sources, seconds) for sources, seconds in groups if sources]
    sources = [source for watch in found for source in watch.sources]
    joint = [partial(_both, *warehouses)] if len(warehouses) > 1 else []
    return PipelineCollector(sources, joint), found


def _warehouses(dsns: dict[str, str]) -> list[Source[Any]]:
    """Return CLEAN and RAW, in the order in which they are to be counted."""
    sources: list[Source[Any]] = []
    if "clean" in dsns:
        look = reader(dsns["clean"], batches.read_clean, batches.Clean())
        sources.append(Source("clean", look, batches.show_clean))
    if "raw" in dsns:
        read = reader(dsns["raw"], batches.read_raw, batches.Raw())
        sources.append(Source("raw", read, batches.show_raw))
    return sources


def _both(clean: Source[batches.Clean], raw: Source[batches.Raw]) -> Iterator[Sample]:
    found = raw.found, clean.found
    if found[0] is not None and found[1] is not None:
        yield from batches.show_both(found[0], found[1])


def _databases(dsns: dict[str, str], capacity: int) -> list[Source[Any]]:
    if not dsns:
        return []
    show = partial(databases.show, capacity=capacity)
    absent = databases.absent(list(dsns))
    return [Source("databases", partial(databases.read, dsns), show, absent)]


def _tracking(settings: Settings) -> Source[Any]:
    server = mlflow.TrackingServer(
        settings.mlflow_tracking_uri, settings.model_name, settings.experiment
    )
    return Source("mlflow", server.read, mlflow.show, [MLFLOW_UP(False)])


def _object_store(settings: Settings) -> list[Source[Any]]:
    key, secret = settings.monitoring_access_key, settings.monitoring_secret_key
    if not (settings.docs_endpoint and (key or secret)):
        return []
    if key is None or secret is None:
        raise SettingsError(f"{PREFIX}MONITORING_ACCESS_KEY and its secret belong together")
    store = object_store.ObjectStore.at(
        settings.docs_endpoint,
        settings.docs_region,
        key.get_secret_value(),
        secret.get_secret_value(),
        settings.buckets,
    )
    return [Source("object_store", store.read, object_store.show, [STORE_UP(False)])]


def _predictions(dsns: dict[str, str]) -> list[Source[Any]]:
    if "predictions" not in dsns:
        return []
    look = partial(outcomes.read, dsns["predictions"])
    return [Source("predictions", look, outcomes.show)]
