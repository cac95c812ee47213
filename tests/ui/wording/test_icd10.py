"""The table of ICD-10 codes, which the form lists beside those of ICD-9."""

import pytest

from readmission.domain import schema
from ui.wording import fields, icd9, icd10

FIELD = {"name": "diag_1", "kind": "diagnosis", "nullable": True, "values": {}}


def test_the_api_translates_every_code_of_the_table() -> None:
    column = schema.BY_NAME["diag_1"]

    assert len(icd10.MEANINGS) > 400
    assert [code for code in icd10.MEANINGS if column.interpret(code) is None] == []
    assert not icd10.MEANINGS.keys() & icd9.MEANINGS.keys()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("I50.9", "Heart failure, unspecified (ICD-10 I50.9)"),
        ("E11.9", "Type 2 diabetes mellitus without complications (ICD-10 E11.9)"),
        ("428", "(428)"),
        ("Z99.9", "Z99.9"),
    ],
)
def test_the_form_finds_a_diagnosis_by_code_or_word(code: str, words: str) -> None:
    assert fields.value_in_words(FIELD, code, "?").endswith(words)
    assert (code in fields.meanings(FIELD, "?")) == (code != "Z99.9")
