"""The load test with 100 users: Locust's objectives, and its report as a page."""

from pathlib import Path

from readmission.stack.evidence.deployments.deployment import Deployment, run
from readmission.stack.evidence.lines import NotAsExpected
from readmission.stack.evidence.views import View

SECONDS = 600
START = "<!DOCTYPE html>"
TITLES = {"en": "Locust: 100 users", "es": "Locust: 100 usuarios"}


class LoadTest:
    """A run of Locust in a deployment.

    Parameters
    ----------
    deployed : Deployment
        Whose API is loaded.
    folder : Path
        Where the report is written.
    """

    def __init__(self, deployed: Deployment, folder: Path) -> None:
        self._command, self._report = deployed.load, folder / "locust.html"

    def run(self) -> str:
        """Run the test and return what it prints.

        Raises
        ------
        NotAsExpected
            If an objective was missed, or Locust failed.
        """
        self._report.unlink(missing_ok=True)
        try:
            return self._without_report(run(*self._command, seconds=SECONDS))
        except NotAsExpected as error:
            raise NotAsExpected(self._without_report(str(error))) from error

    def views(self) -> list[View]:
        """Return the page with the report, if the test wrote one."""
        if not self._report.exists():
            return []
        return [View(TITLES, self._report.resolve().as_uri(), whole=True)]

    def _without_report(self, printed: str) -> str:
        """Write the report, which Locust prints among its figures, and return the rest."""
        text, start, rest = printed.partition(START)
        report, end, more = rest.partition("</html>")
        if start and end:
            self._report.parent.mkdir(parents=True, exist_ok=True)
            self._report.write_text(f"{start}{report}{end}\n")
        return f"{text}{more}" if end else printed
