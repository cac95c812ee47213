"""The figures on live outcomes, which the pipeline stores beside the prediction log."""

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Any

import psycopg
from pydantic import SecretStr

from api.errors import LiveFiguresUnavailable, log
from api.prediction_log.delivery import CONNECTION
from readmission.logs import where
from readmission.warehouse.predictions import live_figures
from readmission.warehouse.predictions.outcomes import DAYS

REREAD_SECONDS = 2
"""The figures change with each batch of outcomes. A failure is remembered as long."""


class LiveFigureReader:
    """Reads the figures at most once every `REREAD_SECONDS`, on one connection at a time.

    Parameters
    ----------
    dsn : SecretStr, optional
        The database of predictions; None without a prediction log.
    """

    def __init__(self, dsn: SecretStr | None) -> None:
        self._dsn = dsn
        self._reading = asyncio.Lock()
        self._read_at = float("-inf")
        self._found: Mapping[str, Any] | None = None

    async def read(self) -> Mapping[str, Any]:
        """Return the figures; none without a prediction log.

        Raises
        ------
        LiveFiguresUnavailable
            If the database of predictions does not respond.
        """
        async with self._reading:
            if monotonic() - self._read_at >= REREAD_SECONDS:
                self._found = await asyncio.to_thread(stored_figures, self._dsn)
                self._read_at = monotonic()
        if self._found is None:
            raise LiveFiguresUnavailable
        return self._found


def stored_figures(dsn: SecretStr | None) -> dict[str, Any] | None:
    """Return the stored figures; None if the database does not respond."""
    found: dict[str, Any] = {"measured_at": None, "days": DAYS, "figures": []}
    if dsn is None:
        return found
    try:
        with psycopg.connect(dsn.get_secret_value(), **CONNECTION) as connection:
            measured_at = live_figures.measured_at(connection)
            figures = live_figures.stored(connection)
    except psycopg.Error as error:
        log.warning("the figures on live outcomes were not read: %s", where(error))
        return None
    return found | {"measured_at": measured_at, "figures": figures}
