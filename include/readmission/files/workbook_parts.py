"""Check the parts of a workbook before openpyxl holds them in memory."""

import re
import zipfile
from collections import defaultdict

from readmission.files.limits import MEMBER_IN_MEMORY, Budget, FileError, FileTooLarge
from readmission.files.unpacking import chunks_of, damage_named

_TYPES = "[Content_Types].xml"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_OVERRIDE = re.compile(rb"<(?:[\w.-]+:)?Override\s[^<>]*>")
_ATTRIBUTE = re.compile(rb"(PartName|ContentType)\s*=\s*[\"']([^\"']*)")
_ROW = re.compile(rb"<(/?)(?:[\w.-]+:)?row(?=[\s/>])[^<>]*?(/?)>")
_LONGEST_TAG = 1 << 12
ROW_BYTES = 4 << 20
"""Longest XML between two tags of rows: openpyxl holds one row as a tree."""


def check_parts(archive: zipfile.ZipFile, budget: Budget) -> None:
    """Check sizes and rows of a workbook.

    Raises
    ------
    FileTooLarge
        If it is beyond the budget when unpacked, a part that must be in memory is too large, or
        a row is.
    FileError
        If a sheet has markup that no program writes.
    """
    members = archive.infolist()
    budget.require(sum(member.file_size for member in members))
    sheets = _sheets(archive)
    for member in members:
        if member.filename in sheets:
            _check_rows(archive, member)
        elif member.file_size > MEMBER_IN_MEMORY and member.filename.endswith((".xml", ".rels")):
            raise FileTooLarge(f"has more than {MEMBER_IN_MEMORY:,} bytes in {member.filename}")


def _sheets(archive: zipfile.ZipFile) -> set[str]:
    """Return the names of the parts that are sheets and nothing else."""
    kinds = defaultdict(set)
    with damage_named("Excel workbook"), archive.open(_types_of(archive)) as opened:
        for override in _OVERRIDE.findall(opened.read(MEMBER_IN_MEMORY)):
            found = dict(_ATTRIBUTE.findall(override))
            name = found.get(b"PartName", b"").decode(errors="replace").lstrip("/")
            kinds[name].add(found.get(b"ContentType", b"").decode(errors="replace"))
    return {name for name, of_part in kinds.items() if of_part == {_SHEET}}


def _types_of(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    try:
        return archive.getinfo(_TYPES)
    except KeyError:
        raise FileError(f"is an incomplete Excel workbook: it has no {_TYPES}") from None


def _check_rows(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Check that rows end, within a limit, before the next one begins."""
    gap, is_open, held = 0, False, b""
    with damage_named("Excel workbook"), archive.open(member) as opened:
        for chunk in chunks_of(opened):
            text, last = held + chunk, 0
            # Comments could hide the tags of rows; sheets have none.
            if b"<!" in text:
                raise FileError(f"has comments or declarations in {member.filename}")
            for tag in _ROW.finditer(text):
                is_end, ends_itself = bool(tag[1]), bool(tag[2])
                if is_end is not is_open:
                    raise FileError(f"has a row within a row in {member.filename}")
                is_open = not (is_end or ends_itself)
                gap, last = 0, tag.end()
            held = text[max(last, len(text) - _LONGEST_TAG) :]
            gap += len(text) - last - len(held)
            if gap > ROW_BYTES:
                raise FileTooLarge(f"has a row of more than {ROW_BYTES:,} bytes")
