"""The load test for Locust: users, profiles and objectives.

    locust -f load/locustfile.py --headless --load-profile smoke -H http://127.0.0.1:8000

It prints a table at its end, and its exit code is 1 if an objective was missed
(`load/objectives.py`). Without `--headless`, choose the profile on Locust's page. The settings
READMISSION_API_KEY and READMISSION_API_ADMIN_KEY are the keys of the users; without an admin key,
no user reloads the model. `make load` runs the test against the stack of this machine.
"""

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from locust import LoadTestShape, events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

from load import report
from load.encounters import Payloads
from load.journal import Journal
from load.profiles import DEFAULT, PROFILES, USERS_PER_SECOND, ProfileRun
from load.stats import ALL, Snapshot, between, snapshots
from load.users import ApiUser, Clinician, Operator, Reader, Ward
from readmission.settings import get_settings

__all__ = ["Clinician", "Operator", "ProfileShape", "Reader", "Ward"]

GRACE_SECONDS = 30
"""How long the test waits at its end for the responses of open requests."""

_reports: list[str] = []
"""Texts to print at the end, below Locust's own tables."""


class ProfileShape(LoadTestShape):
    """The number of users at each moment, according to the chosen profile."""

    run: ProfileRun

    def reset_time(self) -> None:
        """Start the profile; Locust calls this whenever a test starts."""
        options = _options(self._environment)
        profile = PROFILES[options.load_profile]
        self.run = ProfileRun(profile.resized(options.load_users, options.load_seconds))

    def tick(self) -> tuple[int, float] | None:
        """Return the users and how many start per second, or None at the end."""
        runner = self._environment.runner
        users = runner.user_count if runner else 0
        stage = self.run.stage(users, snapshots(self._environment.stats))
        return None if stage is None else (stage.users, USERS_PER_SECOND)

    @property
    def _environment(self) -> Environment:
        assert self.runner is not None, "Locust sets it before a test starts"  # noqa: S101
        return self.runner.environment


def _options(environment: Environment) -> Namespace:
    assert environment.parsed_options is not None, "the command line sets it"  # noqa: S101
    return environment.parsed_options


def _add_options(parser: LocustArgumentParser, **_: Any) -> None:
    about = "; ".join(f"{name}: {profile.meaning}" for name, profile in PROFILES.items())
    parser.add_argument("--load-profile", choices=list(PROFILES), default=DEFAULT, help=about)
    parser.add_argument(
        "--load-users",
        type=int,
        default=0,
        help="Maximum number of users; 0 as in the profile.",
    )
    parser.add_argument(
        "--load-seconds", type=int, default=0, help="Seconds per stage; 0 as in the profile."
    )
    parser.add_argument(
        "--load-journal", default="", include_in_web_ui=False,
        help="File for the ids of all successful predictions.",
    )  # fmt: skip


def _prepare(environment: Environment, **_: Any) -> None:
    ApiUser.payloads = Payloads.prepare(get_settings())
    sys.stderr.write(f"encounters: {ApiUser.payloads.origin}\n")
    if path := _options(environment).load_journal:
        ApiUser.journal = Journal(Path(path))
    environment.stop_timeout = environment.stop_timeout or GRACE_SECONDS
    # The test counts as failed until its objectives are checked.
    environment.process_exit_code = 1


def _evaluate(environment: Environment, **_: Any) -> None:
    shape, stats, runner = environment.shape_class, environment.stats, environment.runner
    if not isinstance(shape, ProfileShape) or runner is None:
        return
    total = between({ALL: Snapshot.empty(stats.start_time)}, snapshots(stats))
    failed = report.failures(shape.run, total, len(runner.exceptions))
    environment.process_exit_code = 1 if failed else 0
    errors = {f"{e.method} {e.name}: {e.error}": e.occurrences for e in stats.errors.values()}
    _reports.append(report.text(shape.run, total, errors, failed))
    if getattr(runner, "cpu_warning_emitted", False):
        _reports.append("the load test itself was short of CPU and caused part of the latency")
    if environment.web_ui is not None:
        _print_reports()


def _print_reports(**_: Any) -> None:
    while _reports:
        print(f"\n{_reports.pop(0)}", flush=True)


for hook, listener in (
    (events.init_command_line_parser, _add_options),
    (events.init, _prepare),
    (events.test_stop, _evaluate),
    (events.quit, _print_reports),
):
    hook.add_listener(listener)  # type: ignore[no-untyped-call]
