"""The whole stack, with a source file that grows while it runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from readmission.pipeline import source
from readmission.stack.services.airflow import USER
from readmission.stack.services.airflow_client import AirflowClient
from readmission.stack.stack import Stack
from tests.conftest import random_settings
from tests.e2e.diagnosis import DAGS
from tests.e2e.pipeline import TASK_SECONDS, Pipeline


@pytest.fixture(scope="package")
def pipeline(
    state_folders: Path, encounters: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pipeline]:
    """The whole stack on free ports, with an empty source; deleted before other tests run."""
    file = tmp_path_factory.mktemp("source") / "encounters.csv"
    lineage = tmp_path_factory.mktemp("lineage") / "events.jsonl"
    supply = source.read(encounters)
    changes = {
        "dataset": file,
        "sweep_grace_seconds": 5,
        "task_timeout_seconds": TASK_SECONDS,
        # Batches this small cannot prove that a model is better.
        "promotion_rule": "weighted_f1",
        "openlineage": str(lineage),
    }
    stack = Stack(random_settings(state_folders / "e2e", **changes))
    stack.up()
    site = stack.site
    airflow = AirflowClient(site.airflow_url, USER, site.credentials.airflow_admin)
    # An asset event is lost if Airflow has not yet loaded the DAGs that consume it.
    airflow.wait_for_dags(DAGS)
    yield Pipeline(stack, airflow, supply.encounters.to_pandas(), supply.origin, file)
    stack.reset()
