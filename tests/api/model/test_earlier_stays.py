"""The service looks up earlier stays, and predicts with them as training and MLflow do."""

import io
import json
import sqlite3
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pytest
from fastapi.testclient import TestClient
from pyarrow import parquet as pq

from api.contract.fhir import examples
from api.contract.protocols.cds_hooks import DISCHARGE
from api.contract.readings import IGNORED
from api.main import _uses_stays, create_app
from api.metrics import Metrics
from api.model.earlier_stays import MODEL_SECONDS, EarlierStays
from api.model.stay_copy import StayCopy
from readmission.domain import cleaning, schema, synthetic
from readmission.domain.columns import earlier_stays
from readmission.domain.columns.history import Stay, history_of
from readmission.domain.privacy import Pseudonyms
from readmission.domain.splitting import Split
from readmission.modelling.fitting import Fit, fit
from readmission.pipeline.scoring.scorer import NOT_LOOKED_UP, score_all
from readmission.serving.clean_rows import score
from readmission.settings import Settings
from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from tests.api.conftest import FakeModelStore
from tests.api.faulty_proxy import FaultyProxy, faulty_proxy
from tests.api.models import loaded
from tests.api.routes.interop.test_cds_hooks import body_for
from tests.databases import emptied

ROWS = 10_000
BATCH = 6_000
CALLERS = 4
KEY = "a key of at least thirty-two characters"
NAMES = Pseudonyms(KEY)
HASHED = NAMES.patient
ID, PATIENT = schema.ENCOUNTER, schema.PATIENT
COUNTER = "history_lookups_total"
SOON = {0: "No", 1: "Yes"}
LINEAR = "logistic_regression"
FAMILIES = Settings.model_fields["families"].default
COLUMNS = (
    "encounter_hash, ordinal, number, days, medicines, inpatient, emergency, outpatient, discharge,"
    " diagnosis, followed_soon"
)


@pytest.fixture(scope="module")
def raw() -> pd.DataFrame:
    """Raw encounters of two batches, with the fields of their earlier stays as of their batch."""
    raw = synthetic.encounters(ROWS, 3).to_pandas().sample(frac=1, random_state=1)
    raw = raw.reset_index(drop=True).drop(columns=earlier_stays.NAMES, errors="ignore")
    died = raw["discharge_disposition_id"].isin(schema.DIED)
    raw.loc[died, "discharge_disposition_id"] = "1"
    by_patient = defaultdict(list)
    for patient, stay in stays_of(raw):
        by_patient[patient].append(stay)
    fields = [
        history_of(by_patient[row[PATIENT]], int(row[ID]), batch_of(place)).fields()
        for place, row in enumerate(raw.to_dict("records"))
    ]
    history = pd.DataFrame(fields).astype(object)
    history[earlier_stays.SOON] = history[earlier_stays.SOON].map(SOON)
    return raw.join(history)


def batch_of(place: int) -> int:
    return 1 if place < BATCH else 2


def stays_of(raw: pd.DataFrame) -> list[tuple[str, Stay]]:
    diagnoses = cleaning.clean(raw)["diag_1"]
    return [
        (
            row[PATIENT],
            Stay(
                int(row[ID]), batch_of(place), int(row["time_in_hospital"]),
                int(row["num_medications"]), int(row["number_inpatient"]),
                int(row["number_emergency"]), int(row["number_outpatient"]),
                row["discharge_disposition_id"], diagnoses[place], row[schema.TARGET] == "<30",
            ),
        )
        for place, row in enumerate(raw.to_dict("records"))
    ]  # fmt: skip


@pytest.fixture(scope="module")
def rows(raw: pd.DataFrame) -> pd.DataFrame:
    """The same encounters as CLEAN has them."""
    rows = pd.concat([cleaning.clean(raw), cleaning.clean_history(raw)], axis=1)
    rows = rows.assign(encounter_id=range(ROWS), eligible=cleaning.eligible(raw))
    rows[schema.TARGET] = cleaning.outcome(raw)
    rows["part"] = [Split.TRAIN if i % 4 else Split.VALIDATION for i in range(ROWS)]
    return rows


