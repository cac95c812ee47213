"""Tables whose rows are replaced as a whole, by two processes at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from readmission.domain.drift import Drift, Level
from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from readmission.warehouse.predictions import live_figures
from readmission.warehouse.predictions.live_figures import LiveFigure
from readmission.warehouse.predictions.recent_requests import drift_by_column, replace_drift
from tests.databases import emptied
from tests.include.tables import waiting_backend

Replace = Callable[[psycopg.Connection, float], None]


@pytest.fixture
def dsn(databases: Stack) -> Iterator[str]:
    """The address of the empty database of predictions."""
    with emptied(address := postgres.dsn(databases.site, "predictions")) as connection:
        connection.commit()
        yield address


def replace_figures(connection: psycopg.Connection, value: float) -> None:
    live_figures.replace(connection, [LiveFigure("1", "", "", "", "log_loss", value)])


def replace_drifts(connection: psycopg.Connection, value: float) -> None:
    replace_drift(connection, "1", 500, [Drift("age", value, Level.NONE)])


def stored(connection: psycopg.Connection) -> list[float]:
    figures = [one.figure for one in live_figures.stored(connection)]
    return figures + [psi for _, psi in drift_by_column(connection)]


@pytest.mark.parametrize("replace", [replace_figures, replace_drifts])
def test_the_second_of_two_replacements_waits_and_wins(dsn: str, replace: Replace) -> None:
    with (
        psycopg.connect(dsn) as first, psycopg.connect(dsn) as second,
        psycopg.connect(dsn, autocommit=True) as reader, ThreadPoolExecutor() as pool,
    ):  # fmt: skip
        # given old rows, and a process that has replaced them but not committed
        replace(reader, 0.1)
        first.execute("SELECT 1")  # Begins the transaction that ends below.
        replace(first, 0.2)

        # when another process replaces the same rows, and the first one ends
        done = pool.submit(replace, second, 0.3)
        waiting_backend(dsn)
        assert stored(reader) == [0.1]
        first.commit()
        done.result(timeout=60)
        second.commit()

        # then its rows are there, and no others
        assert stored(reader) == [0.3]
