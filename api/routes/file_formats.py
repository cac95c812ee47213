"""What OpenAPI says of a file of encounters and of the answer to it, with an example of each."""

import json
from typing import Any

from api.contract import responses
from api.files import readers
from readmission.domain import schema

NDJSON, CSV = "application/x-ndjson", "text/csv"
MEDIA = {"ndjson": NDJSON, "csv": f"{CSV}; charset=utf-8"}
"""Content type of each form of the answer."""
CSV_COLUMNS = (
    "row", "predicted_class", *(f"probability_{name}" for name in schema.CLASSES),
    "risk_percentile", "error",
)  # fmt: skip

_ENCOUNTER = schema.example()
_FILES = {
    "application/json": [_ENCOUNTER],
    NDJSON: json.dumps(_ENCOUNTER),
    CSV: "\n".join(",".join(map(str, line)) for line in (_ENCOUNTER, _ENCOUNTER.values())),
}
_LINE = responses.BatchLine.model_json_schema(ref_template="#/components/schemas/{model}")
_LINE.pop("$defs")  # They stand among the components, as shapes of other answers.

BODY: dict[str, Any] = {
    "required": True,
    "content": {
        kind: {"schema": {"type": "string", "format": "binary"}}
        | ({"example": _FILES[kind]} if kind in _FILES else {})
        for kind in readers.READERS
    },
}
"""The request; of Parquet a text can show nothing."""

ANSWER: dict[str, Any] = {
    "description": "A line for each row, in order, while the file is read.",
    "content": {
        NDJSON: {
            "schema": _LINE,
            "example": {
                "row": 0,
                "predicted_class": "NO",
                "meaning": schema.BY_NAME[schema.TARGET].values["NO"],
                "probabilities": {"NO": 0.62, ">30": 0.3, "<30": 0.08},
                "risk_percentile": 41,
            },
        },
        CSV: {
            "schema": {"type": "string"},
            "example": ",".join(CSV_COLUMNS) + "\r\n0,NO,0.62,0.3,0.08,41,\r\n",
        },
    },
}
"""The answer; CSV if ``?answer=csv`` asks for it."""
