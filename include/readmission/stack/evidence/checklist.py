"""The acceptance checklist of a deployment, as `docs/EVIDENCIAS.md` describes it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from readmission.stack.evidence.deployments.deployment import ONE_MACHINE, Deployment
from readmission.stack.evidence.lines import CannotCheck, Line, NotAsExpected, expect
from readmission.stack.services import airflow
from readmission.stack.services.airflow_client import AirflowClient

DAGS = (
    "data_ingestion_batch", "data_processing_pipeline", "model_training_pipeline",
    "model_promotion_pipeline",
)  # fmt: skip
NO_PROMETHEUS = (
    "Prometheus is not installed: `apt-get install prometheus`",
    "Prometheus no está instalado: `apt-get install prometheus`",
)
NO_GRAFANA = (
    "Grafana is not installed; the dashboards are drawn from their own queries instead",
    "Grafana no está instalado; los tableros se dibujan a partir de sus propias consultas",
)
NO_CLUSTER = (
    "this system does not run on a cluster; there, add `--kubernetes`",
    "este sistema no se ejecuta en un clúster; allí, añada `--kubernetes`",
)
NO_LOAD = (
    "it takes minutes and disturbs other users: add `--load`",
    "tarda minutos y perturba a otros usuarios: añada `--load`",
)
NO_KEY = (
    "the API on one machine requires no key",
    "en una sola máquina la API no exige clave",
)
NO_SWAP = (
    "only one version has been promoted so far; ingest another batch",
    "hasta ahora solo se ha promovido una versión; ingiera otro lote",
)
PARTS = ("metadatabase", "scheduler", "dag_processor")
JOBS = {"airflow", "api", "pipeline", "prometheus"}
PROMOTED = (
    "SELECT 'batch ' || batch_id || ': version ' || challenger_version FROM promotion"
    " WHERE verdict = 'promoted' ORDER BY promotion_id"
)
COUNT = "SELECT count(*) FROM encounter"
RUNS = "SELECT count(*) FROM runs"
NO_SPLIT = (
    "SELECT count(*) FROM encounter LEFT JOIN patient USING (patient_nbr)"
    " WHERE patient.part IS NULL"
)


def checklist(deployed: Deployment, load: Callable[[], str] | None = None) -> list[Line]:
    """Return the lines for a deployment; a line that it cannot check says so.

    Parameters
    ----------
    deployed : Deployment
        What is checked.
    load : callable, optional
        Runs the load test, after everything else.
    """
    return [
        *_services(deployed), *_pipeline(deployed), *_models(deployed), *_metrics(deployed),
        *_elsewhere(deployed, load),
    ]  # fmt: skip


def _line(name: str, english: str, spanish: str, command: str, observe: Callable[[], str]) -> Line:
    return Line(name, {"en": english, "es": spanish}, command, observe)


def _services(deployed: Deployment) -> list[Line]:
    page = f"{deployed.page}/_stcore/health"
    return [
        _line("services", "Every service runs", "Todos los servicios en ejecución",
              deployed.commands["services"], deployed.services),
        _line("airflow", "Airflow is healthy", "Airflow está sano",
              f"GET {deployed.airflow}/api/v2/monitor/health", lambda: airflow_health(deployed)),
        _line("page", "The clinicians' page responds", "La página para clínicos responde",
              f"GET {page}", lambda: read(page)),
        _line("login", "MLflow requires a password", "MLflow exige una contraseña",
              f"GET {deployed.mlflow}", lambda: refused("GET", deployed.mlflow)),
        _line("key", "The API requires a key", "La API exige una clave",
              f"POST {deployed.api}/predict",
              (lambda: refused("POST", f"{deployed.api}/predict")) if deployed.api_key
              else _cannot(NO_KEY)),
    ]  # fmt: skip


def read(url: str, login: tuple[str, str] | None = None) -> str:
    """Return the text at an address."""
    with httpx.Client(timeout=30, trust_env=False) as client:
        return client.get(url, auth=login).raise_for_status().text


def refused(method: str, url: str) -> str:
    """Return the status of a request without password and key, which must be 401."""
    with httpx.Client(timeout=30, trust_env=False) as client:
        status = client.request(method, url).status_code
    return expect(status == httpx.codes.UNAUTHORIZED, str(status), "401")


def parts(name: str, found: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the parts of Airflow that a deployment must have."""
    # One machine has a triggerer only if it watches for deliveries; without one there is no status.
    watches = name != ONE_MACHINE or found["triggerer"]["status"]
    return (*PARTS, "triggerer") if watches else PARTS


