"""What the documents name exists, and a page says the same in both languages."""

import re
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from api.contract.encounter import parse_encounter
from api.errors import ApiError
from api.files.readers import read_rows
from api.main import create_app
from api.metrics import Metrics
from docs import settings_table
from k8s.manifests import FOLDERS, K8S
from readmission import __version__
from readmission.domain import schema
from readmission.exporter import catalogue
from readmission.settings import CHECKOUT, PREFIX, Settings
from tests import object_stores
from tests.pages import (
    BLOCK,
    DOCS,
    LINK,
    NUMBER,
    PAGES,
    SPAN,
    TRANSLATED,
    address,
    anchors,
    code,
    destinations,
    prose,
    table_row,
    tables,
)

README_LINES = 160
FIRST_LINES = 5
"""Lines that have the link to the other language."""
EVIDENCE = DOCS / "en" / "EVIDENCIAS.md"
"""The translation has the same numbers and code."""
EXAMPLES = DOCS / "examples"
GENERATED = ("load/reports/",)
"""Folders that a command creates."""

_FOLDERS = "api|dags|docker|docs|grafana|include|k8s|load|plugins|requirements|tests|ui"
_PATH = re.compile(rf"(?<![\w./$-])(?<!airflow_api )(?:{_FOLDERS})/[\w./-]*")
_MAKE = re.compile(r"(?:^|`|&& )make ([a-z-]+)", re.MULTILINE)
_MODULE = re.compile(r"\bpython3? -m ([\w.]+)")
_COMMAND = re.compile(r"\breadmission ([a-z]+)(?: ([a-z]+))?")
_SETTING = re.compile(rf"\b{PREFIX}[A-Z0-9_]+")
_METRIC = re.compile(r"\b(?:prediction_log|readmission)_[a-z_]+")
NOT_METRICS = {"prediction_log_key", "readmission_changes", "readmission_dumps"}
"""A secret of one machine, and two volumes of Compose."""
_ENDPOINT = re.compile(r"\$(?:api|API)(/[\w/]*)|\b(?:GET|POST) (/[\w/]*)")

each_page = pytest.mark.parametrize("page", PAGES, ids=address)
each_current_page = pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=address
)
"""The changelog also names things that were removed."""
each_pair = pytest.mark.parametrize(
    ("spanish", "english"), TRANSLATED.items(), ids=map(address, TRANSLATED)
)


@pytest.mark.parametrize("name", ["README.md", "README.es.md"])
def test_the_readme_is_one_page(name: str) -> None:
    assert len((CHECKOUT / name).read_text().splitlines()) <= README_LINES


def test_every_page_in_docs_en_has_a_translation() -> None:
    assert set((DOCS / "en").iterdir()) < set(TRANSLATED.values())


@each_pair
def test_a_page_links_to_its_other_language_first(spanish: Path, english: Path) -> None:
    for page, other in ((spanish, english), (english, spanish)):
        top = "\n".join(page.read_text().splitlines()[:FIRST_LINES])
        assert other in [(page.parent / link).resolve() for link in LINK.findall(top)]


@each_pair
def test_a_translation_has_the_same_code(spanish: Path, english: Path) -> None:
    assert BLOCK.findall(spanish.read_text()) == BLOCK.findall(english.read_text())
    assert sorted(SPAN.findall(prose(spanish))) == sorted(SPAN.findall(prose(english)))


@each_pair
def test_a_translation_has_the_same_sections(spanish: Path, english: Path) -> None:
    levels = [re.findall(r"^#+", prose(page), re.MULTILINE) for page in (spanish, english)]

    assert levels[0] == levels[1]


@each_pair
def test_a_translation_has_the_same_tables(spanish: Path, english: Path) -> None:
    assert [*map(table_row, tables(spanish))] == [*map(table_row, tables(english))]


@each_pair
def test_a_translation_has_the_same_links(spanish: Path, english: Path) -> None:
    # Each has one link to the other, which leads to the same place here.
    assert destinations(spanish) == destinations(english)


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(page.read_text()):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []


@each_current_page
def test_paths_exist(page: Path) -> None:
    named = {path.rstrip(".") for path in _PATH.findall(code(page))}

    assert [p for p in sorted(named) if p not in GENERATED and not (CHECKOUT / p).exists()] == []


@each_current_page
def test_make_targets_exist(page: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)

    assert set(_MAKE.findall(code(page))) - set(targets) == set()


@each_current_page
def test_python_modules_exist(page: Path) -> None:
    assert [name for name in _MODULE.findall(code(page)) if find_spec(name) is None] == []


@each_current_page
def test_commands_of_the_command_line_exist(page: Path) -> None:
    (script,) = entry_points(group="console_scripts", name="readmission")
    known = commands_below(get_command(script.load()))
    unknown = []
    for name, below in _COMMAND.findall(code(page)):
        group = commands_below(known[name]) if name in known else {}
        if name not in known or (below and group and below not in group):
            unknown.append(f"{name} {below}".strip())

    assert unknown == []


