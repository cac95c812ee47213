"""Measure the drift of what callers send from the training rows of the champion."""

import logging
from collections.abc import Mapping
from typing import Any

import pandas as pd
import psycopg

from readmission.domain import schema
from readmission.domain.cleaning import clean
from readmission.domain.drift import Drift, measure
from readmission.errors import InvalidValue
from readmission.warehouse.predictions.outcomes import DAYS
from readmission.warehouse.predictions.recent_requests import recent, replace_drift

MOST_REQUESTS = 15_000
"""As many as a batch has rows; more would not make the shares more certain."""

log = logging.getLogger(__name__)


def measure_requests(
    connection: psycopg.Connection, version: str, reference: Mapping[str, Mapping[str, Any]]
) -> list[Drift]:
    """Measure, store and return the drift of the newest requests, largest first.

    Fewer requests than `readmission.domain.drift.MINIMUM_ROWS` are not measured. Requests with a
    value that an earlier release accepted and this one refuses are left out.

    Parameters
    ----------
    connection : psycopg.Connection
        A connection to the PREDICTIONS database.
    version : str
        The model version whose training rows are the reference.
    reference : mapping
        Their summary, as `readmission.domain.drift.reference_of` made it.
    """
    found = recent(connection, DAYS, MOST_REQUESTS)
    features = {name: one for name, one in reference.items() if name != schema.TARGET}
    drifts: list[Drift] = []
    if found:
        try:
            drifts = measure(clean(pd.DataFrame(found)), features)
        except InvalidValue as error:
            log.warning("the drift of requests is not measured: column %s", error.column)
    replace_drift(connection, version, len(found), drifts)
    return drifts