def airflow_health(deployed: Deployment) -> str:
    """Return the health of Airflow's parts."""
    with httpx.Client(timeout=30, trust_env=False) as client:
        url = f"{deployed.airflow}/api/v2/monitor/health"
        found = client.get(url).raise_for_status().json()
    states = {name: found[name]["status"] for name in parts(deployed.name, found)}
    return expect(set(states.values()) == {"healthy"}, _pairs(states), "healthy for each")


def _pipeline(deployed: Deployment) -> list[Line]:
    sql = deployed.commands["sql"]
    return [
        _line("dags", "The DAGs are active and none is broken",
              "Los DAGs están activos y ninguno tiene errores",
              "GET /api/v2/dags, /api/v2/importErrors", lambda: dags(deployed)),
        _line("raw", "Batches are in RAW", "Los lotes están en RAW",
              f"{sql} raw: {COUNT}", lambda: rows(deployed, "raw")),
        _line("clean", "Clean encounters are in CLEAN", "Los encuentros limpios están en CLEAN",
              f"{sql} clean: {COUNT}", lambda: rows(deployed, "clean")),
        _line("splits", "Every patient is in a split", "Cada paciente está en una partición",
              f"{sql} clean: {NO_SPLIT}", lambda: none_without_split(deployed)),
    ]  # fmt: skip


def client(deployed: Deployment) -> AirflowClient:
    """Return a client for the deployment's Airflow."""
    return AirflowClient(deployed.airflow, airflow.USER, deployed.airflow_password)


def dags(deployed: Deployment) -> str:
    """Return the names of the four DAGs, which must be active and without errors."""
    found = client(deployed)
    if errors := found.import_errors():
        raise NotAsExpected("\n".join(errors))
    found.wait_for_dags(DAGS, seconds=5)
    return "\n".join(DAGS)


def rows(deployed: Deployment, database: str, statement: str = COUNT) -> str:
    """Return how many encounters, or other rows, a database has."""
    count = int(deployed.query(database, statement))
    return expect(count > 0, str(count), "more than 0")


def none_without_split(deployed: Deployment) -> str:
    """Return how many encounters belong to a patient without a split, which must be 0."""
    count = int(deployed.query("clean", NO_SPLIT))
    return expect(count == 0, str(count), "0")


def _models(deployed: Deployment) -> list[Line]:
    return [
        _line("runs", "An experiment with a run of each family for each batch",
              "Un experimento con un run de cada familia por lote",
              "POST /api/2.0/mlflow/runs/search", lambda: runs(deployed)),
        _line("production", "A model has the stage Production, and the API serves it",
              "Un modelo tiene el stage Production, y la API lo sirve",
              "GET /api/2.0/mlflow/registered-models/alias, GET /health",
              lambda: production(deployed)),
        _line("swap", "The model changes without a change of code",
              "El modelo cambia sin modificar el código",
              f"{deployed.commands['sql']} clean: {PROMOTED}", lambda: swap(deployed)),
        _line("metadata", "MLflow's metadata is in PostgreSQL",
              "Los metadatos de MLflow están en PostgreSQL",
              f"{deployed.commands['sql']} mlflow: {RUNS}",
              lambda: rows(deployed, "mlflow", RUNS)),
        _line("artifacts", "The bucket has artifacts", "El bucket tiene artefactos",
              deployed.commands["artifacts"], deployed.artifacts),
    ]  # fmt: skip


def query_mlflow(deployed: Deployment, method: str, path: str, **details: Any) -> Any:
    """Return a response of MLflow's API, read as its user for people."""
    login = ("viewer", deployed.viewer_password)
    with httpx.Client(timeout=30, trust_env=False, auth=login) as http:
        url = f"{deployed.mlflow}/api/2.0/mlflow/{path}"
        return http.request(method, url, **details).raise_for_status().json()


