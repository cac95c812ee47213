"""The plan of the house: which rooms there are, how large they may be, and who imports whom."""

import ast
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

from readmission.settings import CHECKOUT

PLAN: Mapping[str, Sequence[set[str]]] = {
    "readmission": (
        {"errors"},
        {"files", "settings", "domain"},
        {"logs"},
        {"serving", "warehouse"},
        {"modelling"},
        {"registry"},
        {"quality"},
        {"pipeline"},
        {"exporter", "operations"},
        {"stack"},
    ),
    "readmission.files": (
        {"limits", "whole"},
        {"formats", "layout", "text"},
        {"columnar", "parts", "unpacking"},
        {"archive", "workbook_parts"},
        {"workbook"},
        {"reading"},
    ),
    "readmission.settings": (
        {"backups", "lock", "renamed", "store_keys"},
        {"alerting", "audit", "callers", "deliveries", "logs", "machine", "mlflow", "promotion"},
    ),
    "readmission.logs": ({"deadlines", "tracing"}, {"connections", "otlp"}),
    "readmission.domain": (
        {"batch_ids", "codes", "diagnoses", "production", "splitting"},
        {"columns"},
        {"schema"},
        {"cleaning", "drift", "plausibility", "privacy", "synthetic"},
    ),
    "readmission.domain.synthetic": ({"encounters"}, {"stream"}, {"writing"}),
    "readmission.warehouse": (
        {"states", "stores", "verdicts"},
        {"sql"},
        {"ledger", "migrations"},
        {"audit", "clean", "predictions", "raw", "reconciliation"},
        {"retention"},
    ),
    "readmission.warehouse.clean.partitions": ({"bucket"}, {"remote"}),
    "readmission.serving": (
        {"card", "encoding_tables", "explainers", "onnx_estimator", "signature"},
        {"scorer"},
        {"clean_rows", "golden_rows", "text_rows"},
        {"bundle"},
        {"model"},
    ),
    "readmission.serving.card": ({"attributes"}, {"rendering"}),
    "readmission.modelling": (
        {"decision", "diagnosis_categories", "family"},
        {"encoder"},
        {"evaluation", "families", "model"},
        {"compilation", "fitting"},
        {"plots"},
        {"bundling"},
        {"mlflow_runs"},
    ),
    "readmission.modelling.fitting": (
        {"samples"},
        {"parts"},
        {"parted_rows"},
        {"cluster", "streaming"},
    ),
    "readmission.modelling.evaluation": (
        {"bootstrap"},
        {"calibration"},
        {"metrics"},
        {"criteria", "decision_curve", "leaks", "subgroups"},
        {"live", "newest_batch", "report"},
    ),
    "readmission.registry": (
        {"aliases", "artifacts", "candidates", "datasets", "estimator_process", "login"},
        {"client"},
        {"rollbacks"},
    ),
    "readmission.quality": (
        {"catalogue", "verdict"},
        {"drift_warnings", "gate_decisions", "report"},
        {"checkpoint"},
        {"suites"},
        {"gates"},
    ),
    "readmission.pipeline": (
        {"delivery", "outcomes", "training"},
        {"promotion"},
        {"measure_drift", "process", "record_moves", "replay", "scoring", "source"},
        {"ingest", "sweep"},
    ),
    "readmission.pipeline.delivery": (
        {"regular"},
        {"arrival", "chunk_text", "origins", "parquet"},
        {"chunks", "objects"},
        {"places", "rows"},
        {"delivery", "watch"},
    ),
    "readmission.pipeline.outcomes": ({"record_outcomes", "requests", "shadow"}, {"live"}),
    "readmission.pipeline.training": ({"reading"}, {"train"}),
    "readmission.pipeline.scoring": ({"parts"}, {"scorer"}, {"job"}),
    "readmission.pipeline.promotion": (
        {"comparison", "order", "replicas", "turn"},
        {"champion", "rollout", "rule"},
        {"approval", "leaks"},
        {"judge", "recompute", "rollback"},
    ),
    "readmission.exporter": (
        {"catalogue", "connecting"},
        {"collecting", "rows"},
        {"metrics"},
        {"sources"},
        {"server"},
        {"__main__"},
    ),
    "readmission.operations": (
        {
            *("alert_log", "bucket_retention", "mlflow_server", "patients"),
            *("prometheus_login", "sealing", "seaweedfs"),
        },
        {"alertmanager", "backups", "buckets", "wal_archive"},
        {"recovery"},
    ),
    "readmission.operations.recovery": (
        {"archiver", "bucket_copies"},
        {"servers"},
        {"__main__"},
    ),
    "readmission.operations.mlflow_server": (
        {"permissions"},
        {"authorization", "experiments", "users"},
        {"__main__"},
    ),
    "readmission.operations.patients": (
        {"access"},
        {"models", "rekeying", "searching"},
        {"exporting"},
        {"erasing"},
        {"commands"},
        {"__main__"},
    ),
    "readmission.stack": (
        {"errors"},
        {"site"},
        {"supervision"},
        {"services"},
        {"access", "audit", "recovery", "stack"},
        {"backup"},
        {"drill", "evidence"},
        {"cli"},
    ),
    "readmission.stack.evidence": (
        {"lines"},
        {"deployments", "report"},
        {"checklist"},
        {"views"},
        {"browser", "load_test", "script", "swap"},
        {"video"},
        {"__main__"},
    ),
    "api": (
        {"errors"},
        {"access", "contract", "metrics", "prediction_log"},
        {"http"},
        {"files", "model"},
        {"dependencies"},
        {"routes"},
        {"main"},
        {"__main__"},
    ),
}
"""Each package's modules and packages from the bottom up. One may import what stands below it;
modules on one floor must not import each other."""