@pytest.fixture(scope="module")
def fitted(rows: pd.DataFrame) -> Fit:
    return fit(LINEAR, rows, threads=1)


@pytest.fixture
def published(databases: Stack, raw: pd.DataFrame) -> Iterator[str]:
    """The address of a database with the published stays."""
    dsn = postgres.dsn(databases.site, "predictions")
    with emptied(dsn) as connection:
        query = f"COPY known_stay (batch_id, source_row, patient_hash, {COLUMNS}) FROM STDIN"
        order = {int(n): place for place, n in enumerate(sorted(set(raw[ID]), key=int))}
        with connection.cursor().copy(query.encode()) as copy:
            for place, (patient, s) in enumerate(stays_of(raw)):
                keys = (f"batch-{s.batch:04}", place, HASHED(patient), NAMES.encounter(s.encounter))
                copy.write_row((*keys, order[s.encounter], *s[1:]))
        connection.commit()
        yield dsn


@pytest.fixture
def proxy(published: str) -> Iterator[FaultyProxy]:
    with faulty_proxy(published) as proxy:
        yield proxy


@pytest.fixture
def client(
    proxy: FaultyProxy, fake_store: FakeModelStore, fitted: Fit, tmp_path: Path
) -> Iterator[TestClient]:
    """The service with a model that takes earlier stays."""
    fake_store.content = loaded("1", fitted)
    settings = Settings(
        api_anonymous_role="admin", api_rate_limit=0, api_row_limit=0, model_poll_seconds=3600,
        prediction_log_dsn=proxy.dsn, prediction_log_key=KEY, model_cache_dir=tmp_path / "models",
        prediction_spool_dir=tmp_path / "spool", history_refresh_seconds=3600, shadow_share=1,
    )  # fmt: skip
    with TestClient(create_app(settings, fake_store)) as client:
        client.post("/reload_model").raise_for_status()
        deadline = time.monotonic() + 60
        while stays_in(client)._copy is None:
            assert time.monotonic() < deadline
            stays_in(client).refresh()
        yield client


def stays_in(client: TestClient) -> Any:
    return client.app.state.service.stays  # type: ignore[attr-defined]


def sent(raw: pd.DataFrame, *names: str) -> list[dict]:
    return json.loads(raw[[*schema.FEATURE_NAMES, *names]].to_json(orient="records"))


def predicted(client: TestClient, rows: list[dict]) -> list[dict]:
    body = "\n".join(map(json.dumps, rows))
    response = client.post(
        "/predict/batch", content=body, headers={"Content-Type": "application/x-ndjson"}
    )
    return [json.loads(line) for line in response.text.splitlines()][:-1]


def probabilities(lines: list[dict]) -> np.ndarray:
    return np.array([list(line["probabilities"].values()) for line in lines])


@pytest.mark.parametrize("family", FAMILIES)
def test_api_batch_and_pyfunc_agree_with_and_without_history(
    client: TestClient,
    fake_store: FakeModelStore,
    fitted: Fit,
    raw: pd.DataFrame,
    rows: pd.DataFrame,
    family: str,
) -> None:
    # given a model of each family
    one = fitted if family == LINEAR else fit(family, rows, threads=2)
    fake_store.content = loaded("1", one)
    client.post("/reload_model").raise_for_status()
    scorer, without = fake_store.content.bundle.scorer, rows.drop(columns=[*earlier_stays.NAMES])

    # when the same rows are predicted with and without the numbers of their patients
    known = predicted(client, sent(raw, ID, PATIENT))
    blank = predicted(client, sent(raw, ID))

    # then
    assert {line["history"] for line in known} == {"used"}
    expected = one.model.predict_proba(raw)
    np.testing.assert_allclose(probabilities(known), expected, atol=1e-6)
    np.testing.assert_allclose(score(scorer, rows), expected, atol=1e-6)
    assert {line["history"] for line in blank} == {"blank: no patient_nbr"}
    plain = one.model.predict_proba(raw[list(schema.FEATURE_NAMES)])
    np.testing.assert_allclose(probabilities(blank), plain, atol=1e-6)
    np.testing.assert_allclose(score(scorer, without), plain, atol=1e-6)
    assert np.abs(plain - expected).max() > 0.01
    assert (raw[earlier_stays.KNOWN] > 0).mean() > 0.1


