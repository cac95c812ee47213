"""The load test of the evidence: what it prints, and its report as a page."""

from dataclasses import replace
from pathlib import Path

import pytest

from readmission.stack.evidence.checklist import checklist
from readmission.stack.evidence.deployments import one_machine
from readmission.stack.evidence.deployments.deployment import Deployment
from readmission.stack.evidence.lines import LineStatus, check
from readmission.stack.evidence.load_test import LoadTest
from readmission.stack.site.site import Site

REPORT = "<!DOCTYPE html><html><body>1,024 requests</body></html>"


def printing(site: Site, text: str, code: int = 0) -> Deployment:
    """Return a deployment whose load test prints a text."""
    return replace(
        one_machine.deployment(site), load=("sh", "-c", f"printf '%s' '{text}'; exit {code}")
    )


def test_100_users_are_run_only_if_asked_for(site: Site) -> None:
    (line,) = (each for each in checklist(printing(site, "no")) if each.name == "load")

    assert check(line).status is LineStatus.UNCHECKED


@pytest.mark.parametrize(("code", "status"), [(0, LineStatus.PASSED), (1, LineStatus.FAILED)])
def test_the_report_becomes_a_page_and_not_a_part_of_the_output(
    site: Site, tmp_path: Path, code: int, status: LineStatus
) -> None:
    deployed = printing(site, f"POST /predict 9 ms\n{REPORT}\nMISSED: nothing", code)
    test = LoadTest(deployed, tmp_path / "evidence")

    (line,) = (each for each in checklist(deployed, test.run) if each.name == "load")
    result = check(line)

    assert result.status is status
    assert result.output.split() == ["POST", "/predict", "9", "ms", "MISSED:", "nothing"]
    (view,) = test.views()
    assert view.url == (tmp_path / "evidence" / "locust.html").as_uri()
    assert (tmp_path / "evidence" / "locust.html").read_text().strip() == REPORT


def test_without_a_report_there_is_no_page(site: Site, tmp_path: Path) -> None:
    (tmp_path / "locust.html").write_text("of the day before")
    test = LoadTest(printing(site, "no users could be started", 1), tmp_path)

    (line,) = (each for each in checklist(printing(site, ""), test.run) if each.name == "load")

    assert check(line).output == "no users could be started"
    assert test.views() == []
