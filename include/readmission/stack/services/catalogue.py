"""The list of all services, each after the services it needs."""

from collections.abc import Collection, Sequence

from readmission.stack.errors import StackError
from readmission.stack.services import (
    airflow,
    exporter,
    mlflow,
    object_store,
    postgres,
    wal_archive,
    web,
)
from readmission.stack.services.observability import alertmanager, grafana, prometheus
from readmission.stack.site.site import Site
from readmission.stack.supervision.service import Service


def all_services(site: Site) -> tuple[Service, ...]:
    """Return every service of the stack."""
    return (
        postgres.service(site),
        *wal_archive.services(site),
        object_store.service(site),
        mlflow.service(site),
        airflow.statsd_service(site),
        *airflow.services(site),
        web.api_service(site),
        web.ui_service(site),
        exporter.service(site),
        *alertmanager.services(site),
        *prometheus.services(site),
        *grafana.services(site),
    )


def with_dependencies(services: Sequence[Service], names: Collection[str] | None) -> list[Service]:
    """Return the named services and those they need, in starting order; all without names.

    Raises
    ------
    StackError
        If a name is unknown.
    """
    by_name = {service.name: service for service in services}
    wanted: set[str] = set()
    queue = list(by_name if names is None else names)
    while queue:
        name = queue.pop()
        if name not in by_name:
            raise StackError(f"no service {name!r}; the services are {', '.join(by_name)}")
        wanted.add(name)
        queue.extend(set(by_name[name].needs) - wanted)
    return [service for service in services if service.name in wanted]
