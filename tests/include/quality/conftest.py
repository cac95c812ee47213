"""Gates in front of real databases, and the bucket for their reports."""

from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import psycopg
import pytest

from readmission.pipeline.process import process
from readmission.quality.gates import Gatekeeper
from readmission.warehouse import CleanWarehouse, RawWarehouse
from readmission.warehouse.verdicts import GateVerdict, VerdictLog
from tests.conftest import Platform
from tests.include.tables import encounters

ROWS = 400
LIMIT = 0.05
NO_ROWS = pd.DataFrame({"source_row": [], "reasons": []})


@pytest.fixture
def raw(raw_db: psycopg.Connection) -> RawWarehouse:
    return RawWarehouse(raw_db)


@pytest.fixture
def clean(clean_db: psycopg.Connection) -> CleanWarehouse:
    return CleanWarehouse(clean_db)


@pytest.fixture
def processed(raw: RawWarehouse, clean: CleanWarehouse) -> CleanWarehouse:
    """CLEAN with one batch that awaits its gate."""
    raw.load(encounters(ROWS), 0, "synthetic")
    raw.accept("batch-0001", NO_ROWS)
    process(raw, clean, "batch-0001", "a key")
    return clean


@pytest.fixture
def gatekeeper(tmp_path: Path) -> Gatekeeper:
    """Writes reports to the test's folder and publishes nothing."""
    return Gatekeeper(tmp_path, lambda _site, _gate: None)


@pytest.fixture(scope="session")
def s3(platform: Platform) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=platform.s3_endpoint,
        aws_access_key_id=platform.s3_access_key,
        aws_secret_access_key=platform.s3_secret_key,
        region_name="us-east-1",
    )


def last_verdict(connection: psycopg.Connection) -> GateVerdict:
    return max(VerdictLog(connection).verdicts(), key=lambda verdict: str(verdict.decided_at))
