"""Spans of OpenTelemetry, sent over OTLP/HTTP; imported only if the settings name a collector."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from readmission import __version__
from readmission.logs.tracing import SpanKind

PATH = "/v1/traces"
EXPORT_SECONDS = 5
"""Patience with a collector that does not respond; at most 2,048 spans wait in memory."""
SERVER_ERROR = 500

_CONTEXT = TraceContextTextMapPropagator()


def current_headers() -> dict[str, str]:
    """Return the headers of the current span, whoever opened it; empty without one."""
    carrier: dict[str, str] = {}
    _CONTEXT.inject(carrier)
    return carrier


class OtlpSpan:
    """A running span.

    Parameters
    ----------
    span : trace.Span
        As OpenTelemetry has it.
    """

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @property
    def trace_id(self) -> str:
        """Id of the trace, in 32 hexadecimal digits."""
        return trace.format_trace_id(self._span.get_span_context().trace_id)

    def end_request(self, name: str, status: int, **attributes: str) -> None:
        """Name the request, now that its route is known, and note how it ended."""
        self._span.update_name(name)
        self._span.set_attributes({"http.response.status_code": status, **attributes})
        if status >= SERVER_ERROR:
            self._span.set_status(trace.StatusCode.ERROR)


class OtlpTracer:
    """Opens spans and sends them in the background.

    The provider is this object's own: MLflow has another one, which is not touched. The standard
    variables of OpenTelemetry, such as ``OTEL_TRACES_SAMPLER``, are read as well.

    Parameters
    ----------
    service : str
        Name of the process.
    endpoint : str
        Address of the collector, without a path.
    current : ContextVar
        Set to the id of the trace within its spans, for the lines of the log.
    """

    is_on = True

    def __init__(self, service: str, endpoint: str, current: ContextVar[str]) -> None:
        about = Resource.create(
            {SERVICE_NAME: f"readmission-{service}", SERVICE_VERSION: __version__}
        )
        exporter = OTLPSpanExporter(endpoint.rstrip("/") + PATH, timeout=EXPORT_SECONDS)
        self._provider = TracerProvider(resource=about)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("readmission", __version__)
        self._current = current

    @contextmanager
    def span(
        self,
        name: str,
        kind: SpanKind = SpanKind.INTERNAL,
        parent: Mapping[str, str] | None = None,
    ) -> Iterator[OtlpSpan]:
        """Open a span; an error marks it as failed, by the type of the error alone."""
        with self._tracer.start_as_current_span(
            name,
            context=None if parent is None else _CONTEXT.extract(parent),
            kind=trace.SpanKind[kind.value],
            record_exception=False,
            set_status_on_exception=False,
        ) as found:
            span = OtlpSpan(found)
            token = self._current.set(span.trace_id)
            try:
                yield span
            except Exception as error:
                found.set_status(trace.StatusCode.ERROR)
                found.set_attribute("error.type", type(error).__name__)
                raise
            finally:
                # A generator that is dropped ends in another context.
                with suppress(ValueError):
                    self._current.reset(token)

    def headers(self) -> dict[str, str]:
        """Return the headers that let a service continue the trace."""
        return current_headers()

    def close(self) -> None:
        """Send what is left; waits for as long as one export may take."""
        self._provider.shutdown()
