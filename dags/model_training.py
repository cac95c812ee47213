"""On each CLEAN batch, or every n-th, or one that drifts: fit all families, register the best.

First, the training gate checks the rows of all batches so far.
"""

from airflow.sdk import PartitionedAssetTimetable, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from assets import CLEAN, MODEL_RUN
from policies import LABELLED, RETRIES, label, start_held
from readmission.settings import get_settings


@dag(
    schedule=PartitionedAssetTimetable(assets=CLEAN),
    catchup=False,
    max_active_runs=1,
    default_args=RETRIES,
    tags=["readmission"],
    doc_md=__doc__,
)
def model_training_pipeline():
    @task
    def prepare(partition_key: str, run_id: str) -> dict[str, str | int]:
        """Let the training gate check the rows of all batches up to this one."""
        from connections import batch_of, clean_warehouse, publish_report, training_partitions
        from lineage import report_gate
        from readmission.modelling import families
        from readmission.pipeline import measure_drift
        from readmission.pipeline.training import reading, train
        from readmission.quality.gates import Gatekeeper
        from readmission.warehouse.clean.skipped_trainings import SkippedTrainings

        batch_id = batch_of(partition_key)
        families.require_known(get_settings().families)
        train.signer_of(get_settings())
        with clean_warehouse() as warehouse, warehouse.unchanged():
            skipped = SkippedTrainings(warehouse)
            every = measure_drift.when_to_train(get_settings(), warehouse, batch_id)
            if why := skipped.reason_to_skip(batch_id, run_id, every):
                raise AirflowSkipException(f"{batch_id} is not trained on: {why}")
            history = get_settings().train_with_history
            rows = reading.to_check(training_partitions(warehouse), batch_id, history=history)
            gatekeeper = Gatekeeper(get_settings().docs_dir, publish_report, report_gate)
            gatekeeper.training(warehouse, batch_id, rows)
            return vars(train.lineage(warehouse, batch_id, len(rows)))

    @task(**LABELLED)
    def train(family: str, data: dict[str, str | int]) -> dict[str, str | float]:
        """Fit one family and log its run."""
        label(family)
        from connections import clean_warehouse, training_partitions
        from readmission.modelling.mlflow_runs import Lineage
        from readmission.pipeline.training import reading, train
        from readmission.registry import Registry

        settings, lineage = get_settings(), Lineage(**data)
        registry, signer = Registry(settings.as_mlflow("training")), train.signer_of(settings)
        with reading.cluster_of(settings) as cluster:
            with clean_warehouse() as warehouse:
                partitions = training_partitions(warehouse)
                rows = reading.to_fit(settings, partitions, lineage.batch_id, lineage.rows, cluster)
            threads = settings.training_threads
            return vars(train.train(family, rows, lineage, registry, signer, threads))

    @task(outlets=[MODEL_RUN])
    def register_best(
        trained: list[dict[str, str | float]], data: dict[str, str | int], outlet_events
    ) -> None:
        """Register the best model as challenger, and announce it."""
        from connections import clean_warehouse
        from lineage import report
        from readmission.modelling.mlflow_runs import Lineage
        from readmission.pipeline.training import train
        from readmission.registry import Registry
        from readmission.warehouse import ModelHistory

        results = [train.FitResult(**result) for result in trained]
        with clean_warehouse() as warehouse:
            candidate = train.register_best(
                results,
                Lineage(**data),
                Registry(get_settings().as_mlflow("training")),
                train.signer_of(get_settings()),
                ModelHistory(warehouse.connection),
            )
        outlet_events[MODEL_RUN].extra = {
            "family": candidate.family,
            "version": candidate.version,
            "run_id": candidate.run_id,
        }
        outlet_events[MODEL_RUN].add_partitions(candidate.batch_id)
        report(candidate.batch_id, inputs=[CLEAN], outputs=[MODEL_RUN])

    data = prepare()
    trained = train.partial(data=data).expand(family=list(get_settings().families))
    register_best(trained, data)
    # Without a model, the batch may be settled. Not after `register_best`: then a run in which that
    # fails would count as a success, because its last task succeeds.
    [data, trained] >> start_held.override(trigger_rule="one_failed")()


model_training_pipeline()
