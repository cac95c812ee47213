"""Traces go from the page through the service to its log, and hold nothing about a patient."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import format_trace_id

from api.main import create_app
from readmission.domain.schema import example
from readmission.logs import TRACE_ID, open_tracer, trace_headers
from readmission.logs.tracing import NoTracer
from readmission.modelling.fitting import Fit
from readmission.settings import CHECKOUT, Settings
from tests.api.conftest import FakeModelStore
from tests.api.in_thread import serving
from tests.api.models import loaded, raw_encounters
from tests.collector import Collector, collecting
from ui.client import ApiClient

PATIENCE = 60
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
DIAGNOSIS = "E917.4"
REFUSED = "swordfish"


class Traced:
    """The service, its collector, and the lines of its access log."""

    def __init__(self, app: FastAPI, collector: Collector) -> None:
        self.app = app
        self.collector = collector
        self.lines: list[bytes] = []
        app.state.access_log._write = self.lines.append
        self.http = httpx.Client(trust_env=False)

    def flush(self) -> None:
        """Send the spans until now to the collector."""
        self.app.state.service.tracer._provider.force_flush()


@pytest.fixture(scope="module")
def traced(fits: tuple[Fit, Fit]) -> Iterator[Traced]:
    """The service on a port, with a collector."""
    store = FakeModelStore()
    store.content = loaded("1", fits[0])
    with collecting() as collector:
        settings = Settings(
            api_anonymous_role="admin", api_rate_limit=0, otlp_endpoint=collector.url,
            log_format="json",
        )  # fmt: skip
        service = Traced(create_app(settings, store), collector)
        with serving(service.app) as url:
            service.http.base_url = httpx.URL(url)
            yield service


def test_a_request_of_the_page_is_one_trace(traced: Traced) -> None:
    # given a page that is traced too
    tracer = open_tracer("ui", Settings(otlp_endpoint=traced.collector.url))
    page = ApiClient(str(traced.http.base_url), tracer=tracer)

    # when it predicts
    page.predict(example() | {"diag_1": DIAGNOSIS})
    tracer.close()
    traced.flush()

    # then its span is the root, the service's is below, and its steps are below that
    (root,) = (span for span in traced.collector.spans if span.service == "readmission-ui")
    assert (root.name, root.parent) == ("POST /predict", "")
    found = [s for s in traced.collector.spans if s.trace_id == root.trace_id and s is not root]
    (request,) = (span for span in found if span.parent == root.span_id)
    assert request.service == "readmission-api"
    assert request.attributes["http.response.status_code"] == "200"
    steps = [span.name for span in found if span.parent == request.span_id]
    assert steps == ["validate", "score", "log"]
    assert not any(DIAGNOSIS.encode() in body for body in traced.collector.bodies)


def test_the_trace_of_a_caller_is_continued_and_returned(traced: Traced) -> None:
    # when a caller sends its trace with a request
    response = traced.http.post("/predict", json=example(), headers=PARENT)
    traced.flush()

    # then header, span and access log have its id
    assert response.headers["X-Trace-ID"] == TRACE
    span = traced.collector.of(TRACE)["POST /predict"]
    assert span.parent == SPAN
    request_id = response.headers["X-Request-ID"]
    assert span.attributes["readmission.request_id"] == request_id
    logged = wait_for_line(traced, request_id)
    assert logged["trace_id"] == TRACE


def wait_for_line(traced: Traced, request_id: str) -> dict[str, str]:
    deadline = time.monotonic() + PATIENCE
    while True:
        lines = [json.loads(line) for line in b"".join(traced.lines).splitlines()]
        if found := [line for line in lines if line["request_id"] == request_id]:
            return found[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_refused_value_is_not_in_the_trace(traced: Traced) -> None:
    response = traced.http.post("/predict", json=example() | {"gender": REFUSED})
    traced.flush()

    assert response.status_code == 422
    spans = traced.collector.of(response.headers["X-Trace-ID"])
    assert spans["validate"].failed
    assert spans["validate"].attributes == {"error.type": "InvalidEncounter"}
    # A mistake of the caller is no failure of the service.
    assert not spans["POST /predict"].failed
    assert not any(REFUSED.encode() in body for body in traced.collector.bodies)


def test_the_rows_of_a_file_are_scored_within_its_trace(traced: Traced) -> None:
    content = raw_encounters(3).to_csv(index=False).encode()

    response = traced.http.post(
        "/predict/batch", content=content, headers={"Content-Type": "text/csv", **PARENT}
    )
    traced.flush()

    assert response.status_code == 200
    spans = traced.collector.of(TRACE)
    assert spans["score"].parent == spans["POST /predict/batch"].span_id


@pytest.mark.parametrize(
    "wrong", ["", "00-0-0-01", f"00-{'0' * 32}-{SPAN}-01", f"ff-{TRACE}-{SPAN}-01", '"}']
)
def test_a_wrong_traceparent_starts_a_new_trace(traced: Traced, wrong: str) -> None:
    response = traced.http.post("/predict", json=example(), headers={"traceparent": wrong})

    assert response.status_code == 200
    assert len(response.headers["X-Trace-ID"]) == 32
    assert response.headers["X-Trace-ID"] not in (TRACE, "0" * 32)


def test_probes_are_traced_only_within_a_trace(traced: Traced) -> None:
    assert "X-Trace-ID" not in traced.http.get("/ready").headers
    assert traced.http.get("/ready", headers=PARENT).headers["X-Trace-ID"] == TRACE


def test_without_a_collector_nothing_is_traced(fake_store: FakeModelStore) -> None:
    app = create_app(Settings(), fake_store)

    assert isinstance(app.state.service.tracer, NoTracer)
    assert "TracedRequests" not in {str(layer.cls.__name__) for layer in app.user_middleware}


@pytest.mark.parametrize("module", ["api.main", "ui.components.service"])
def test_without_a_collector_nothing_of_opentelemetry_is_imported(module: str) -> None:
    program = (
        f"import sys, {module}; from readmission.logs import open_tracer, trace_headers;"
        "from readmission.settings import Settings;"
        "open_tracer('x', Settings()); trace_headers(Settings());"
        "sys.exit(any(name.startswith('opentelemetry.exporter') for name in sys.modules))"
    )

    subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, check=True)


def test_a_task_passes_on_the_span_that_airflow_opened() -> None:
    settings = Settings(otlp_endpoint="http://127.0.0.1:9")
    assert trace_headers(settings) == {}

    # given a span of somebody else's provider
    with TracerProvider().get_tracer("airflow").start_as_current_span("worker.reload") as span:
        trace_id = format_trace_id(span.get_span_context().trace_id)

        assert trace_id in trace_headers(settings)["traceparent"]
        assert trace_headers(Settings()) == {}


def test_a_collector_that_is_down_delays_the_end_by_seconds_only() -> None:
    # given a tracer whose collector refuses connections
    tracer = open_tracer("test", Settings(otlp_endpoint="http://127.0.0.1:9"))
    with tracer.span("some"):
        assert TRACE_ID.get()
    assert TRACE_ID.get() == ""
    # when it is closed
    began = time.monotonic()
    tracer.close()
    # then it gives up
    assert time.monotonic() - began < 10
