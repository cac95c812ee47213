"""Today's code starts on the state of the last release and runs by itself: `make upgrade-test`.

The state is committed in `tests/e2e/upgrade/state`; its README says what it holds.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql

from readmission.domain import schema
from readmission.domain.schema import example
from readmission.pipeline import source
from readmission.serving import bundle
from readmission.settings import PREFIX, Settings
from readmission.settings.renamed import RENAMED
from readmission.stack import backup
from readmission.stack.services import postgres
from readmission.stack.services.airflow import USER
from readmission.stack.services.airflow_client import AirflowClient
from readmission.stack.site.site import Site
from readmission.stack.stack import Stack
from readmission.warehouse import ModelHistory, RawWarehouse
from readmission.warehouse.clean.rollback_log import RollbackLog
from tests.conftest import random_settings
from tests.databases import RENAMED_COLUMNS, RENAMED_TABLES
from tests.e2e.diagnosis import DAGS
from tests.e2e.pipeline import PATIENCE, Pipeline
from tests.e2e.upgrade.names import public_names
from tests.e2e.upgrade.state import BATCH, ENCOUNTERS, FOLDER, NAMES, bundles, opened

pytestmark = pytest.mark.timeout(2 * PATIENCE)

PROBLEM = "application/problem+json"
SAVED = [name for name in postgres.DATABASES if (FOLDER / f"{name}.dump").exists()]
"""The databases of the last release."""
OUR_DATABASES = [name for name in SAVED if name not in ("airflow", "mlflow")]
REPLACED = {"candidate", "gate_verdict"}
"""Tables with the last candidate and gates of each batch; training a batch again replaces them."""
NOT_KEPT = ["alembic_version", "known_stay", "known_stays_version"]
"""The revision, and a copy of stays in CLEAN that each processing compares with them."""

Rows = dict[tuple[str, str, tuple[str, ...]], set[tuple[str | None, ...]]]
"""The rows by database, table and columns."""


@dataclass(frozen=True)
class Upgraded:
    """A stack of today's code on the state of the last release.

    Parameters
    ----------
    pipeline : Pipeline
        The stack and the encounters.
    before : dict
        The rows that the last release wrote.
    batches : int
        The number of its batches.
    at_first : Response
        What `/predict` returned before a new model could be trained.
    adopted : Response
        What it returned once a model was served.
    """

    pipeline: Pipeline
    before: Rows
    batches: int
    at_first: httpx.Response
    adopted: httpx.Response


@pytest.fixture(scope="module")
def upgraded(state_folders: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgraded]:
    """Given the old state and a stack on the clock, and nothing done by hand."""
    file = tmp_path_factory.mktemp("source") / "encounters.csv"
    supply = source.read(FOLDER / ENCOUNTERS).encounters.to_pandas()
    batches = len(supply) // BATCH - 1
    changes: dict[str, Any] = {
        "dataset": file,
        "batch_size": BATCH,
        "scheduled_runs": True,
        # One suffices here: test_pipeline.py trains all that compete.
        "families": ("logistic_regression",),
        "prediction_retention_days": 36_500,  # The saved predictions get older and older.
    }
    stack = Stack(random_settings(state_folders / "upgrade", **changes))
    before: Rows = {}

    def note_rows(part: str) -> None:
        # Once the databases are restored, and before any code of today has migrated them.
        if part == f"bucket {backup.BUCKETS[0]}":
            before.update(read_rows(stack.site))

    try:
        backup.fill(stack, opened, note_rows, SAVED)
        pipeline = Pipeline(stack, client(stack), supply, source.Origin.SYNTHETIC, file)
        pipeline.deliver(batches * BATCH)
        # Without Airflow first, so that the new model cannot come before the question.
        stack.up(only={"api"})
        at_first = pipeline.wait_for("the end of the first load", lambda: settled(stack))
        stack.up()
        pipeline.airflow.wait_for_dags(DAGS)
        adopted = pipeline.wait_for("a model", lambda: served(stack))
        yield Upgraded(pipeline, before, batches, at_first, adopted)
    finally:
        stack.reset()


AS_IT_IS = set(bundles()) == {(bundle.FORMAT, schema.VERSION)}
"""Whether today's code opens saved bundles; a release that changes their format retrains."""
RETRAINED = pytest.mark.skipif(AS_IT_IS, reason="today's code opens the saved model")
KEPT = pytest.mark.skipif(not AS_IT_IS, reason="today's code cannot open the saved model")


