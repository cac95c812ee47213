"""Write the evidence of a running system: ``python -m readmission.stack.evidence --help``."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from readmission.files import write_whole
from readmission.settings import CHECKOUT, Settings, SettingsError
from readmission.stack.errors import StackError
from readmission.stack.evidence import script, swap, video
from readmission.stack.evidence.browser import chromium, print_pdf, take, take_one
from readmission.stack.evidence.checklist import checklist
from readmission.stack.evidence.deployments import containers, one_machine
from readmission.stack.evidence.deployments.deployment import Deployment
from readmission.stack.evidence.lines import LineResult, LineStatus, check
from readmission.stack.evidence.load_test import LoadTest
from readmission.stack.evidence.report import DRAWN, LANGUAGES, Picture, page, summary
from readmission.stack.evidence.views import views
from readmission.stack.stack import Stack

FOLDER = CHECKOUT / "evidence"


def main() -> None:
    """Collect the evidence; exit with 1 if a line fails."""
    given = parse(sys.argv[1:])
    try:
        if given.video:
            video.ffmpeg()
        with deployment(given.of) as deployed:
            complete = collect(deployed, given)
    except (SettingsError, StackError) as error:
        sys.exit(f"error: {error}")
    sys.exit(0 if complete else 1)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        prog="evidence", description="Collect the evidence of the checklist from a running system"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--compose",
        dest="of",
        action="store_const",
        const="compose",
        help="of Compose; by default of the stack on one machine",
    )
    where.add_argument(
        "--kubernetes",
        dest="of",
        action="store_const",
        const="kubernetes",
        help="of the cluster of kubectl's context",
    )
    parser.add_argument("--load", action="store_true", help="also run 100 users, for a minute")
    parser.add_argument(
        "--swap", action="store_true", help="also roll the model back and return, with pictures"
    )
    parser.add_argument("--video", action="store_true", help="write the demonstration as a video")
    parser.add_argument("--lang", choices=LANGUAGES, default="es", help="language (es)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write (evidence/)")
    return parser.parse_args(arguments)


def deployment(of: str | None) -> AbstractContextManager[Deployment]:
    """Return the deployment whose evidence is collected, reachable while its block runs.

    Raises
    ------
    StackError
        If it is not there; for a cluster, when the block begins.
    """
    if of == "compose":
        return nullcontext(containers.compose())
    if of == "kubernetes":
        return containers.kubernetes()
    stack = Stack(Settings.from_environment())
    if not stack.paths.exists:
        raise StackError("there is no stack; start it with `readmission up`")
    return nullcontext(one_machine.deployment(stack.site))


def collect(deployed: Deployment, given: argparse.Namespace) -> bool:
    """Write ``evidence.html`` and ``evidence.pdf``, and perhaps ``demonstration.mp4``.

    Returns
    -------
    bool
        Whether no line failed and every page could be shown.
    """
    folder, language = given.folder, given.lang
    load = LoadTest(deployed, folder)
    results = [check(line) for line in checklist(deployed, load.run if given.load else None)]
    for result in results:
        print(f"{result.status:<22}  {result.line.titles[language]}")  # noqa: T201
    folder.mkdir(parents=True, exist_ok=True)
    html, pdf = folder / "evidence.html", folder / "evidence.pdf"
    wanted, problems = views(deployed), []
    host = str(urlsplit(deployed.airflow).hostname)
    with chromium(host, alias=deployed.grafana_host) as browser:
        shown = [*wanted, *(load.views() if given.load else ())]
        pictures = [*take(browser, shown, language), *drawings(deployed, language)]
        if given.swap:
            pictures += swap.pictures(
                deployed, lambda view: take_one(browser, view, language), language
            )
        write_whole(html, page(results, pictures, language, datetime.now(UTC)))
        print_pdf(browser, html, pdf)
        if given.video:
            file = folder / "demonstration.mp4"
            problems = video.record(browser, script.scenes(wanted), file, language)
            left_out = [f"{title}: not on this deployment" for title in script.missing(wanted)]
            print("\n".join([str(file), *problems, *left_out]))  # noqa: T201
    without = [f"{one.title}: {one.problem}" for one in pictures if not one.png]
    print("\n".join([summary(results, language), *without, str(html), str(pdf)]))  # noqa: T201
    return is_complete(results, pictures) and not problems


def drawings(deployed: Deployment, language: str) -> list[Picture]:
    """Return the dashboards as matplotlib draws them, where there is no Grafana."""
    if deployed.grafana or not deployed.prometheus:
        return []
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "password").write_text(deployed.prometheus_password)
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "grafana.source.pictures", deployed.prometheus, str(folder),
             "--password-file", str(folder / "password")],
            cwd=CHECKOUT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        title = DRAWN[language]
        if done.returncode != 0:
            return [Picture(title, problem=(done.stderr.strip().splitlines() or ["?"])[-1])]
        files = sorted(folder.glob("*.png"))
        return [Picture(f"{title}: {file.stem}", file.read_bytes()) for file in files]


def is_complete(results: Sequence[LineResult], pictures: Sequence[Picture]) -> bool:
    """Whether no line failed and every picture could be taken."""
    failed = any(result.status is LineStatus.FAILED for result in results)
    return not failed and all(picture.png for picture in pictures)


if __name__ == "__main__":
    main()
