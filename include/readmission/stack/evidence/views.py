"""The pages of a deployment that the evidence takes pictures of."""

import base64
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from readmission.errors import ReadmissionError
from readmission.operations import prometheus_login
from readmission.stack.evidence.checklist import client, query_mlflow
from readmission.stack.evidence.deployments.deployment import Deployment
from readmission.stack.evidence.lines import NotAsExpected
from readmission.stack.services import airflow

TRAINING = "model_training_pipeline"
PREDICT = ("button >> text=/^(High risk|Riesgo alto):/", '[data-testid="stBaseButton-primary"]')
"""The buttons that fill in an example and predict it, on the clinicians' page."""
SEEN_BEFORE = {"mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": "true"}
"""Keeps MLflow's assistant closed, which opens in a new browser and covers the page."""
STAGES = ('text="New model registry UI" >> xpath=.. >> [role=switch]', 'text="Disable"')
"""The buttons that have MLflow's registry show the stages of versions, too."""
GRAPH = ("Airflow: the graph of an asset", "Airflow: el grafo de un asset")
RUN = ("Airflow: a run", "Airflow: una ejecución")
PLOTS = (
    "MLflow: a run's artifacts in the bucket, with a plot",
    "MLflow: los artefactos de un run en el bucket, con un gráfico",
)
PREDICTION = {
    "en": "The clinicians' page: a prediction, with the version of the model",
    "es": "La página para clínicos: una predicción, con la versión del modelo",
}
BOARDS = ("home", "predictions", "pipeline", "quality", "slo")


@dataclass(frozen=True)
class View:
    """A page to take a picture of.

    Parameters
    ----------
    titles : mapping of str to str
        What it shows, by language.
    url : str
        Its address.
    login : mapping of str to str, optional
        User and password for basic authentication.
    token : str
        Airflow's token.
    header : str
        Value of the header Authorization, for a server that redirects instead of asking for it.
    storage : mapping of str to str
        What the page finds in the browser's local storage.
    press : tuple of str
        Selectors of the elements to press first, in order.
    shows : str
        Selector of the element that must be there before the picture is taken.
    whole : bool
        Whether the picture shows all of the page, not only what fits into the window.
    problem : str
        Why the address is not known, if it is not.
    """

    titles: Mapping[str, str]
    url: str
    login: Mapping[str, str] = field(default_factory=dict, repr=False)
    token: str = field(default="", repr=False)
    header: str = field(default="", repr=False)
    storage: Mapping[str, str] = field(default_factory=dict)
    press: tuple[str, ...] = ()
    shows: str = ""
    whole: bool = False
    problem: str = ""


def _view(english: str, spanish: str, url: str, **details: Any) -> View:
    return View({"en": english, "es": spanish}, url, **details)


def views(deployed: Deployment) -> list[View]:
    """Return the pages of a deployment."""
    token, page = airflow_token(deployed), deployed.airflow
    return [
        _view("Airflow: the DAGs", "Airflow: los DAGs", f"{page}/dags", token=token),
        _view("Airflow: the assets", "Airflow: los assets", f"{page}/assets", token=token),
        *_unless_down(GRAPH, lambda: asset_views(deployed, token)),
        _view("Airflow: the runs of the training", "Airflow: las ejecuciones",
              f"{page}/dags/{TRAINING}", token=token),
        *_unless_down(RUN, lambda: run_views(deployed, token)),
        *_model_views(deployed),
        prediction(deployed, PREDICTION),
        *metric_views(deployed),
    ]  # fmt: skip


def prediction(deployed: Deployment, titles: Mapping[str, str], version: str = r"\d+") -> View:
    """Return the clinicians' page with the prediction of an example, by a version of the model."""
    shows = rf"text=/versi[oó]n {version}\b/"
    return View(titles, f"{deployed.page}/", press=PREDICT, shows=shows)


def _unless_down(titles: tuple[str, str], found: Callable[[], list[View]]) -> list[View]:
    """Return pages whose address only a server knows, or one that says why it is not known."""
    try:
        return found()
    except (ReadmissionError, httpx.HTTPError, KeyError, IndexError) as error:
        return [_view(*titles, "", problem=str(error) or type(error).__name__)]


