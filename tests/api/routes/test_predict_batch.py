"""Uploads of encounters: all formats, broken files, order, limits and bounded memory."""

import csv
import io
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pandas as pd
import psutil
import psycopg
import pytest
from fastapi.testclient import TestClient

from api.files.rows import CHUNK_ROWS
from api.files.writers import CSV_HEADER
from readmission.domain import schema
from readmission.domain.schema import example
from readmission.modelling.compilation import as_encounters
from readmission.modelling.fitting import Fit
from tests.api.models import loaded, put_into_production, raw_encounters
from tests.api.routes.test_about import check_error, metric
from tests.api.serving import Service, running, wait_for
from tests.conftest import Platform
from tests.databases import emptied

ROWS = 250
"""Two and a half chunks."""
MANY = 40_000
GROWTH = 150 << 20
"""Allowed growth of the process in bytes; held whole, the many rows would take 400 MB."""
PATIENCE = 300

CSV, JSON = "text/csv", "application/json"
LINES, PARQUET = "application/x-ndjson", "application/vnd.apache.parquet"
BAD, BAD_ROW = "[300-310)", 120
TELLTALE = "Ms-Secretly-Named"


def as_json(rows: pd.DataFrame) -> bytes:
    return json.dumps(as_encounters(rows)).encode()


def as_lines(rows: pd.DataFrame) -> bytes:
    return "\n".join(json.dumps(row) for row in as_encounters(rows)).encode()


def as_csv(rows: pd.DataFrame) -> bytes:
    return rows.to_csv(index=False).encode()


