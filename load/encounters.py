"""What the callers of a load test send: encounters drawn from the data, ready to go.

Everything is encoded before the first request, because a caller that is busy encoding measures
itself. Single encounters go without the numbers of patient and stay, as callers should send them;
files keep them, as an export of a ward has them.
"""

import csv
import io
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from readmission.domain import schema
from readmission.errors import DatasetError
from readmission.pipeline import source
from readmission.pipeline.source import Origin
from readmission.settings import Settings

Encounter = dict[str, str | int]

DRAWN = 2_000
FILES_OF_EACH_KIND = 8
FILE_ROWS = 250

JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"


@dataclass(frozen=True)
class Upload:
    """The body of one request.

    Parameters
    ----------
    content_type : str
        What it is.
    content : bytes
        As it is sent.
    rows : int
        Encounters in it.
    """

    content_type: str
    content: bytes
    rows: int = 1


@dataclass(frozen=True)
class Supply:
    """Everything there is to send, to be drawn from at random.

    Parameters
    ----------
    origin : Origin
        Whose encounters these are.
    singles, files : tuple of Upload
        One encounter each, and some hundred each.
    """

    origin: Origin
    singles: tuple[Upload, ...]
    files: tuple[Upload, ...]

    @classmethod
    def gather(cls, settings: Settings) -> "Supply":
        """Draw encounters from the data that is at hand, or synthetic ones; nothing is fetched.

        Raises
        ------
        DatasetError
            If the file that was named cannot be read, or has no acceptable encounter.
        """
        at_hand = settings.model_copy(update={"offline": True, "synthetic_rows": 2 * DRAWN})
        dataset = source.locate(at_hand)
        chance = random.Random(schema.VERSION)
        drawn = draw(dataset.encounters, DRAWN, chance)
        encode = (as_csv, as_parquet)
        files = (
            encode[number % 2](chance.sample(drawn, min(FILE_ROWS, len(drawn))))
            for number in range(2 * FILES_OF_EACH_KIND)
        )
        return cls(dataset.origin, tuple(map(as_json, drawn)), tuple(files))


def draw(encounters: pa.Table, count: int, chance: random.Random) -> list[Encounter]:
    """Draw encounters that the contract accepts, without their outcome.

    Raises
    ------
    DatasetError
        If there is none.
    """
    rows = chance.sample(range(encounters.num_rows), min(count, encounters.num_rows))
    found = encounters.drop_columns(schema.TARGET).take(rows).to_pylist()
    acceptable = [_typed(row) for row in found if _is_acceptable(row)]
    if not acceptable:
        raise DatasetError("no encounter that was drawn keeps to the contract; nothing to send")
    return acceptable


def _is_acceptable(row: dict[str, str]) -> bool:
    return all(schema.BY_NAME[name].allows(value) for name, value in row.items())


def _typed(row: dict[str, str]) -> Encounter:
    return {
        name: int(value) if schema.BY_NAME[name].is_number else value for name, value in row.items()
    }


def as_json(encounter: Encounter) -> Upload:
    """Encode one encounter, without the numbers of patient and stay."""
    sent = {name: value for name, value in encounter.items() if name in schema.FEATURE_NAMES}
    return Upload(JSON, json.dumps(sent).encode())


def as_csv(encounters: Sequence[Encounter]) -> Upload:
    """Encode encounters as a CSV file."""
    text = io.StringIO(newline="")
    lines = csv.DictWriter(text, list(encounters[0]))
    lines.writeheader()
    lines.writerows(encounters)
    return Upload(CSV, text.getvalue().encode(), len(encounters))


def as_parquet(encounters: Sequence[Encounter]) -> Upload:
    """Encode encounters as a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(encounters)), sink)
    return Upload(PARQUET, sink.getvalue(), len(encounters))
