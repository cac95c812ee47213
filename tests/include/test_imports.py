"""Imports run one way, and each room stays free of what belongs in another."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from readmission.settings import CHECKOUT

LIBRARY = CHECKOUT / "include" / "readmission"
FLOORS = (
    {"errors", "codes", "diagnoses"},
    {"schema", "settings"},
    {"synthetic", "source", "cleaning", "splitting", "drift", "serving", "disclosure", "rollbacks"},
    {"warehouse", "modelling"},
    {"accounting"},
    {"quality"},
    {"registry"},
)
"""Modules of the library from the bottom up; whatever is not listed is on top."""

DATA_TOOLS = {"numpy", "pandas", "pyarrow", "sklearn", "xgboost", "mlflow", "great_expectations"}
STORES = {"psycopg", "psycopg2", "sqlalchemy", "boto3", "botocore"}
ROOMS = {"api", "ui", "assets", "connections", "policies", "dags", "plugins"}
FORBIDDEN = {
    "include/readmission": {"airflow", "fastapi", "starlette", "streamlit", "locust"} | ROOMS,
    "api": {"airflow", "streamlit", "great_expectations", "readmission.local"} | ROOMS - {"api"},
    "ui": {"airflow", "fastapi", "mlflow", "sklearn", "xgboost", "readmission.warehouse"}
    | {"readmission.registry", "readmission.modelling", "readmission.local"}
    | STORES
    | ROOMS - {"ui"},
    "dags": DATA_TOOLS | STORES - {"psycopg"} | {"api", "ui", "readmission.local"},
}


def files(room: str) -> list[Path]:
    """Return the modules of a room; the stack on one machine is a house of its own."""
    found = sorted((CHECKOUT / room).rglob("*.py"))
    return [path for path in found if not path.is_relative_to(LIBRARY / "local")]


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted name of everything a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def floor(module: str) -> int:
    return next((level for level, names in enumerate(FLOORS) if module in names), len(FLOORS))


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_stays_free_of_what_belongs_in_another(room: str) -> None:
    # given
    modules = files(room)
    assert modules

    # then
    wrong = [
        f"{path.relative_to(CHECKOUT)} imports {name}"
        for path in modules
        for name in imports(path)
        for package in FORBIDDEN[room]
        if is_within(name, package)
    ]
    assert wrong == []


def test_the_library_imports_downwards_only() -> None:
    wrong = []
    for path in files("include/readmission"):
        importer = path.relative_to(LIBRARY).parts[0].removesuffix(".py")
        for name in imports(path):
            if is_within(name, "readmission.local"):
                wrong.append(f"{importer} imports {name}")
            elif name.startswith("readmission."):
                imported = name.split(".")[1]
                if floor(imported) > floor(importer):
                    wrong.append(f"{importer} imports {imported}, which stands above it")

    assert wrong == []


def test_the_environment_is_read_in_the_settings_only() -> None:
    # given every mention of the environment that is not an assignment to it
    readers = set()
    for path in files("include/readmission"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Attribute(attr="getenv"):
                    readers.add(path.name)
                case ast.Attribute(
                    attr="get" | "items" | "copy", value=ast.Attribute(attr="environ")
                ):
                    readers.add(path.name)
                case ast.Subscript(value=ast.Attribute(attr="environ"), ctx=ast.Load()):
                    readers.add(path.name)
                case ast.comprehension(iter=ast.Attribute(attr="environ")):
                    readers.add(path.name)

    assert readers == {"settings.py"}
