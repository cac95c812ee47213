"""The rules by which the script chooses one ICD-9 code for each ICD-10 code."""

from collections.abc import Sequence

import pytest

from docs.icd10_table import as_in_the_file, category_target, lines

Target = tuple[str, str]
"""An ICD-9 code and CMS's flags: approximate, no map, combination, scenario, choice list."""

FLAGS = ("approximate", "no_map", "combination", "scenario", "choice_list")


def rows(names: tuple[str, str], found: Sequence[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [dict(zip((*names, *FLAGS), (a, b, *flags), strict=True)) for a, b, flags in found]


def line(code: str, targets: Sequence[Target], back: Sequence[Target] = ()) -> str:
    """Return the line of a table with one ICD-10 code."""
    forward = rows(("icd10cm", "icd9cm"), [(code, icd9, flags) for icd9, flags in targets])
    backward = rows(("icd9cm", "icd10cm"), [(icd9, code, flags) for icd9, flags in back])
    (found,) = (line for line in lines(forward, backward) if line.startswith(code[:3]))
    return found


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("25000", "250"), ("25080", "250.8"), ("25083", "250.83"), ("4280", "428"),
        ("0389", "38"), ("V5867", "V58"), ("E8889", "E888"),
    ],
)  # fmt: skip
def test_a_code_is_written_as_in_the_file(code: str, written: str) -> None:
    assert as_in_the_file(code) == written


@pytest.mark.parametrize(
    ("targets", "back", "chosen"),
    [
        # the first of several
        ([("4010", "10000"), ("4280", "10000")], [], "401"),
        # the one that leads back, above all if not as an approximation
        ([("4010", "10000"), ("4280", "10000")], [("4280", "10000")], "428"),
        ([("4010", "10000"), ("4280", "10000")], [("4010", "10000"), ("4280", "00000")], "428"),
        # a single code before a combination, of which the first component counts
        ([("4010", "10111"), ("4280", "10000")], [], "428"),
        ([("99591", "10112"), ("0389", "10111")], [], "38"),
        ([("NoDx", "11000")], [], "-"),
    ],
)
def test_one_of_several_targets_is_chosen(
    targets: list[Target], back: list[Target], chosen: str
) -> None:
    assert line("Q000", targets, back) == f"Q00 {chosen} {chosen}=0"


@pytest.mark.parametrize(
    ("targets", "chosen"),
    [
        ({"Q00": "1", "Q009": "2"}, "1"),
        ({"Q000": "1", "Q001": "1", "Q009": "2"}, "2"),
        ({"Q000": "1", "Q001": "3", "Q002": "3", "Q009": "-"}, "3"),
        ({"Q000": "-"}, "-"),
    ],
)
def test_a_category_has_its_unspecified_or_most_common_target(
    targets: dict[str, str], chosen: str
) -> None:
    assert category_target("Q00", targets) == chosen