def as_parquet(rows: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    rows.astype({c.name: int for c in schema.FEATURES if c.is_number}).to_parquet(sink)
    return sink.getvalue()


WRITERS: dict[str, Callable[[pd.DataFrame], bytes]] = {
    CSV: as_csv,
    JSON: as_json,
    LINES: as_lines,
    PARQUET: as_parquet,
}


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Synthetic encounters; copy them before changing them."""
    return raw_encounters(ROWS)[list(schema.FEATURE_NAMES)]


@pytest.fixture(scope="module")
def mixed(rows: pd.DataFrame) -> pd.DataFrame:
    """The same encounters with one invalid row."""
    changed = rows.copy()
    changed.loc[BAD_ROW, "age"] = BAD
    return changed


@pytest.fixture(scope="module")
def expected(rows: pd.DataFrame, fits: tuple[Fit, Fit]) -> list[list[float]]:
    """The pipeline's probabilities for each row."""
    probabilities: list[list[float]] = fits[0].model.predict_proba(rows).tolist()
    return probabilities


def send(client: TestClient, content: bytes, kind: str, answer: str = "ndjson") -> Any:
    """Upload a file."""
    headers = {"content-type": kind}
    return client.post(
        "/predict/batch", params={"answer": answer}, content=content, headers=headers
    )


def lines(response: Any) -> list[dict[str, Any]]:
    """Return the lines of an NDJSON response."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == LINES
    return [json.loads(line) for line in response.text.splitlines()]


def probabilities(predicted: Sequence[dict[str, Any]]) -> list[list[float]]:
    """Return the probabilities of predicted lines."""
    return [list(line["probabilities"].values()) for line in predicted]


@pytest.mark.parametrize("kind", WRITERS)
def test_every_format_is_predicted_row_by_row_in_order(
    service: TestClient,
    mixed: pd.DataFrame,
    expected: list[list[float]],
    fits: tuple[Fit, Fit],
    kind: str,
) -> None:
    response = send(service, WRITERS[kind](mixed), kind)
    *predicted, last = lines(response)

    # then every row has a line, in order
    assert [line["line"] for line in predicted] == list(range(1, ROWS + 1))
    # and the invalid row has its error and does not affect the others
    rejected = predicted.pop(BAD_ROW)
    assert rejected["error"] == "invalid"
    assert [(p["field"], p["value"]) for p in rejected["problems"]] == [("age", BAD)]
    assert "age" in rejected["message"]
    # and the others have the model's probabilities
    others = [values for number, values in enumerate(expected) if number != BAD_ROW]
    assert probabilities(predicted) == [pytest.approx(values, abs=1e-5) for values in others]
    assert all(0 <= line["risk_percentile"] <= 100 for line in predicted)
    # and the last line is the summary
    by_class = Counter(line["predicted_class"] for line in predicted)
    assert last["summary"] == {
        "rows": ROWS,
        "answered": ROWS - 1,
        "ineligible": 0,
        "refused": 1,
        "by_class": {name: by_class[name] for name in schema.CLASSES},
    }
    assert last["model_version"] == "1"
    assert last["request_id"] == response.headers["x-request-id"]


def test_rows_of_a_file_are_predicted_and_counted_like_single_encounters(
    service: TestClient, rows: pd.DataFrame
) -> None:
    few = rows.head(8)
    *predicted, last = lines(send(service, as_csv(few), CSV))

    for line, encounter in zip(predicted, as_encounters(few), strict=True):
        single = service.post("/predict", json=dict(encounter)).json()
        shared = ("predicted_class", "meaning", "risk_percentile")
        assert {name: line[name] for name in shared} == {name: single[name] for name in shared}
        assert line["probabilities"] == pytest.approx(single["probabilities"], abs=1e-6)
    for name, count in last["summary"]["by_class"].items():
        label = f'predictions_total{{model_version="1",predicted_class="{name}"}}'
        assert metric(service, label) == 2 * count


def test_csv_has_one_line_per_row(service: TestClient, mixed: pd.DataFrame) -> None:
    response = send(service, as_csv(mixed), CSV, answer="csv")

    assert response.status_code == 200
    assert response.headers["content-type"].startswith(CSV)
    table = list(csv.DictReader(io.StringIO(response.text)))
    assert tuple(table[0]) == CSV_HEADER
    assert [int(row["row"]) for row in table] == list(range(ROWS))
    assert "age" in table[BAD_ROW]["error"]
    assert not table[BAD_ROW]["predicted_class"]
    predicted = lines(send(service, as_csv(mixed), CSV))
    for row, line in zip(table, predicted, strict=False):
        assert row["predicted_class"] == line.get("predicted_class", "")
    assert float(table[0]["probability_<30"]) == predicted[0]["probabilities"]["<30"]


def test_an_unknown_response_format_is_rejected(service: TestClient, rows: pd.DataFrame) -> None:
    body = check_error(send(service, as_csv(rows), CSV, answer="xml"), 422, "invalid")
    assert "answer" in body["message"]
    assert metric(service, 'prediction_errors_total{kind="invalid"}') == 1


NUMBER = 1_234_567_891
KEYS = {schema.ENCOUNTER: NUMBER, schema.PATIENT: NUMBER, "id": "stay 17"}


@pytest.mark.parametrize("kind", WRITERS)
def test_the_outcome_is_ignored_and_every_line_has_the_keys_of_its_row(
    service: TestClient, mixed: pd.DataFrame, kind: str
) -> None:
    labelled = mixed.tail(ROWS - BAD_ROW + 1).assign(**{schema.TARGET: "NO"}, **KEYS)
    labelled[schema.ENCOUNTER] = [NUMBER + n for n in range(len(labelled))]
    writers = WRITERS | {JSON: labelled_json, LINES: labelled_lines}

    *found, last = lines(send(service, writers[kind](labelled), kind))

    assert last["summary"]["refused"] == 1
    assert found[1]["error"] == "invalid"
    as_sent = str if kind == CSV else int
    for number, line in enumerate(found):
        assert line["line"] == line["row"] + 1 == number + 1
        assert {name: line[name] for name in KEYS} == {
            schema.ENCOUNTER: as_sent(NUMBER + number),
            schema.PATIENT: as_sent(NUMBER),
            "id": KEYS["id"],
        }


@pytest.mark.parametrize("answer", ["csv", "parquet"])
def test_tables_have_the_keys_as_text(service: TestClient, rows: pd.DataFrame, answer: str) -> None:
    content = send(service, as_csv(rows.head(2).assign(**KEYS)), CSV, answer).content

    read = pd.read_csv if answer == "csv" else pd.read_parquet
    table = read(io.BytesIO(content))
    assert table["line"].tolist() == [1, 2]
    for name, value in KEYS.items():
        assert table[name].astype(str).tolist() == [str(value)] * 2


def test_a_key_is_repeated_as_it_was_sent_and_kept_short(service: TestClient) -> None:
    sent = [
        {"ID": "x" * 1_000},
        {"id": 2**70},
        {"id": [1]},
        {"Id": 7.0},
        {schema.ENCOUNTER: "0017"},
        {"id": ""},
        {},
    ]
    content = json.dumps([example() | keys for keys in sent]).encode()

    *found, _ = lines(send(service, content, JSON))

    names = ("id", schema.ENCOUNTER, schema.PATIENT)
    assert [{name: line[name] for name in names if name in line} for line in found] == [
        {"id": "x" * 100}, {}, {}, {"id": 7}, {schema.ENCOUNTER: "0017"}, {}, {},
    ]  # fmt: skip
    assert all("predicted_class" in line for line in found)


def labelled_lines(rows: pd.DataFrame) -> bytes:
    others = rows[[schema.TARGET, *KEYS]].to_dict("records")
    pairs = zip(as_encounters(rows[list(schema.FEATURE_NAMES)]), others, strict=True)
    return b"\n".join(json.dumps({**encounter, **other}).encode() for encounter, other in pairs)


def labelled_json(rows: pd.DataFrame) -> bytes:
    return b"[" + b",".join(labelled_lines(rows).splitlines()) + b"]"


def test_an_empty_cell_of_csv_is_a_missing_value(service: TestClient, rows: pd.DataFrame) -> None:
    marked = rows.head(1).assign(payer_code="?", race="?", diag_3="?")
    blank = rows.head(1).assign(payer_code="", race="", diag_3="")

    responses = [lines(send(service, as_csv(one), CSV))[0] for one in (marked, blank)]

    assert responses[0] == responses[1]


def test_a_byte_order_mark_and_any_order_of_columns_are_accepted(
    service: TestClient, rows: pd.DataFrame
) -> None:
    plain = lines(send(service, as_csv(rows.head(3)), CSV))
    reversed_columns = as_csv(rows.head(3)[rows.columns[::-1]])

    marked = lines(send(service, b"\xef\xbb\xbf" + reversed_columns, CSV + "; charset=utf-8"))

    assert marked[:-1] == plain[:-1]


def header_of(rows: pd.DataFrame) -> bytes:
    return as_csv(rows.head(0))


@pytest.mark.parametrize(
    ("kind", "content", "status", "error", "message"),
    [
        (CSV, b"", 400, "malformed", "first line"),
        (CSV, b"\n\n", 400, "malformed", "first line"),
        (CSV, b"a,b,c\n1,2,3\n", 400, "malformed", "GET /schema"),
        (CSV, b"\xff\xfe\x00a\x00", 400, "malformed", "UTF-16"),
        (CSV, b'"never closed', 400, "malformed", "first line"),
        (CSV, b"x" * 300_000, 400, "malformed", "first line"),
        (JSON, b"", 400, "malformed", "JSON"),
        (JSON, b"{}", 400, "malformed", "array"),
        (JSON, b'{"item": [1]}', 400, "malformed", "array"),
        (JSON, b'"text"', 400, "malformed", "array"),
        (JSON, b"nonsense", 400, "malformed", "JSON"),
        (JSON, b"[", 400, "malformed", "is cut off"),
        (JSON, b'["never closed]', 400, "malformed", "is cut off"),
        (JSON, b"[] []", 400, "malformed", "follows"),
        (JSON, b"\xff\xfe", 400, "malformed", "JSON"),
        (PARQUET, b"", 400, "malformed", "Parquet"),
        (PARQUET, b"PAR1nonsensePAR1", 400, "malformed", "Parquet"),
        ("application/pdf", b"%PDF", 415, "media_type", "text/csv"),
        ("", b"a,b", 400, "malformed", "first line"),
        ("multipart/form-data; boundary=x", b"--x", 415, "media_type", "text/csv"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_a_file_without_encounters_gets_an_error_response(
    service: TestClient, kind: str, content: bytes, status: int, error: str, message: str
) -> None:
    body = check_error(send(service, content, kind), status, error)

    assert message in body["message"]
    assert len(json.dumps(body)) < 2_000
    assert metric(service, f'prediction_errors_total{{kind="{error}"}}') == 1


def test_a_file_without_rows_has_only_a_summary(service: TestClient, rows: pd.DataFrame) -> None:
    empty = {CSV: header_of(rows), JSON: b"[]", LINES: b"\n\n", PARQUET: as_parquet(rows[:0])}
    for kind, content in empty.items():
        (only,) = lines(send(service, content, kind))
        assert only["summary"]["rows"] == 0, kind


@pytest.mark.parametrize("kind", [CSV, PARQUET])
def test_all_wrong_columns_are_named_at_once(
    service: TestClient, rows: pd.DataFrame, kind: str
) -> None:
    wrong = rows.rename(columns={"gender": "sex"}).drop(columns="insulin")

    body = check_error(send(service, WRITERS[kind](wrong), kind), 422, "invalid")

    assert {problem["field"] for problem in body["problems"]} == {"gender", "insulin", "sex"}


def test_a_duplicate_column_is_named(service: TestClient, rows: pd.DataFrame) -> None:
    twice = pd.concat([rows, rows[["age"]]], axis=1)

    body = check_error(send(service, as_csv(twice), CSV), 422, "invalid")

    assert [problem["field"] for problem in body["problems"]] == ["age"]


def test_patient_data_in_place_of_the_header_is_not_returned(
    service: TestClient, rows: pd.DataFrame
) -> None:
    secret = rows.head(3).assign(payer_code=TELLTALE)

    response = send(service, secret.to_csv(index=False, header=False).encode(), CSV)

    check_error(response, 400, "malformed")
    assert TELLTALE not in response.text
    assert rows.iloc[0]["diag_1"] not in response.text


def test_a_row_of_another_length_is_rejected_alone(service: TestClient, rows: pd.DataFrame) -> None:
    table = as_csv(rows.head(4)).splitlines()
    table[2] += b",more"
    table[3] = table[3].rpartition(b",")[0]
    table.insert(2, b"")

    *predicted, last = lines(send(service, b"\n".join(table), CSV))

    assert ["error" in line for line in predicted] == [False, True, True, False]
    assert f"{len(rows.columns)} values" in predicted[1]["message"]
    assert (last["summary"]["answered"], last["summary"]["refused"]) == (2, 2)


CUT_ROW = CHUNK_ROWS + 37


def cut_csv(rows: pd.DataFrame) -> bytes:
    table = as_csv(rows).splitlines(keepends=True)
    return b"".join(table[: CUT_ROW + 1]) + b'"' + b"".join(table[CUT_ROW + 1 :])


def cut_json(rows: pd.DataFrame) -> bytes:
    return as_json(rows.head(CUT_ROW))[:-1] + b', {"age": "[70-8'


@pytest.mark.parametrize(("kind", "cut"), [(CSV, cut_csv), (JSON, cut_json)], ids=[CSV, JSON])
def test_a_file_that_breaks_off_is_predicted_up_to_there(
    service: TestClient, rows: pd.DataFrame, kind: str, cut: Callable[[pd.DataFrame], bytes]
) -> None:
    *predicted, broken, last = lines(send(service, cut(rows), kind))

    # a reader may read ahead, so some rows before the break may be missing
    assert [line["row"] for line in predicted] == list(range(len(predicted)))
    assert all("predicted_class" in line for line in predicted)
    assert broken["error"] == "malformed"
    assert broken["row"] == len(predicted) <= CUT_ROW
    assert kind != JSON or len(predicted) == CUT_ROW
    assert last["summary"]["answered"] == len(predicted)
    assert last["summary"]["refused"] == 1
    assert metric(service, 'prediction_errors_total{kind="malformed"}') == 1


def test_a_truncated_parquet_file_is_rejected(service: TestClient, rows: pd.DataFrame) -> None:
    whole = as_parquet(rows)
    check_error(send(service, whole[: len(whole) // 2], PARQUET), 400, "malformed")
    hole = whole[:200] + b"\0" * 2_000 + whole[2_200:]
    response = send(service, hole, PARQUET)
    if response.status_code == 200:  # The damage is after the first rows.
        assert '"malformed"' in response.text
    else:
        check_error(response, 400, "malformed")


@pytest.mark.parametrize(
    "row",
    [
        *(b"1", b"null", b'"text"', b"[1]", b"{}"),
        b'{"age":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"time_in_hospital":' + b"9" * 5_000 + b"}",
        b'{"time_in_hospital": 1e400}',
        b'{"time_in_hospital": -1.5}',
        b'{"age": "\\ud800"}',
        b'{"age": NaN}',
        b'{"age": nonsense, "race": "]}"}',
        b"NaN",
        b'{"age": true, "nonsense": {"a": [1]}}',
    ],
    ids=lambda row: repr(row)[:24],
)
@pytest.mark.parametrize("kind", [JSON, LINES])
def test_a_hostile_row_is_rejected_alone(service: TestClient, kind: str, row: bytes) -> None:
    good = json.dumps(example()).encode()
    ends, between = ((b"[", b"]"), b",") if kind == JSON else ((b"", b""), b"\n")

    response = send(service, ends[0] + between.join([*[good] * 5, row, good]) + ends[1], kind)

    *predicted, last = lines(response)
    rejected = predicted.pop(5)
    assert rejected["error"] in ("invalid", "malformed")
    assert ["predicted_class" in line for line in predicted] == [True] * 6
    assert last["summary"]["refused"] == 1
    assert len(response.text) < 30_000


def test_unexpected_types_of_parquet_are_rejected_row_by_row(
    service: TestClient, rows: pd.DataFrame
) -> None:
    odd = rows.head(6).assign(
        race=[b"\xff\xfe", b"a", None, b"", b"\0", b"x"],
        num_medications=[1.5, float("nan"), float("inf"), 2.0, 1e300, -1.0],
        payer_code=pd.Timestamp("2020-01-01"),
        diag_1=[[1], [], [1, 2], None, [3], [4]],
    )
    sink = io.BytesIO()
    odd.to_parquet(sink)

    *predicted, last = lines(send(service, sink.getvalue(), PARQUET))

    assert [line["error"] for line in predicted] == ["invalid"] * 6
    assert last["summary"]["refused"] == 6


def test_a_row_without_an_end_is_rejected(service: TestClient) -> None:
    endless = b'{"age": "' + b"x" * (4 << 20) + b'"}'
    header = header_of(pd.DataFrame(columns=list(schema.FEATURE_NAMES)))
    files = {
        LINES: endless,
        JSON: b"[" + endless + b"]",
        CSV: header + b"x," * (2 << 20),
    }
    for kind, content in files.items():
        check_error(send(service, content, kind), 413, "too_large")
    never_ending = header + b'"\n",' * (1 << 20)
    check_error(send(service, never_ending, CSV), 413, "too_large")


@pytest.fixture(scope="module")
def model_name(platform: Platform, fits: tuple[Fit, Fit]) -> str:
    """A registered model in production."""
    name = f"batches_{uuid4().hex}"
    settings = platform.settings.model_copy(update={"model_name": name, "experiment": name})
    put_into_production(settings, fits[0], "batch-0001")
    return name


@pytest.fixture(scope="module")
def real(
    platform: Platform, model_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The service in its own process, with a prediction log."""
    folder = tmp_path_factory.mktemp("batches")
    values = {
        "MODEL_NAME": model_name,
        "API_BATCH_MB": "64",
        "PREDICTION_LOG_DSN": platform.predictions_dsn,
        "PREDICTION_LOG_KEY": "a key of at least thirty-two characters",
        "PREDICTION_SPOOL_DIR": str(folder / "spool"),
    }
    with (
        emptied(platform.predictions_dsn),
        running(folder / "log", mlflow_uri=platform.mlflow_uri, settings=values) as service,
    ):
        wait_for(f"{service.url}/ready", 200, service.process, service.log)
        yield service


@pytest.fixture
def many(rows: pd.DataFrame, tmp_path: Path) -> Path:
    """A CSV file of many rows."""
    header, *some = as_csv(rows).splitlines(keepends=True)
    path = tmp_path / "many.csv"
    path.write_bytes(header + b"".join(some) * (MANY // ROWS))
    return path


def test_upload_slots_are_limited_and_always_freed(real: Service) -> None:
    host, port = real.url.removeprefix("http://").split(":")
    begun = (
        f"POST /predict/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: {CSV}\r\n"
        "Content-Length: 1000\r\n\r\na"
    ).encode()

    def upload() -> httpx.Response:
        return httpx.post(
            f"{real.url}/predict/batch", content=json.dumps([example()]),
            headers={"content-type": JSON}, trust_env=False, timeout=PATIENCE,
        )  # fmt: skip

    def until(status: int) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE
        while (response := upload()).status_code != status:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return response

    # given a slow upload in every slot
    slow = [socket.create_connection((host, int(port))) for _ in range(2)]
    for connection in slow:
        connection.sendall(begun)

    # then a further upload is rejected, and single encounters are predicted
    check_error(until(429), 429, "too_many_files")
    counted = httpx.get(f"{real.url}/metrics", trust_env=False).text
    assert 'prediction_errors_total{kind="too_many_files"} 0.0' not in counted
    single = httpx.post(f"{real.url}/predict", json=example(), trust_env=False)
    assert single.status_code == 200

    # and disconnected or rejected uploads free their slots
    for connection in slow:
        connection.close()
    until(200)
    for _ in range(5):
        rejected = httpx.post(
            f"{real.url}/predict/batch", content=b"x", headers={"content-type": "image/png"},
            trust_env=False,
        )  # fmt: skip
        assert rejected.status_code == 415
    assert upload().status_code == 200


IMPATIENT = """
from api import __main__
from api.files import upload
upload.STALLED_SECONDS = 1
__main__.main()
"""


def test_a_stalled_upload_times_out_and_a_steady_one_does_not(
    platform: Platform, model_name: str, rows: pd.DataFrame, tmp_path: Path
) -> None:
    # given a timeout of one second, and uploads with pauses between pieces
    whole = as_csv(pd.concat([rows] * 4))
    size = len(whole) // 20 + 1
    files = {
        "stalls": [(whole[:1], 3.0), (whole[1:], 0.0)],
        "stalls before its last byte": [(whole[:-1], 3.0), (whole[-1:], 0.0)],
        "is too slow": [(bytes([byte]), 0.2) for byte in whole[:15]],
        "is steady": [(whole[i : i + size], 0.2) for i in range(0, len(whole), size)],
    }

    def send(pieces: list[tuple[bytes, float]]) -> httpx.Response:
        def paused() -> Iterator[bytes]:
            for piece, pause in pieces:
                yield piece
                time.sleep(pause)

        return httpx.post(
            f"{service.url}/predict/batch", content=paused(), headers={"content-type": CSV},
            trust_env=False, timeout=PATIENCE,
        )  # fmt: skip

    # when they are sent
    values = {"MODEL_NAME": model_name, "API_FILES_AT_ONCE": str(len(files) + 1)}
    with running(
        tmp_path / "log", mlflow_uri=platform.mlflow_uri, settings=values, program=("-c", IMPATIENT)
    ) as service:
        wait_for(f"{service.url}/ready", 200, service.process, service.log)
        with ThreadPoolExecutor(len(files)) as senders:
            *timed_out, steady = senders.map(send, files.values())

    # then the stalled and slow ones time out, and the steady one is predicted
    for response in timed_out:
        check_error(response, 408, "too_slow")
    assert lines(steady)[-1]["summary"]["answered"] == 4 * ROWS


def test_a_large_file_takes_little_memory_and_does_not_delay_others(
    real: Service, many: Path, platform: Platform, fits: tuple[Fit, Fit]
) -> None:
    # given a service that is warmed up
    process = psutil.Process(real.process.pid)
    single: list[int] = []
    done = threading.Event()
    with httpx.Client(base_url=real.url, trust_env=False, timeout=PATIENCE) as http:
        for _ in range(50):
            http.post("/predict", json=example())
    before, largest = process.memory_info().rss, 0

    def predict() -> None:
        nonlocal largest
        with httpx.Client(base_url=real.url, trust_env=False, timeout=PATIENCE) as http:
            while not done.wait(0.05):
                single.append(http.post("/predict", json=example()).status_code)
                largest = max(largest, process.memory_info().rss)

    caller = threading.Thread(target=predict)
    caller.start()

    # when it gets many rows and single encounters at the same time
    try:
        with (
            httpx.Client(base_url=real.url, trust_env=False, timeout=PATIENCE) as http,
            http.stream(
                "POST",
                "/predict/batch",
                content=many.read_bytes(),
                headers={"content-type": CSV, "x-request-id": "many"},
            ) as response,
        ):
            rows_read = 0
            for line in response.iter_lines():
                parsed = json.loads(line)
                if "summary" not in parsed:
                    assert parsed["row"] == rows_read
                    assert parsed["predicted_class"]
                    rows_read += 1
    finally:
        done.set()
        caller.join()

    # then all rows and all single encounters are predicted
    assert rows_read == MANY == parsed["summary"]["answered"]
    assert set(single) == {200}
    assert len(single) > 3
    # in bounded memory
    assert largest - before < GROWTH
    # and each row is in the log once
    with psycopg.connect(platform.predictions_dsn, autocommit=True) as connection:
        wait_for_rows(connection, MANY)
        found = connection.execute(
            "SELECT count(DISTINCT row), min(row), max(row) FROM prediction"
            " WHERE request_id = 'many'"
        ).fetchone()
    assert found == (MANY, 0, MANY - 1)


def wait_for_rows(connection: psycopg.Connection, number: int) -> None:
    """Wait until the log has a number of rows of the large file."""
    deadline = threading.Event()
    for _ in range(10 * PATIENCE):
        query = "SELECT count(*) FROM prediction WHERE request_id = 'many'"
        found = connection.execute(query).fetchone()
        assert found is not None
        if found[0] >= number:
            assert found[0] == number
            return
        deadline.wait(0.1)
    raise AssertionError(f"{found[0]} of {number} rows are in the log")


def test_a_file_that_is_too_large_is_rejected(real: Service) -> None:
    content = b"x" * (65 << 20)
    with httpx.Client(base_url=real.url, trust_env=False, timeout=PATIENCE) as http:
        response = http.post("/predict/batch", content=content, headers={"content-type": CSV})

        body = check_error(response, 413, "too_large")
        assert f"{64 << 20:,}" in body["message"]
        assert "one encounter" not in body["message"]
        assert http.get("/health").status_code == 200


def test_one_model_predicts_a_whole_file(
    service: TestClient, fake_store: Any, fits: tuple[Fit, Fit], rows: pd.DataFrame
) -> None:
    expected = lines(send(service, as_csv(rows), CSV))
    fake_store.content = loaded("2", fits[1])
    headers = {"content-type": CSV}
    content = as_csv(rows)
    with service.stream("POST", "/predict/batch", content=content, headers=headers) as response:
        assert service.post("/reload_model").json()["model_version"] == "2"
        predicted = [json.loads(line) for line in response.iter_lines()]

    assert predicted[:-1] == expected[:-1]
    assert predicted[-1]["model_version"] == "1"