def runs(deployed: Deployment) -> str:
    """Return how many finished runs there are."""
    wanted = {"experiment_ids": ["1"], "max_results": 1000, "filter": "status = 'FINISHED'"}
    count, token = 0, ""
    while True:
        asked = wanted | {"page_token": token}
        found = query_mlflow(deployed, "POST", "runs/search", json=asked)
        count += len(found.get("runs", []))
        if not (token := found.get("next_page_token", "")):
            break
    holds = count > 0 and count % deployed.families == 0
    return expect(holds, str(count), f"a multiple of {deployed.families}")


def production(deployed: Deployment) -> str:
    """Return the version in production, if the API serves it."""
    wanted = {"name": deployed.model, "alias": "production"}
    found = query_mlflow(deployed, "GET", "registered-models/alias", params=wanted)["model_version"]
    with httpx.Client(timeout=30, trust_env=False) as http:
        health = http.get(f"{deployed.api}/health").raise_for_status().json()
    seen = {
        "version": str(found["version"]),
        "stage": found.get("current_stage", ""),
        "served": str(health["model_version"]),
    }
    holds = seen["version"] == seen["served"] and seen["stage"] == "Production"
    return expect(holds, _pairs(seen), "the same version, with the stage Production")


def swap(deployed: Deployment) -> str:
    """Return the versions that were promoted one after the other."""
    promoted = deployed.query("clean", PROMOTED)
    if len(promoted.splitlines()) < 2:
        raise CannotCheck(*NO_SWAP)
    return promoted


def _metrics(deployed: Deployment) -> list[Line]:
    return [
        _line("targets", "Prometheus scrapes every job", "Prometheus consulta todos los jobs",
              "GET /api/v1/query?query=up", lambda: targets(deployed)),
        _line("grafana", "Grafana's dashboards", "Los tableros de Grafana",
              "GET /api/search?type=dash-db", lambda: dashboards(deployed)),
    ]  # fmt: skip


def targets(deployed: Deployment) -> str:
    """Return which jobs Prometheus reaches."""
    if not deployed.prometheus:
        raise CannotCheck(*NO_PROMETHEUS)
    login = ("prometheus", deployed.prometheus_password)
    with httpx.Client(timeout=30, trust_env=False, auth=login) as http:
        url = f"{deployed.prometheus}/api/v1/query"
        found = http.get(url, params={"query": "up"}).raise_for_status().json()["data"]["result"]
    up = {each["metric"]["job"]: each["value"][1] for each in found}
    return expect(up.keys() >= JOBS and set(up.values()) == {"1"}, _pairs(up), "1 for each job")


def dashboards(deployed: Deployment) -> str:
    """Return the titles of Grafana's dashboards."""
    if not deployed.grafana:
        raise CannotCheck(*NO_GRAFANA)
    login = ("admin", deployed.grafana_password)
    host = {"Host": deployed.grafana_host} if deployed.grafana_host else {}
    with httpx.Client(timeout=30, trust_env=False, auth=login, headers=host) as http:
        url = f"{deployed.grafana}/api/search"
        found = http.get(url, params={"type": "dash-db"}).raise_for_status().json()
    titles = {each["uid"]: each["title"] for each in found if each["uid"].startswith("readmission")}
    return expect(bool(titles), _pairs(titles), "the dashboards of grafana/dashboards")


def _elsewhere(deployed: Deployment, load: Callable[[], str] | None) -> list[Line]:
    program = Path(deployed.load[0]).name
    return [
        _line("kubernetes", "Pods and services on Kubernetes", "Pods y servicios en Kubernetes",
              "kubectl -n mlops-proyecto3 get pods,services,persistentvolumeclaims",
              deployed.objects or _cannot(NO_CLUSTER)),
        _line("load", "100 users", "100 usuarios", " ".join((program, *deployed.load[1:])),
              load or _cannot(NO_LOAD)),
    ]  # fmt: skip


def _cannot(why: tuple[str, str]) -> Callable[[], str]:
    def observe() -> str:
        raise CannotCheck(*why)

    return observe


def _pairs(values: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in values.items())
