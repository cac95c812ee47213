"""What a run was trained on, and what a version is, as MLflow's pages show it."""

import json
from collections.abc import Mapping

from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

TABLE = "clean.encounter"
DIGEST = 32
"""Digits of the data's SHA-256; MLflow takes 36 at most."""


def training_data(tags: Mapping[str, str]) -> DatasetInput:
    """Return the rows of a training as MLflow's dataset; no row is read or sent.

    Parameters
    ----------
    tags : mapping of str to str
        The lineage of the run.
    """
    source = {"table": TABLE} | {name: tags[name] for name in ("batch_id", "batches")}
    dataset = Dataset(
        name=f"{TABLE} up to {tags['batch_id']}",
        digest=tags["data_sha256"][:DIGEST],
        source_type="code",
        source=json.dumps({"tags": source}),
        profile=json.dumps({"num_rows": int(tags["rows"]), "origin": tags["data_source"]}),
    )
    return DatasetInput(dataset, [InputTag(MLFLOW_DATASET_CONTEXT, "training")])


def description(tags: Mapping[str, str]) -> str | None:
    """Return a sentence about a version: family, data and code; None without its lineage."""
    if not tags.keys() >= {"rows", "batch_id", "data_source"}:
        return None
    made_by = f", by the code of commit {tags['commit'][:12]}" if "commit" in tags else ""
    return (
        f"{tags.get('family', 'A model').replace('_', ' ')} trained on"
        f" {int(tags['rows']):,} rows up to {tags['batch_id']} ({tags['data_source']}){made_by}"
    )
