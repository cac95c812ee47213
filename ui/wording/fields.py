"""Fields of an encounter in plain words: labels, values and validation errors."""

import re
from typing import Any

from ui.client import Json
from ui.wording import icd9, icd10

NOT_RECORDED = "Not recorded"


def labels(schema: Json) -> dict[str, str]:
    """Return the label of each field by its name."""
    return {field["name"]: field["label"] for field in schema["fields"]}


def soonest(classes: Json) -> str:
    """Return the outcome that a follow-up should prevent: the last one that the API lists."""
    return str(list(classes)[-1])


def meanings(field: Json, missing: str) -> dict[str, str]:
    """Return each value that the form lists for a field, with its meaning."""
    diagnoses = icd9.MEANINGS | icd10.MEANINGS
    listed = diagnoses if field["kind"] == "diagnosis" else field["values"]
    return ({missing: NOT_RECORDED} if field["nullable"] else {}) | listed


def value_in_words(field: Json, value: Any, missing: str) -> str:
    """Return a value as a clinician would say it."""
    text = str(value)
    if field["kind"] == "diagnosis" and text != missing:
        return icd10.describe(text) if text in icd10.MEANINGS else icd9.describe(text)
    meaning = meanings(field, missing).get(text, text)
    return _spaced(text) if meaning == text else meaning


def _spaced(text: str) -> str:
    """Put spaces between joined words, as in InternalMedicine and HeadandNeck."""
    text = re.sub(r"(?<=[a-z])(and|within)(?=[A-Z])", r" \1", text)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)


def problem_in_words(problem: Json, schema: Json) -> str:
    """Return a validation error, with the field's label in the form."""
    name = problem["field"]
    label = labels(schema).get(name)
    if label is None:
        return f"`{name}` is not a known field; expected {problem['expected']}"
    expected = problem["expected"].replace(
        f", or {schema['missing']!r} when missing", ", or not recorded"
    )
    if problem["value"] is None:
        return f"**{label}** (`{name}`) is missing; expected {expected}"
    return f"**{label}**: `{problem['value']}` is not a valid value; expected {expected}"
