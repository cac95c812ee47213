"""ICD-10 codes are translated into ICD-9 by CMS's tables."""

import hashlib
import re

import pytest

from readmission.domain import schema
from readmission.domain.columns import ICD9_PATTERN
from readmission.domain.columns.icd10 import TABLE, pattern, translate, with_point
from readmission.domain.diagnoses import diagnosis_of, group_of

DIAGNOSIS = schema.BY_NAME["diag_1"]
WRITTEN = "0d6277bdb15a32018de9c4b01cf17135f2a1b74483431886c450d70ad2f8b251"


def codes() -> list[str]:
    """Return every code of the table."""
    lines = (line.split() for line in TABLE.read_text().splitlines())
    return [
        line[0] + suffix
        for line in lines
        for group in line[2:]
        for suffix in group.partition("=")[2].split(",")
    ]


def test_the_table_is_the_one_that_the_script_wrote() -> None:
    assert hashlib.sha256(TABLE.read_bytes()).hexdigest() == WRITTEN
    assert len(codes()) == 69_832 + 1  # CMS's, and U07.0


@pytest.mark.parametrize(
    ("sent", "icd9"),
    [
        ("E11.9", "250"),
        ("E119", "250"),
        ("e11.9", "250"),
        ("E11,9", "250"),
        ("E10.65", "250.81"),
        ("I50.9", "428"),
        ("I10", "401"),  # Three alternatives: the one that is I10 in the other direction.
        ("A41.9", "38"),  # A combination: sepsis itself, and not its severity.
        ("Z79.4", "V58"),
        ("V58.6XXA", "E816"),
        ("S82.101A", "823"),
    ],
)
def test_a_code_is_translated_as_the_file_spells_icd9(sent: str, icd9: str) -> None:
    assert DIAGNOSIS.read(sent) == icd9
    assert DIAGNOSIS.allows(sent)
    found = DIAGNOSIS.interpret(sent)
    assert found is not None
    assert found.remark.endswith(f"was read as ICD-9 {icd9}")


@pytest.mark.parametrize(
    ("sent", "category", "icd9"),
    [
        ("E11.10", "E11", "250"),  # the unspecified code of the category, E11.9
        ("U07.1", "U07", "79"),  # as B97.29, with which COVID-19 was coded before
        ("I16.0", "I16", "401"),
    ],
)
def test_a_younger_code_is_translated_by_its_category(sent: str, category: str, icd9: str) -> None:
    found = DIAGNOSIS.interpret(sent)

    assert found is not None
    assert found.value == icd9
    assert f"by its category {category} " in found.remark


@pytest.mark.parametrize("sent", ["E888", "E885.9", "V58", "V58.6", "V57", "E812", "428", "8"])
def test_a_code_that_icd9_has_is_icd9(sent: str) -> None:
    assert DIAGNOSIS.read(sent) == sent
    assert DIAGNOSIS.interpret(sent) is None


def test_a_code_of_both_has_the_same_group_in_both() -> None:
    written = [*codes(), *map(with_point, codes()), *{code[:3] for code in codes()}]
    both = [code for code in written if re.fullmatch(ICD9_PATTERN, code)]
    translated = {code: found for code in both if (found := translate(code))}

    assert len(translated) > 100
    wrong = [
        code
        for code, found in translated.items()
        if group_of(diagnosis_of(code)) != group_of(diagnosis_of(found.icd9))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "sent",
    [
        "Z3A.20",  # ICD-9 has no weeks of gestation,
        "T36.0X6A",  # and no underdosing
        "E19.9",  # there is no such category
        "E199",
        "V5867",  # ICD-9 without its point, or a part of V58.67XA
        "E11.",
        "E11.12345",
        "E1.19",
        "heart",
    ],
)
def test_a_code_without_an_equivalent_is_refused(sent: str) -> None:
    assert not DIAGNOSIS.allows(sent)
    assert DIAGNOSIS.interpret(sent) is None


def test_the_described_pattern_has_every_code_with_an_equivalent() -> None:
    described = re.compile(pattern())
    known = [code for code in codes()[::50] if translate(code)]

    assert all(described.fullmatch(code) for code in known)
    assert all(described.fullmatch(with_point(code)) for code in known)
    assert not any(described.fullmatch(code) for code in ("Z3A.20", "E19.9", "V5867", "428"))
