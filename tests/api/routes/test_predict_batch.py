"""Files of encounters: every format, every way to be broken, in order and in bounded memory."""

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
from tests.api.routes.test_about import check_refusal, metric
from tests.api.serving import Service, running, wait_for
from tests.conftest import Platform, emptied

ROWS = 250
"""Two chunks and a half."""
MANY = 100_000
GROWTH = 150 << 20
"""Bytes by which a process may grow over a file of many rows; held whole it would be 1 GB."""
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
    """Synthetic encounters; copy before changing."""
    return raw_encounters(ROWS)[list(schema.FEATURE_NAMES)]


@pytest.fixture(scope="module")
def mixed(rows: pd.DataFrame) -> pd.DataFrame:
    """The same with one row that is refused."""
    changed = rows.copy()
    changed.loc[BAD_ROW, "age"] = BAD
    return changed


@pytest.fixture(scope="module")
def expected(rows: pd.DataFrame, fits: tuple[Fit, Fit]) -> list[list[float]]:
    """What the pipeline says of each row."""
    answers: list[list[float]] = fits[0].model.predict_proba(rows).tolist()
    return answers


def send(client: TestClient, content: bytes, kind: str, answer: str = "ndjson") -> Any:
    """Send a file."""
    headers = {"content-type": kind}
    return client.post(
        "/predict/batch", params={"answer": answer}, content=content, headers=headers
    )


