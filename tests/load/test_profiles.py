"""The way through a profile, what was seen on it, and what that means for the exit code."""

from collections import Counter

import pytest

from load import report
from load.figures import ALL, Figures, Snapshot, figures, percentile
from load.objectives import AVAILABILITY, P99_MILLISECONDS, PREDICTION, missed
from load.profiles import DEFAULT, PROFILES, Course, Profile, Stage

START = 1_000.0
FAST, SLOW = P99_MILLISECONDS, P99_MILLISECONDS + 1


def counted(
    seconds: float, requests: int, failures: int = 0, took: int = FAST
) -> dict[str, Snapshot]:
    """Return what has been counted a while after the start."""
    seen = Snapshot(START + seconds, requests, failures, Counter({took: requests}))
    return {PREDICTION: seen, ALL: seen}


def seen(requests: int, failures: int = 0, took: int = FAST) -> dict[str, Figures]:
    return figures(counted(0, 0), counted(10, requests, failures, took))


def walk(profile: Profile, took: dict[int, int] | None = None) -> tuple[Course, list[int]]:
    """Walk through a profile, ten requests a second; return the users of each second."""
    course, users, requests, milliseconds = Course(profile), 0, 0, Counter[int]()
    there = []
    for second in range(10_000):
        now = Snapshot(START + second, requests, 0, milliseconds.copy())
        stage = course.stage(users, {PREDICTION: now, ALL: now})
        if stage is None:
            return course, there
        users = min(stage.users, users + 20)
        there.append(users)
        requests += 10
        milliseconds[(took or {}).get(stage.users, FAST)] += 10
    raise AssertionError("it does not end")


def test_the_usual_profile_is_a_hundred_users() -> None:
    assert set(PROFILES) == {"smoke", "steady", "ramp", "soak"}
    assert [stage.users for stage in PROFILES[DEFAULT].stages] == [100]


@pytest.mark.parametrize("name", PROFILES)
def test_each_stage_lasts_its_time_with_all_its_users(name: str) -> None:
    profile = PROFILES[name]
    course, there = walk(profile)

    assert [leg.stage for leg in course.legs] == list(profile.stages)
    for stage in profile.stages:
        assert there.count(stage.users) >= stage.seconds
    assert max(there) == max(stage.users for stage in profile.stages)


def test_a_stage_begins_when_its_users_are_there() -> None:
    course = Course(Profile("", (Stage(100, 10),)))

    assert course.stage(60, counted(0, 0)) == Stage(100, 10)
    assert course.stage(99, counted(30, 500)) == Stage(100, 10)
    assert course.stage(100, counted(31, 600)) == Stage(100, 10)
    assert course.stage(100, counted(40.9, 700)) == Stage(100, 10)
    assert course.stage(100, counted(41, 800)) is None
    assert course.legs[0].seen[ALL].requests == 200


def test_a_ramp_ends_where_an_objective_is_missed_and_says_how_far_it_came() -> None:
    course, there = walk(PROFILES["ramp"], took={400: SLOW})

    assert max(there) == 400
    assert course.reached is not None
    assert course.reached.stage.users == 300
    assert "up to 300 users, 10 requests per second; with 400" in report.reach(course)
    assert report.failures(course, seen(10, took=SLOW), broken=0) == []


def test_a_ramp_whose_first_stage_is_too_much_has_failed() -> None:
    course, _ = walk(PROFILES["ramp"], took={100: SLOW})

    assert course.reached is None
    assert len(report.failures(course, seen(10), broken=0)) == 1
    assert report.failures(Course(PROFILES["ramp"]), seen(10), broken=0), "it never began"


def test_other_profiles_go_on_when_an_objective_is_missed_and_then_fail() -> None:
    course, there = walk(PROFILES["steady"], took={100: SLOW})

    assert there.count(100) >= 60
    assert report.failures(course, seen(100, took=SLOW), broken=0)


def test_a_profile_takes_another_size() -> None:
    smaller = PROFILES["ramp"].with_(users=50, seconds=3)

    assert [stage.users for stage in smaller.stages] == list(range(5, 55, 5))
    assert {stage.seconds for stage in smaller.stages} == {3}
    assert PROFILES["ramp"].with_() == PROFILES["ramp"]


@pytest.mark.parametrize(
    ("what", "sentences"),
    [
        pytest.param(seen(1_000, failures=5), 0, id="as promised"),
        pytest.param(seen(1_000, failures=6), 1, id="too many failures"),
        pytest.param(seen(1_000, took=SLOW), 1, id="too slow"),
        pytest.param(seen(1_000, failures=6, took=SLOW), 2, id="both"),
        pytest.param(seen(0), 1, id="nothing asked"),
        pytest.param({ALL: seen(1_000)[ALL]}, 1, id="no prediction asked"),
    ],
)
def test_objectives_are_missed_by_a_hair(what: dict[str, Figures], sentences: int) -> None:
    assert AVAILABILITY == 0.995
    assert len(missed(what)) == sentences


def test_one_slow_answer_of_a_hundred_is_allowed_and_two_are_not() -> None:
    for slow, worst in ((1, FAST), (2, SLOW)):
        assert percentile(Counter({FAST: 100 - slow, SLOW: slow}), 0.99) == worst
    assert percentile(Counter(), 0.99) == 0


def test_errors_of_the_load_test_itself_fail_it() -> None:
    course, _ = walk(PROFILES["smoke"])

    assert report.failures(course, seen(10), broken=0) == []
    assert report.failures(course, seen(10), broken=2) == ["2 errors of the load test itself"]


def test_the_report_names_throughput_latency_errors_and_what_was_missed() -> None:
    course, _ = walk(PROFILES["smoke"])
    what = seen(2_000, failures=40, took=SLOW)

    said = report.text(course, what, {"POST /predict: 503 no_model": 40}, missed(what))

    row = next(line for line in said.splitlines() if line.startswith(PREDICTION))
    assert row.split()[2:] == ["2,000", "40", "200.0", *["101"] * 3]
    assert "40 x POST /predict: 503 no_model" in said
    assert said.count("MISSED: ") == 2
    assert "98.000% of all requests" in said
