"""Run the load test against the stack of this machine, or against READMISSION_API_URL.

    .venv/bin/python -m load.run [--load-profile smoke|steady|ramp|soak] [options of Locust]

It writes reports as HTML and CSV to `load/reports/`. Its exit code is 1 if an objective was missed.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from load.profiles import DEFAULT, PROFILES
from readmission.settings import CHECKOUT, PREFIX, get_settings
from readmission.stack.stack import Stack

LOAD = CHECKOUT / "load"


def command(profile: str, host: str, reports: Path, *more: str) -> list[str]:
    """Return the command line of Locust.

    Parameters
    ----------
    profile : str
        One of `PROFILES`.
    host : str
        Address of the API.
    reports : Path
        Folder of the reports.
    *more : str
        Further options of Locust.
    """
    return [
        sys.executable, "-m", "locust", "--locustfile", str(LOAD / "locustfile.py"),
        "--headless", "--only-summary", "--loglevel", "WARNING",
        "--host", host, "--load-profile", profile,
        "--html", str(reports / f"{profile}.html"), "--csv", str(reports / profile), *more,
    ]  # fmt: skip


def target() -> tuple[str, Mapping[str, str]]:
    """Return the address of the API and its keys, as settings."""
    settings = get_settings()
    if "api_url" in settings.model_fields_set:
        return settings.api_url, {}
    stack = Stack(settings)
    if not stack.is_running:
        raise SystemExit(f"the stack is down: run `make up`, or set {PREFIX}API_URL")
    secrets = stack.site.credentials
    keys = {"API_KEY": secrets.api_predict_key, "API_ADMIN_KEY": secrets.api_admin_key}
    return stack.site.settings.api_url, {PREFIX + name: key for name, key in keys.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run Locust and return its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--load-profile", choices=list(PROFILES), default=DEFAULT)
    chosen, more = parser.parse_known_args(arguments)
    profile = chosen.load_profile
    host, keys = target()
    reports = LOAD / "reports"
    reports.mkdir(exist_ok=True)
    print(f"{PROFILES[profile].meaning}, at {host}", flush=True)
    code = subprocess.run(  # noqa: S603
        command(profile, host, reports, *more),
        env={**os.environ, **keys}, cwd=CHECKOUT, check=False,
    ).returncode  # fmt: skip
    print(f"reports: {reports / profile}.html and .csv", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
