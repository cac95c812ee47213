"""A copy of the stays holds patient hashes: no other process can open it, and none is left over."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from api.model.stay_copy import StayCopy
from readmission.domain.columns.history import Stay
from readmission.warehouse.predictions.known_stays import KnownStay

STAY = KnownStay("its hash", Stay(12, 1, 3, 14, 2, 0, 1, "1", "250.83", followed_soon=True))
OTHER = STAY._replace(stay=STAY.stay._replace(days=9))


def test_a_copy_has_no_file_that_another_process_could_open(tmp_path: Path) -> None:
    def watched() -> Iterator[tuple[str, KnownStay]]:
        for number in range(3):
            assert not list(tmp_path.iterdir())
            yield "hash", STAY._replace(encounter_hash=str(number))

    copy = StayCopy.write(tmp_path, watched())

    assert [stay.encounter_hash for stay in copy.stays("hash")] == ["0", "1", "2"]
    assert copy.stays("other hash") == []
    assert not list(tmp_path.iterdir())


def test_two_processes_that_write_at_once_get_their_own_copies(tmp_path: Path) -> None:
    others: list[StayCopy] = []

    def meanwhile() -> Iterator[tuple[str, KnownStay]]:
        yield "hash", STAY
        others.append(StayCopy.write(tmp_path, [("hash", OTHER)]))

    copy = StayCopy.write(tmp_path, meanwhile())

    assert copy.stays("hash") == [STAY]
    assert others[0].stays("hash") == [OTHER]


def test_a_copy_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[tuple[str, KnownStay]]:
        yield "hash", STAY
        raise OSError("the database has gone")

    with pytest.raises(OSError, match="has gone"):
        StayCopy.write(tmp_path, broken())

    assert not list(tmp_path.iterdir())


def test_threads_that_look_up_at_once_read_one_after_another(tmp_path: Path) -> None:
    """In Python 3.12 and later, they would get each other's patients."""
    copy = StayCopy.write(tmp_path, [("hash", STAY), ("other hash", OTHER)])
    connection, reading, most = copy._connection, [0], [0]

    class Watched:
        def execute(self, *given: Any) -> Any:
            reading[0] += 1
            most[0] = max(most[0], reading[0])
            time.sleep(0.01)
            reading[0] -= 1
            return connection.execute(*given)

    copy._connection = Watched()  # type: ignore[assignment]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(copy.stays, ["hash", "other hash"] * 4))

    assert found == [[STAY], [OTHER]] * 4
    assert most == [1]
