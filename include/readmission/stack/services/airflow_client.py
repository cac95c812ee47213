"""A client for the parts of Airflow's REST API that the local stack uses."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from readmission.stack.errors import StackError

API = "/api/v2"
PAGE = 100
FINISHED_STATES = frozenset({"success", "failed"})


@dataclass(frozen=True)
class DagRun:
    """One run of a DAG.

    Parameters
    ----------
    dag_id, run_id : str
        Identify the run.
    state : str
        ``queued``, ``running``, ``success`` or ``failed``.
    partition_key : str, optional
        The batch that the run processes.
    """

    dag_id: str
    run_id: str
    state: str
    partition_key: str | None

    @property
    def path(self) -> str:
        """Path of its page, relative to Airflow's address."""
        return f"/dags/{self.dag_id}/runs/{quote(self.run_id)}"


class AirflowClient:
    """Client for Airflow's REST API, logged in as one user.

    Parameters
    ----------
    url : str
        Airflow's address.
    user, password : str
        A user of Airflow's simple auth manager.
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._credentials = {"username": user, "password": password}
        # The loopback interface is reached directly, even if the environment names a proxy.
        self._http = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def wait_for_dags(self, dag_ids: Collection[str], seconds: float = 300) -> None:
        """Wait until Airflow has parsed all these DAGs and none is paused.

        Raises
        ------
        StackError
            If a DAG has an import error, is paused, or does not appear in time.
        """
        deadline = time.monotonic() + seconds
        while missing := set(dag_ids) - self._dags().keys():
            if problems := self.import_errors():
                raise StackError("Airflow cannot import a DAG:\n" + "\n".join(problems))
            if time.monotonic() > deadline:
                names = ", ".join(sorted(missing))
                raise StackError(
                    f"Airflow does not list {names}; see `readmission logs airflow-dag-processor`"
                )
            time.sleep(0.5)
        if paused := [name for name, is_paused in self._dags().items() if is_paused]:
            # Airflow drops asset events for a paused DAG.
            raise StackError(
                f"DAGs are paused: {', '.join(paused)}; unpause them at {self.url}/dags"
            )

    def import_errors(self) -> list[str]:
        """Return each DAG file with an import error, and the last line of the error."""
        found = self._get("/importErrors")["import_errors"]
        return [f"{e['filename']}: {e['stack_trace'].strip().splitlines()[-1]}" for e in found]

    def trigger(
        self, dag_id: str, conf: Mapping[str, Any], partition_key: str | None = None
    ) -> DagRun:
        """Start a run of a DAG, for one batch if `partition_key` is given."""
        body = {"logical_date": None, "conf": dict(conf), "partition_key": partition_key}
        return _run(self._call("POST", f"/dags/{dag_id}/dagRuns", json=body))

    def run(self, dag_id: str, run_id: str) -> DagRun:
        """Return the current state of a run."""
        return _run(self._get(f"/dags/{dag_id}/dagRuns/{quote(run_id)}"))

    def runs(self, *dag_ids: str) -> list[DagRun]:
        """Return all runs of some DAGs, newest first, in one request per page."""
        return list(self._runs(dag_ids))

    def tasks(self, run: DagRun) -> list[dict[str, Any]]:
        """Return the task instances of a run, as Airflow's API returns them."""
        path = f"/dags/{run.dag_id}/dagRuns/{quote(run.run_id)}/taskInstances"
        return list(self._get(path, limit=PAGE)["task_instances"])

    def failed_tasks(self, run: DagRun) -> list[str]:
        """Return the names of the tasks that failed in a run, with their map index."""
        path = f"/dags/{run.dag_id}/dagRuns/{quote(run.run_id)}/taskInstances"
        found = self._get(path, state="failed", limit=PAGE)["task_instances"]
        return [f"{t['task_id']} {t['rendered_map_index'] or ''}".strip() for t in found]

    def _runs(self, dag_ids: Sequence[str]) -> Iterator[DagRun]:
        wanted = {"dag_ids": list(dag_ids), "page_limit": PAGE, "order_by": "-run_after"}
        offset, total = 0, 1
        while offset < total:
            page = self._call("POST", "/dags/~/dagRuns/list", json=wanted | {"page_offset": offset})
            yield from map(_run, page["dag_runs"])
            offset, total = offset + PAGE, page["total_entries"]

    def _dags(self) -> dict[str, bool]:
        found = self._get("/dags", limit=PAGE)["dags"]
        return {dag["dag_id"]: dag["is_paused"] for dag in found}

    def _get(self, path: str, **params: Any) -> dict[str, Any]:
        return self._call("GET", path, params=params)

    def _call(self, method: str, path: str, **details: Any) -> dict[str, Any]:
        try:
            response = self._http.request(method, API + path, **details)
            if response.status_code == httpx.codes.UNAUTHORIZED:
                self._log_in()
                response = self._http.request(method, API + path, **details)
            response.raise_for_status()
        except httpx.HTTPStatusError as error:
            raise StackError(f"Airflow rejected {method} {path}: {error.response.text}") from error
        except httpx.HTTPError as error:
            raise StackError(f"Airflow is unavailable at {self.url}: {error}") from error
        return dict(response.json())

    def _log_in(self) -> None:
        response = self._http.post("/auth/token", json=self._credentials)
        response.raise_for_status()
        self._http.headers["Authorization"] = f"Bearer {response.json()['access_token']}"


def _run(found: Mapping[str, Any]) -> DagRun:
    return DagRun(found["dag_id"], found["dag_run_id"], found["state"], found["partition_key"])
