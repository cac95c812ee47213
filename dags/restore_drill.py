"""Every Sunday: back up this machine's stack, restore the backup, and compare the predictions.

`readmission drill` does the work. The restored stack lives beside this one for about a minute, and
must predict the same for the same encounter. On Compose and Kubernetes there is no such stack, and
the run is skipped: restore a dump by hand there (docs/operations.md).
"""

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowSkipException

from policies import RETRIES, scheduled


@dag(
    schedule=scheduled("0 4 * * 0", first_run_waits=True),
    catchup=False,
    max_active_runs=1,
    default_args=RETRIES,
    tags=["readmission"],
    doc_md=__doc__,
)
def restore_drill():
    @task
    def drill() -> str:
        """Run the drill in a process of its own, and return its report."""
        import subprocess
        import sys

        from readmission.settings import get_settings

        if not get_settings().state_dir.is_dir():
            raise AirflowSkipException("this machine has no state folder of a stack")
        command = [sys.executable, "-m", "readmission.stack.cli.app", "drill"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise RuntimeError(f"the restore drill failed: {done.stderr.strip()}")
        return done.stdout.strip()

    drill()


restore_drill()
