"""The acceptance checklist on one machine, as `docs/EVIDENCIAS.md` describes it."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from readmission.stack.access import open_airflow
from readmission.stack.evidence.lines import CannotCheck, Line, NotAsExpected, expect
from readmission.stack.services import object_store, postgres
from readmission.stack.services.observability import prometheus
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.stack.stack import Stack

DAGS = (
    "data_ingestion_batch", "data_processing_pipeline", "model_training_pipeline",
    "model_promotion_pipeline",
)  # fmt: skip
NO_PROMETHEUS = "Prometheus no está instalado: `apt-get install prometheus`"
PARTS = ("metadatabase", "scheduler", "dag_processor")
JOBS = {"airflow", "api", "pipeline", "prometheus"}
ELSEWHERE: Mapping[str, tuple[str, str, str, str, str]] = {
    "kubernetes": (
        "Pods and services on Kubernetes",
        "Pods y servicios en Kubernetes",
        "kubectl -n mlops-proyecto3 get pods,services",
        "this stack runs on one machine; run the command against your cluster",
        "este sistema corre en una máquina; ejecute el comando en su clúster",
    ),
    "grafana": (
        "Grafana's dashboards",
        "Los dashboards de Grafana",
        "GET /api/search?type=dash-db",
        "it takes no pictures of Grafana; `readmission status` shows its address, if it runs",
        "no toma capturas de Grafana; `readmission status` muestra su dirección, si está en marcha",
    ),
    "swap": (
        "The model changes without a change of code",
        "El modelo cambia sin modificar el código",
        "readmission promotions",
        "it takes another batch; ingest one, and compare the line of the served version",
        "hace falta otro lote; ingiera uno y compare la línea de la versión servida",
    ),
    "load": (
        "100 users",
        "100 usuarios",
        "make load",
        "it takes minutes and disturbs the other lines; run the command by itself",
        "tarda minutos y perturba las otras líneas; ejecute el comando por separado",
    ),
}
"""Lines that one machine cannot check: both titles, the command, and why, in both languages."""


def checklist(site: Site) -> list[Line]:
    """Return the lines for a stack on one machine."""
    return [*_services(site), *_pipeline(site), *_models(site), *_metrics(site), *elsewhere()]


def elsewhere() -> list[Line]:
    """Return the lines that cannot be checked on one machine."""
    return [
        Line(name, {"en": english, "es": spanish}, command, _cannot(*why))
        for name, (english, spanish, command, *why) in ELSEWHERE.items()
    ]


def _cannot(english: str, spanish: str) -> Callable[[], str]:
    def observe() -> str:
        raise CannotCheck(english, spanish)

    return observe


def _line(name: str, english: str, spanish: str, command: str, observe: Callable[[], str]) -> Line:
    return Line(name, {"en": english, "es": spanish}, command, observe)


def _services(site: Site) -> list[Line]:
    page = f"http://{HOST}:{site.settings.ui_port}/_stcore/health"
    return [
        _line("services", "Every service runs", "Todos los servicios en ejecución",
              "readmission status", lambda: status(site)),
        _line("airflow", "Airflow is healthy", "Airflow está sano",
              f"GET {site.airflow_url}/api/v2/monitor/health", lambda: airflow_health(site)),
        _line("page", "The clinicians' page responds", "La página para clínicos responde",
              f"GET {page}", lambda: read(page)),
    ]  # fmt: skip


def status(site: Site) -> str:
    """Return the state of each service."""
    stack = Stack(site.settings)
    if not stack.is_running:
        raise NotAsExpected("the stack is not running; start it with `readmission up`")
    states = {each.service: "healthy" if each.healthy else "not ready" for each in stack.status()}
    return expect(set(states.values()) == {"healthy"}, _pairs(states), "healthy for each")


def read(url: str, login: tuple[str, str] | None = None) -> str:
    """Return the text at an address."""
    with httpx.Client(timeout=30, trust_env=False) as client:
        return client.get(url, auth=login).raise_for_status().text


def airflow_health(site: Site) -> str:
    """Return the health of Airflow's parts."""
    with httpx.Client(timeout=30, trust_env=False) as client:
        found = client.get(f"{site.airflow_url}/api/v2/monitor/health").raise_for_status().json()
    states = {name: found[name]["status"] for name in PARTS}
    return expect(set(states.values()) == {"healthy"}, _pairs(states), "healthy for each")


