"""The stack on one machine, as the evidence queries it."""

import sys

import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from readmission.stack.evidence.deployments.deployment import ONE_MACHINE, Deployment, all_hold
from readmission.stack.evidence.lines import NotAsExpected, expect
from readmission.stack.services import object_store, postgres
from readmission.stack.services.observability import grafana, prometheus
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.stack.stack import Stack


def deployment(site: Site) -> Deployment:
    """Return a stack on one machine; Prometheus and Grafana only if they are installed."""
    settings, keys = site.settings, site.credentials
    return Deployment(
        name=ONE_MACHINE,
        airflow=site.airflow_url,
        mlflow=settings.mlflow_tracking_uri,
        api=settings.api_url,
        page=f"http://{HOST}:{settings.ui_port}",
        prometheus=f"http://{HOST}:{settings.prometheus_port}" if prometheus.program() else "",
        grafana=f"http://{HOST}:{settings.grafana_port}" if grafana.services(site) else "",
        services=lambda: status(site),
        query=lambda database, statement: query(site, database, statement),
        artifacts=lambda: artifacts(site),
        commands={
            "services": "readmission status",
            "sql": "psql",
            "artifacts": f"list s3://{settings.buckets[0]}",
        },
        model=settings.model_name,
        families=len(settings.families),
        load=(sys.executable, "-m", "load.run", "--html", "/dev/stdout"),
        airflow_password=keys.airflow_admin,
        viewer_password=keys.mlflow_viewer,
        prometheus_password=keys.prometheus,
        grafana_password=keys.grafana,
        admin_key=keys.api_admin_key,
    )


def status(site: Site) -> str:
    """Return the state of each service."""
    stack = Stack(site.settings)
    if not stack.is_running:
        raise NotAsExpected("the stack is not running; start it with `readmission up`")
    states = [
        (each.service, "healthy" if each.healthy else "not ready", each.healthy)
        for each in stack.status()
    ]
    return all_hold(states, "healthy for each")


def query(site: Site, database: str, statement: str) -> str:
    """Return the rows of a statement, a line each."""
    try:
        with psycopg.connect(postgres.dsn(site, database)) as connection:
            found = connection.execute(statement.encode()).fetchall()
    except psycopg.Error as error:
        raise NotAsExpected(f"{database} cannot be read: {error}") from error
    return "\n".join("|".join(map(str, row)) for row in found)


def artifacts(site: Site) -> str:
    """Return how many artifacts the bucket lists, up to a thousand."""
    try:
        listed = object_store.client(site).list_objects_v2(Bucket=site.settings.buckets[0])
    except (BotoCoreError, ClientError) as error:
        raise NotAsExpected(f"the bucket cannot be listed: {error}") from error
    return expect(listed["KeyCount"] > 0, f"{listed['KeyCount']} objects", "at least one")