def test_without_the_number_of_the_encounter_all_stays_of_its_patient_count(
    client: TestClient, raw: pd.DataFrame
) -> None:
    count = stays_in(client)._copy.stays(HASHED(raw[PATIENT][0]))
    encounter = sent(raw[:1], PATIENT)[0]
    completed = stays_in(client).complete(
        client.app.state.service.holder.require().model,  # type: ignore[attr-defined]
        schema.example() | encounter | {ID: "?"},
    )
    assert completed[earlier_stays.KNOWN] == len({stay.encounter for _, stay in count})


def test_an_encounter_that_was_not_delivered_counts_all_stays_of_its_patient(
    client: TestClient, raw: pd.DataFrame
) -> None:
    model = client.app.state.service.holder.require().model  # type: ignore[attr-defined]
    patient = raw[PATIENT].mode()[0]
    delivered = set(raw.loc[raw[PATIENT] == patient, ID])
    sent_number = schema.example() | {PATIENT: patient, ID: str(max(map(int, raw[ID])) + 1)}

    completed = stays_in(client).complete(model, sent_number)

    assert completed[earlier_stays.KNOWN] == len(delivered) > 1
    # and the response says so, also without any number
    (row,) = sent(raw.loc[[raw[PATIENT].eq(patient).idxmax()]], PATIENT)
    for number in ({}, {ID: sent_number[ID]}):
        response = client.post("/predict", json=row | number).json()
        assert response["history"] == "used: all delivered stays"


def test_a_lost_database_and_an_unknown_patient_are_said(
    client: TestClient, proxy: FaultyProxy, raw: pd.DataFrame
) -> None:
    row, *_ = sent(raw[:1], ID, PATIENT)
    unknown = row | {PATIENT: "1"}
    assert client.post("/predict", json=unknown).json()["history"] == "blank: unknown patient"
    explained = client.post("/explain", json=row).json()
    assert explained["history"] == "used"
    assert earlier_stays.KNOWN in {one["field"] for one in explained["contributions"]}

    # when the database is gone, the copy is used until it is stale
    proxy.disconnect()
    stays_in(client).refresh()
    assert client.post("/predict", json=row).json()["history"] == "used"
    stays_in(client)._stale_seconds = 0
    assert client.post("/predict", json=row).json()["history"] == "blank: unavailable"

    metrics = client.get("/metrics").text
    assert 'history_lookups_total{result="used"}' in metrics
    assert row[PATIENT] not in metrics
    assert HASHED(row[PATIENT]) not in metrics


def test_requests_go_on_while_the_database_is_lost_and_say_that_they_are_blank(
    client: TestClient, proxy: FaultyProxy, raw: pd.DataFrame
) -> None:
    # given callers who do not stop
    stays, stopped, seen = stays_in(client), threading.Event(), list[tuple[int, str]]()

    def call(row: dict[str, Any]) -> None:
        while not stopped.is_set():
            response = client.post("/predict", json=row)
            seen.append((response.status_code, response.json().get("history")))

    def wait_for(history: str) -> None:
        deadline, start = time.monotonic() + 30, len(seen)
        while seen[start:].count((200, history)) < 2 * CALLERS:
            assert time.monotonic() < deadline, Counter(seen)
            time.sleep(0.01)

    with ThreadPoolExecutor(CALLERS) as callers:
        calls = [callers.submit(call, row) for row in sent(raw[:CALLERS], ID, PATIENT)]
        try:
            wait_for("used")

            # when the database is killed, the copy becomes stale, and the database comes back
            proxy.disconnect()
            stays.refresh()
            wait_for("used")
            fresh, stays._stale_seconds = stays._stale_seconds, 0
            wait_for("blank: unavailable")
            proxy.recover()
            stays._stale_seconds = fresh
            stays.refresh()
            wait_for("used")
        finally:
            stopped.set()

    # then every request had a response
    assert [one.result() for one in calls] == [None] * CALLERS
    assert set(seen) == {(200, "used"), (200, "blank: unavailable")}