def client(stack: Stack) -> AirflowClient:
    site = stack.site
    return AirflowClient(site.airflow_url, USER, site.credentials.airflow_admin)


def predict(stack: Stack) -> httpx.Response:
    url = f"{stack.site.settings.api_url}/predict"
    return httpx.post(url, json=example(), trust_env=False, timeout=60)


def settled(stack: Stack) -> httpx.Response | None:
    """Return what `/predict` says once the API has tried to load the model."""
    response = predict(stack)
    return None if "is being loaded" in response.text else response


def served(stack: Stack) -> httpx.Response | None:
    response = predict(stack)
    return response if response.status_code == httpx.codes.OK else None


def read_rows(site: Site, wanted: Rows | None = None) -> Rows:
    """Return the rows of every table of ours, or of some columns of some tables."""
    found: Rows = {}
    for database in OUR_DATABASES:
        with psycopg.connect(postgres.dsn(site, database)) as connection:
            tables = [key[1:] for key in wanted if key[0] == database] if wanted else None
            for table, columns in tables if tables is not None else tables_of(connection):
                today = RENAMED_COLUMNS if wanted else {}
                listed = sql.SQL(", ").join(
                    sql.SQL("{}::text").format(sql.Identifier(today.get(name, name)))
                    for name in columns
                )
                name = RENAMED_TABLES.get(table, table) if wanted else table
                query = sql.SQL("SELECT {} FROM {}").format(listed, sql.Identifier(name))
                found[database, table, columns] = set(connection.execute(query).fetchall())
    return found


def tables_of(connection: psycopg.Connection) -> list[tuple[str, tuple[str, ...]]]:
    """Return the tables and their columns, except for those that are not kept as they are."""
    return [
        (table, tuple(columns))
        for table, columns in connection.execute(
            "SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position)"
            " FROM information_schema.columns JOIN information_schema.tables"
            " USING (table_schema, table_name)"
            " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
            " AND table_name <> ALL(%s) GROUP BY 1",
            (NOT_KEPT,),
        ).fetchall()
    ]


def test_the_saved_state_has_rows_of_every_kind(upgraded: Upgraded) -> None:
    filled = {table for (_, table, _), rows in upgraded.before.items() if rows}

    assert {"encounter", "patient", "promotion", "rollback", "gate_verdict", "drift"} <= filled
    assert {"prediction", "outcome", "outcome_batch", "candidate", "quarantine"} <= filled


@KEPT
def test_the_saved_model_is_served_at_once_and_nothing_is_trained(upgraded: Upgraded) -> None:
    assert upgraded.at_first.status_code == httpx.codes.OK, upgraded.at_first.text
    version = upgraded.at_first.json()["model_version"]
    assert upgraded.adopted.json()["model_version"] == version
    assert upgraded.pipeline.registry.production().served(follow=False) == version
    with upgraded.pipeline.connected("clean") as clean:
        verdicts = ModelHistory(clean).promotions()
        assert len(RollbackLog(clean).rollbacks()) == 2
    assert len(verdicts) == upgraded.batches


@KEPT
def test_a_rollback_and_one_back_work_with_saved_models(upgraded: Upgraded) -> None:
    site = upgraded.pipeline.stack.site
    headers = {"X-API-Key": site.credentials.api_admin_key}
    url = f"{site.settings.api_url}/rollback"
    served = []
    for reason in ("too many alarms", "a mistake"):
        body = {"reason": reason}
        response = httpx.post(url, headers=headers, json=body, trust_env=False, timeout=60)
        assert response.status_code == httpx.codes.OK, response.text
        served.append(predict(upgraded.pipeline.stack).json()["model_version"])
        time.sleep(1)

    # A version that stays pinned would keep the next batch's model out of production.
    url, body = f"{site.settings.api_url}/unpin", {"reason": "the end of a test"}
    httpx.post(url, headers=headers, json=body, trust_env=False, timeout=60).raise_for_status()
    model = upgraded.adopted.json()["model_version"]
    assert served[0] != model
    assert served[1] == model


