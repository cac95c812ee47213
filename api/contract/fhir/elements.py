"""Elements of FHIR resources, read leniently."""

import re
from collections.abc import Mapping
from typing import Any

Resource = dict[str, Any]


def listed(resource: Mapping[str, Any], name: str) -> list[Resource]:
    """Return the objects of a repeated element."""
    found = resource.get(name)
    items = found if isinstance(found, list) else [found]
    return [item for item in items if isinstance(item, dict)]


def codings(concept: Any) -> list[Resource]:
    """Return the codings of a CodeableConcept."""
    return listed(concept, "coding") if isinstance(concept, dict) else []


def words_of(concept: Any) -> str:
    """Return all texts of a CodeableConcept in lower case."""
    if not isinstance(concept, dict):
        return ""
    texts = [concept.get("text"), *(coding.get("display") for coding in codings(concept))]
    return " ".join(text for text in texts if isinstance(text, str)).lower()


def reference_in(resource: Mapping[str, Any], element: str) -> str:
    """Return the reference in an element, or an empty text."""
    found = resource.get(element)
    return str(found.get("reference", "")) if isinstance(found, dict) else ""


def id_in(reference: str) -> str:
    """Return the id of a resource in a reference: relative, absolute, versioned, or a UUID."""
    return re.split("[/:#]", reference.partition("/_history/")[0])[-1]
