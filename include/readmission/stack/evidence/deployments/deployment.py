"""What the evidence queries in a deployment: on one machine, on Compose or on Kubernetes."""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from readmission.settings import CHECKOUT
from readmission.stack.evidence.lines import NotAsExpected

SECONDS = 60
"""Time limit of a call of docker or kubectl."""

ONE_MACHINE = "one machine"


@dataclass(frozen=True)
class Deployment:
    """Addresses, logins and commands of a deployment.

    Parameters
    ----------
    name : str
        ``one machine``, ``compose`` or ``kubernetes``.
    airflow, mlflow, api, page, prometheus, grafana : str
        Addresses of the pages and APIs; empty if the deployment has none.
    airflow_password, viewer_password, prometheus_password, grafana_password : str
        Of Airflow's administrator, of MLflow's reader, and of both servers.
    grafana_host : str
        The host for which Grafana responds; empty if it is that of its address.
    api_key : str
        Key for predictions; empty if the API requires none.
    admin_key : str
        Key for rollbacks.
    services, artifacts : callable
        Return the state of every service, and what the bucket lists; raise `NotAsExpected`.
    query : callable
        Returns what a statement selects from a database, as text.
    commands : mapping of str to str
        The command of the lines ``services``, ``sql`` and ``artifacts``, as the page shows it.
    model : str
        Name of the registered model.
    families : int
        How many models each batch trains.
    load : tuple of str
        Command of the load test with 100 users; it also prints the report of Locust.
    objects : callable, optional
        Returns the pods, services and volumes of a cluster.
    """

    name: str
    airflow: str
    mlflow: str
    api: str
    page: str
    prometheus: str
    grafana: str
    services: Callable[[], str]
    query: Callable[[str, str], str]
    artifacts: Callable[[], str]
    commands: dict[str, str]
    load: tuple[str, ...]
    airflow_password: str = field(default="", repr=False)
    viewer_password: str = field(default="", repr=False)
    prometheus_password: str = field(default="", repr=False)
    grafana_password: str = field(default="", repr=False)
    grafana_host: str = ""
    api_key: str = field(default="", repr=False)
    admin_key: str = field(default="", repr=False)
    model: str = "diabetes_readmission"
    families: int = 3
    objects: Callable[[], str] | None = None

    @property
    def grafana_page(self) -> str:
        """The address of Grafana with the host for which it responds."""
        parts = urlsplit(self.grafana)
        return parts._replace(netloc=f"{self.grafana_host or parts.hostname}:{parts.port}").geturl()


def run(*command: str, seconds: int = SECONDS) -> str:
    """Return what a program prints; it runs in the checkout.

    Raises
    ------
    NotAsExpected
        If it is not installed, fails or does not end; the message has its own words.
    """
    if shutil.which(command[0]) is None:
        raise NotAsExpected(f"{command[0]} is not on PATH")
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, and arguments of our own
            command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=seconds
        )
    except subprocess.TimeoutExpired as error:
        raise NotAsExpected(f"{command[0]} did not end within {seconds} s") from error
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()
        raise NotAsExpected(said or f"{command[0]} exited with {done.returncode}")
    return done.stdout


def all_hold(states: Sequence[tuple[str, str, bool]], wanted: str) -> str:
    """Return names and states as text, if there are some and every state holds.

    Raises
    ------
    NotAsExpected
        If one does not hold, or there are none.
    """
    text = "\n".join(f"{name}: {state}" for name, state, _ in states)
    if not states or not all(holds for *_, holds in states):
        raise NotAsExpected(f"{text or 'nothing runs'}\nexpected {wanted}")
    return text
