"""Validates rows against a suite with Great Expectations, and writes the report.

This is the only module that runs Great Expectations. Importing it takes seconds, so tasks import
it inside their functions.
"""

import os
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Any

# Great Expectations reads this once, at import. It turns usage statistics off.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx
import pandas as pd
from great_expectations.core.expectation_validation_result import (
    ExpectationValidationResult,
)
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity

from readmission.domain.batch_ids import parse_batch_id
from readmission.domain.privacy import all_shown, is_identifier, shown
from readmission.errors import GateError
from readmission.quality.report.data_docs import write_pages
from readmission.quality.report.keys import path_within
from readmission.quality.verdict import Failure, Verdict
from readmission.warehouse.raw.line_numbers import line_of

ROW_SCOPE = {"scope": "row"}
"""Meta of an expectation whose failing rows can be quarantined one by one."""
ADVICE = "advice"
"""Key in the meta of a warning: what to do about it, as one clause."""

_EXAMPLES = 3
"""Number of example values in a sentence."""
_LISTED_VALUES, _LISTED_ROWS = 20, 1_000
"""Largest number of values and of rows that a report lists for one expectation."""
_LINE = "row"
"""Heading of the numbers of failing rows in a report; they are counted from 1."""
_COLUMN_KEYS = ("column", "column_A", "column_B")


def check(
    gate: str,
    batch_id: str,
    rows: pd.DataFrame,
    suite: Sequence[Expectation],
    docs_dir: Path,
    arrived: pd.DataFrame | None = None,
) -> Verdict:
    """Validate `rows` against `suite` and write the report.

    Parameters
    ----------
    gate : str
        Name of the gate. Each gate has its own report site, so that concurrent gates never write
        the same file.
    batch_id : str
        The batch under which the report is filed.
    rows : DataFrame
        The rows to check; their index identifies rows of row-scoped expectations.
    suite : sequence of Expectation
        The expectations.
    docs_dir : Path
        Folder of all sites.
    arrived : DataFrame, optional
        The same rows before parsing; the report and the reasons quote their values.

    Raises
    ------
    InvalidBatchId, InvalidReportKey
        If `batch_id` is not the id of a batch, or `gate` is not a folder name.
    GateError
        If an expectation could not be evaluated.
    """
    batch_id, site = parse_batch_id(batch_id), path_within(docs_dir, gate)
    frame = rows.reset_index(names=_index_name(rows))
    validation = _validation(gate, suite)
    checkpoint = gx.Checkpoint(
        name=gate, validation_definitions=[validation], result_format={"result_format": "SUMMARY"}
    )
    run = checkpoint.run(
        batch_parameters={"dataframe": frame}, run_id=gx.RunIdentifier(run_name=batch_id)
    )
    ((identifier, found),) = run.run_results.items()
    _raise_if_not_evaluated(gate, found.results)
    failed = [result for result in found.results if not result.success]
    positions = _failing_positions(validation, frame, [r for r in failed if _is_row_scoped(r)])
    quoted = rows if arrived is None else arrived
    failures = []
    for result in failed:
        values = {}
        if _is_row_scoped(result):
            values = _list_rows(result, quoted.iloc[positions[_key(result.expectation_config)]])
        failures.append(_failure(result, values))
    page = "/".join(("validations", *identifier.to_tuple())) + ".html"
    write_pages(site, page, validation.suite, found)
    return Verdict(gate, batch_id, len(found.results), tuple(failures), site, page)


def _validation(gate: str, suite: Sequence[Expectation]) -> gx.ValidationDefinition:
    """Return the definition that validates a data frame against a suite, in a stateless context.

    The definitions are built for each run. If they were stored, Great Expectations would compare
    old and new expectation by expectation, which takes longer than validating 15,000 rows.
    """
    context = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(),
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False),
        ),
    )
    asset = context.data_sources.add_pandas("rows").add_dataframe_asset(gate)
    expected = gx.ExpectationSuite(name=gate, expectations=[copy(e) for e in suite])
    return context.validation_definitions.add(
        gx.ValidationDefinition(
            name=gate,
            data=asset.add_batch_definition_whole_dataframe("batch"),
            suite=context.suites.add(expected),
        )
    )


def _raise_if_not_evaluated(gate: str, results: Sequence[ExpectationValidationResult]) -> None:
    for result in results:
        info = result.exception_info
        # Either the expectation itself failed, or some of the metrics that it needs.
        for raised in [info] if "raised_exception" in info else info.values():
            if raised["raised_exception"]:
                raise GateError(
                    f"gate {gate!r}: {result.expectation_config.type} could not be evaluated:"
                    f" {raised['exception_message']}"
                )


