"""The load test, as Locust reads it: users, profiles, objectives.

    locust -f load/locustfile.py --headless --load-profile smoke -H http://127.0.0.1:8000

Ends with a table and with exit code 1 if an objective was missed (`load/objectives.py`). Without
`--headless` the profile is chosen on Locust's page. The keys of callers are the settings
READMISSION_API_KEY and READMISSION_API_ADMIN_KEY; without the second nobody reloads the model.
`make load` runs it against the stack of this machine.
"""

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from locust import LoadTestShape, events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

from load import report
from load.encounters import Supply
from load.figures import ALL, Snapshot, figures, snapshots
from load.journal import Journal
from load.profiles import DEFAULT, PROFILES, USERS_PER_SECOND, Course
from load.users import Caller, Clinician, Operator, Reader, Ward
from readmission.settings import get_settings

__all__ = ["Clinician", "Operator", "ProfileShape", "Reader", "Ward"]

GRACE_SECONDS = 30
"""For requests under way when the test ends: each is answered, and counted."""

_said: list[str] = []


class ProfileShape(LoadTestShape):
    """As many users as the chosen profile wants at each moment."""

    course: Course

    def reset_time(self) -> None:
        """Begin the profile; Locust calls this whenever a test starts."""
        options = _options(self._environment)
        profile = PROFILES[options.load_profile]
        self.course = Course(profile.with_(options.load_users, options.load_seconds))

    def tick(self) -> tuple[int, float] | None:
        """Return users and arrivals per second, or none at the end."""
        runner = self._environment.runner
        users = runner.user_count if runner else 0
        stage = self.course.stage(users, snapshots(self._environment.stats))
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
        "--load-users", type=int, default=0, help="Users at most; 0 as the profile has it."
    )
    parser.add_argument(
        "--load-seconds", type=int, default=0, help="Seconds of a stage; 0 as the profile has it."
    )
    parser.add_argument(
        "--load-journal", default="", include_in_web_ui=False,
        help="File for the ids of all predictions that were answered.",
    )  # fmt: skip


def _prepare(environment: Environment, **_: Any) -> None:
    Caller.supply = Supply.gather(get_settings())
    sys.stderr.write(f"encounters to send: {Caller.supply.origin}\n")
    if path := _options(environment).load_journal:
        Caller.journal = Journal(Path(path))
    environment.stop_timeout = environment.stop_timeout or GRACE_SECONDS
    # Until it is judged, a test has failed.
    environment.process_exit_code = 1


def _judge(environment: Environment, **_: Any) -> None:
    shape, stats, runner = environment.shape_class, environment.stats, environment.runner
    if not isinstance(shape, ProfileShape) or runner is None:
        return
    seen = figures({ALL: Snapshot.nothing(stats.start_time)}, snapshots(stats))
    failed = report.failures(shape.course, seen, len(runner.exceptions))
    environment.process_exit_code = 1 if failed else 0
    errors = {f"{e.method} {e.name}: {e.error}": e.occurrences for e in stats.errors.values()}
    _said.append(report.text(shape.course, seen, errors, failed))
    if getattr(runner, "cpu_warning_emitted", False):
        _said.append("the load test itself was short of CPU: part of the latency is its own")
    if environment.web_ui is not None:
        _say()


def _say(**_: Any) -> None:
    """Print what was said, below Locust's own tables."""
    while _said:
        print(f"\n{_said.pop(0)}", flush=True)


for hook, listener in (
    (events.init_command_line_parser, _add_options),
    (events.init, _prepare),
    (events.test_stop, _judge),
    (events.quit, _say),
):
    hook.add_listener(listener)  # type: ignore[no-untyped-call]
