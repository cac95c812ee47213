"""A client for the HTTP API of Prometheus."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import httpx

from readmission.operations import prometheus_login

TIMEOUT = 30

Series = Mapping[str, str]
"""The labels of a series."""
Points = Sequence[tuple[float, float]]
"""Pairs of time and value."""


class Prometheus:
    """A running Prometheus server.

    Parameters
    ----------
    url : str
        Base URL.
    password : str, optional
        Password of the user `prometheus`, if the server requires one.
    """

    def __init__(self, url: str, password: str | None = None) -> None:
        login = (prometheus_login.USER, password) if password else None
        self._client = httpx.Client(base_url=url, auth=login, timeout=TIMEOUT, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def query(self, expr: str, at: float | None = None) -> list[tuple[Series, float]]:
        """Return the value of every series of an expression, now or at a given time.

        Raises
        ------
        ValueError
            If Prometheus rejects the query.
        """
        moment = {} if at is None else {"time": at}
        result = self._get("query", query=expr, **moment)["result"]
        return [(one["metric"], float(one["value"][1])) for one in result]

    def query_range(
        self, expr: str, start: float, end: float, step: float
    ) -> list[tuple[Series, Points]]:
        """Return every series of an expression between two Unix times.

        Raises
        ------
        ValueError
            If Prometheus rejects the query.
        """
        result = self._get("query_range", query=expr, start=start, end=end, step=step)["result"]
        return [
            (one["metric"], [(float(at), float(value)) for at, value in one["values"]])
            for one in result
        ]

    def label_values(self, series: str, label: str) -> list[str]:
        """Return the values of a label of some series, sorted."""
        return sorted(self._get(f"label/{label}/values", **{"match[]": series}))

    def _get(self, path: str, **parameters: Any) -> Any:
        response = self._client.get(f"/api/v1/{path}", params=parameters)
        if response.is_client_error:
            raise ValueError(f"{response.json()['error']}: {parameters}")
        return response.raise_for_status().json()["data"]
