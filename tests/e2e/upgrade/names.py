"""The public names of a running stack: DAGs, routes, JSON fields, metrics and their labels."""

from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
from prometheus_client.parser import text_string_to_metric_families

from readmission.stack.services import postgres
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site

DEEPEST = 6
"""Levels of a response that are followed; a schema may contain itself."""


def public_names(site: Site) -> set[str]:
    """Return the names that users of Airflow, of the API and of the metrics rely on."""
    settings = site.settings
    with psycopg.connect(postgres.dsn(site, "airflow")) as connection:
        dags = connection.execute("SELECT dag_id FROM dag WHERE NOT is_stale").fetchall()
    with httpx.Client(timeout=60, trust_env=False) as client:
        api = client.get(f"{settings.api_url}/openapi.json").raise_for_status().json()
        pages = [f"{settings.api_url}/metrics", f"http://{HOST}:{settings.exporter_port}/metrics"]
        texts = [client.get(page).raise_for_status().text for page in pages]
    metrics = (name for text in texts for name in _metrics(text))
    return {*(f"DAG {dag_id}" for (dag_id,) in dags), *_routes(api), *metrics}


def _metrics(text: str) -> Iterator[str]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield f"metric {sample.name}"
            yield from (f"metric {sample.name} label {label}" for label in sample.labels)


def _routes(api: dict[str, Any]) -> Iterator[str]:
    for path, operations in api["paths"].items():
        for method, operation in operations.items():
            route = f"{method.upper()} {path}"
            yield route
            for parameter in operation.get("parameters", ()):
                yield f"{route} parameter {parameter['name']}"
            for kind in operation.get("requestBody", {}).get("content", ()):
                yield f"{route} body {kind}"
            for status, response in operation["responses"].items():
                for kind, content in response.get("content", {}).items():
                    yield f"{route} {status} {kind}"
                    fields = _fields(content.get("schema", {}), api["components"]["schemas"])
                    yield from (f"{route} {status} {field}" for field in fields)


def _fields(schema: dict[str, Any], schemas: dict[str, Any], depth: int = 0) -> Iterator[str]:
    """Yield the paths of the fields of a response, such as ``model.version``."""
    if depth > DEEPEST:
        return
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    parts = [part for key in ("anyOf", "oneOf", "allOf") for part in schema.get(key, ())]
    parts += [schema[key] for key in ("items", "additionalProperties") if _is_schema(schema, key)]
    for part in parts:
        yield from _fields(part, schemas, depth + 1)
    for name, part in schema.get("properties", {}).items():
        yield name
        yield from (f"{name}.{field}" for field in _fields(part, schemas, depth + 1))


def _is_schema(schema: dict[str, Any], key: str) -> bool:
    return isinstance(schema.get(key), dict)