def asset_views(deployed: Deployment, token: str) -> list[View]:
    """Return the page with the graph of the asset RAW."""
    with httpx.Client(timeout=30, trust_env=False) as http:
        found = http.get(
            f"{deployed.airflow}/api/v2/assets",
            headers={"Authorization": f"Bearer {token}"},
        ).raise_for_status().json()["assets"]  # fmt: skip
    return [_view(*GRAPH, f"{deployed.airflow}/assets/{found[0]['id']}", token=token)]


def run_views(deployed: Deployment, token: str) -> list[View]:
    """Return the pages of the newest run of the training that succeeded, and of one of its logs.

    Raises
    ------
    NotAsExpected
        If there is no such run.
    """
    found = client(deployed)
    run = next((run for run in found.runs(TRAINING) if run.state == "success"), None)
    if run is None:
        raise NotAsExpected(f"no run of {TRAINING} has succeeded")
    page, task = f"{deployed.airflow}{run.path}", found.tasks(run)[0]["task_id"]
    return [
        _view(*RUN, page, token=token),
        _view("Airflow: a task's log", "Airflow: el log de una tarea", f"{page}/tasks/{task}",
              token=token),
    ]  # fmt: skip


def _model_views(deployed: Deployment) -> list[View]:
    viewer = {"username": "viewer", "password": deployed.viewer_password}
    page = deployed.mlflow
    seen = {"login": viewer, "storage": SEEN_BEFORE}
    return [
        _view("MLflow: the runs of the experiment", "MLflow: los runs del experimento",
              f"{page}/#/experiments/1/runs", shows="text=/batch-\\d+/", **seen),
        *_unless_down(PLOTS, lambda: plot_views(deployed, **seen)),
        _view("MLflow: the registry, with the stages of the versions",
              "MLflow: el registro de modelos, con el stage de cada versión",
              f"{page}/#/models/{deployed.model}", press=STAGES, shows='text="Production"', **seen),
    ]  # fmt: skip


def plot_views(deployed: Deployment, **seen: Any) -> list[View]:
    """Return the page with a plot of the run that is in production."""
    wanted = {"name": deployed.model, "alias": "production"}
    found = query_mlflow(deployed, "GET", "registered-models/alias", params=wanted)
    run = found["model_version"]["run_id"]
    url = f"{deployed.mlflow}/#/experiments/1/runs/{run}/artifacts/plots/calibration.png"
    return [_view(*PLOTS, url, shows="img[src^=blob]", **seen)]


def metric_views(deployed: Deployment) -> list[View]:
    """Return the pages of Prometheus and Grafana, if the deployment has them."""
    found = []
    if server := deployed.prometheus:
        login = {"username": prometheus_login.USER, "password": deployed.prometheus_password}
        for name, spanish in (("targets", "los targets"), ("rules", "las reglas")):
            page = classic_or_new(server, deployed.prometheus_password, name)
            found.append(
                _view(f"Prometheus: the {name}", f"Prometheus: {spanish}", page, login=login)
            )
    if deployed.grafana:
        login_text = f"admin:{deployed.grafana_password}".encode()
        header = f"Basic {base64.b64encode(login_text).decode()}"
        found += [
            _view(f"Grafana: {name}", f"Grafana: {name}",
                  f"{deployed.grafana_page}/d/readmission-{name}", header=header)
            for name in BOARDS
        ]  # fmt: skip
    return found


def classic_or_new(server: str, password: str, name: str) -> str:
    """Return the address of a page of Prometheus; Debian's package has the classic ones only."""
    classic = f"{server}/classic/{name}"
    with suppress(httpx.HTTPError), httpx.Client(timeout=30, trust_env=False) as http:
        if http.get(classic, auth=(prometheus_login.USER, password)).is_success:
            return classic
    return f"{server}/{name}"


def airflow_token(deployed: Deployment) -> str:
    """Return a token of Airflow's administrator; empty if Airflow does not respond."""
    login = {"username": airflow.USER, "password": deployed.airflow_password}
    try:
        with httpx.Client(timeout=30, trust_env=False) as http:
            response = http.post(f"{deployed.airflow}/auth/token", json=login)
            return str(response.raise_for_status().json()["access_token"])
    except httpx.HTTPError:
        return ""
