"""The command `readmission retrain`: train on all accepted batches again."""

from readmission.stack.audit import record
from readmission.stack.cli.terminal import console, open_stack_warehouses
from readmission.warehouse.audit.events import Action, by_os_user


def retrain() -> None:
    """Have Airflow train on all accepted batches again, and judge the new model.

    Use it when the API cannot open the model in production, for example after an upgrade or after
    the key that signs models was replaced. The ledger sweep does the same within ten minutes. Fits
    of the same data that can still be opened are reused.
    """
    with open_stack_warehouses() as (site, _raw, clean):
        from readmission.stack.access import open_airflow
        from readmission.stack.cli.batch_progress import CONSUMERS, TRAINING
        from readmission.warehouse import BatchState

        accepted = [b.batch_id for b in clean.batches() if b.state is BatchState.ACCEPTED]
        if not accepted:
            console.print("nothing to train on: no batch has reached CLEAN yet")
            return
        record(site, by_os_user(Action.RETRAIN, accepted[-1]))
        client = open_airflow(site)
        client.wait_for_dags(CONSUMERS)
        run = client.trigger(TRAINING, {}, accepted[-1])
        console.print(f"training on all batches up to {accepted[-1]}")
        console.print(f"follow the run at {client.url}{run.path}")
