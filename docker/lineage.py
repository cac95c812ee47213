"""The datasets of a task for OpenLineage: partitions, and findings of gates; import only in tasks.

Airflow's provider sends the events of runs and tasks. It cannot know what a task reads and writes,
so each task that announces a partition says so.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from airflow.providers.openlineage.conf import is_disabled

from assets import CLEAN, MODEL_RUN, RAW
from readmission.quality import catalogue
from readmission.quality.catalogue import Stage

if TYPE_CHECKING:
    from airflow.sdk import Asset
    from openlineage.client.event_v2 import InputDataset, OutputDataset

    from readmission.quality.verdict import Verdict

NAMESPACE = "readmission"
CHECKED = {
    Stage.RAW: RAW,
    Stage.CLEAN: CLEAN,
    Stage.TRAINING: CLEAN,
    Stage.PROMOTION: MODEL_RUN,
}
"""The asset that the gates of each stage check."""


def report(batch_id: str, inputs: Iterable["Asset"], outputs: Iterable["Asset"]) -> None:
    """Send which partitions the task has read and written, if lineage is on."""
    if is_disabled():
        return
    from openlineage.client.event_v2 import InputDataset, OutputDataset
    from openlineage.client.facet_v2 import dataset_version_dataset

    version = {"version": dataset_version_dataset.DatasetVersionDatasetFacet(batch_id)}
    _send(
        [InputDataset(NAMESPACE, name_of(asset), facets=version) for asset in inputs],
        [OutputDataset(NAMESPACE, name_of(asset), facets=version) for asset in outputs],
    )


def report_gate(verdict: "Verdict", passed: bool) -> None:
    """Send what a gate found about a partition, if lineage is on.

    A failure has the type of the expectation, its column and how severe it is, but no value.
    """
    if not is_disabled():
        _send([checked(verdict, passed)], [])


def checked(verdict: "Verdict", passed: bool) -> "InputDataset":
    """Return the partition that a gate has checked, with the verdict and each failure."""
    from openlineage.client.event_v2 import InputDataset
    from openlineage.client.facet_v2 import data_quality_assertions_dataset as quality
    from openlineage.client.facet_v2 import dataset_version_dataset

    stage = next(gate.stage for gate in catalogue.GATES if gate.name == verdict.gate)
    severity = {True: "error", False: "warn"}
    found = [quality.Assertion(f"gate {verdict.gate}", passed, severity="error")]
    found += [
        quality.Assertion(
            failure.expectation, False, failure.column or None, severity[failure.critical]
        )
        for failure in verdict.failures
    ]
    return InputDataset(
        NAMESPACE,
        name_of(CHECKED[stage]),
        facets={"version": dataset_version_dataset.DatasetVersionDatasetFacet(verdict.batch_id)},
        inputFacets={"dataQualityAssertions": quality.DataQualityAssertionsDatasetFacet(found)},
    )


def name_of(asset: "Asset") -> str:
    """Return the name of an asset's dataset: raw/encounter for x-readmission://raw/encounter."""
    return asset.uri.partition("://")[2]


def _send(inputs: list["InputDataset"], outputs: list["OutputDataset"]) -> None:
    # It only logs what goes wrong: no task depends on it.
    from airflow.providers.openlineage.api import emit_dataset_lineage

    emit_dataset_lineage(inputs=inputs, outputs=outputs)  # type: ignore[arg-type]
