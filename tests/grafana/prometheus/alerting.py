"""Load the rules, their unit tests and the runbooks, and find the metrics in an expression."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from readmission.settings import CHECKOUT

RULES = CHECKOUT / "grafana" / "prometheus" / "rules"
UNIT_TESTS = Path(__file__).parent / "rules"
RUNBOOKS = CHECKOUT / "docs" / "runbooks.md"

_CLAUSES = "by|without|on|ignoring|group_left|group_right"
_KEYWORDS = {"and", "or", "unless", "bool", "offset"}
_LABELS = re.compile(rf"\b(?:{_CLAUSES})\s*\([^)]*\)")
_NOT_NAMES = re.compile(r'"[^"]*"|\{[^}]*\}|\[[^]]*\]|(?<![\w:])\d[\w.]*')
_NAMES = re.compile(r"[A-Za-z_:][\w:]*(?!\w|:|\s*\()")

Rule = dict[str, Any]


class Case(NamedTuple):
    """Whether a unit test expects an alert to fire at some time."""

    alert: str
    fires: bool


def rules() -> list[Rule]:
    """Return all recording rules and alerts."""
    return [
        rule
        for path in sorted(RULES.glob("*.yml"))
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    ]


def alerts() -> list[Rule]:
    """Return all alerts."""
    return [rule for rule in rules() if "alert" in rule]


def cases() -> Iterator[Case]:
    """Yield what the unit tests expect of each alert."""
    for path in sorted(UNIT_TESTS.glob("*.yml")):
        for test in yaml.safe_load(path.read_text())["tests"]:
            for case in test.get("alert_rule_test", ()):
                yield Case(case["alertname"], bool(case["exp_alerts"]))


def metrics_in(expr: str) -> set[str]:
    """Return the names of the metrics in an expression."""
    bare = _LABELS.sub(" ", _NOT_NAMES.sub(" ", expr))
    return set(_NAMES.findall(bare)) - _KEYWORDS


def runbooks() -> dict[str, str]:
    """Return the text of each section of the runbooks by its anchor."""
    sections = re.split(r"^## ", RUNBOOKS.read_text(), flags=re.MULTILINE)[1:]
    titles = (section.partition("\n") for section in sections)
    return {
        re.sub(r"[^\w-]", "", title.lower().replace(" ", "-")): text for title, _, text in titles
    }
