"""What a load test says at its end, and whether it has failed."""

from collections.abc import Mapping, Sequence

from load.figures import ALL, Figures
from load.objectives import AVAILABILITY, P99_MILLISECONDS, PREDICTION, missed
from load.profiles import Course

HEAD = ("", "requests", "failures", "per s", "p50 ms", "p95 ms", "p99 ms")


def failures(course: Course, seen: Mapping[str, Figures], broken: int) -> list[str]:
    """Return why the load test has failed; none if it has not.

    Parameters
    ----------
    course : Course
        The way it went; one to saturation fails only if its first stage was too much.
    seen : mapping of str to Figures
        Over the whole test.
    broken : int
        Errors of the load test itself.
    """
    if not course.profile.to_saturation:
        found = missed(seen)
    elif course.legs:
        found = course.legs[0].missed
    else:
        found = ["it ended before its first stage did"]
    return found + ([f"{broken} errors of the load test itself"] if broken else [])


def text(
    course: Course, seen: Mapping[str, Figures], errors: Mapping[str, int], failed: Sequence[str]
) -> str:
    """Return the report: endpoints, the stages of a ramp, errors, verdict.

    Parameters
    ----------
    course, seen :
        As for `failures`.
    errors : mapping of str to int
        Each kind of failure, and how often.
    failed : sequence of str
        What `failures` has found.
    """
    parts = [_table(seen)]
    if course.profile.to_saturation:
        stages = {f"{leg.stage.users:,} users": leg.seen[ALL] for leg in course.legs}
        parts += [_table(stages), reach(course)]
    if errors:
        parts.append("\n".join(f"{count:>8,} x {error}" for error, count in errors.items()))
    promise = (
        f"objectives: {AVAILABILITY:.1%} of all requests answered well,"
        f" 99 of 100 at {PREDICTION} within {P99_MILLISECONDS} ms"
    )
    parts.append("\n".join([promise, *(f"MISSED: {why}" for why in failed or ["none"])]))
    return "\n\n".join(parts)


def reach(course: Course) -> str:
    """Say up to which load the objectives held, and what ended that."""
    held = course.reached
    if held is None:
        return "the objectives did not hold at any number of users"
    said = f"the objectives held up to {held.stage.users:,} users, {held.seen[ALL].per_second:,.0f}"
    last = course.legs[-1]
    ended = f"; with {last.stage.users:,} {'; '.join(last.missed)}" if last.missed else ""
    return f"{said} requests per second{ended}"


def _table(rows: Mapping[str, Figures]) -> str:
    lines = [HEAD, *((name, *_cells(figures)) for name, figures in rows.items())]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join([name.ljust(widths[0]), *map(str.rjust, cells, widths[1:])])
        for name, *cells in lines
    )


def _cells(figures: Figures) -> tuple[str, ...]:
    numbers = (figures.p50, figures.p95, figures.p99)
    counts = (f"{figures.requests:,}", f"{figures.failures:,}", f"{figures.per_second:,.1f}")
    return (*counts, *map(str, numbers))
