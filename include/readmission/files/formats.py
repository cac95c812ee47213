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
    b"HEADER RECORD*******": "a SAS transport file",
    b"ARROW1": "an Arrow or Feather file",
    b"Obj\x01": "an Avro file",
    b"ORC": "an ORC file",
    b"\x04\x22\x4d\x18": "an lz4 file",
    b"\xff\x06\x00\x00sNaPpY": "a snappy file",
    b"\x80\x04\x95": "a pickle of Python, which is never opened",
    b"\x80\x05\x95": "a pickle of Python, which is never opened",
}
_MARKUP: dict[bytes, str] = {
    b"<!doctype": "a page of HTML",
    b"<html": "a page of HTML",
    b"<table": "a page of HTML",
    b"<?xml": "XML",
    b'{"': "JSON",
    b'[{"': "JSON",
}
"""Reports that are called .xls are often a table of HTML."""
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
        # A title may begin with such letters, but has no zero byte.
        if head.startswith(signature) and (not signature.isalpha() or b"\0" in head):
            raise FileError(f"is {name}; save it as {READABLE_FORMATS}")
    text = b"".join(head.removeprefix(b"\xef\xbb\xbf").split()).lower()
    for beginning, name in _MARKUP.items():
        if text.startswith(beginning):
            raise FileError(f"is {name}; save it as {READABLE_FORMATS}")
    if head[_TAR[0]] == _TAR[1]:
        raise FileError(f"is a tar archive; send {READABLE_FORMATS}")
    for signature, found in _SIGNATURES.items():
        if head.startswith(signature):
            return found
    return Format.TEXT
