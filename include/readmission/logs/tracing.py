"""Traces of requests, sent to a collector of OpenTelemetry if the settings name one.

A span has a name, a route, a status and ids. It never has a value of an encounter, nor the message
of an error, which may quote one.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from typing import Protocol


class SpanKind(Enum):
    """The side of a request on which a span is."""

    INTERNAL = "INTERNAL"
    SERVER = "SERVER"
    CLIENT = "CLIENT"


class Span(Protocol):
    """A part of a trace that is still running."""

    @property
    def trace_id(self) -> str:
        """Id of the trace, in 32 hexadecimal digits."""

    def end_request(self, name: str, status: int, **attributes: str) -> None:
        """Name the request, now that its route is known, and note how it ended."""


class Tracer(Protocol):
    """Opens spans."""

    @property
    def is_on(self) -> bool:
        """Whether spans are sent anywhere."""

    def span(
        self,
        name: str,
        kind: SpanKind = SpanKind.INTERNAL,
        parent: Mapping[str, str] | None = None,
    ) -> AbstractContextManager[Span | None]:
        """Return a span for a block of code; within it, others become its children.

        Parameters
        ----------
        name : str
            Without any value of a request.
        kind : SpanKind
            The side of a request.
        parent : mapping, optional
            Headers of W3C Trace Context; by default the parent is the surrounding span.
        """

    def headers(self) -> dict[str, str]:
        """Return the headers that let a service continue the trace."""

    def close(self) -> None:
        """Send what is left; waits for a few seconds at most."""


class NoTracer:
    """Traces nothing: there is no collector."""

    is_on = False

    def span(
        self,
        name: str,  # noqa: ARG002
        kind: SpanKind = SpanKind.INTERNAL,  # noqa: ARG002
        parent: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> AbstractContextManager[None]:
        """Return a block without a span."""
        return _NOTHING

    def headers(self) -> dict[str, str]:
        """Return no headers."""
        return {}

    def close(self) -> None:
        """Do nothing."""


_NOTHING = nullcontext()
