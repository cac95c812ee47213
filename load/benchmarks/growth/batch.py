"""The cost of one more batch, and of a training, in databases that hold many encounters."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pandas as pd
import psycopg
import pyarrow as pa

from load.benchmarks.bare_copy import timed
from load.benchmarks.growth.costs import Cost, peak_of_children
from load.benchmarks.growth.filling import BASE, BATCH, KEY
from readmission.domain import synthetic
from readmission.domain.batch_ids import batch_name
from readmission.domain.privacy import Pseudonyms
from readmission.modelling import families
from readmission.modelling.family import Family
from readmission.modelling.fitting import fit, streaming
from readmission.modelling.fitting.cluster import Cluster, connect
from readmission.modelling.fitting.parted_rows import PartedRows
from readmission.pipeline import process
from readmission.pipeline.training import reading
from readmission.quality.gates import Gatekeeper
from readmission.stack.services import object_store
from readmission.stack.site.site import Site
from readmission.warehouse import CleanWarehouse, RawWarehouse
from readmission.warehouse.clean.partitions import Bucket, TrainingPartitions
from readmission.warehouse.predictions import known_stays

ENGINES = WHOLE, PARTS, DASK = "whole", "parts", "dask"
"""All rows in one process, in one process part by part, and on two workers of Dask."""
SAMPLE = 500_000
"""Rows that the last two hold whole: the default of READMISSION_TRAINING_SAMPLE_ROWS."""
THREADS = 2
LIMIT = 0.05
_NEW_SEED = 7
_FREE = 900_000_000
"""From here on, no copy has an encounter."""


@contextmanager
def _warehouses(dsns: Mapping[str, str]) -> Iterator[tuple[RawWarehouse, CleanWarehouse]]:
    with ExitStack() as stack:
        raw, clean = (stack.enter_context(psycopg.connect(dsns[n])) for n in ("raw", "clean"))
        for connection in (raw, clean):
            connection.execute("SET statement_timeout = 0")
            connection.commit()
        yield RawWarehouse(raw, KEY), CleanWarehouse(clean)


def _new_rows() -> pa.Table:
    """Return a batch of encounters that no copy has, many of them of known patients."""
    rows = synthetic.encounters(BATCH, _NEW_SEED)
    numbers = pa.array([str(_FREE + row) for row in range(BATCH)], pa.string())
    return rows.set_column(rows.column_names.index("encounter_id"), "encounter_id", numbers)


def one_batch(dsns: Mapping[str, str], rows: int) -> dict[str, float]:
    """Bring a batch into databases of a given size, stage by stage."""
    seconds: dict[str, float] = {}
    pseudonyms = Pseudonyms(KEY)
    with (
        _warehouses(dsns) as (raw, clean),
        psycopg.connect(dsns["predictions"]) as log,
        TemporaryDirectory() as docs,
    ):
        log.execute("SET statement_timeout = 0")
        log.commit()
        arrived, gatekeeper = _new_rows(), Gatekeeper(Path(docs), lambda *_: None)
        with timed(seconds, "load into RAW"):
            batch = raw.load(arrived, rows, "synthetic").batch_id
        with timed(seconds, "raw gate"):
            gatekeeper.raw(raw, batch, LIMIT)
        with timed(seconds, "processing"):
            process.process(raw, clean, batch, KEY, pseudonyms.patient)
        with timed(seconds, "clean gate"):
            gatekeeper.clean(clean, batch)
        with timed(seconds, "publishing its stays"):
            known_stays.publish(clean, log, pseudonyms.encounter)
    return seconds


def snapshot(dsns: Mapping[str, str], site: Site) -> dict[str, float]:
    """Write the training partition of every batch, and check the training rows in them."""
    seconds: dict[str, float] = {}
    with _warehouses(dsns) as (_, clean):
        _correct_hashes(clean)
        partitions = _partitions(clean, site)
        with timed(seconds, "writing"):
            for batch in clean.batches():
                partitions.write(batch.batch_id)
        with timed(seconds, "the training gate"), TemporaryDirectory() as docs:
            newest = clean.batches()[-1].batch_id
            rows = reading.to_check(partitions, newest)
            Gatekeeper(Path(docs), lambda *_: None).training(clean, newest, rows)
    return seconds


def training(
    dsns: Mapping[str, str], site: Site, family: str, engine: str, trees: int | None
) -> Cost:
    """Fit a family on the rows of all partitions, with one of `ENGINES`.

    The peak memory is that of Dask's workers, if there are any.
    """
    seconds: dict[str, float] = {}
    with ExitStack() as stack:
        if trees:
            changed = {**families.FAMILIES, family: _with_trees(family, trees)}
            stack.enter_context(patch.object(families, "FAMILIES", changed))
        cluster = stack.enter_context(_cluster()) if engine == DASK else None
        with _warehouses(dsns) as (_, clean), timed(seconds, "reading"):
            partitions = _partitions(clean, site)
            newest = clean.batches()[-1].batch_id
            rows: pd.DataFrame | PartedRows
            if engine == WHOLE:
                rows = reading.whole(clean, newest, partitions=partitions)
            else:
                reader = cluster.read if cluster else partial(streaming.read, limit=SAMPLE)
                rows = reading.in_parts(partitions, newest, reader)
        with timed(seconds, "fit"):
            fit(family, rows, THREADS)
        return Cost(seconds, peak_of_children())


@contextmanager
def _cluster() -> Iterator[Cluster]:
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=THREADS, threads_per_worker=1, dashboard_address=None) as started,
        connect(started.scheduler_address, SAMPLE) as cluster,
    ):
        yield cluster


def _with_trees(family: str, trees: int) -> Family:
    declared = families.family(family)

    def build(threads: int) -> Any:
        return declared.build(threads).set_params(n_estimators=trees)

    return replace(declared, build=build)


def _partitions(clean: CleanWarehouse, site: Site) -> TrainingPartitions:
    bucket = Bucket(object_store.client(site), site.settings.training_bucket)
    return TrainingPartitions(clean, bucket)


def _correct_hashes(clean: CleanWarehouse) -> None:
    """Give the copied batches the hashes of their rows, as processing would have done."""
    copied = [b.batch_id for b in clean.batches() if b.batch_id > batch_name(BASE)]
    with clean.connection.transaction():
        for batch_id in copied:
            clean.connection.execute(
                "UPDATE batch SET content_sha256 = %s WHERE batch_id = %s",
                (clean.content_hash(batch_id), batch_id),
            )
