"""Tell the format of a file by its first bytes."""

from enum import StrEnum

from readmission.files.limits import FileError

HEAD_BYTES = 512
"""How much of a file tells its format."""


class Format(StrEnum):
    """What a file is, before it is unpacked."""

    TEXT = "text"
    GZIP = "gzip file"
    BZIP2 = "bzip2 file"
    ZSTD = "zstd file"
    ZIP = "zip"
    PARQUET = "Parquet file"


PARQUET_SIGNATURE = b"PAR1"
_SIGNATURES: dict[bytes, Format] = {
    b"\x1f\x8b": Format.GZIP,
    b"BZh": Format.BZIP2,
    b"\x28\xb5\x2f\xfd": Format.ZSTD,
    b"PK\x03\x04": Format.ZIP,
    b"PK\x05\x06": Format.ZIP,
    PARQUET_SIGNATURE: Format.PARQUET,
}
_UNSUPPORTED: dict[bytes, str] = {
    b"\xd0\xcf\x11\xe0": "an Excel file that is in the old format .xls or has a password",
    b"%PDF": "a PDF document",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!": "a rar archive",
    b"\xfd7zXZ\x00": "an xz file",
    b"{\\rtf": "an RTF document",
    b"SQLite format 3": "an SQLite database",
    b"$FL2": "an SPSS file",
    b"<stata_dta>": "a Stata file",
}
_TAR = slice(257, 262), b"ustar"
READABLE_FORMATS = "CSV, xlsx, or CSV packed as gzip, bzip2, zstd or zip"


def format_of(head: bytes) -> Format:
    """Return the format of a file by its first bytes; anything unknown is text.

    Raises
    ------
    FileError
        If it is a known format that cannot be read, by name.
    """
    for signature, name in _UNSUPPORTED.items():
        if head.startswith(signature):
            raise FileError(f"is {name}; save it as {READABLE_FORMATS}")
    if head[_TAR[0]] == _TAR[1]:
        raise FileError(f"is a tar archive; send {READABLE_FORMATS}")
    for signature, found in _SIGNATURES.items():
        if head.startswith(signature):
            return found
    return Format.TEXT
