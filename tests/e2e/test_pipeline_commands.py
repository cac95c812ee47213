"""The commands of the documents for one machine, from their own text, on a running stack.

Only ports and the state folder are replaced, because this stack has others. The English pages stand
for both languages, whose commands `tests/test_documents.py` compares.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from readmission.registry import PRODUCTION
from readmission.settings import CHECKOUT, PREFIX
from readmission.stack.evidence.checklist import checklist as checked
from readmission.stack.evidence.deployments import one_machine
from readmission.stack.evidence.lines import LineStatus, check
from readmission.stack.services.observability import grafana, prometheus
from tests.e2e.pipeline import PATIENCE, Pipeline
from tests.e2e.test_queries import bring_one_batch
from tests.pages import SPAN, tables
from tests.test_commands import blocks

EVIDENCE = CHECKOUT / "docs" / "en" / "EVIDENCIAS.md"
REFERENCE = CHECKOUT / "docs" / "en" / "QUICK_REFERENCE.md"
PORTS = {
    "8080": "airflow_port", "5000": "mlflow_port", "8000": "api_port", "8501": "ui_port",
    "3000": "grafana_port", "9091": "prometheus_port", "5433": "postgres_port",
}  # fmt: skip
"""Each port of the documents, and its setting."""
ELSEWHERE = ("Compose", "Kubernetes", "docker", "kubectl", "one machine")
"""What the line of a table begins with, or has before its command, if it needs another test."""
PROGRAM = ".venv/bin/readmission "
PLACEHOLDER = re.compile(r"\b[A-Z_]{4,}\b|--rows")
NOT_RUN = (f"{PROGRAM}tour", f"{PROGRAM}--install-completion")
"""Starts a stack of its own and takes minutes, its parts have tests; changes the user's shell."""

pytestmark = pytest.mark.timeout(2 * PATIENCE)


def spans(cell: str) -> list[str]:
    """Return the commands or texts in a cell of a table."""
    return [span.strip("`").replace("\\|", "|") for span in SPAN.findall(cell)]


def checklist() -> list[tuple[str, list[str]]]:
    """Return the commands of the checklist for one machine, and what each must print."""
    found = []
    for cells in tables(EVIDENCE):
        command, wanted = cells[-2], cells[-1]
        if cells[0].startswith(ELSEWHERE) or "(Compose, Kubernetes)" in cells[0]:
            continue
        if not command.startswith("`"):
            continue
        text = spans(command)[0]
        if text.startswith(("curl ", "airflow_api ", "sql ")):
            found.append((text, spans(wanted)))
    return found


def reference() -> list[str]:
    """Return the commands of the quick reference that need no value, and nothing but this stack."""
    commands = [spans(cells[0])[0] for cells in tables(REFERENCE) if spans(cells[0])]
    return [
        command
        for command in commands
        if command.startswith(PROGRAM)
        and not PLACEHOLDER.search(command)
        and not command.startswith(NOT_RUN)
    ]


@pytest.fixture(scope="module")
def served(pipeline: Pipeline) -> Pipeline:
    """Given a stack with a model in production."""
    if pipeline.registry.version_of(PRODUCTION) is None:
        bring_one_batch(pipeline)
    return pipeline


def bash(pipeline: Pipeline, script: str) -> str:
    """Run a script in the checkout, with this stack's ports and folder; return its output."""
    settings, home = pipeline.stack.site.settings, pipeline.stack.paths.home
    for port, name in PORTS.items():
        here = str(getattr(settings, name))
        script = re.sub(rf"(?<=127\.0\.0\.1:){port}|(?<=-p ){port}", here, script)
    script = script.replace(".state/", f"{home}/")
    script = script.replace(".venv/bin/", f"{Path(sys.executable).parent}/")
    known = pipeline.stack.site.environment | {f"{PREFIX}STATE_DIR": str(home)}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=CHECKOUT, env=os.environ | known, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def prepared(served: Pipeline) -> str:
    """The blocks of the page that come before its tables: addresses and helpers."""
    addresses, helpers = (
        next(block for block in blocks() if block.startswith(start))
        for start in ("# one machine\nAIRFLOW=", "airflow_api()")
    )
    return "\n".join([re.split(r"^# Compose", addresses, flags=re.MULTILINE)[0], helpers])


def test_the_checklist_is_found() -> None:
    assert len(checklist()) > 12
    assert len(reference()) >= 4


@pytest.mark.parametrize(("command", "wanted"), checklist())
def test_a_line_of_the_checklist_prints_what_the_page_says(
    served: Pipeline, prepared: str, command: str, wanted: list[str]
) -> None:
    if "PROMETHEUS" in command and prometheus.program() is None:
        pytest.skip(prometheus.INSTALL_HINT)
    if ":3000" in command and not grafana.services(served.stack.site):
        pytest.skip(grafana.INSTALL_HINT)
    if "PROMETHEUS" not in command:
        # Without Prometheus its password has no file, and the page's lines would fail before.
        prepared = re.sub(r" PROMETHEUS=\S+\)@\S+", "", prepared)

    printed = bash(served, f"{prepared}\n{command}")

    assert printed.strip()
    plain = re.sub(r"\s", "", printed)
    assert [text for text in wanted if re.sub(r"\s", "", text) not in plain] == []


@pytest.mark.parametrize("command", reference())
def test_a_command_of_the_quick_reference_works(served: Pipeline, command: str) -> None:
    assert bash(served, command).strip()


def test_make_status_shows_every_service_as_healthy(served: Pipeline) -> None:
    # `make status` is this command; make itself would install the packages of the checkout.
    assert "$(BIN)/readmission status" in (CHECKOUT / "Makefile").read_text()

    assert "not ready" not in bash(served, f"{PROGRAM}status")


def test_the_predictions_of_the_readme_work(served: Pipeline) -> None:
    (block,) = (each for each in blocks() if each.startswith("api=http"))
    predicting, _, _ = block.partition("# back to the previous model")

    printed = bash(served, predicting.replace("curl ", "curl -sSf "))

    assert printed.count('"model_version"') >= 2
    assert "encounter_id" in printed


def test_no_line_of_the_evidence_fails(served: Pipeline) -> None:
    results = [check(line) for line in checked(one_machine.deployment(served.stack.site))]

    wrong = [result.output for result in results if result.status is LineStatus.FAILED]
    assert wrong == []
    passed = {result.line.name for result in results if result.status is LineStatus.PASSED}
    assert {"services", "dags", "raw", "clean", "runs", "production", "artifacts"} <= passed