def commands_below(command: Any) -> dict[str, Any]:
    """Return the commands of a group by name; none of a command that is not a group."""
    return dict(getattr(command, "commands", {}))


@each_current_page
def test_settings_exist(page: Path) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | object_stores.variables()

    assert set(_SETTING.findall(page.read_text())) - known == set()


@each_current_page
def test_metrics_exist(page: Path) -> None:
    assert set(_METRIC.findall(code(page))) - NOT_METRICS - metrics() == set()


@cache
def metrics() -> set[str]:
    exported = vars(catalogue).values()
    names = {one.name for one in exported if isinstance(one, catalogue.MetricFamily)}
    served = Metrics().registry.collect()
    return names | {sample.name for family in served for sample in family.samples}


@each_current_page
def test_endpoints_exist(page: Path) -> None:
    named = {first or second for first, second in _ENDPOINT.findall(code(page))}

    assert named - endpoints() == set()


@cache
def endpoints() -> set[str]:
    app = create_app(Settings())
    return {*app.openapi()["paths"], str(app.docs_url)}


def test_the_configuration_page_lists_every_setting_as_it_is() -> None:
    page = settings_table.PAGE.read_text()

    assert page == settings_table.with_table(page), "run `python -m docs.settings_table`"


def test_the_changelog_has_the_version_of_the_code() -> None:
    changelog = (CHECKOUT / "CHANGELOG.md").read_text()

    assert re.search(
        rf"^## \[{re.escape(__version__)}\] - \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE
    )


def test_the_example_encounter_is_accepted() -> None:
    encounter = parse_encounter((EXAMPLES / "encounter.json").read_bytes())

    assert set(schema.FEATURE_NAMES) <= set(encounter)


def test_the_example_file_is_accepted_row_by_row() -> None:
    with (EXAMPLES / "encounters.csv").open("rb") as file:
        found = list(read_rows(file, "text/csv"))

    assert len(found) == 4
    assert [str(row) for row in found if isinstance(row, ApiError)] == []


def test_the_evidence_counts_the_services_of_compose() -> None:
    files = ("docker-compose.yml", "docker-compose.override.yml")
    airflow, other = (yaml.safe_load((CHECKOUT / file).read_text())["services"] for file in files)
    services = {name: airflow.get(name, {}) | other.get(name, {}) for name in airflow | other}
    started = {name for name, service in services.items() if "profiles" not in service}
    ending = {name for name in started if services[name].get("restart", "no") == "no"}

    counts = [len(started - ending), len(ending), len(services) - len(started)]
    assert numbers(differences()["services of Compose"]) == counts
    (status,) = (row[2] for row in tables(EVIDENCE) if "docker compose ps" in row[1])
    assert set(SPAN.findall(status)) == {"`healthy`", "`Exited (0)`", *(f"`{n}`" for n in ending)}


def test_the_evidence_counts_the_objects_of_kubernetes() -> None:
    ((scaled, scaler),) = specs("HorizontalPodAutoscaler").items()
    servers = specs("Deployment") | specs("StatefulSet")
    low, high = scaler["minReplicas"], scaler["maxReplicas"]
    pods = sum(spec["replicas"] for name, spec in servers.items() if name != scaled) + low
    services = specs("Service")
    open_ports = [name for name in services if services[name].get("type") == "NodePort"]
    claims = {
        f"`{claim['metadata']['name']}-{name}-0`"
        for name, spec in specs("StatefulSet").items()
        for claim in spec["volumeClaimTemplates"]
    }

    here = differences()
    assert numbers(here["pods on Kubernetes"]) == [pods, low, high, len(specs("Job"))]
    assert numbers(here["Services on Kubernetes"]) == [len(services), len(open_ports)]
    assert numbers(here["PersistentVolumeClaims"]) == [len(claims)]
    assert set(SPAN.findall(here["PersistentVolumeClaims"])) == claims


def differences() -> dict[str, str]:
    """Return what is here, by the subject that the brief names otherwise."""
    rows = tables(EVIDENCE)
    return {row[0]: row[1] for row in rows[rows.index(["subject", "here", "why"]) :]}


def numbers(cell: str) -> list[int]:
    """Return the numbers of a cell in order, without those in code."""
    return [int(number) for number in NUMBER.findall(SPAN.sub("", cell))]


@cache
def specs(kind: str) -> dict[str, Any]:
    """Return the specs of all objects of a kind in the plain YAML and of Locust, by name."""
    files = [path for name in (*FOLDERS, "locust") for path in (K8S / name).glob("*.yaml")]
    objects = [
        thing
        for path in files
        if path.name != "kustomization.yaml" and f"kind: {kind}\n" in path.read_text()
        for thing in yaml.safe_load_all(path.read_text())
    ]
    return {thing["metadata"]["name"]: thing["spec"] for thing in objects if thing["kind"] == kind}
