"""What leaves Airflow as lineage: events of OpenLineage without values of encounters."""

from copy import copy
from typing import TYPE_CHECKING

from openlineage.client.facet_v2 import error_message_run
from openlineage.client.transport.transform import EventTransformer

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

HIDDEN = error_message_run.ErrorMessageRunFacet(
    message="The log of the task says why it failed.", programmingLanguage="python"
)
"""A gate's message has examples of the values that it found."""
DESCRIBED = ("dagRun", "taskInstance", "task")
"""Parts of a facet of Airflow's provider."""
ENTERED = ("conf", "note", "triggering_user_name", "hitl_summary")
"""What people entered into a form, a note or a question, and their names: a correction quotes a
value of an encounter."""
EMPTY = ("unknownSourceAttribute",)
"""Facets without content: a task has no query that could be parsed."""


class WithoutValues(EventTransformer):
    """Removes what may quote an encounter or name a person."""

    def transform(self, event: "RunEvent") -> "RunEvent":
        """Return the event without the messages of errors and without what people entered."""
        facets = {
            name: copy(f) for name, f in (event.run.facets or {}).items() if name not in EMPTY
        }
        if "errorMessage" in facets:
            facets["errorMessage"] = HIDDEN
        for facet in facets.values():
            for what in DESCRIBED:
                if isinstance(described := getattr(facet, what, None), dict):
                    kept = {name: v for name, v in described.items() if name not in ENTERED}
                    setattr(facet, what, kept)
        event.run.facets = facets
        return event