ENTRIES, ENTRIES_OF_THE_LIBRARY, LINES = 12, 14, 300
"""How much a folder shows, the library's root shows, and how long a module may be."""
TOPS = ("readmission", "api", "load", "ui", "grafana", "dags", "plugins")

DATA_TOOLS = {"numpy", "pandas", "pyarrow", "sklearn", "xgboost", "mlflow", "great_expectations"}
STORES = {"psycopg", "psycopg2", "sqlalchemy", "boto3", "botocore"}
OUTER_ROOMS = {"api", "ui", "assets", "connections", "lineage", "policies", "dags", "plugins"}
PROGRAMS = {"readmission.exporter", "readmission.operations", "readmission.stack"}
FORBIDDEN = {
    "readmission": {"airflow", "fastapi", "starlette", "streamlit", "locust"} | OUTER_ROOMS,
    "readmission.domain": {"sqlalchemy", "psycopg", "mlflow", "sklearn", "xgboost"},
    "readmission.serving": {"sklearn", "mlflow", "psycopg"},
    "readmission.warehouse": {"mlflow", "sklearn", "xgboost", "great_expectations"},
    "api": {"airflow", "streamlit", "great_expectations"} | PROGRAMS | OUTER_ROOMS - {"api"},
    "ui": {"airflow", "fastapi", "mlflow", "sklearn", "xgboost", "readmission.warehouse"}
    | {"readmission.registry", "readmission.modelling"}
    | PROGRAMS
    | STORES
    | OUTER_ROOMS - {"ui"},
    "load": {"airflow", "streamlit"} | OUTER_ROOMS - {"api"},
    "dags": DATA_TOOLS | STORES - {"psycopg"} | {"api", "ui"} | PROGRAMS,
    "plugins": {"pandas", "sklearn", "api", "ui"} | PROGRAMS,
}
"""What the modules of a room never import."""


def folder_of(package: str) -> Path:
    """Return the folder of a package, or of the DAGs."""
    root = CHECKOUT / "include" if package.split(".")[0] == "readmission" else CHECKOUT
    return root.joinpath(*package.split("."))


def sources(package: str) -> dict[str, ast.Module]:
    """Return every module of a package, parsed, by its dotted name."""
    folder = folder_of(package)
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        found[".".join((package, *(part for part in parts if part != "__init__")))] = path
    return {name: parsed(path) for name, path in found.items()}


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


@cache
def imports(module: ast.Module) -> Sequence[str]:
    """Return the dotted name of everything a module imports, wherever in it."""
    found: list[str] = []
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            found += (f"{node.module}.{alias.name}" for alias in node.names)
    return found


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def room_of(name: str, package: str) -> str | None:
    """Return the part of a package that a dotted name lies in; none for the package itself."""
    return name.removeprefix(f"{package}.").split(".")[0] if is_within(name, package) else None


