"""The table of ICD-9 codes."""

import re

import pytest

from readmission.domain.columns import ICD9_PATTERN
from ui.wording import icd9


def test_the_api_accepts_every_code_of_the_table() -> None:
    wrong = [code for code in icd9.MEANINGS if not re.fullmatch(ICD9_PATTERN, code)]
    assert not wrong
    assert len(icd9.MEANINGS) > 300


def test_every_line_of_the_table_has_its_own_code() -> None:
    lines = icd9.TABLE.read_text(encoding="utf-8").splitlines()
    assert len(icd9.MEANINGS) == len(lines) - 1
    assert all(icd9.MEANINGS.values())


def test_no_two_codes_have_the_same_meaning() -> None:
    assert len(set(icd9.MEANINGS.values())) == len(icd9.MEANINGS)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("250", "Diabetes without complication, type 2, controlled (250)"),
        ("250.83", "another complication, type 1, out of control (250.83)"),
        ("8", "Infection of the bowel (008)"),
        ("V57", "Rehabilitation (V57)"),
        ("E999", "E999"),
    ],
)
def test_a_code_is_shown_with_its_meaning(code: str, words: str) -> None:
    assert icd9.describe(code).endswith(words)
