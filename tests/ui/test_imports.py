"""What the app may know of the rest of the project."""

import ast

from readmission.domain import schema
from readmission.settings import CHECKOUT


def nodes() -> list[ast.AST]:
    """Return all syntax nodes of the app."""
    files = sorted((CHECKOUT / "ui").rglob("*.py"))
    assert files
    return [node for file in files for node in ast.walk(ast.parse(file.read_text()))]


def test_the_app_imports_few_modules_of_the_library_and_no_store() -> None:
    imported: set[str] = set()
    for node in nodes():
        if isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
        elif isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}

    ours = {name for name in imported if name.split(".")[0] in ("readmission", "api", "dags")}
    files = {"readmission.files.formats", "readmission.files.limits"}
    assert ours == files | {
        "readmission", "readmission.domain.drift", "readmission.logs", "readmission.logs.tracing",
        "readmission.settings",
    }  # fmt: skip
    assert not imported & {"mlflow", "psycopg", "boto3", "sqlalchemy"}


def test_the_app_names_no_outcome() -> None:
    written = {node.value for node in nodes() if isinstance(node, ast.Constant)}
    assert not written & set(schema.CLASSES)