def _is_row_scoped(result: ExpectationValidationResult) -> bool:
    return bool(result.expectation_config.meta == ROW_SCOPE)


def _failing_positions(
    validation: gx.ValidationDefinition,
    frame: pd.DataFrame,
    failed: Sequence[ExpectationValidationResult],
) -> dict[tuple[str, str], list[int]]:
    """Validate the failed expectations again and return the positions of all failing rows.

    The checkpoint itself could list the rows, but it copies the lists at every step and looks up
    each value separately. For 15,000 rows that are wrong in every column, that takes two minutes;
    this function takes two seconds.
    """
    if not failed:
        return {}
    wanted = {_key(result.expectation_config) for result in failed}
    again = [copy(e) for e in validation.suite.expectations if _key(e.configuration) in wanted]
    batch = validation.data.get_batch(batch_parameters={"dataframe": frame})
    found = batch.validate(
        gx.ExpectationSuite(name=validation.suite.name, expectations=again),
        result_format={"result_format": "COMPLETE", "return_unexpected_index_query": False},
    )
    return {
        _key(result.expectation_config): result.result["unexpected_index_list"]
        for result in found.results
    }


def _key(config: ExpectationConfiguration) -> tuple[str, str]:
    """Return type and column, which identify a row-scoped expectation within its suite."""
    return config.type, config.kwargs.get("column", "")


def _index_name(rows: pd.DataFrame) -> str:
    return str(rows.index.name or "row")


def _list_rows(result: ExpectationValidationResult, rows: pd.DataFrame) -> dict[int, str]:
    """Add the failing rows to a result, and return the wrong value of each row."""
    column = result.expectation_config.kwargs["column"]
    values = all_shown(rows[column])
    by_row = dict(zip(map(int, values.index), values, strict=True))
    counts = values.value_counts(sort=True).head(_LISTED_VALUES)
    listed = list(by_row.items())[:_LISTED_ROWS]
    result.result |= {
        "partial_unexpected_list": [value for _, value in listed[:_LISTED_VALUES]],
        "partial_unexpected_counts": [
            {"value": value, "count": int(count)} for value, count in counts.items()
        ],
        "unexpected_index_list": [{_LINE: line_of(row), column: value} for row, value in listed],
        "unexpected_index_column_names": [_LINE],
    }
    return by_row


def _failure(result: ExpectationValidationResult, rows: dict[int, str]) -> Failure:
    config, details = result.expectation_config, result.result
    columns = [config.kwargs[key] for key in _COLUMN_KEYS if key in config.kwargs]
    column = " and ".join(columns)
    expected = config.notes or config.type.removeprefix("expect_").replace("_", " ")
    subject = f"{column}: {expected}" if column else str(expected)
    advice = (config.meta or {}).get(ADVICE)
    found, examples = _evidence(columns, details)
    return Failure(
        expectation=config.type,
        column=column,
        critical=config.severity is FailureSeverity.CRITICAL,
        subject=subject,
        sentence="; ".join(filter(None, (subject + found + examples, advice))),
        summary="; ".join(filter(None, (subject + found, advice))),
        count=details.get("unexpected_count") or 0,
        rows=rows,
    )


def _evidence(columns: Sequence[str], details: dict[str, Any]) -> tuple[str, str]:
    """Describe what was found instead, and apart from it examples of values of rows.

    Of identifier columns there are no examples.
    """
    if details.get("unexpected_count"):
        rows = details["unexpected_count"]
        count = f"; {rows:,} rows fail" if rows > 1 else "; 1 row fails"
        values = details.get("partial_unexpected_list", [])
        if any(map(is_identifier, columns)):
            return count, ""
        examples = list(dict.fromkeys(shown("", value) for value in values))[:_EXAMPLES]
        return count, f", e.g. {', '.join(examples)}" if examples else ""
    if details.get("partial_missing_list"):
        return f"; missing {', '.join(map(str, details['partial_missing_list']))}", ""
    if mismatched := (details.get("details") or {}).get("mismatched"):
        listed = (f"; {what} {', '.join(names)}" for what, names in sorted(mismatched.items()))
        return "".join(listed), ""
    observed = details.get("observed_value")
    if observed is None:
        return "", ""
    said = f"{observed:.4g}" if isinstance(observed, float) else observed
    return f"; observed {said}", ""
