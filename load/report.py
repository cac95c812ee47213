"""The report of a load test, and whether the test has failed."""

from collections.abc import Mapping, Sequence

from load.objectives import AVAILABILITY, P99_MILLISECONDS, PREDICTION, missed
from load.profiles import ProfileRun
from load.stats import ALL, EndpointStats

HEAD = ("", "requests", "failures", "per s", "p50 ms", "p95 ms", "p99 ms")


def failures(
    run: ProfileRun, total: Mapping[str, EndpointStats], internal_errors: int
) -> list[str]:
    """Return why the load test has failed; empty if it has not.

    Parameters
    ----------
    run : ProfileRun
        The run of the profile; a profile to saturation fails only if its first stage misses an
        objective.
    total : mapping of str to EndpointStats
        Statistics of the whole test.
    internal_errors : int
        Errors of the load test itself.
    """
    if not run.profile.to_saturation:
        found = missed(total)
    elif run.finished:
        found = run.finished[0].missed
    else:
        found = ["the test ended before its first stage"]
    return found + (
        [f"{internal_errors} errors of the load test itself"] if internal_errors else []
    )


def text(
    run: ProfileRun,
    total: Mapping[str, EndpointStats],
    errors: Mapping[str, int],
    failed: Sequence[str],
) -> str:
    """Return the report: endpoints, the stages of a ramp, errors, missed objectives.

    Parameters
    ----------
    run, total :
        As for `failures`.
    errors : mapping of str to int
        Number of failures of each kind.
    failed : sequence of str
        The result of `failures`.
    """
    sections = [_table(total)]
    if run.profile.to_saturation:
        stages = {f"{result.stage.users:,} users": result.stats[ALL] for result in run.finished}
        sections += [_table(stages), saturation(run)]
    if errors:
        sections.append("\n".join(f"{count:>8,} x {error}" for error, count in errors.items()))
    objectives = (
        f"objectives: {AVAILABILITY:.1%} of all requests succeed,"
        f" 99 of 100 at {PREDICTION} take at most {P99_MILLISECONDS} ms"
    )
    sections.append("\n".join([objectives, *(f"MISSED: {why}" for why in failed or ["none"])]))
    return "\n\n".join(sections)


def saturation(run: ProfileRun) -> str:
    """Return the largest load that met all objectives, and what the next one missed."""
    largest = run.largest_met
    if largest is None:
        return "the objectives were not met with any number of users"
    rate = largest.stats[ALL].per_second
    met = f"the objectives were met up to {largest.stage.users:,} users, {rate:,.0f} requests/s"
    last = run.finished[-1]
    return f"{met}; with {last.stage.users:,}: {'; '.join(last.missed)}" if last.missed else met


def _table(rows: Mapping[str, EndpointStats]) -> str:
    lines = [HEAD, *((name, *_cells(stats)) for name, stats in rows.items())]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join([name.ljust(widths[0]), *map(str.rjust, cells, widths[1:])])
        for name, *cells in lines
    )


def _cells(stats: EndpointStats) -> tuple[str, ...]:
    counts = (f"{stats.requests:,}", f"{stats.failures:,}", f"{stats.per_second:,.1f}")
    return (*counts, *map(str, (stats.p50, stats.p95, stats.p99)))
