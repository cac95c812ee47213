"""OpenAPI description of an uploaded file of encounters and of the predictions returned for it."""

import json
from typing import Any

from pydantic.json_schema import models_json_schema

from api.contract.predictions import COLUMNS, EXAMPLE, PredictedRow, RejectedRow, SummaryLine
from api.files import readers
from api.files.writers import CSV, CSV_HEADER, NDJSON, PARQUET, CsvWriter
from readmission.domain import schema

SCHEMA_REF = "#/components/schemas/{model}"
LINES = (PredictedRow, RejectedRow, SummaryLine)

_ENCOUNTER = schema.example()
_UPLOADS = {
    "application/json": [_ENCOUNTER],
    NDJSON: json.dumps(_ENCOUNTER),
    CSV: "\n".join(",".join(map(str, line)) for line in (_ENCOUNTER, _ENCOUNTER.values())),
}
_, _definitions = models_json_schema(
    [(model, "serialization") for model in LINES], ref_template=SCHEMA_REF
)
LINE_SCHEMAS: dict[str, Any] = _definitions["$defs"]
"""Schemas of the lines, to be added to the components of OpenAPI."""

BODY: dict[str, Any] = {
    "required": True,
    "content": {
        kind: {"schema": {"type": "string", "format": "binary"}}
        | ({"example": _UPLOADS[kind]} if kind in _UPLOADS else {})
        for kind in readers.READERS
    },
}
"""The upload; a Parquet file cannot be shown as text."""


def _one_of(*models: type) -> dict[str, Any]:
    return {"oneOf": [{"$ref": SCHEMA_REF.format(model=model.__name__)} for model in models]}


def _csv_example() -> str:
    writer = CsvWriter()
    return (writer.begin() + writer.write([EXAMPLE])).decode()


def _list_columns() -> str:
    return ", ".join(f"`{column.name}` ({column.type.__name__})" for column in COLUMNS)


RESPONSE: dict[str, Any] = {
    "description": "One line per row, in the order of the file, sent while the file is read.",
    "content": {
        NDJSON: {"schema": _one_of(*LINES), "example": EXAMPLE},
        CSV: {
            "schema": {
                "type": "string",
                "description": (
                    f"Columns: {', '.join(CSV_HEADER)}. The column `error` holds the message."
                ),
            },
            "example": _csv_example(),
        },
        PARQUET: {
            "schema": {
                "type": "string",
                "format": "binary",
                "description": (
                    f"Columns: {_list_columns()}. The summary is in the file's metadata, under"
                    " the key `summary`. If the upload breaks off, the last row holds the error."
                ),
            }
        },
    },
}
"""The response; `?answer=` selects the format, NDJSON by default."""