def invoked(client: TestClient, row: dict[str, Any]) -> str:
    sent = {"dataframe_records": [row]}
    return client.post("/invocations", json=sent).json()["predictions"][0]["history"]


def inferred(client: TestClient, row: dict[str, Any]) -> str:
    tensors = [
        {"name": n, "shape": [1], "datatype": "INT64" if isinstance(v, int) else "BYTES",
         "data": [v]}
        for n, v in row.items()
    ]  # fmt: skip
    found = client.post("/v2/models/diabetes_readmission/infer", json={"inputs": tensors}).json()
    ((history,),) = [one["data"] for one in found["outputs"] if one["name"] == "history"]
    return history


def assessed(client: TestClient, _row: dict[str, Any]) -> str:
    found = client.post("/fhir/RiskAssessment", json=examples.bundle()).json()
    return next(n["text"] for n in found["note"] if "earlier stays" in n["text"])


def shown_on_a_card(client: TestClient, _row: dict[str, Any]) -> str:
    found = client.post(f"/cds-services/{DISCHARGE}", json=body_for(DISCHARGE)).json()
    return found["cards"][0]["detail"]


NO_NUMBER = "blank: no patient_nbr"
CALLS: dict[str, tuple[Callable[[TestClient, dict[str, Any]], str], str, str]] = {
    "predict": (lambda c, row: c.post("/predict", json=row).json()["history"], "used", "used"),
    "explain": (lambda c, row: c.post("/explain", json=row).json()["history"], "used", "used"),
    "batch": (lambda c, row: predicted(c, [row])[0]["history"], "used", "used"),
    "mlflow": (invoked, "used", "used"),
    "kserve": (inferred, "used", "used"),
    # A stay in FHIR has no number of the contract.
    "fhir": (assessed, "blank, because the request names no patient", NO_NUMBER),
    "cds-hooks": (shown_on_a_card, "were not taken into account", NO_NUMBER),
}
"""Of each protocol: a call that returns what is said, what that contains, and what is counted."""


def test_what_the_caller_sends_is_used_by_every_protocol_and_never_looked_up(
    client: TestClient, raw: pd.DataFrame
) -> None:
    # given the fields of a known patient as the look-up would find them
    place = int(raw[earlier_stays.KNOWN].astype(int).idxmax())
    (row,) = sent(raw.loc[[place]], ID, PATIENT, *earlier_stays.NAMES)
    named = ("/predict", "/explain")
    looked_up = client.post("/predict", json=sent(raw.loc[[place]], ID, PATIENT)[0]).json()

    # then they give the same prediction, with and without the numbers
    for fields in (row, {name: row[name] for name in row if name not in (ID, PATIENT)}):
        for path in named:
            response = client.post(path, json=fields).json()
            assert response["history"] == "caller", path
            assert response["probabilities"] == looked_up["probabilities"], path
    for name in ("batch", "mlflow", "kserve"):
        call, *_ = CALLS[name]
        before = lookups(client)
        assert call(client, row) == "caller", name
        assert lookups(client) - before == Counter(["caller"]), name
    # and they win over what is known of the patient
    none = client.post("/predict", json=row | earlier_stays.RAW_NONE).json()
    assert none["history"] == "caller"
    assert none["probabilities"] != looked_up["probabilities"]


def test_a_table_has_earlier_stays_for_some_of_its_rows(
    client: TestClient, raw: pd.DataFrame
) -> None:
    columns = [*schema.FEATURE_NAMES, *earlier_stays.NAMES]
    table = raw.loc[:1, columns].astype(object)
    table.loc[1, list(earlier_stays.NAMES)] = None

    response = client.post(
        "/predict/batch?answer=csv", content=table.to_csv(index=False),
        headers={"Content-Type": "text/csv"},
    )  # fmt: skip

    found = pd.read_csv(io.StringIO(response.text), dtype=str, comment="#")
    assert found["history"].tolist()[:2] == ["caller", NO_NUMBER]


