"""Airflow: API server, scheduler with LocalExecutor, DAG processor, and its StatsD bridge."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import psycopg
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from readmission.settings import CHECKOUT, PREFIX
from readmission.stack.services import mlflow, object_store, postgres, web
from readmission.stack.site.paths import write_private
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.stack.supervision.service import ReadinessProbe, Service, http_probe

MIGRATION = "airflow-migrate"
API_SERVER = "airflow-api-server"
SCHEDULER = "airflow-scheduler"
DAG_PROCESSOR = "airflow-dag-processor"
TRIGGERER = "airflow-triggerer"
STATSD = "statsd"
USER = "admin"

HEALTH = "/api/v2/monitor/health"
LOCAL_SETTINGS = CHECKOUT / "docker"
"""Folder of `airflow_local_settings.py`, which Airflow imports at its start."""


def services(site: Site) -> tuple[Service, ...]:
    """Return the database migration of Airflow and its servers."""
    port = site.settings.airflow_port
    environment = _environment(site)

    def airflow(
        name: str, ready: ReadinessProbe, needs: tuple[str, ...], *arguments: str
    ) -> Service:
        command = (sys.executable, "-m", "airflow", *arguments)
        return Service(name, command, ready, needs, environment)

    migration = airflow(MIGRATION, lambda _started: False, (postgres.NAME,), "db", "migrate")
    serve = ("api-server", "--host", HOST, "--port", str(port), "--workers", "1")
    needs = (MIGRATION,)
    api_server = airflow(API_SERVER, http_probe(port, HEALTH), needs, *serve)
    scheduler_probe = heartbeat_probe(site, "scheduler")
    scheduler = airflow(SCHEDULER, scheduler_probe, needs, "scheduler", "--skip-serve-logs")
    processor = airflow(
        DAG_PROCESSOR, heartbeat_probe(site, "dag_processor"), needs, "dag-processor"
    )
    triggerer = airflow(
        TRIGGERER, heartbeat_probe(site, "triggerer"), needs, "triggerer", "--skip-serve-logs"
    )
    # A migration may take longer than the role's other statements.
    unlimited = environment | {"PGOPTIONS": "-c statement_timeout=0"}
    return (
        replace(migration, one_shot=True, prepare=lambda: _prepare(site), environment=unlimited),
        replace(
            api_server,
            port=port,
            port_setting="READMISSION_AIRFLOW_PORT",
            url=site.airflow_url,
            # It records who reads which report.
            environment=environment | web.audit_trail(site),
        ),
        # Its tasks record the patients' outcomes in the prediction log, and decisions in the audit
        # trail.
        # Training signs its models. Each task logs in to MLflow with the user of its DAG.
        replace(
            scheduler,
            environment=environment
            | web.prediction_log(site)
            | web.audit_trail(site)
            | mlflow.logins(site, "viewer", "training", "promotion")
            | {f"{PREFIX}SIGNING_KEY": site.credentials.signing_key},
        ),
        processor,
        *((triggerer,) if site.settings.watches else ()),
    )


def statsd_service(site: Site) -> Service:
    """Return the StatsD bridge, which exposes Airflow's metrics to Prometheus."""
    port = site.settings.airflow_metrics_port
    return Service(
        name=STATSD,
        command=(sys.executable, "-m", "readmission.stack.services.statsd", HOST, str(port)),
        environment=site.environment,
        port=port,
        port_setting="READMISSION_AIRFLOW_METRICS_PORT",
        url=f"http://{HOST}:{port}/metrics",
        ready=http_probe(port, "/metrics"),
    )


def _prepare(site: Site) -> None:
    write_passwords(site)
    forget_unreadable_watchers(site)


def forget_unreadable_watchers(site: Site) -> None:
    """Delete watchers of deliveries whose arguments another Fernet key has encrypted.

    Airflow's DAG processor could not store the DAG of the ingestion, and its triggerer would not
    start. Without them the DAG processor stores new ones.
    """
    keys = site.credentials.airflow_fernet_key.split(",")
    fernet = MultiFernet(list(map(Fernet, keys)))
    with psycopg.connect(postgres.dsn(site, "airflow")) as connection:
        if connection.execute("SELECT to_regclass('asset_watcher')").fetchone() == (None,):
            return  # Airflow has not made its tables yet.
        found = connection.execute(_WATCHERS).fetchall()
        unreadable = [number for number, arguments in found if not _opens(fernet, arguments)]
        connection.execute("DELETE FROM trigger WHERE id = ANY(%s)", (unreadable,))


_WATCHERS = "SELECT id, kwargs FROM trigger WHERE id IN (SELECT trigger_id FROM asset_watcher)"


def _opens(fernet: MultiFernet, arguments: str) -> bool:
    if arguments.startswith("{"):  # They are not encrypted.
        return True
    try:
        fernet.decrypt(arguments)
    except InvalidToken:
        return False
    return True


def write_passwords(site: Site) -> None:
    """Write the file from which Airflow reads the user's password."""
    write_private(site.paths.airflow_passwords, json.dumps({USER: site.credentials.airflow_admin}))


def heartbeat_probe(site: Site, component: str) -> ReadinessProbe:
    """Return a probe that passes once a component has sent a heartbeat since its start."""
    # The loopback interface is reached directly, even if the machine has a proxy configured.
    opener = build_opener(ProxyHandler({}))

    def probe(started: float) -> bool:
        try:
            with opener.open(f"{site.airflow_url}{HEALTH}", timeout=5) as response:
                health = json.load(response)[component]
        except (OSError, URLError, ValueError, KeyError):
            return False
        beat = health.get(f"latest_{component}_heartbeat")
        alive = health["status"] == "healthy"
        return alive and beat is not None and datetime.fromisoformat(beat).timestamp() > started

    return probe