def entries(folder: Path) -> list[str]:
    hidden = {"__init__.py", "__pycache__"}
    return sorted(path.name for path in folder.iterdir() if path.name not in hidden)


def folders(top: str) -> list[Path]:
    """Return the folders of a room; a history of migrations grows with every release."""
    found = [folder_of(top), *(path for path in folder_of(top).rglob("*") if path.is_dir())]
    return [
        path
        for path in found
        if "__pycache__" not in path.parts and "migrations" not in path.parent.parts
    ]


def packages(top: str) -> list[str]:
    """Return the packages below another, by dotted name."""
    root = folder_of(top)
    folders = sorted(path.parent for path in root.rglob("__init__.py") if path.parent != root)
    return [".".join((top, *folder.relative_to(root).parts)) for folder in folders]


def neighbours(package: str) -> dict[str, set[str]]:
    """Return what each module or package of a package imports of the others."""
    found: dict[str, set[str]] = {
        name.removesuffix(".py"): set() for name in entries(folder_of(package))
    }
    for module, source in sources(package).items():
        if (importer := room_of(module, package)) in found:
            rooms = {room_of(name, package) for name in imports(source)}
            found[importer] |= {room for room in rooms if room in found and room != importer}
    return found


def limit(folder: Path) -> int:
    return ENTRIES_OF_THE_LIBRARY if folder == folder_of("readmission") else ENTRIES


@pytest.mark.parametrize("package", PLAN)
def test_every_module_stands_in_the_plan(package: str) -> None:
    built = {name.removesuffix(".py") for name in entries(folder_of(package))}

    assert built == set().union(*PLAN[package])


@pytest.mark.parametrize("package", PLAN)
def test_imports_go_down_only(package: str) -> None:
    # given
    floor = {room: level for level, rooms in enumerate(PLAN[package]) for room in rooms}

    # then what a module imports of its package is its own room or stands on a lower floor
    wrong = [
        f"{module} imports {name}"
        for module, source in sources(package).items()
        for name in imports(source)
        if (importer := room_of(module, package)) in floor
        if (imported := room_of(name, package)) in floor and imported != importer
        if floor[imported] >= floor[importer]
    ]
    assert wrong == []


@pytest.mark.parametrize("top", ["readmission", "api", "load", "ui"])
def test_no_modules_of_a_folder_import_each_other_in_a_circle(top: str) -> None:
    for package in (top, *packages(top)):
        imported = neighbours(package)
        while free := [room for room, others in imported.items() if not others & imported.keys()]:
            for room in free:
                del imported[room]
        assert imported == {}, package


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_stays_free_of_what_belongs_in_another(room: str) -> None:
    # given the modules, except those of the stack on one machine, which starts everything
    modules = {
        name: source
        for name, source in sources(room).items()
        if not is_within(name, "readmission.stack")
    }
    assert modules

    # then
    wrong = [
        f"{module} imports {name}"
        for module, source in modules.items()
        for name in imports(source)
        for package in FORBIDDEN[room]
        if is_within(name, package)
    ]
    assert wrong == []


@pytest.mark.parametrize("top", TOPS)
def test_no_folder_has_too_many_entries(top: str) -> None:
    crowded = {
        str(folder.relative_to(CHECKOUT)): len(entries(folder))
        for folder in folders(top)
        if len(entries(folder)) > limit(folder)
    }

    assert crowded == {}


@pytest.mark.parametrize("top", TOPS)
def test_no_module_is_too_long(top: str) -> None:
    long = {
        str(path.relative_to(CHECKOUT)): lines
        for path in folder_of(top).rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > LINES
    }

    assert long == {}


def test_the_environment_is_read_in_the_settings_only() -> None:
    # given every mention of the environment that is not an assignment to it
    readers = set()
    for name, source in sources("readmission").items():
        if is_within(name, "readmission.stack"):
            continue
        for node in ast.walk(source):
            match node:
                case ast.Attribute(attr="getenv"):
                    readers.add(name)
                case ast.Attribute(
                    attr="get" | "items" | "copy" | "keys", value=ast.Attribute(attr="environ")
                ):
                    readers.add(name)
                case ast.Subscript(value=ast.Attribute(attr="environ"), ctx=ast.Load()):
                    readers.add(name)
                case ast.comprehension(iter=ast.Attribute(attr="environ")):
                    readers.add(name)

    assert readers == {"readmission.settings", "readmission.settings.renamed"}