def lines(response: Any) -> list[dict[str, Any]]:
    """Return the lines of an answer."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == LINES
    return [json.loads(line) for line in response.text.splitlines()]


def probabilities(answered: Sequence[dict[str, Any]]) -> list[list[float]]:
    """Return the probabilities of lines that have them."""
    return [list(line["probabilities"].values()) for line in answered]


@pytest.mark.parametrize("kind", WRITERS)
def test_every_format_is_answered_row_by_row_in_order(
    service: TestClient,
    mixed: pd.DataFrame,
    expected: list[list[float]],
    fits: tuple[Fit, Fit],
    kind: str,
) -> None:
    response = send(service, WRITERS[kind](mixed), kind)
    *answered, last = lines(response)

    # every row has its line, in order
    assert [line["row"] for line in answered] == list(range(ROWS))
    # the row that is refused says why, and stops no other
    refused = answered.pop(BAD_ROW)
    assert refused["error"] == "invalid"
    assert [(p["field"], p["value"]) for p in refused["problems"]] == [("age", BAD)]
    assert "age" in refused["message"]
    # the others are what the model says
    others = [said for number, said in enumerate(expected) if number != BAD_ROW]
    assert probabilities(answered) == [pytest.approx(said, abs=1e-5) for said in others]
    assert all(0 <= line["risk_percentile"] <= 100 for line in answered)
    # and the end sums up
    by_class = Counter(line["predicted_class"] for line in answered)
    assert last["summary"] == {
        "rows": ROWS,
        "answered": ROWS - 1,
        "refused": 1,
        "by_class": {name: by_class[name] for name in schema.CLASSES},
    }
    assert last["model_version"] == "1"
    assert last["request_id"] == response.headers["x-request-id"]


def test_a_file_is_answered_like_single_encounters_and_counted_like_them(
    service: TestClient, rows: pd.DataFrame
) -> None:
    few = rows.head(8)
    *answered, last = lines(send(service, as_csv(few), CSV))

    for line, encounter in zip(answered, as_encounters(few), strict=True):
        single = service.post("/predict", json=dict(encounter)).json()
        shared = ("predicted_class", "meaning", "risk_percentile")
        assert {name: line[name] for name in shared} == {name: single[name] for name in shared}
        assert line["probabilities"] == pytest.approx(single["probabilities"], abs=1e-6)
    for name, count in last["summary"]["by_class"].items():
        label = f'predictions_total{{model_version="1",predicted_class="{name}"}}'
        assert metric(service, label) == 2 * count


def test_the_answer_as_csv_has_a_row_for_each(service: TestClient, mixed: pd.DataFrame) -> None:
    response = send(service, as_csv(mixed), CSV, answer="csv")

    assert response.status_code == 200
    assert response.headers["content-type"].startswith(CSV)
    table = list(csv.DictReader(io.StringIO(response.text)))
    assert tuple(table[0]) == CSV_HEADER
    assert [int(row["row"]) for row in table] == list(range(ROWS))
    assert "age" in table[BAD_ROW]["error"]
    assert not table[BAD_ROW]["predicted_class"]
    answered = lines(send(service, as_csv(mixed), CSV))
    for row, line in zip(table, answered, strict=False):
        assert row["predicted_class"] == line.get("predicted_class", "")
    assert float(table[0]["probability_<30"]) == answered[0]["probabilities"]["<30"]


def test_another_form_of_answer_is_refused(service: TestClient, rows: pd.DataFrame) -> None:
    body = check_refusal(send(service, as_csv(rows), CSV, answer="xml"), 422, "invalid")
    assert "answer" in body["message"]
    assert metric(service, 'prediction_errors_total{kind="invalid"}') == 1


@pytest.mark.parametrize("kind", WRITERS)
def test_the_outcome_is_ignored_and_keys_are_not_repeated(
    service: TestClient, rows: pd.DataFrame, kind: str
) -> None:
    keys = {schema.ENCOUNTER: 1_234_567_891, schema.PATIENT: 1_987_654_321}
    labelled = rows.head(3).assign(**{schema.TARGET: "NO"}, **keys)
    writers = WRITERS | {JSON: labelled_json, LINES: labelled_lines}

    response = send(service, writers[kind](labelled), kind)

    assert lines(response)[-1]["summary"]["answered"] == 3
    for value in keys.values():
        assert str(value) not in response.text


def labelled_lines(rows: pd.DataFrame) -> bytes:
    others = rows[[schema.TARGET, schema.ENCOUNTER, schema.PATIENT]].to_dict("records")
    pairs = zip(as_encounters(rows[list(schema.FEATURE_NAMES)]), others, strict=True)
    return b"\n".join(json.dumps({**encounter, **other}).encode() for encounter, other in pairs)


def labelled_json(rows: pd.DataFrame) -> bytes:
    return b"[" + b",".join(labelled_lines(rows).splitlines()) + b"]"


def test_text_cells_of_csv_that_are_empty_are_missing(
    service: TestClient, rows: pd.DataFrame
) -> None:
    spelt = rows.head(1).assign(payer_code="?", race="?", diag_3="?")
    blank = rows.head(1).assign(payer_code="", race="", diag_3="")

    answers = [lines(send(service, as_csv(one), CSV))[0] for one in (spelt, blank)]

    assert answers[0] == answers[1]


def test_a_byte_order_mark_and_any_order_of_columns_are_fine(
    service: TestClient, rows: pd.DataFrame
) -> None:
    plain = lines(send(service, as_csv(rows.head(3)), CSV))
    turned = as_csv(rows.head(3)[rows.columns[::-1]])

    marked = lines(send(service, b"\xef\xbb\xbf" + turned, CSV + "; charset=utf-8"))

    assert marked[:-1] == plain[:-1]


def header_of(rows: pd.DataFrame) -> bytes:
    return as_csv(rows.head(0))


@pytest.mark.parametrize(
    ("kind", "content", "status", "error", "told"),
    [
        (CSV, b"", 400, "malformed", "first line"),
        (CSV, b"\n\n", 400, "malformed", "first line"),
        (CSV, b"a,b,c\n1,2,3\n", 400, "malformed", "GET /schema"),
        (CSV, b"\xff\xfe\x00a\x00", 400, "malformed", "UTF-8"),
        (CSV, b'"never closed', 400, "malformed", "CSV"),
        (CSV, b"x" * 300_000, 400, "malformed", "CSV"),
        (JSON, b"", 400, "malformed", "JSON"),
        (JSON, b"{}", 400, "malformed", "array"),
        (JSON, b'{"item": [1]}', 400, "malformed", "array"),
        (JSON, b'"text"', 400, "malformed", "array"),
        (JSON, b"nonsense", 400, "malformed", "JSON"),
        (JSON, b"[", 400, "malformed", "breaks off"),
        (JSON, b'["never closed]', 400, "malformed", "breaks off"),
        (JSON, b"[] []", 400, "malformed", "follows"),
        (JSON, b"\xff\xfe", 400, "malformed", "JSON"),
        (PARQUET, b"", 400, "malformed", "Parquet"),
        (PARQUET, b"PAR1nonsensePAR1", 400, "malformed", "Parquet"),
        ("application/pdf", b"%PDF", 415, "media_type", "text/csv"),
        ("", b"a,b", 415, "media_type", "text/csv"),
        ("multipart/form-data; boundary=x", b"--x", 415, "media_type", "text/csv"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_is_no_file_of_encounters_is_refused_as_a_whole(
    service: TestClient, kind: str, content: bytes, status: int, error: str, told: str
) -> None:
    body = check_refusal(send(service, content, kind), status, error)

    assert told in body["message"]
    assert len(json.dumps(body)) < 2_000
    assert metric(service, f'prediction_errors_total{{kind="{error}"}}') == 1


def test_a_file_without_a_row_is_answered_with_nothing(
    service: TestClient, rows: pd.DataFrame
) -> None:
    empty = {CSV: header_of(rows), JSON: b"[]", LINES: b"\n\n", PARQUET: as_parquet(rows[:0])}
    for kind, content in empty.items():
        (only,) = lines(send(service, content, kind))
        assert only["summary"]["rows"] == 0, kind


@pytest.mark.parametrize("kind", [CSV, PARQUET])
def test_wrong_columns_are_all_named_at_once(
    service: TestClient, rows: pd.DataFrame, kind: str
) -> None:
    wrong = rows.rename(columns={"gender": "sex"}).drop(columns="insulin")

    body = check_refusal(send(service, WRITERS[kind](wrong), kind), 422, "invalid")

    assert {problem["field"] for problem in body["problems"]} == {"gender", "insulin", "sex"}


def test_a_column_that_comes_twice_is_named(service: TestClient, rows: pd.DataFrame) -> None:
    twice = pd.concat([rows, rows[["age"]]], axis=1)

    body = check_refusal(send(service, as_csv(twice), CSV), 422, "invalid")

    assert [problem["field"] for problem in body["problems"]] == ["age"]


def test_a_row_in_place_of_the_header_is_not_repeated(
    service: TestClient, rows: pd.DataFrame
) -> None:
    secret = rows.head(3).assign(payer_code=TELLTALE)

    response = send(service, secret.to_csv(index=False, header=False).encode(), CSV)

    check_refusal(response, 400, "malformed")
    assert TELLTALE not in response.text
    assert rows.iloc[0]["diag_1"] not in response.text


def test_a_ragged_row_is_refused_alone(service: TestClient, rows: pd.DataFrame) -> None:
    table = as_csv(rows.head(4)).splitlines()
    table[2] += b",more"
    table[3] = table[3].rpartition(b",")[0]
    table.insert(2, b"")

    *answered, last = lines(send(service, b"\n".join(table), CSV))

    assert ["error" in line for line in answered] == [False, True, True, False]
    assert f"{len(rows.columns)} values" in answered[1]["message"]
    assert (last["summary"]["answered"], last["summary"]["refused"]) == (2, 2)


CUT_ROW = CHUNK_ROWS + 37


def cut_csv(rows: pd.DataFrame) -> bytes:
    table = as_csv(rows).splitlines(keepends=True)
    return b"".join(table[: CUT_ROW + 1]) + b"\xff" + b"".join(table[CUT_ROW + 1 :])


def cut_json(rows: pd.DataFrame) -> bytes:
    return as_json(rows.head(CUT_ROW))[:-1] + b', {"age": "[70-8'


@pytest.mark.parametrize(("kind", "cut"), [(CSV, cut_csv), (JSON, cut_json)], ids=[CSV, JSON])
def test_a_file_that_breaks_off_is_answered_up_to_there_and_says_so(
    service: TestClient, rows: pd.DataFrame, kind: str, cut: Callable[[pd.DataFrame], bytes]
) -> None:
    *answered, broken, last = lines(send(service, cut(rows), kind))

    # a reader may look some rows ahead, and says at most that those are not readable
    assert [line["row"] for line in answered] == list(range(len(answered)))
    assert all("predicted_class" in line for line in answered)
    assert broken["error"] == "malformed"
    assert broken["row"] == len(answered) <= CUT_ROW
    assert kind != JSON or len(answered) == CUT_ROW
    assert last["summary"]["answered"] == len(answered)
    assert last["summary"]["refused"] == 1
    assert metric(service, 'prediction_errors_total{kind="malformed"}') == 1


def test_a_parquet_file_that_is_cut_is_refused(service: TestClient, rows: pd.DataFrame) -> None:
    whole = as_parquet(rows)
    check_refusal(send(service, whole[: len(whole) // 2], PARQUET), 400, "malformed")
    hole = whole[:200] + b"\0" * 2_000 + whole[2_200:]
    response = send(service, hole, PARQUET)
    if response.status_code == 200:  # the hole lies behind the first rows
        assert '"malformed"' in response.text
    else:
        check_refusal(response, 400, "malformed")


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
def test_a_hostile_row_is_refused_in_its_line_and_stops_no_other(
    service: TestClient, kind: str, row: bytes
) -> None:
    good = json.dumps(example()).encode()
    ends, between = ((b"[", b"]"), b",") if kind == JSON else ((b"", b""), b"\n")

    response = send(service, ends[0] + between.join([*[good] * 5, row, good]) + ends[1], kind)

    *answered, last = lines(response)
    refused = answered.pop(5)
    assert refused["error"] in ("invalid", "malformed")
    assert ["predicted_class" in line for line in answered] == [True] * 6
    assert last["summary"]["refused"] == 1
    assert len(response.text) < 30_000


def test_strange_types_of_parquet_are_refused_row_by_row(
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

    *answered, last = lines(send(service, sink.getvalue(), PARQUET))

    assert [line["error"] for line in answered] == ["invalid"] * 6
    assert last["summary"]["refused"] == 6


def test_one_line_as_large_as_a_file_is_refused_without_being_held(service: TestClient) -> None:
    endless = b'{"age": "' + b"x" * (4 << 20) + b'"}'
    header = header_of(pd.DataFrame(columns=list(schema.FEATURE_NAMES)))
    files = {
        LINES: endless,
        JSON: b"[" + endless + b"]",
        CSV: header + b"x," * (2 << 20),
    }
    for kind, content in files.items():
        check_refusal(send(service, content, kind), 413, "too_large")
    never_ending = header + b'"\n",' * (1 << 20)
    check_refusal(send(service, never_ending, CSV), 413, "too_large")


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
    """The service as a process of its own, with its log of predictions."""
    folder = tmp_path_factory.mktemp("batches")
    told = {
        "MODEL_NAME": model_name,
        "API_BATCH_MB": "64",
        "PREDICTION_LOG_DSN": platform.predictions_dsn,
        "PREDICTION_LOG_KEY": "a key of at least thirty-two characters",
        "PREDICTION_SPOOL_DIR": str(folder / "spool"),
    }
    with (
        emptied(platform.predictions_dsn),
        running(folder / "log", mlflow_uri=platform.mlflow_uri, settings=told) as service,
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


def test_few_files_are_answered_at_once_and_every_place_is_given_back(real: Service) -> None:
    host, port = real.url.removeprefix("http://").split(":")
    begun = (
        f"POST /predict/batch HTTP/1.1\r\nHost: x\r\nContent-Type: {CSV}\r\n"
        "Content-Length: 1000\r\n\r\na"
    ).encode()

    def ask() -> httpx.Response:
        return httpx.post(
            f"{real.url}/predict/batch", content=json.dumps([example()]),
            headers={"content-type": JSON}, trust_env=False, timeout=PATIENCE,
        )  # fmt: skip

    def until(status: int) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE
        while (answer := ask()).status_code != status:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return answer

    # given as many callers as there are places, who do not end
    slow = [socket.create_connection((host, int(port))) for _ in range(2)]
    for connection in slow:
        connection.sendall(begun)

    # then another one is told so, and single encounters are answered
    check_refusal(until(429), 429, "too_many_files")
    counted = httpx.get(f"{real.url}/metrics", trust_env=False).text
    assert 'prediction_errors_total{kind="too_many_files"} 0.0' not in counted
    single = httpx.post(f"{real.url}/predict", json=example(), trust_env=False)
    assert single.status_code == 200

    # and when they hang up, or a file is refused, there is place again
    for connection in slow:
        connection.close()
    until(200)
    for _ in range(5):
        refused = httpx.post(
            f"{real.url}/predict/batch", content=b"x", headers={"content-type": "image/png"},
            trust_env=False,
        )  # fmt: skip
        assert refused.status_code == 415
    assert ask().status_code == 200


IMPATIENT = """
from api import __main__
from api.files import upload
upload.STALLED_SECONDS = 1
__main__.main()
"""


def test_a_file_that_does_not_come_or_hardly_is_given_up_and_a_slow_one_is_not(
    platform: Platform, model_name: str, rows: pd.DataFrame, tmp_path: Path
) -> None:
    # given a service that waits a second, and files whose pieces come with pauses
    whole = as_csv(pd.concat([rows] * 4))
    size = len(whole) // 20 + 1
    files = {
        "stands still": [(whole[:1], 3.0), (whole[1:], 0.0)],
        "stands still, having been quick": [(whole[:-1], 3.0), (whole[-1:], 0.0)],
        "drips": [(bytes([byte]), 0.2) for byte in whole[:15]],
        "is slow": [(whole[i : i + size], 0.2) for i in range(0, len(whole), size)],
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
    told = {"MODEL_NAME": model_name, "API_FILES_AT_ONCE": str(len(files))}
    with running(
        tmp_path / "log", mlflow_uri=platform.mlflow_uri, settings=told, program=("-c", IMPATIENT)
    ) as service:
        wait_for(f"{service.url}/ready", 200, service.process, service.log)
        with ThreadPoolExecutor(len(files)) as senders:
            *given_up, slow = senders.map(send, files.values())

    # then who keeps a place for nothing is told so, and who goes on is answered
    for answer in given_up:
        check_refusal(answer, 408, "too_slow")
    assert lines(slow)[-1]["summary"]["answered"] == 4 * ROWS


def test_a_large_file_takes_little_memory_and_holds_up_nobody(
    real: Service, many: Path, platform: Platform, fits: tuple[Fit, Fit]
) -> None:
    # given a service that has answered before
    process = psutil.Process(real.process.pid)
    single: list[int] = []
    done = threading.Event()
    with httpx.Client(base_url=real.url, trust_env=False, timeout=PATIENCE) as http:
        for _ in range(50):
            http.post("/predict", json=example())
    before, largest = process.memory_info().rss, 0

    def ask() -> None:
        nonlocal largest
        with httpx.Client(base_url=real.url, trust_env=False, timeout=PATIENCE) as http:
            while not done.wait(0.05):
                single.append(http.post("/predict", json=example()).status_code)
                largest = max(largest, process.memory_info().rss)

    asking = threading.Thread(target=ask)
    asking.start()

    # when it is sent many rows while others ask
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
            numbers = 0
            for line in response.iter_lines():
                said = json.loads(line)
                if "summary" not in said:
                    assert said["row"] == numbers
                    assert said["predicted_class"]
                    numbers += 1
    finally:
        done.set()
        asking.join()

    # then every row and everybody else has an answer
    assert numbers == MANY == said["summary"]["answered"]
    assert set(single) == {200}
    assert len(single) > 3
    # in bounded memory
    assert largest - before < GROWTH
    # and each row is in the log, once
    with psycopg.connect(platform.predictions_dsn, autocommit=True) as connection:
        wait_for_rows(connection, MANY)
        found = connection.execute(
            "SELECT count(DISTINCT row), min(row), max(row) FROM prediction"
            " WHERE request_id = 'many'"
        ).fetchone()
    assert found == (MANY, 0, MANY - 1)


def wait_for_rows(connection: psycopg.Connection, number: int) -> None:
    """Wait until the log holds so many rows of the large file."""
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


def test_a_file_that_is_too_large_is_refused(real: Service) -> None:
    content = b"x" * (65 << 20)
    with httpx.Client(base_url=real.url, trust_env=False, timeout=PATIENCE) as http:
        refused = http.post("/predict/batch", content=content, headers={"content-type": CSV})

        body = check_refusal(refused, 413, "too_large")
        assert f"{64 << 20:,}" in body["message"]
        assert "one encounter" not in body["message"]
        assert http.get("/health").status_code == 200


def test_the_model_that_began_a_file_ends_it(
    service: TestClient, shelf: Any, fits: tuple[Fit, Fit], rows: pd.DataFrame
) -> None:
    expected = lines(send(service, as_csv(rows), CSV))
    shelf.content = loaded("2", fits[1])
    headers = {"content-type": CSV}
    content = as_csv(rows)
    with service.stream("POST", "/predict/batch", content=content, headers=headers) as response:
        assert service.post("/reload_model").json()["model_version"] == "2"
        answered = [json.loads(line) for line in response.iter_lines()]

    assert answered[:-1] == expected[:-1]
    assert answered[-1]["model_version"] == "1"
