"""The chapters of the tour, each a few sentences around what the system really does."""

from pydantic import SecretStr

from readmission.pipeline.promotion.rollback import roll_back
from readmission.registry import Registry
from readmission.stack.access import open_airflow, open_warehouses, predict_example, write_overview
from readmission.stack.cli import demo
from readmission.stack.cli.batch_progress import (
    CONSUMERS,
    INGESTION,
    BatchProgress,
    BlockedStage,
    ProgressReader,
    blocked_stages,
)
from readmission.stack.cli.decisions.quarantine import REPLAY_DAG
from readmission.stack.cli.decisions.quarantine_tables import decision_line, state_counts
from readmission.stack.cli.models.decision_history import decision_history, history_table
from readmission.stack.cli.models.promote import request_promotion
from readmission.stack.cli.tour import alerts
from readmission.stack.cli.tour.delivery import RIGHT_AGE, WRONG_AGE, Hospital
from readmission.stack.cli.tour.narration import Narrator
from readmission.stack.errors import StackError
from readmission.stack.services.airflow_client import DagRun
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.warehouse import CleanWarehouse, ModelHistory, Quarantine, RawWarehouse
from readmission.warehouse.reconciliation import account

GOOD, NIGHTLY, MANY_WRONG, FEW_WRONG = 1_200, 600, 60, 24
"""Rows of the first and of every later delivery; 10 % and 4 % of the latter are damaged."""
BY, WHY = "tour", "the ward confirmed the age"


