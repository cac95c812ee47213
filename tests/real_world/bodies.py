"""Bodies of one encounter as other clients send them, and what the service answers.

Clients of other models for this data set were rebuilt by hand. A report from outside becomes one
line: the body is answered like the example, or gets one sentence that says what to change.
"""

import json
from typing import Any, NamedTuple

from readmission.domain.schema import example

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
MARK = b"\xef\xbb\xbf"
SENT = json.dumps(example()).encode()
IN_CAMEL_CASE = {
    "".join(part.capitalize() if n else part for n, part in enumerate(name.split("_"))): value
    for name, value in example().items()
}


MLFLOW, KSERVE, FILE = "/invocations", "/v2/models/diabetes_readmission/infer", "/predict/batch"
ELSEWHERE = {
    MLFLOW: "expected exactly one of dataframe_split, dataframe_records, instances, inputs",
    KSERVE: "expected a list with one tensor for each field",
    FILE: "is not a JSON array of encounters",
}
"""What a body for `/predict`, or for nobody, is told on the other ways in: how to send it there."""
OF_A_LIST = {
    MLFLOW: "a JSON object with exactly one of dataframe_split, dataframe_records, instances",
    KSERVE: "a JSON object with 'inputs', one tensor for each field",
}
ANSWERED = {("MLflow 2", MLFLOW), ("TensorFlow", MLFLOW), ("list", FILE)}
"""Bodies that are right there."""


class Body(NamedTuple):
    """What is sent, and what the message says; without it, the body is answered.

    If `is_row`, the encounter is right as a row of a file or of another protocol.
    """

    name: str
    sent: Any
    says: str = ""
    content_type: str = JSON
    is_row: bool = False

    @property
    def content(self) -> bytes:
        """The bytes of the body."""
        return self.sent if isinstance(self.sent, bytes) else json.dumps(self.sent).encode()


ENVELOPES = (
    Body("byte order mark", MARK + SENT),
    Body("blank lines", b"\r\n\n " + SENT + b"\r\n"),
    Body("content type with a charset", SENT, content_type="application/json; charset=utf-8"),
    Body("features", {"features": example()}, "without 'features' around them"),
    Body("data", {"data": example()}, "without 'data' around them"),
    Body("data of a frame", {"data": [example()]}, "without 'data' around them"),
    Body("encounters", {"encounters": [example()]}, "without 'encounters' around them"),
    Body("patient", {"patient": example()}, "without 'patient' around them"),
    Body("long name", {"x" * 61: example()}, "is unknown"),
    Body("encoded columns", {"features": [0, 1, 0, 3.5]}, "without 'features' around them"),
    Body("MLflow 1", {"columns": ["age"], "data": [["[70-80)"]]}, "without 'data' around them"),
    Body("MLflow 2", {"dataframe_records": [example()]}, "at POST /invocations"),
    Body("TensorFlow", {"signature_name": "x", "instances": [example()]}, "at POST /invocations"),
    Body("list", [example()], "expected a JSON object with the fields of one encounter"),
    Body("JSON in a text", json.dumps(example()), "expected a JSON object with the fields of one"),
)
"""The encounter itself is right, or is not there."""

FIELDS = (
    Body("capitals", {"RACE": "Caucasian"}, "field 'RACE' is unknown, expected 'race' or another"),
    Body("camel case", IN_CAMEL_CASE, "is unknown, expected 'admission_source_id' or another"),
    Body("some fields", {"age": "[70-80)", "time_in_hospital": 3}, "is missing, expected"),
    # A file of the past has the outcomes, too.
    Body("outcome", example() | {"readmitted": "NO"}, "the service predicts it", is_row=True),
    Body("group of a diagnosis", example() | {"diag_1": "Circulatory"}, "an ICD-9 code such as"),
    Body("code of a category", example() | {"gender": 1}, "expected one of"),
)
"""An object whose fields are wrong."""

BODIES = (
    *ENVELOPES,
    *FIELDS,
    Body("form", b"age=70&gender=Male", "send application/json", FORM),
)