def _environment(site: Site) -> dict[str, str]:
    """Return the settings, connections and import path of all Airflow processes."""
    options = {
        **_basics(site), **_secrets(site), **_latency(), **_recovery(), **_task_logs(),
        **_metrics(site),
    }  # fmt: skip
    configured = {f"AIRFLOW__{name.upper()}": value for name, value in options.items()}
    shared = site.environment
    home = {
        "AIRFLOW_HOME": str(site.paths.airflow_home),
        "PYTHONPATH": f"{shared['PYTHONPATH']}:{LOCAL_SETTINGS}",
    }
    # After a promotion, a task tells the prediction API to load the new model.
    key = {f"{PREFIX}API_KEY": site.credentials.api_admin_key}
    return shared | home | key | configured | _connections(site) | _delivery_store(site)


def _basics(site: Site) -> dict[str, str]:
    return {
        "core__dags_folder": str(CHECKOUT / "dags"),
        "core__plugins_folder": str(CHECKOUT / "plugins"),
        "core__executor": "LocalExecutor",
        "core__parallelism": "4",
        "core__load_examples": "False",
        "core__dags_are_paused_at_creation": "False",
        "core__simple_auth_manager_users": f"{USER}:admin",
        "core__simple_auth_manager_passwords_file": str(site.paths.airflow_passwords),
        "core__execution_api_server_url": f"{site.airflow_url}/execution/",
        "core__hostname_callable": "socket.gethostname",
        "api__base_url": site.airflow_url,
        "api__host": HOST,
        "api__port": str(site.settings.airflow_port),
        "usage_data_collection__enabled": "False",
        "logging__colored_console_log": "False",
        "logging__namespace_levels": "great_expectations=WARNING",
    }


def _secrets(site: Site) -> Mapping[str, str]:
    secrets = site.credentials
    database = postgres.dsn(site, "airflow").replace("postgresql://", "postgresql+psycopg2://", 1)
    return {
        "database__sql_alchemy_conn": database,
        "core__fernet_key": secrets.airflow_fernet_key,
        "api_auth__jwt_secret": secrets.airflow_jwt_secret,
        "api__secret_key": secrets.airflow_api_secret,
    }


def _latency() -> Mapping[str, str]:
    """Return settings that start the next task 0.3 s after an event instead of 1 s."""
    return {
        "scheduler__scheduler_idle_sleep_time": "0.25",
        "workers__min_heartbeat_interval": "1",
        "dag_processor__refresh_interval": "5",
        # Each parse takes CPU from the tasks. A file that changes is parsed at once.
        "dag_processor__min_file_process_interval": "600",
    }


def _recovery() -> Mapping[str, str]:
    """Return settings that detect a killed task or scheduler within seconds, not minutes."""
    return {
        "scheduler__task_instance_heartbeat_timeout": "30",
        "scheduler__orphaned_tasks_check_interval": "15",
        "core__killed_task_cleanup_time": "10",
        # Longer timeouts, so that tasks and DAG files do not fail on a busy laptop.
        "workers__execution_api_timeout": "30",
        "core__dagbag_import_timeout": "120",
        "dag_processor__dag_file_processor_timeout": "180",
    }


def _task_logs() -> Mapping[str, str]:
    return {
        "logging__remote_logging": "True",
        "logging__remote_base_log_folder": "s3://airflow-logs",
        "logging__remote_log_conn_id": "minio",
    }


def _metrics(site: Site) -> Mapping[str, str]:
    return {
        "metrics__statsd_on": "True",
        "metrics__statsd_host": HOST,
        "metrics__statsd_port": str(site.settings.airflow_metrics_port),
        "metrics__statsd_influxdb_enabled": "True",
        "metrics__legacy_names_on": "False",
    }


def _delivery_store(site: Site) -> dict[str, str]:
    """Return address and keys of the dataset's object store: the caller's, or this stack's."""
    if not str(site.settings.dataset).startswith("s3://"):
        return {}
    if "AWS_ENDPOINT_URL" in os.environ:
        return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    return {
        "AWS_ENDPOINT_URL": site.s3_endpoint,
        "AWS_ACCESS_KEY_ID": site.credentials.s3_access_key,
        "AWS_SECRET_ACCESS_KEY": site.credentials.s3_secret_key,
        "AWS_DEFAULT_REGION": object_store.REGION,
    }


def _connections(site: Site) -> dict[str, str]:
    """Return Airflow's connections as environment variables, which the tasks inherit."""
    databases = {
        f"POSTGRES_{name.upper()}": {
            "conn_type": "postgres",
            "host": HOST,
            "port": site.settings.postgres_port,
            "login": name,
            "password": getattr(site.credentials, f"{name}_db"),
            "schema": name,
        }
        for name in ("raw", "clean")
    }
    store = {
        "conn_type": "aws",
        "login": site.credentials.s3_access_key,
        "password": site.credentials.s3_secret_key,
        "extra": {"endpoint_url": site.s3_endpoint, "region_name": object_store.REGION},
    }
    connections: dict[str, object] = {**databases, "MINIO": store}
    return {f"AIRFLOW_CONN_{name}": json.dumps(value) for name, value in connections.items()}