def stays_as_sent(raw: pd.DataFrame) -> pd.DataFrame:
    """Rows with earlier stays as hospitals may send them; the last four are wrong."""
    columns = [*schema.FEATURE_NAMES, *earlier_stays.NAMES]
    known = raw[earlier_stays.KNOWN].astype(int)
    table = raw.loc[known.nlargest(12).index, columns].astype(object).reset_index(drop=True)
    table.loc[0, list(earlier_stays.NAMES)] = None
    unknown = ("", "?", "NULL", None) * len(earlier_stays.NAMES)
    table.loc[1, list(earlier_stays.NAMES)] = (0, *unknown[: len(earlier_stays.NAMES) - 1])
    table.loc[2, ["last_discharge", "last_diagnosis"]] = "unknown"
    table.loc[3, ["last_medicines", "began_soon", "last_diagnosis"]] = ("7.0", "YES", "Unknown")
    table.loc[8, "last_days"] = 15
    table.loc[9, "began_soon"] = None
    table.loc[10, earlier_stays.KNOWN] = 0
    table.loc[11, "last_discharge"] = "nowhere"
    return table


@pytest.mark.parametrize("takes_history", [True, False])
def test_a_file_of_any_size_is_scored_with_the_same_stays_as_an_upload(
    client: TestClient, fake_store: FakeModelStore, fits: tuple[Fit, Fit], raw: pd.DataFrame,
    tmp_path: Path, *, takes_history: bool,
) -> None:  # fmt: skip
    # given
    if not takes_history:
        fake_store.content = loaded("2", fits[0])
        client.post("/reload_model").raise_for_status()
    text = stays_as_sent(raw).to_csv(index=False)
    (tmp_path / "stays.csv").write_text(text)

    # when
    uploaded = [
        json.loads(line) for line in client.post("/predict/batch", content=text).text.splitlines()
    ][:-1]
    assert fake_store.content is not None
    score_all(tmp_path / "stays.csv", str(tmp_path / "out"), fake_store.content)

    # then
    scored = pq.read_table(tmp_path / "out" / "stays.csv-00001.parquet").to_pylist()
    wrong = pd.read_csv(tmp_path / "out" / "stays.csv-00001.errors.csv").set_index("line")["error"]
    by_upload = {line["line"]: line for line in uploaded}
    assert [line for line, one in by_upload.items() if "error" in one] == [9, 10, 11, 12]
    assert wrong.index.tolist() == [9, 10, 11, 12]
    for line, reason in wrong.items():
        for problem in by_upload[line]["problems"]:
            assert f"expected {problem['expected']}" in reason
    assert [row["line"] for row in scored] == list(range(1, 9))
    for row in scored:
        same = by_upload[row["line"]]
        found = [row[f"probability_{name}"] for name in schema.CLASSES]
        np.testing.assert_allclose(found, list(same["probabilities"].values()), atol=1e-6)
        assert row["note"] == same["note"]
        if same["history"] is None or same["history"] in ("caller", IGNORED):
            assert row["history"] == same["history"]
        else:
            assert (row["history"], same["history"]) == (NOT_LOOKED_UP, NO_NUMBER)
    assert scored[1]["history"] == ("caller" if takes_history else IGNORED)
    assert scored[0]["history"] == (NOT_LOOKED_UP if takes_history else None)


def lookups(client: TestClient) -> Counter[str]:
    lines = client.get("/metrics").text.splitlines()
    counts = (line.split('"')[1:] for line in lines if line.startswith(f"{COUNTER}{{"))
    return Counter({result: int(float(count.strip("} "))) for result, count in counts})


def test_every_protocol_looks_up_once_and_says_the_result(
    client: TestClient, raw: pd.DataFrame
) -> None:
    (row,) = sent(raw[:1], ID, PATIENT)
    for name, (call, said, counted) in CALLS.items():
        before = lookups(client)

        assert said in call(client, row), name

        assert lookups(client) - before == Counter([counted]), name


