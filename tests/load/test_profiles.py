"""The run of a profile: its stages, its statistics and the verdict on it."""

from collections import Counter

import pytest

from load import report
from load.objectives import AVAILABILITY, P99_MILLISECONDS, PREDICTION, missed
from load.profiles import DEFAULT, PROFILES, Profile, ProfileRun, Stage
from load.stats import ALL, EndpointStats, Snapshot, between, percentile

START = 1_000.0
FAST, SLOW = P99_MILLISECONDS, P99_MILLISECONDS + 1


def counted(
    seconds: float, requests: int, failures: int = 0, took: int = FAST
) -> dict[str, Snapshot]:
    """Return the counters some seconds after the start."""
    snapshot = Snapshot(START + seconds, requests, failures, Counter({took: requests}))
    return {PREDICTION: snapshot, ALL: snapshot}


def stats(requests: int, failures: int = 0, took: int = FAST) -> dict[str, EndpointStats]:
    return between(counted(0, 0), counted(10, requests, failures, took))


def complete(profile: Profile, took: dict[int, int] | None = None) -> tuple[ProfileRun, list[int]]:
    """Run a profile with ten requests per second; return the run and the users of each second."""
    run, users, requests, milliseconds = ProfileRun(profile), 0, 0, Counter[int]()
    users_by_second = []
    for second in range(10_000):
        now = Snapshot(START + second, requests, 0, milliseconds.copy())
        stage = run.stage(users, {PREDICTION: now, ALL: now})
        if stage is None:
            return run, users_by_second
        users = min(stage.users, users + 20)
        users_by_second.append(users)
        requests += 10
        milliseconds[(took or {}).get(stage.users, FAST)] += 10
    raise AssertionError("it does not end")


def test_the_default_profile_has_a_hundred_users() -> None:
    assert set(PROFILES) == {"smoke", "steady", "ramp", "soak"}
    assert [stage.users for stage in PROFILES[DEFAULT].stages] == [100]


@pytest.mark.parametrize("name", PROFILES)
def test_each_stage_lasts_its_time_with_all_its_users(name: str) -> None:
    profile = PROFILES[name]
    run, users = complete(profile)

    assert [result.stage for result in run.finished] == list(profile.stages)
    for stage in profile.stages:
        assert users.count(stage.users) >= stage.seconds
    assert max(users) == max(stage.users for stage in profile.stages)


def test_a_stage_begins_when_all_its_users_have_started() -> None:
    run = ProfileRun(Profile("", (Stage(100, 10),)))

    assert run.stage(60, counted(0, 0)) == Stage(100, 10)
    assert run.stage(99, counted(30, 500)) == Stage(100, 10)
    assert run.stage(100, counted(31, 600)) == Stage(100, 10)
    assert run.stage(100, counted(40.9, 700)) == Stage(100, 10)
    assert run.stage(100, counted(41, 800)) is None
    assert run.finished[0].stats[ALL].requests == 200


def test_a_ramp_ends_at_the_first_missed_objective_and_reports_the_load_before() -> None:
    run, users = complete(PROFILES["ramp"], took={400: SLOW})

    assert max(users) == 400
    assert run.largest_met is not None
    assert run.largest_met.stage.users == 300
    assert "up to 300 users, 10 requests/s; with 400: 99 of 100" in report.saturation(run)
    assert report.failures(run, stats(10, took=SLOW), internal_errors=0) == []


def test_a_ramp_fails_if_its_first_stage_misses_an_objective() -> None:
    run, _ = complete(PROFILES["ramp"], took={100: SLOW})

    assert run.largest_met is None
    assert len(report.failures(run, stats(10), internal_errors=0)) == 1
    not_started = ProfileRun(PROFILES["ramp"])
    assert len(report.failures(not_started, stats(10), internal_errors=0)) == 1


def test_other_profiles_continue_after_a_missed_objective_and_then_fail() -> None:
    run, users = complete(PROFILES["steady"], took={100: SLOW})

    assert users.count(100) >= 60
    assert report.failures(run, stats(100, took=SLOW), internal_errors=0)


def test_a_profile_can_be_resized() -> None:
    smaller = PROFILES["ramp"].resized(users=50, seconds=3)

    assert [stage.users for stage in smaller.stages] == list(range(5, 55, 5))
    assert {stage.seconds for stage in smaller.stages} == {3}
    assert PROFILES["ramp"].resized() == PROFILES["ramp"]


@pytest.mark.parametrize(
    ("total", "sentences"),
    [
        pytest.param(stats(1_000, failures=5), 0, id="all met"),
        pytest.param(stats(1_000, failures=6), 1, id="too many failures"),
        pytest.param(stats(1_000, took=SLOW), 1, id="too slow"),
        pytest.param(stats(1_000, failures=6, took=SLOW), 2, id="both"),
        pytest.param(stats(0), 1, id="no request"),
        pytest.param({ALL: stats(1_000)[ALL]}, 1, id="no prediction"),
    ],
)
def test_an_objective_is_missed_just_beyond_its_limit(
    total: dict[str, EndpointStats], sentences: int
) -> None:
    assert AVAILABILITY == 0.995
    assert len(missed(total)) == sentences


def test_one_slow_response_of_a_hundred_is_allowed_and_two_are_not() -> None:
    for slow, worst in ((1, FAST), (2, SLOW)):
        assert percentile(Counter({FAST: 100 - slow, SLOW: slow}), 0.99) == worst
    assert percentile(Counter(), 0.99) == 0


def test_errors_of_the_load_test_itself_fail_it() -> None:
    run, _ = complete(PROFILES["smoke"])

    assert report.failures(run, stats(10), internal_errors=0) == []
    assert report.failures(run, stats(10), internal_errors=2) == [
        "2 errors of the load test itself"
    ]


def test_the_report_shows_throughput_latency_errors_and_missed_objectives() -> None:
    run, _ = complete(PROFILES["smoke"])
    total = stats(2_000, failures=40, took=SLOW)

    text = report.text(run, total, {"POST /predict: 503 no_model": 40}, missed(total))

    row = next(line for line in text.splitlines() if line.startswith(PREDICTION))
    assert row.split()[2:] == ["2,000", "40", "200.0", *["101"] * 3]
    assert "40 x POST /predict: 503 no_model" in text
    assert text.count("MISSED: ") == 2
    assert "98.000% of all requests" in text