class Tour:
    """A running stack, the hospital that delivers to it, and the narrator.

    Parameters
    ----------
    site : Site
        The stack.
    hospital : Hospital
        Delivers encounters.
    narrator : Narrator
        Prints the tour.
    """

    def __init__(self, site: Site, hospital: Hospital, narrator: Narrator) -> None:
        self._site = site
        self._hospital = hospital
        self._narrator = narrator
        self._airflow = open_airflow(site)

    def run(self) -> None:
        """Go through all chapters.

        Raises
        ------
        StackError
            If a batch ends elsewhere than it should.
        """
        self._airflow.wait_for_dags([INGESTION, REPLAY_DAG, *CONSUMERS])
        with open_warehouses(self._site) as (raw, clean):
            self.first_model(raw, clean)
            self.refused_batch(raw, clean)
            self.report_and_alert()
            self.quarantine(raw, clean)
            self.fix_and_replay(raw, clean)
            self.promotion(clean)
            self.rollback(clean)

    def first_model(self, raw: RawWarehouse, clean: CleanWarehouse) -> None:
        """A good batch goes from the file to production."""
        say, link = self._narrator.say, self._narrator.link
        self._narrator.chapter("A batch becomes a model")
        say(
            f"A hospital has delivered {GOOD:,} synthetic encounters. Airflow ingests them, lets"
            " the gates check them, trains a model and promotes it: it is the first one."
        )
        (batch,) = self._ingest(raw, clean, GOOD)
        require(batch, arrives=True)
        found = predict_example(self._site.settings.api_url)
        risk = found["probabilities"]["<30"]
        say(
            f"The API serves version {found['model_version']}. For the example encounter it"
            f" predicts {found['predicted_class']}, with {risk:.1%} for a readmission within 30"
            " days."
        )
        link("Airflow", self._site.airflow_url)
        link("MLflow", self._site.settings.mlflow_tracking_uri)
        link("clinicians' page", f"http://{HOST}:{self._site.settings.ui_port}")

    def refused_batch(self, raw: RawWarehouse, clean: CleanWarehouse) -> None:
        """A batch with many bad rows is refused as a whole."""
        self._narrator.chapter("A bad batch meets the gate")
        self._hospital.send(NIGHTLY, MANY_WRONG)
        self._narrator.say(
            f"The next delivery has {NIGHTLY} encounters. A change of the hospital's software has"
            f" written the age {WRONG_AGE} into {MANY_WRONG} of them."
        )
        batch = self._ingest(raw, clean, NIGHTLY)[-1]
        if stopped := require(batch, arrives=False):
            _, stage, progress = stopped
            self._narrator.say(f"The {stage} gate refused {batch.batch_id} as a whole:")
            self._narrator.say(f"  {progress.why}")
        self._narrator.say("No model has seen it, and version 1 is still in production.")

    def report_and_alert(self) -> None:
        """The report says what is wrong, and the alert tells people."""
        say, link = self._narrator.say, self._narrator.link
        self._narrator.chapter("The report, the alert and its runbook")
        say("Each gate leaves a report with every expectation that was not met:")
        link("reports", self._site.settings.docs_dir / "index.html")
        link("the same in Airflow", f"{self._site.airflow_url}/data-quality/index.html")
        say(f"  Airflow's user is admin; its password is in {self._site.paths.airflow_passwords}")
        name = "GateFailed"
        say(f"Prometheus watches, too. {name} ({alerts.state(self._site, name)}):")
        say(f"  {alerts.description(name, gate='raw')}")
        say("Its runbook says what it means, where to look, and what to do:")
        link("runbook", alerts.runbook(self._site, name))

    def quarantine(self, raw: RawWarehouse, clean: CleanWarehouse) -> None:
        """The corrected file has a few bad rows left, which wait in the quarantine."""
        self._narrator.chapter("The quarantine")
        self._hospital.send_again(NIGHTLY, FEW_WRONG)
        self._narrator.say(
            f"The runbook says: a corrected file is a new batch. The hospital sends the {NIGHTLY}"
            f" encounters again, and {FEW_WRONG} are still wrong. That is below the limit, so only"
            " these rows wait, and the others go on to a new model."
        )
        batch = self._ingest(raw, clean, NIGHTLY)[-1]
        require(batch, arrives=True)
        self._batch = batch.batch_id
        rows = Quarantine(raw.connection).rows(self._batch)
        self._narrator.command(f"quarantine list --batch {self._batch}")
        self._narrator.say(f"  {state_counts(rows)}")
        self._narrator.say(f"  row {rows[0].line}: {'; '.join(rows[0].reasons)}")

    def fix_and_replay(self, raw: RawWarehouse, clean: CleanWarehouse) -> None:
        """A person corrects the rows, and they go through the same gates."""
        say, command = self._narrator.say, self._narrator.command
        self._narrator.chapter("A fix and its replay")
        quarantine = Quarantine(raw.connection)
        rows = quarantine.rows(self._batch)
        numbers = [row.source_row for row in rows]
        say("The ward has looked it up. Every decision is kept with name, time and reason:")
        command(f"quarantine fix {self._batch} {rows[0].line} … --set 'age={RIGHT_AGE}' --why …")
        fixed = quarantine.fix(self._batch, numbers, {"age": RIGHT_AGE}, BY, WHY)
        say(f"  {decision_line(fixed[0])}")
        command("quarantine replay")
        run = self._airflow.trigger(REPLAY_DAG, {"action": "replay", "batch_id": self._batch})
        batch = self._follow(raw, clean, run, len(raw.batches()) + 1)[-1]
        require(batch, arrives=True)
        write_overview(self._site, raw, clean)
        command("quarantine account")
        say(f"  {account(raw, clean)}")
        say(f"GateFailed is now: {alerts.state(self._site, 'GateFailed')}.")

    def promotion(self, clean: CleanWarehouse) -> None:
        """A verdict decides, and a person may overrule it."""
        self._narrator.chapter("A promotion")
        self._narrator.say("Every challenger was compared with the champion on the same rows:")
        self._narrator.command("promotions")
        history = ModelHistory(clean.connection)
        self._narrator.console.print(history_table(decision_history(self._site, clean).decisions))
        newest = history.candidates()[-1].version
        champion = predict_example(self._site.settings.api_url)["model_version"]
        if champion == newest:
            self._narrator.say(f"Version {newest} was better, so it is in production.")
            return
        self._narrator.say(
            f"Version {newest} did not win. A person may still promote it, and says why:"
        )
        self._narrator.command(f"promote {newest} --reason …")
        done = request_promotion(self._site, newest, "the tour shows a promotion by hand", BY)
        self._narrator.say(f"  {done}")

    def rollback(self, clean: CleanWarehouse) -> None:
        """One command rolls back, and waits until the API serves the earlier version."""
        self._narrator.chapter("A rollback")
        self._narrator.say("The wards complain about the new version. One command rolls back:")
        self._narrator.command("rollback --reason …")
        key = SecretStr(self._site.credentials.api_admin_key)
        settings = self._site.settings.model_copy(update={"api_key": key})
        wanted = {"reason": "the tour shows a rollback", "by": BY, "to": None, "until": None}
        history, registry = ModelHistory(clean.connection), Registry(settings)
        done = roll_back(wanted, "tour", history, registry, settings)
        self._narrator.say(f"  {done}")
        found = predict_example(self._site.settings.api_url)
        self._narrator.say(f"The API serves version {found['model_version']} again.")
        self._narrator.console.print(history_table(decision_history(self._site, clean).decisions))

    def _ingest(self, raw: RawWarehouse, clean: CleanWarehouse, rows: int) -> list[BatchProgress]:
        """Have Airflow ingest one batch, and follow it to its end."""
        run = self._airflow.trigger(INGESTION, {"batch_size": rows, "batches": 1})
        return self._follow(raw, clean, run, len(raw.batches()) + 1)

    def _follow(
        self, raw: RawWarehouse, clean: CleanWarehouse, run: DagRun, expected: int
    ) -> list[BatchProgress]:
        reader = ProgressReader(raw, clean, self._airflow)
        return demo.follow(reader, self._airflow, run, expected, self._narrator.console)


def require(batch: BatchProgress, *, arrives: bool) -> BlockedStage | None:
    """Check that a batch has arrived, or was stopped; return where it was stopped.

    Raises
    ------
    StackError
        If it has not.
    """
    found = blocked_stages([batch])
    if arrives == bool(found):
        where = f"was stopped at {found[0][1]}: {found[0][2].why}" if found else "was not stopped"
        raise StackError(f"the tour ends here, because {batch.batch_id} {where}")
    return found[0] if found else None
