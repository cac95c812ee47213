"""How values of a request were interpreted if the contract does not list them as sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from readmission.domain import schema
from readmission.domain.columns import earlier_stays
from readmission.serving.encoding_tables import Encounter, Value

History = Literal[
    "used",
    "used: all delivered stays",
    "caller",
    "blank: no patient_nbr",
    "blank: unknown patient",
    "blank: unavailable",
    "ignored: not a field of this model",
]
"""Where the earlier stays came from: a look-up, or the caller; and why there are none."""
IGNORED: History = earlier_stays.IGNORED
ALL_DELIVERED: History = "used: all delivered stays"
"""The encounter has no number or was not delivered, so nobody knows which stays are before it."""
TAKEN: tuple[History, ...] = ("used", ALL_DELIVERED, earlier_stays.CALLER)

_COLUMNS = {column.name: column for column in (*schema.REQUEST_COLUMNS, *earlier_stays.FIELDS)}


@dataclass(frozen=True)
class Reading:
    """A field, the value sent, the value that was read, and a sentence about it."""

    field: str
    sent: str
    value: str
    remark: str


class InterpretedEncounter(dict[str, Value]):
    """An encounter with what is known beyond its fields; others are plain dictionaries."""

    readings: Sequence[Reading] = ()
    history: History | None = None
    ignored: Mapping[str, Value] = MappingProxyType({})
    """The fields of earlier stays that were sent for a model that takes none."""


def with_readings(encounter: dict[str, Value], sent: Mapping[str, Any]) -> Encounter:
    """Return an encounter together with its readings, if it has any.

    Parameters
    ----------
    encounter : dict
        As the contract writes it.
    sent : mapping
        The fields of the request.
    """
    changed = (name for name, value in encounter.items() if sent.get(name, value) != value)
    readings = tuple(
        Reading(name, str(sent[name]), found.value, f"{name}: {found.remark}")
        for name in changed
        if (found := _COLUMNS[name].interpret(sent[name])) is not None
    )
    if not readings:
        return encounter
    interpreted = InterpretedEncounter(encounter)
    interpreted.readings = readings
    return interpreted


def readings_of(encounter: Encounter) -> Sequence[Reading]:
    """Return the readings of an encounter."""
    return encounter.readings if isinstance(encounter, InterpretedEncounter) else ()


def with_history(
    encounter: Encounter, history: History, fields: Mapping[str, Value]
) -> InterpretedEncounter:
    """Return an encounter with the fields of earlier stays and where they came from."""
    completed = InterpretedEncounter(encounter)
    if history == IGNORED:
        completed.ignored = {name: completed.pop(name) for name in earlier_stays.NAMES}
    completed.update(fields)
    completed.readings, completed.history = readings_of(encounter), history
    return completed


def history_of(encounter: Encounter) -> History | None:
    """Return where earlier stays came from; None if the model takes none and none were sent."""
    return encounter.history if isinstance(encounter, InterpretedEncounter) else None


def with_ignored(encounter: Encounter) -> Encounter:
    """Return an encounter with the fields of earlier stays that were ignored, if there are any."""
    ignored = encounter.ignored if isinstance(encounter, InterpretedEncounter) else {}
    return {**encounter, **ignored} if ignored else encounter
