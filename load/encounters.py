"""Request bodies of a load test: encounters drawn from the data, encoded before the first request.

Encoding during the test would add to the measured latency. Single encounters have no patient and
encounter numbers, because clients should not send them. Files have both, like a ward's export.
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
from readmission.pipeline.delivery.origins import Origin
from readmission.settings import Settings

Encounter = dict[str, str | int]

DRAWN = 2_000
FILES_OF_EACH_KIND = 8
FILE_ROWS = 250

JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"


@dataclass(frozen=True)
class Payload:
    """The body of one request.

    Parameters
    ----------
    content_type : str
        Its media type.
    content : bytes
        Its bytes.
    rows : int
        Number of encounters in it.
    """

    content_type: str
    content: bytes
    rows: int = 1


@dataclass(frozen=True)
class Payloads:
    """All request bodies of a load test; users choose from them at random.

    Parameters
    ----------
    origin : Origin
        Where the encounters come from: UCI, another file or synthetic data.
    singles, files : tuple of Payload
        Bodies with one encounter, and files with up to `FILE_ROWS`.
    """

    origin: Origin
    singles: tuple[Payload, ...]
    files: tuple[Payload, ...]

    @classmethod
    def prepare(cls, settings: Settings) -> "Payloads":
        """Draw encounters from the local data, or synthetic ones; nothing is downloaded.

        Raises
        ------
        DatasetError
            If the file that the settings name cannot be read, or none of its rows is valid.
        """
        offline = settings.model_copy(update={"offline": True, "synthetic_rows": 2 * DRAWN})
        dataset = source.locate(offline)
        generator = random.Random(schema.VERSION)
        drawn = draw(dataset.encounters, DRAWN, generator)
        encode = (as_csv, as_parquet)
        files = (
            encode[number % 2](generator.sample(drawn, min(FILE_ROWS, len(drawn))))
            for number in range(2 * FILES_OF_EACH_KIND)
        )
        return cls(dataset.origin, tuple(map(as_json, drawn)), tuple(files))


def draw(encounters: pa.Table, count: int, generator: random.Random) -> list[Encounter]:
    """Draw encounters and keep those that get a prediction, without their outcome.

    Raises
    ------
    DatasetError
        If the contract accepts none of them, or all patients died.
    """
    rows = generator.sample(range(encounters.num_rows), min(count, encounters.num_rows))
    found = encounters.drop_columns(schema.TARGET).take(rows).to_pylist()
    valid = [_typed(row) for row in found if _is_valid(row)]
    if not valid:
        raise DatasetError("none of the drawn encounters is valid, so there is nothing to send")
    return valid


def _is_valid(row: dict[str, str]) -> bool:
    died = row["discharge_disposition_id"] in schema.DIED
    return not died and all(schema.BY_NAME[name].allows(value) for name, value in row.items())


def _typed(row: dict[str, str]) -> Encounter:
    return {
        name: int(value) if schema.BY_NAME[name].is_number else value for name, value in row.items()
    }


def as_json(encounter: Encounter) -> Payload:
    """Encode one encounter, without its patient and encounter numbers."""
    fields = {name: value for name, value in encounter.items() if name in schema.FEATURE_NAMES}
    return Payload(JSON, json.dumps(fields).encode())


def as_csv(encounters: Sequence[Encounter]) -> Payload:
    """Encode encounters as a CSV file."""
    text = io.StringIO(newline="")
    lines = csv.DictWriter(text, list(encounters[0]))
    lines.writeheader()
    lines.writerows(encounters)
    return Payload(CSV, text.getvalue().encode(), len(encounters))


def as_parquet(encounters: Sequence[Encounter]) -> Payload:
    """Encode encounters as a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(encounters)), sink)
    return Payload(PARQUET, sink.getvalue(), len(encounters))
