"""Write the evidence of a running stack: ``python -m readmission.stack.evidence --help``."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from readmission.files import write_whole
from readmission.settings import CHECKOUT, Settings, SettingsError
from readmission.stack.errors import StackError
from readmission.stack.evidence.browser import airflow_token, chromium, print_pdf, take, views
from readmission.stack.evidence.checklist import checklist
from readmission.stack.evidence.lines import LineResult, LineStatus, check
from readmission.stack.evidence.report import LANGUAGES, Picture, page, summary
from readmission.stack.site.site import Site
from readmission.stack.stack import Stack

FOLDER = CHECKOUT / "evidence"


def main() -> None:
    """Collect the evidence; exit with 1 if a line fails."""
    parser = argparse.ArgumentParser(
        prog="evidence", description="Collect the evidence of the checklist from the running stack"
    )
    parser.add_argument("--lang", choices=LANGUAGES, default="es", help="language (es)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write (evidence/)")
    given = parser.parse_args()
    try:
        stack = Stack(Settings.from_environment())
        if not stack.paths.exists:
            raise StackError("there is no stack; start it with `readmission up`")
        complete = collect(stack.site, given.folder, given.lang)
    except (SettingsError, StackError) as error:
        sys.exit(f"error: {error}")
    sys.exit(0 if complete else 1)


def collect(site: Site, folder: Path, language: str) -> bool:
    """Write ``evidence.html`` and ``evidence.pdf``.

    Returns
    -------
    bool
        Whether no line failed and every picture could be taken.
    """
    results = [check(line) for line in checklist(site)]
    for result in results:
        print(f"{result.status:<22}  {result.line.titles[language]}")  # noqa: T201
    folder.mkdir(parents=True, exist_ok=True)
    html, pdf = folder / "evidence.html", folder / "evidence.pdf"
    with chromium() as browser:
        pictures = take(browser, views(site, airflow_token(site)), language)
        write_whole(html, page(results, pictures, language, datetime.now(UTC)))
        print_pdf(browser, html, pdf)
    print(f"{summary(results, language)}\n{html}\n{pdf}")  # noqa: T201
    return is_complete(results, pictures)


def is_complete(results: Sequence[LineResult], pictures: Sequence[Picture]) -> bool:
    """Whether no line failed and every picture could be taken."""
    failed = any(result.status is LineStatus.FAILED for result in results)
    return not failed and all(picture.png for picture in pictures)


if __name__ == "__main__":
    main()
