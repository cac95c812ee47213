"""What a diagnosis says: the clinical group and the category of its ICD-9 code.

No third-party packages, to keep serving light.
"""

DIAGNOSIS_GROUPS: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = (
    ("circulatory", ((390, 459), (785, 785))),
    ("respiratory", ((460, 519), (786, 786))),
    ("digestive", ((520, 579), (787, 787))),
    ("diabetes", ((250, 250),)),
    ("injury", ((800, 999),)),
    ("musculoskeletal", ((710, 739),)),
    ("genitourinary", ((580, 629), (788, 788))),
    ("neoplasms", ((140, 239),)),
)
"""Clinical groups of ICD-9 chapters, limits inclusive (Strack et al. 2014, table 2)."""

OTHER_DIAGNOSIS = "other"
_DIABETES = 250
_SEPARATOR = "/"

_GROUP_OF_CHAPTER: dict[int, str] = {
    chapter: group
    for group, ranges in DIAGNOSIS_GROUPS
    for low, high in ranges
    for chapter in range(low, high + 1)
}


def diagnosis_of(code: str) -> str:
    """Return the clinical group and the category of one ICD-9 code, e.g. ``circulatory/428``.

    The category is the code without its decimals. That of diabetes keeps the first one, which
    names the complication: ``diabetes/250.4`` is diabetes with renal manifestations.
    Supplementary (V) and external-cause (E) codes belong to the group ``other``, as in the source.

    Raises
    ------
    ValueError
        If `code` is neither a number nor a V or E code.
    """
    whole, _, decimals = code.partition(".")
    if code[:1] in "VE":
        return OTHER_DIAGNOSIS + _SEPARATOR + whole
    chapter = int(whole)
    group = _GROUP_OF_CHAPTER.get(chapter, OTHER_DIAGNOSIS)
    category = f"{chapter}.{decimals[:1] or 0}" if chapter == _DIABETES else str(chapter)
    return group + _SEPARATOR + category


def group_of(diagnosis: str) -> str:
    """Return the clinical group of a diagnosis in CLEAN."""
    return diagnosis.partition(_SEPARATOR)[0]


def category_of(diagnosis: str) -> str:
    """Return the ICD-9 category of a diagnosis in CLEAN.

    It is empty if the diagnosis is missing, or was cleaned by a version that kept its group only.
    """
    return diagnosis.partition(_SEPARATOR)[2]