@RETRAINED
def test_meanwhile_the_api_says_what_is_going_on(upgraded: Upgraded) -> None:
    assert upgraded.at_first.status_code == httpx.codes.SERVICE_UNAVAILABLE
    message = upgraded.at_first.json()["message"]
    assert "ledger_sweep does so within ten minutes" in message


@RETRAINED
def test_a_model_of_the_newest_batch_replaces_the_old_one(upgraded: Upgraded) -> None:
    versions = {found["version"]: found for found in upgraded.pipeline.registry.versions()}
    new = upgraded.adopted.json()["model_version"]

    assert "previous" in {alias for found in versions.values() for alias in found["aliases"]}
    assert versions[new]["tags"]["batch_id"] == f"batch-{upgraded.batches:04}"
    with upgraded.pipeline.connected("clean") as clean:
        verdicts = ModelHistory(clean).promotions()
        assert len(RollbackLog(clean).rollbacks()) == 2
    assert len(verdicts) == upgraded.batches + 1
    assert verdicts[-1].challenger_version == new
    assert verdicts[-1].reason.startswith("no promoted version can be opened any longer")


def test_no_row_is_lost_or_changed(upgraded: Upgraded) -> None:
    after = read_rows(upgraded.pipeline.stack.site, upgraded.before)

    lost = {
        (database, table, row[columns.index("batch_id")] if table in REPLACED else None)
        for (database, table, columns), rows in upgraded.before.items()
        for row in rows - after[database, table, columns]
    }
    newest = f"batch-{upgraded.batches:04}"
    assert lost == (set() if AS_IT_IS else {("clean", table, newest) for table in REPLACED})
    assert all(len(after[key]) >= len(rows) for key, rows in upgraded.before.items())


def test_public_names_of_the_last_release_still_work(upgraded: Upgraded) -> None:
    current = {f"setting {name}" for name in Settings.model_fields}
    renamed = {f"setting {old.removeprefix(PREFIX).lower()}" for old in RENAMED}
    names = public_names(upgraded.pipeline.stack.site) | current | renamed
    # Errors are still JSON with the fields of before, under the media type of RFC 9457.
    names |= {name.replace(PROBLEM, "application/json") for name in names}

    assert set((FOLDER / NAMES).read_text().splitlines()) - names == set()


@RETRAINED
def test_a_rollback_to_the_old_model_is_refused_and_changes_nothing(upgraded: Upgraded) -> None:
    site = upgraded.pipeline.stack.site
    headers = {"X-API-Key": site.credentials.api_admin_key}
    url = f"{site.settings.api_url}/rollback"
    body = {"reason": "too many alarms"}
    response = httpx.post(url, headers=headers, json=body, trust_env=False, timeout=60)

    assert response.status_code == httpx.codes.CONFLICT, response.text
    assert "trained" in response.json()["message"]
    model = upgraded.adopted.json()["model_version"]
    assert predict(upgraded.pipeline.stack).json()["model_version"] == model


def test_the_next_batch_goes_through_to_a_verdict(upgraded: Upgraded) -> None:
    # given the next encounters of the same source
    pipeline, batch_id = upgraded.pipeline, f"batch-{upgraded.batches + 1:04}"
    pipeline.deliver(BATCH)

    # when the ingestion runs, which the clock does every ten minutes
    pipeline.ingest(BATCH)
    assert pipeline.promoted(batch_id).state == "success"

    # then every row is accounted for, and the champion has been compared with the new model
    with pipeline.connected("raw") as raw, pipeline.connected("clean") as clean:
        assert [b.rows for b in RawWarehouse(raw).batches()] == [BATCH] * (upgraded.batches + 1)
        verdict = ModelHistory(clean).promotions()[-1]
    assert pipeline.unaccounted() == []
    assert (verdict.batch_id, verdict.verdict in ("promoted", "refused")) == (batch_id, True)
    assert verdict.champion_version == upgraded.adopted.json()["model_version"]
    expected = {
        "promoted": verdict.challenger_version,
        "refused": verdict.champion_version,
    }[verdict.verdict]
    pipeline.wait_for(
        "the version in production",
        lambda: predict(pipeline.stack).json()["model_version"] == expected,
    )
