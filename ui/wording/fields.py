"""Fields of an encounter in plain words: labels, values and validation errors."""

from collections.abc import Callable
from typing import Any

from ui.client import Json
from ui.language import N_, _, sentences, translator
from ui.wording import icd9, icd10

NOT_RECORDED = N_("Not recorded")


def labels(schema: Json) -> dict[str, str]:
    """Return the label of each field by its name."""
    return {field["name"]: _(field["label"]) for field in schema["fields"]}


def outcomes(schema: Json) -> dict[str, str]:
    """Return the meaning of each outcome by its name."""
    return {name: _(meaning) for name, meaning in schema["classes"].items()}


def soonest(classes: Json) -> str:
    """Return the outcome that a follow-up should prevent: the last one that the API lists."""
    return str(list(classes)[-1])


def meanings(field: Json, missing: str) -> dict[str, str]:
    """Return each value that the form lists for a field, with its meaning in English."""
    diagnoses = icd9.MEANINGS | icd10.MEANINGS
    listed = diagnoses if field["kind"] == "diagnosis" else field["values"]
    return ({missing: NOT_RECORDED} if field["nullable"] else {}) | listed


def wording(field: Json, missing: str) -> Callable[[Any], str]:
    """Return a function that puts any value of a field into words; fast enough for a long list."""
    listed, say = meanings(field, missing), translator()

    def in_words(value: Any) -> str:
        text = str(value)
        if field["kind"] == "diagnosis" and text != missing:
            return (icd10 if text in icd10.MEANINGS else icd9).describe(text, say)
        meaning = listed.get(text, text)
        return say(sentences.spaced(text) if meaning == text else meaning)

    return in_words


def value_in_words(field: Json, value: Any, missing: str) -> str:
    """Return a value as a clinician would say it."""
    return wording(field, missing)(value)


def problem_in_words(problem: Json, schema: Json) -> str:
    """Return a validation error, with the field's label in the form."""
    name = problem["field"]
    label = labels(schema).get(name)
    if label is None:
        return _(
            "`{name}` is not a known field; expected {expected}",
            name=name,
            expected=sentences.translate(problem["expected"]),
        )
    accepted = problem["expected"].replace(
        f", or {schema['missing']!r} when missing", ", or not recorded"
    )
    expected = sentences.translate(accepted)
    if problem["value"] is None:
        return _(
            "**{label}** (`{name}`) is missing; expected {expected}",
            label=label,
            name=name,
            expected=expected,
        )
    return _(
        "**{label}**: `{value}` is not a valid value; expected {expected}",
        label=label,
        value=problem["value"],
        expected=expected,
    )
