"""Started by hand: predict all encounters below a prefix of an object store.

Each file is a task with the same model version, and has its predictions in a folder of its name
below the output. A run that failed can be repeated with the same addresses: what is finished stays.
`readmission score` does the same on one machine.
"""

from typing import Any

from airflow.sdk import Param, dag, task

from policies import LABELLED, RETRIES, label
from readmission.settings.deliveries import S3_PREFIX


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args=RETRIES,
    params={
        "input": Param(
            type="string", pattern=S3_PREFIX, title="Input",
            description="Files of encounters: s3://bucket/prefix, in a bucket of your own.",
        ),
        "output": Param(
            type="string", pattern=S3_PREFIX, title="Output",
            description="Where the predictions go: another prefix, s3://bucket/prefix.",
        ),
    },
    tags=["readmission"],
    doc_md=__doc__,
)  # fmt: skip
def batch_scoring():
    @task
    def find_files(params: dict[str, Any], dag_run: Any) -> list[dict[str, Any]]:
        """Check the addresses, choose the model version, and list the files."""
        from connections import record_decision, use_object_store
        from readmission.pipeline.scoring import job
        from readmission.settings import get_settings
        from readmission.warehouse.audit.events import Action

        use_object_store()
        jobs = job.plan(params["input"], params["output"], get_settings())
        record_decision(dag_run, Action.SCORE_FILE, jobs[0].version, None, files=len(jobs))
        return [vars(each) for each in jobs]

    @task(max_active_tis_per_dagrun=2, **LABELLED)
    def score(file: dict[str, Any]) -> dict[str, int]:
        """Score one file, and return how many rows it has, and how many have no prediction."""
        label(file["file"].rsplit("/", 1)[-1])
        from connections import use_object_store
        from readmission.pipeline.scoring import job
        from readmission.settings import get_settings

        use_object_store()
        return job.score_file(job.ScoringJob(**file), get_settings())

    score.expand(file=find_files())


batch_scoring()
