"""Links, paths, commands, settings and endpoints in the documents exist."""

import re
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from api.contract.encounter import parse_encounter
from api.errors import ApiError
from api.files.readers import read_rows
from api.main import create_app
from docs import settings_table
from readmission import __version__
from readmission.domain import schema
from readmission.settings import CHECKOUT, PREFIX, Settings

README_LINES = 160
PAGES = sorted([*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md")])
EXAMPLES = CHECKOUT / "docs" / "examples"
GENERATED = ("load/reports/",)
"""Folders that a command creates."""

_BLOCK = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_EXAMPLE = re.compile(r"^```diffstat$.*?^```$", re.MULTILINE | re.DOTALL)
"""A worked example: the files that it adds do not exist."""
_SPAN = re.compile(r"`[^`\n]+`")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FOLDERS = "api|dags|docker|docs|grafana|include|k8s|load|plugins|requirements|tests|ui"
_PATH = re.compile(rf"(?<![\w./$-])(?<!airflow_api )(?:{_FOLDERS})/[\w./-]*")
_MAKE = re.compile(r"(?:^|`|&& )make ([a-z-]+)", re.MULTILINE)
_MODULE = re.compile(r"\bpython3? -m ([\w.]+)")
_COMMAND = re.compile(r"\breadmission ([a-z]+)(?: ([a-z]+))?")
_SETTING = re.compile(rf"\b{PREFIX}[A-Z0-9_]+")
_ENDPOINT = re.compile(r"\$(?:api|API)(/[\w/]*)|\b(?:GET|POST) (/[\w/]*)")


def _address(page: Path) -> str:
    """Return the path of a page in the checkout."""
    return str(page.relative_to(CHECKOUT))


each_page = pytest.mark.parametrize("page", PAGES, ids=_address)
each_current_page = pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=_address
)
"""The changelog also names things that were removed."""


@cache
def code(page: Path) -> str:
    """Return the code blocks and code spans of a page, one per line, without worked examples."""
    text = _EXAMPLE.sub("", page.read_text())
    return "\n".join([*_BLOCK.findall(text), *_SPAN.findall(_BLOCK.sub("", text))])


@cache
def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page."""
    headings = _HEADING.findall(_BLOCK.sub("", page.read_text()))
    return {re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) for heading in headings}


def test_the_readme_is_one_page() -> None:
    assert len((CHECKOUT / "README.md").read_text().splitlines()) <= README_LINES


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in _LINK.findall(page.read_text()):
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
    known = {PREFIX + name.upper() for name in Settings.model_fields}

    assert set(_SETTING.findall(page.read_text())) - known == set()


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