def _pipeline(site: Site) -> list[Line]:
    return [
        _line("dags", "The DAGs are active and none is broken",
              "Los DAGs están activos y ninguno tiene errores",
              "GET /api/v2/dags, /api/v2/importErrors", lambda: dags(site)),
        _line("raw", "Batches are in RAW", "Los lotes están en RAW",
              "SELECT count(*) FROM encounter  -- raw", lambda: rows(site, "raw")),
        _line("clean", "Clean encounters are in CLEAN", "Los encuentros limpios están en CLEAN",
              "SELECT count(*) FROM encounter  -- clean", lambda: rows(site, "clean")),
    ]  # fmt: skip


def dags(site: Site) -> str:
    """Return the names of the four DAGs, which must be active and without errors."""
    client = open_airflow(site)
    if errors := client.import_errors():
        raise NotAsExpected("\n".join(errors))
    client.wait_for_dags(DAGS, seconds=5)
    return "\n".join(DAGS)


def rows(site: Site, database: str) -> str:
    """Return how many encounters a database has."""
    try:
        with psycopg.connect(postgres.dsn(site, database)) as connection:
            found = connection.execute("SELECT count(*) FROM encounter").fetchone()
    except psycopg.Error as error:
        raise NotAsExpected(f"{database} cannot be read: {error}") from error
    count = int(found[0]) if found else 0
    return expect(count > 0, str(count), "more than 0")


def _models(site: Site) -> list[Line]:
    return [
        _line("runs", "An experiment with a run of each family for each batch",
              "Un experimento con un run de cada familia por lote",
              "POST /api/2.0/mlflow/runs/search", lambda: runs(site)),
        _line("production", "A model has the stage Production, and the API serves it",
              "Un modelo tiene el stage Production, y la API lo sirve",
              "GET /api/2.0/mlflow/registered-models/alias, GET /health",
              lambda: production(site)),
        _line("artifacts", "The bucket has artifacts", "El bucket tiene artefactos",
              f"list s3://{site.settings.buckets[0]}", lambda: artifacts(site)),
    ]  # fmt: skip


def _mlflow(site: Site, method: str, path: str, **details: Any) -> Any:
    login = ("viewer", site.credentials.mlflow_viewer)
    base = f"{site.settings.mlflow_tracking_uri}/api/2.0/mlflow"
    with httpx.Client(timeout=30, trust_env=False, auth=login) as client:
        return client.request(method, f"{base}/{path}", **details).raise_for_status().json()


def runs(site: Site) -> str:
    """Return how many finished runs there are."""
    wanted = {"experiment_ids": ["1"], "max_results": 1000, "filter": "status = 'FINISHED'"}
    count = len(_mlflow(site, "POST", "runs/search", json=wanted).get("runs", []))
    families = len(site.settings.families)
    return expect(count > 0 and count % families == 0, str(count), f"a multiple of {families}")


def production(site: Site) -> str:
    """Return the version in production, if the API serves it."""
    name = site.settings.model_name
    found = _mlflow(
        site, "GET", "registered-models/alias", params={"name": name, "alias": "production"}
    )["model_version"]
    with httpx.Client(timeout=30, trust_env=False) as client:
        health = client.get(f"{site.settings.api_url}/health").raise_for_status().json()
    seen = {
        "version": str(found["version"]),
        "stage": found.get("current_stage", ""),
        "served": str(health["model_version"]),
    }
    holds = seen["version"] == seen["served"] and seen["stage"] == "Production"
    return expect(holds, _pairs(seen), "the same version, with the stage Production")


def artifacts(site: Site) -> str:
    """Return how many artifacts the bucket lists, up to a thousand."""
    try:
        listed = object_store.client(site).list_objects_v2(Bucket=site.settings.buckets[0])
    except (BotoCoreError, ClientError) as error:
        raise NotAsExpected(f"the bucket cannot be listed: {error}") from error
    return expect(listed["KeyCount"] > 0, f"{listed['KeyCount']} objects", "at least one")


def _metrics(site: Site) -> list[Line]:
    return [
        _line("targets", "Prometheus scrapes every job", "Prometheus consulta todos los jobs",
              "GET /api/v1/query?query=up", lambda: targets(site)),
    ]  # fmt: skip


def targets(site: Site) -> str:
    """Return which jobs Prometheus reaches."""
    if prometheus.program() is None:
        raise CannotCheck(prometheus.INSTALL_HINT, NO_PROMETHEUS)
    url = f"http://{HOST}:{site.settings.prometheus_port}/api/v1/query"
    with httpx.Client(timeout=30, trust_env=False, headers=prometheus.login_header(site)) as client:
        found = client.get(url, params={"query": "up"}).raise_for_status().json()["data"]["result"]
    up = {each["metric"]["job"]: each["value"][1] for each in found}
    return expect(up.keys() >= JOBS and set(up.values()) == {"1"}, _pairs(up), "1 for each job")


def _pairs(values: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in values.items())
