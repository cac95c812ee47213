"""What workers log and raise: never a value of a row."""

import traceback
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from readmission.domain import schema
from readmission.modelling.fitting.cluster import ClusterFailed, connect, failing_as
from readmission.modelling.fitting.parts import PartFailed
from readmission.warehouse.clean.partitions.remote import PartitionUnreadable
from tests.include.dask_clusters import dask_processes

PATIENT = 822_215_701


def one_row(seen: Path, *, is_known: bool) -> pd.DataFrame:
    """A part that can be read once, for the outcomes; then its rows are not readable."""
    if seen.exists():
        raise PartitionUnreadable("no response") if is_known else ValueError(f"not {PATIENT}")
    seen.touch()
    return pd.DataFrame({schema.PATIENT: [PATIENT], schema.TARGET: [1], "part": ["train"]})


@pytest.mark.parametrize(
    ("is_known", "expected", "message"),
    [(False, PartFailed, "ValueError at "), (True, PartitionUnreadable, "no response")],
)
def test_neither_the_error_nor_the_workers_log_quotes_a_row(
    tmp_path: Path, expected: type[Exception], message: str, *, is_known: bool
) -> None:
    # given a part that fails once the worker was sent the patients of a sample
    parts = [partial(one_row, tmp_path / str(number), is_known=is_known) for number in range(3)]
    with (
        dask_processes(tmp_path, workers=1) as processes,
        connect(processes.address, sample_rows=2) as cluster,
        pytest.raises(expected, match=message) as failed,
    ):
        # when
        cluster.read(parts)

    # then
    log = "".join(file.read_text() for file in tmp_path.glob("worker-*.log"))
    assert "Compute Failed" in log
    assert str(PATIENT) not in log
    assert str(PATIENT) not in "".join(traceback.format_exception(failed.value))


def test_an_error_of_dask_gives_its_type_and_place_and_not_its_message() -> None:
    pattern = r"could not sort: ValueError at .*test_parts"
    with pytest.raises(ClusterFailed, match=pattern) as failed, failing_as("sort"):
        raise ValueError(f"no {PATIENT}")

    assert str(PATIENT) not in "".join(traceback.format_exception(failed.value))
