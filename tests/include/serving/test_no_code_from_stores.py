"""A registered model has a pickle and an archive of code for notebooks; no program of ours runs it.

`tests/api/model/test_forged.py` shows that with a forged pickle. This one checks that none can:
whatever reads a module, a pickle or a path of imports from a file.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from readmission.settings import CHECKOUT

ROOMS = ("include/readmission", "api", "dags", "plugins", "ui")
LOADERS = frozenset({"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve", "zipimport"})
CALLS = frozenset(
    {"__import__", "addsitedir", "eval", "exec", "exec_module", "import_module", "load_model"}
)
KNOWN = {
    "include/readmission/modelling/families/__init__.py": {"import_module"},
    "include/readmission/modelling/families/xgboost.py": {"load_model"},
    "include/readmission/registry/__init__.py": {"import_module"},
    "include/readmission/warehouse/__init__.py": {"import_module"},
    "ui/app.py": {"sys.path.insert"},
}
"""Own modules that are imported lazily or by the name of their file, and Streamlit's path.

XGBoost's `load_model` reads its binary JSON, here of a booster that the training task has just
fitted on a cluster.
"""


def means_of(path: Path) -> Iterator[str]:
    """Yield what a module imports or calls that can run code from a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from LOADERS & {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            yield from LOADERS & {str(node.module).partition(".")[0]}
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            name = called.rpartition(".")[2]
            if name in CALLS or called.startswith("sys.path."):
                yield called if called.startswith("sys.path.") else name


@pytest.mark.parametrize("room", ROOMS)
def test_no_program_can_run_code_that_a_store_holds(room: str) -> None:
    modules = sorted((CHECKOUT / room).rglob("*.py"))
    assert modules
    found = {str(path.relative_to(CHECKOUT)): set(means_of(path)) for path in modules}

    assert {path: means for path, means in found.items() if means} == {
        path: means for path, means in KNOWN.items() if path.startswith(f"{room}/")
    }
