"""The clinical group of an ICD-9 code. No third-party packages, to keep serving light."""

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

_GROUP_OF_CHAPTER: dict[int, str] = {
    chapter: group
    for group, ranges in DIAGNOSIS_GROUPS
    for low, high in ranges
    for chapter in range(low, high + 1)
}


def diagnosis_group(code: str) -> str:
    """Return the clinical group of one ICD-9 code.

    Supplementary (V) and external-cause (E) codes belong to ``other``, as in the source.

    Raises
    ------
    ValueError
        If `code` is neither a number nor a V or E code.
    """
    if code[:1] in "VE":
        return OTHER_DIAGNOSIS
    return _GROUP_OF_CHAPTER.get(int(float(code)), OTHER_DIAGNOSIS)