def test_a_challenger_in_shadow_gets_the_stays_of_the_request_and_counts_nothing(
    client: TestClient, fits: tuple[Fit, Fit], raw: pd.DataFrame
) -> None:
    # given a patient with earlier stays, of whom the caller says that there are none
    state = client.app.state.service  # type: ignore[attr-defined]
    model, plain = state.holder.require().model, loaded("2", fits[0])
    place = int(raw[earlier_stays.KNOWN].astype(int).idxmax())
    unsent = schema.example() | {name: raw[name][place] for name in (ID, PATIENT)}
    said = unsent | earlier_stays.RAW_NONE

    # when the champion takes earlier stays, or takes none
    requests = [(champion, sent) for champion in (model, plain) for sent in (said, unsent)]
    completed = [state.stays.complete(champion, sent) for champion, sent in requests]
    counted = lookups(client)
    known = [state.shadow._complete(model, one).get(earlier_stays.KNOWN) for one in completed]

    # then the challenger gets those of the caller, or else those that were looked up
    found = raw[earlier_stays.KNOWN][place]
    assert found > 0
    assert known == [0, found, 0, found]
    # and what the champion did not find, it does not find either
    blank = state.stays.complete(model, unsent | {PATIENT: "?"})
    blank[PATIENT] = unsent[PATIENT]
    assert earlier_stays.KNOWN not in state.shadow._complete(model, blank)
    assert earlier_stays.KNOWN not in state.shadow._complete(plain, completed[0])
    assert lookups(client) - counted == Counter([NO_NUMBER])


def test_an_erased_patient_is_unknown_after_the_next_refresh(
    client: TestClient, published: str, raw: pd.DataFrame
) -> None:
    row, *_ = sent(raw[:1], ID, PATIENT)
    assert client.post("/predict", json=row).json()["history"] == "used"

    with psycopg.connect(published) as connection:
        connection.execute(
            "DELETE FROM known_stay WHERE patient_hash = %s", (HASHED(row[PATIENT]),)
        )
    stays_in(client).refresh()

    assert client.post("/predict", json=row).json()["history"] == "blank: unknown patient"


def test_a_server_that_was_recovered_is_copied_although_it_has_the_same_version(
    client: TestClient,
) -> None:
    # given a copy, of a server that ran before its recovery
    stays = stays_in(client)
    stays.refresh()
    version, started = stays._state
    before, stays._state = stays._copy, (version, started - timedelta(hours=1))

    stays.refresh()

    assert stays._copy is not before
    assert stays._state == (version, started)
    after = stays._copy
    stays.refresh()
    assert stays._copy is after


def test_a_broken_connection_ends_a_refresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: dict[str, Any] = {}

    def connect(_dsn: str, **parameters: Any) -> Any:
        used.update(parameters)
        raise psycopg.OperationalError

    monkeypatch.setattr(psycopg, "connect", connect)

    EarlierStays("postgresql://database", KEY, tmp_path, 60, Metrics()).refresh()

    # Without limits, the thread would wait for hours, and no later refresh would begin.
    assert min(used["connect_timeout"], used["tcp_user_timeout"], used["keepalives_idle"]) > 0


def test_a_model_without_history_looks_nothing_up(
    service: TestClient, encounter: dict[str, str | int]
) -> None:
    response = service.post("/predict", json={**encounter, PATIENT: "8222157"}).json()

    assert response["history"] is None
    assert 'history_lookups_total{result="' not in service.get("/metrics").text


def test_a_model_without_history_says_that_it_ignores_what_the_caller_sends(
    service: TestClient, encounter: dict[str, str | int]
) -> None:
    plain = service.post("/predict", json=encounter).json()
    for path in ("/predict", "/explain"):
        response = service.post(path, json={**encounter, **earlier_stays.RAW_NONE}).json()

        assert response["history"] == "ignored: not a field of this model"
        assert response["probabilities"] == plain["probabilities"]


def test_a_copy_that_no_model_uses_is_deleted(service: TestClient, tmp_path: Path) -> None:
    pauses: list[float | None] = []

    class Stopped(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout)
            return True

    stays = EarlierStays(None, KEY, tmp_path, 60, Metrics())
    copy = stays._copy = StayCopy.write(tmp_path, [])

    stays.follow(lambda: _uses_stays(service.app.state.service), 30, Stopped())  # type: ignore[attr-defined]

    assert stays._copy is None
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        copy.stays("hash")
    # and the next model does not wait for as long as a refresh would
    assert pauses == [MODEL_SECONDS]
