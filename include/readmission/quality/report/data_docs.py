"""Data Docs pages that need no network: one file a page, styles within, no script.

Great Expectations' own site loads fifteen styles and scripts from CDNs, builds its tables
in the browser and puts values of the data into the page as they are. Here its renderers
decide what a page says and our templates how it looks; what came from the data is escaped.
"""

import json
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Any

from great_expectations import ExpectationSuite
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
)
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.render import RenderedHeaderContent
from great_expectations.render.renderer import (
    ExpectationSuitePageRenderer,
    ValidationResultsPageRenderer,
)
from great_expectations.render.view import DefaultJinjaPageView
from great_expectations.util import convert_to_json_serializable
from jinja2 import ChoiceLoader, PackageLoader, pass_context
from markupsafe import escape

from readmission.domain.privacy import HIDDEN, is_identifier

_VALUES = ("partial_unexpected_list", "partial_unexpected_counts")
"""Where a result has values of the data."""


def write_pages(
    site: Path, page: str, suite: ExpectationSuite, outcome: ExpectationSuiteValidationResult
) -> None:
    """Write the page of a validation and the page of its suite.

    Parameters
    ----------
    site : Path
        Folder of the gate.
    page : str
        Where the validation's page goes in that folder.
    suite : ExpectationSuite
        What was expected.
    outcome : ExpectationSuiteValidationResult
        What was found; it is left as it is.
    """
    view, suite_page = _Page(), f"expectations/{suite.name}.html"
    shown = copy(outcome)
    shown.results = [_presentable(result) for result in outcome.results]
    validation = _Validation(to_suite=f"{_up(page)}{suite_page}").render(shown)
    for name, document in (
        (page, validation),
        (suite_page, ExpectationSuitePageRenderer().render(suite)),
    ):
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # One folder up again: the overview is beside the folders of the gates.
        home = f"{_up(name)}../index.html"
        path.write_text(view.render(document, home=home), encoding="utf-8")


def _up(page: str) -> str:
    return "../" * page.count("/")


class _Validation(ValidationResultsPageRenderer):  # type: ignore[misc]
    """Counts instead of a status: whether the batch went through is the gate's word."""

    def __init__(self, to_suite: str) -> None:
        super().__init__()
        self._to_suite = to_suite

    def _render_validation_header(
        self, validation_results: ExpectationSuiteValidationResult
    ) -> RenderedHeaderContent:
        return RenderedHeaderContent(
            header="Overview",
            subheader={
                "content_block_type": "string_template",
                "string_template": {
                    "template": "$suite: $evaluated expectations, $sentence",
                    "params": {
                        "suite": validation_results.suite_name,
                        "evaluated": len(validation_results.results),
                        "sentence": _summary(validation_results.results),
                    },
                    "styling": {
                        "params": {"suite": {"tag": "a", "attributes": {"href": self._to_suite}}}
                    },
                },
            },
            styling={"classes": ["col-12"], "header": {"classes": ["alert"]}},
        )


def _summary(results: Sequence[ExpectationValidationResult]) -> str:
    """Say how much was not met, and what of it does no more than warn."""
    missed = [result.expectation_config for result in results if not result.success]
    if not missed:
        return "all met."
    sentence = f"{len(missed)} not met, listed first."
    warnings = [c.kwargs.get("column", "") for c in missed if c.severity is FailureSeverity.WARNING]
    return f"{sentence} Only a warning: {', '.join(warnings)}." if warnings else sentence


class _Page(DefaultJinjaPageView):  # type: ignore[misc]
    """Pages from our templates before those of Great Expectations."""

    def __init__(self) -> None:
        super().__init__()
        ours = [PackageLoader(__package__, f) for f in ("templates/data_docs", "templates")]
        self.env.loader = ChoiceLoader([*ours, self.env.loader])

    @pass_context
    def render_content_block(
        self, jinja_context: Any, content_block: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Render a block; a bare text comes from the data as often as not, so it is escaped."""
        return super().render_content_block(jinja_context, _escaped(content_block), *args, **kwargs)


def _escaped(content: Any) -> Any:
    if isinstance(content, str):
        return str(escape(content))
    if isinstance(content, list):
        return [_escaped(element) for element in content]
    return content


def _presentable(result: ExpectationValidationResult) -> ExpectationValidationResult:
    """Return a result to show: no number of a patient or a stay."""
    column = result.expectation_config.kwargs.get("column", "")
    details = {
        name: _hidden(value)
        if is_identifier(column) and isinstance(value, list) and name in _VALUES
        else value
        for name, value in result.result.items()
    }
    shown = copy(result)
    # The renderers know plain numbers only, not those of numpy.
    shown.result = json.loads(json.dumps(convert_to_json_serializable(details)))
    return shown


def _hidden(values: list[Any]) -> list[Any]:
    """Return values of a key, or counts of them, without the numbers."""
    if values and isinstance(values[0], dict):
        return [{"value": HIDDEN, "count": sum(value["count"] for value in values)}]
    return [HIDDEN for _ in values]
