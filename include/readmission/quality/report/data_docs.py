"""Data Docs pages that work offline: each is a single file with inline styles and no scripts.

Great Expectations' own pages load fifteen styles and scripts from CDNs, build their tables in the
browser and do not escape data values. Here its renderers supply the content, our templates the
layout, and every data value is escaped.
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

from readmission import __version__
from readmission.domain.privacy import HIDDEN, is_identifier
from readmission.quality.report.keys import path_within
from readmission.warehouse.verdicts import Status

_VALUES = ("partial_unexpected_list", "partial_unexpected_counts")
"""Details of a result that hold values of the data."""


def write_pages(
    site: Path, page: str, suite: ExpectationSuite, result: ExpectationSuiteValidationResult
) -> None:
    """Write the page of a validation and the page of its suite.

    Parameters
    ----------
    site : Path
        Folder of the gate's reports.
    page : str
        Path of the validation's page within that folder.
    suite : ExpectationSuite
        The expectations.
    result : ExpectationSuiteValidationResult
        The result of validating them; it is not changed.

    Raises
    ------
    InvalidReportKey
        If a page would be written outside the folder.
    """
    view, suite_page = _Page(), f"expectations/{suite.name}.html"
    shown = copy(result)
    shown.results = [_presentable(one) for one in result.results]
    validation = _Validation(to_suite=f"{_up(page)}{suite_page}").render(shown)
    for name, document in (
        (page, validation),
        (suite_page, ExpectationSuitePageRenderer().render(suite)),
    ):
        path = path_within(site, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        # The overview is one level above, next to the gates' folders.
        home = f"{_up(name)}../index.html"
        path.write_text(view.render(document, home=home), encoding="utf-8")


def _up(page: str) -> str:
    return "../" * page.count("/")


class _Validation(ValidationResultsPageRenderer):  # type: ignore[misc]
    """Shows counts in place of Great Expectations' status, because the gate sets the status."""

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
    """Return how many expectations were not met, and which of them are only warnings."""
    missed = [result.expectation_config for result in results if not result.success]
    if not missed:
        return "all met."
    sentence = f"{len(missed)} not met, listed first."
    warnings = [c.kwargs.get("column", "") for c in missed if c.severity is FailureSeverity.WARNING]
    return f"{sentence} Warnings only: {', '.join(warnings)}." if warnings else sentence


class _Page(DefaultJinjaPageView):  # type: ignore[misc]
    """Renders pages with our templates, and falls back to those of Great Expectations."""

    def __init__(self) -> None:
        super().__init__()
        ours = [PackageLoader(__package__, f) for f in ("templates/data_docs", "templates")]
        self.env.loader = ChoiceLoader([*ours, self.env.loader])
        self.env.globals.update(Status=Status, release=__version__)

    @pass_context
    def render_content_block(
        self, jinja_context: Any, content_block: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Render a block, escaping plain strings because they may come from the data."""
        return super().render_content_block(jinja_context, _escaped(content_block), *args, **kwargs)


def _escaped(content: Any) -> Any:
    if isinstance(content, str):
        return str(escape(content))
    if isinstance(content, list):
        return [_escaped(element) for element in content]
    return content


def _presentable(result: ExpectationValidationResult) -> ExpectationValidationResult:
    """Return a copy of a result without patient and encounter numbers."""
    column = result.expectation_config.kwargs.get("column", "")
    details = {
        name: _hidden(value)
        if is_identifier(column) and isinstance(value, list) and name in _VALUES
        else value
        for name, value in result.result.items()
    }
    shown = copy(result)
    # The renderers accept Python's numbers, not NumPy's.
    shown.result = json.loads(json.dumps(convert_to_json_serializable(details)))
    return shown


def _hidden(values: list[Any]) -> list[Any]:
    """Return the values of an identifier column, or the counts of its values, masked."""
    if values and isinstance(values[0], dict):
        return [{"value": HIDDEN, "count": sum(value["count"] for value in values)}]
    return [HIDDEN for _ in values]
