"""One adapter between a frame, a suite and a verdict; the only module that runs Great Expectations.

Importing it takes seconds, so tasks import it where they need it.
"""

import os
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

# Read once, at import: no usage data leaves this machine.
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
from great_expectations.expectations.metadata_types import FailureSeverity

from readmission import schema
from readmission.errors import GateError, GateFailed
from readmission.quality.data_docs import write_pages

ROW_SCOPE = {"scope": "row"}
"""Meta of an expectation whose failing rows can be set aside one by one."""

_SHOWN_VALUES = 3


@dataclass(frozen=True)
class Failure:
    """One expectation that was not met.

    Parameters
    ----------
    expectation, column : str
        What was expected, of which column (empty for the whole table).
    critical : bool
        Whether it stops the batch; otherwise it is a warning.
    sentence : str
        The failure in words, with the count and some of the values.
    rows : tuple of int
        Index of the failing rows, where the expectation is about rows.
    """

    expectation: str
    column: str
    critical: bool
    sentence: str
    rows: tuple[int, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What a gate found.

    Parameters
    ----------
    gate, batch_id : str
        Which gate looked at which batch.
    evaluated : int
        How many expectations were evaluated.
    failures : tuple of Failure
        The expectations that were not met.
    site : Path
        Folder of the Data Docs with the report.
    page : str
        The report's page within the site.
    """

    gate: str
    batch_id: str
    evaluated: int
    failures: tuple[Failure, ...]
    site: Path
    page: str

    @property
    def report(self) -> str:
        """Key of the report in the bucket: the gate's folder, then the page."""
        return f"{self.gate}/{self.page}"

    @property
    def stops(self) -> list[str]:
        """Sentences of the critical failures that concern the batch as a whole."""
        return [f.sentence for f in self.failures if f.critical and not f.rows]

    def reasons(self) -> pd.DataFrame:
        """Return ``source_row`` and ``reasons`` of each row that a critical failure names."""
        named = [(row, f.sentence) for f in self.failures if f.critical for row in f.rows]
        frame = pd.DataFrame(named, columns=["source_row", "reasons"])
        return frame.groupby("source_row")["reasons"].agg(list).reset_index()

    def warned(self, sentences: Iterable[str]) -> "Verdict":
        """Return this verdict with warnings that no expectation on the rows can give."""
        warnings = tuple(Failure("drift", "", critical=False, sentence=s) for s in sentences)
        return replace(self, failures=self.failures + warnings)

    def require(self) -> None:
        """Raise unless everything critical was met.

        Raises
        ------
        GateFailed
            With one sentence per failed expectation.
        """
        critical = [failure.sentence for failure in self.failures if failure.critical]
        if critical:
            raise GateFailed(self.gate, self.batch_id, critical)


def check(
    gate: str, batch_id: str, rows: pd.DataFrame, suite: Sequence[Expectation], docs_dir: Path
) -> Verdict:
    """Validate `rows` against `suite` and write the report.

    Parameters
    ----------
    gate : str
        Name of the gate; its reports get a site of their own, so that gates that run
        at the same time do not write the same files.
    batch_id : str
        The batch the report is filed under.
    rows : DataFrame
        What is looked at; its index identifies rows of row-scoped expectations.
    suite : sequence of Expectation
        What is expected.
    docs_dir : Path
        Folder of all sites.

    Raises
    ------
    GateError
        If an expectation could not be evaluated at all.
    """
    index_name = str(rows.index.name or "row")
    validation = _validation(gate, suite)
    outcome = gx.Checkpoint(
        name=gate,
        validation_definitions=[validation],
        result_format=_result_format(suite, index_name),
    ).run(
        batch_parameters={"dataframe": rows.reset_index(names=index_name)},
        run_id=gx.RunIdentifier(run_name=batch_id),
    )
    ((identifier, found),) = outcome.run_results.items()
    _require_answers(gate, found.results)
    failures = tuple(_failure(r, index_name) for r in found.results if not r.success)
    page = "/".join(("validations", *identifier.to_tuple())) + ".html"
    write_pages(docs_dir / gate, page, validation.suite, found)
    return Verdict(gate, batch_id, len(found.results), failures, docs_dir / gate, page)


def _validation(gate: str, suite: Sequence[Expectation]) -> gx.ValidationDefinition:
    """Return a suite and the frame it is for, in a context that stores nothing.

    Definitions come from the code at each run: stored ones would be compared with the new
    ones expectation by expectation, which costs more than validating 15,000 rows.
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


def _result_format(suite: Sequence[Expectation], index_name: str) -> dict[str, Any]:
    """Ask for every failing row only where rows can be set aside: the lists cost seconds."""
    if any(expected.meta == ROW_SCOPE for expected in suite):
        return {"result_format": "COMPLETE", "unexpected_index_column_names": [index_name]}
    return {"result_format": "SUMMARY"}


def _require_answers(gate: str, results: Sequence[ExpectationValidationResult]) -> None:
    for result in results:
        info = result.exception_info
        # One exception of the expectation itself, or one for each metric it asked for.
        for raised in [info] if "raised_exception" in info else info.values():
            if raised["raised_exception"]:
                raise GateError(
                    f"gate {gate!r}: {result.expectation_config.type} could not be evaluated:"
                    f" {raised['exception_message']}"
                )


def _failure(result: ExpectationValidationResult, index_name: str) -> Failure:
    config = result.expectation_config
    about_rows = (config.meta or {}).get("scope") == ROW_SCOPE["scope"]
    column = config.kwargs.get("column", "")
    return Failure(
        expectation=config.type,
        column=column,
        critical=config.severity is FailureSeverity.CRITICAL,
        sentence=_sentence(column, config, result.result),
        rows=_failing_rows(result.result, index_name) if about_rows else (),
    )


def _failing_rows(details: dict[str, Any], index_name: str) -> tuple[int, ...]:
    return tuple(int(row[index_name]) for row in details.get("unexpected_index_list") or ())


def _sentence(column: str, config: Any, details: dict[str, Any]) -> str:
    expected = config.notes or config.type.removeprefix("expect_").replace("_", " ")
    subject = f"{column}: {expected}" if column else str(expected)
    if details.get("unexpected_count"):
        shown = list(dict.fromkeys(map(str, details.get("partial_unexpected_list", []))))
        count = f"{subject}; {details['unexpected_count']} rows are not"
        is_identifier = column in (schema.ENCOUNTER, schema.PATIENT)
        return count if is_identifier else f"{count}, e.g. {', '.join(shown[:_SHOWN_VALUES])}"
    if details.get("partial_missing_list"):
        return f"{subject}; missing {', '.join(map(str, details['partial_missing_list']))}"
    if "observed_value" in details:
        return f"{subject}; observed {details['observed_value']}"
    return subject
