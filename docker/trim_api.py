"""Delete files from the API's packages that no request uses: ``trim_api.py FOLDER_OF_PACKAGES``."""

import shutil
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

UNREACHED = (
    # Libraries' own tests.
    "numpy/**/tests", "pandas/tests", "pyarrow/tests", "scipy/**/tests",
    # Only needed to compile against a library; Python loads another file.
    "onnxruntime/capi/libonnxruntime.so*", "pyarrow/include", "pyarrow/libarrow_python.so",
    "pyarrow/libarrow_python.so.*.*.*", "*/**/*.h", "*/**/*.pxd", "*/**/*.pxi", "*/**/*.pyi",
    "*/**/*.pyx",
    # Tools for changing models.
    "onnxruntime/quantization", "onnxruntime/tools", "onnxruntime/transformers",
    # Arrow Flight, a network protocol.
    "pyarrow/_flight.*", "pyarrow/libarrow_flight.so*", "pyarrow/libarrow_python_flight.so*",
    # MLflow's Databricks client. The outer package stays: MLflow checks for it at import.
    "databricks/sdk", "google/auth", "google/oauth2", "pyasn1", "pyasn1-*", "pyasn1_modules",
    "pyasn1_modules-*",
)  # fmt: skip
"""Glob patterns relative to the folder of packages."""

ELF64 = b"\x7fELF\x02\x01"
HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SEGMENT = struct.Struct("<IIQQQQQQ")


def remove(packages: Path) -> None:
    """Delete what the patterns match; a pattern that matches nothing is outdated and an error."""
    for pattern in UNREACHED:
        found = sorted(packages.glob(pattern))
        if not found:
            raise SystemExit(f"trim_api.py: {pattern} matches nothing in {packages}")
        for path in found:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def without_symbols(content: bytes) -> bytes:
    """Return a shared library up to the end of its last segment, without a section table.

    The rest is for linkers and debuggers; the loader reads only segments.

    Parameters
    ----------
    content : bytes
        The file, 64-bit little-endian ELF.
    """
    fields = list(HEADER.unpack_from(content))
    table, size, count = fields[5], fields[9], fields[10]
    segments = [SEGMENT.unpack_from(content, table + size * i) for i in range(count)]
    ends = (offset + length for _, _, offset, _, _, length, *_ in segments)
    end = max(table + size * count, *ends)
    fields[6] = fields[12] = fields[13] = 0
    return HEADER.pack(*fields) + content[HEADER.size : end]


def shared_libraries(packages: Path) -> Iterator[Path]:
    """Yield the 64-bit little-endian ELF shared libraries."""
    for path in packages.rglob("*.so*"):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(len(ELF64)) == ELF64:
                    yield path


def main(packages: Path) -> None:
    """Trim a folder of packages and print its size before and after."""
    before = weight(packages)
    remove(packages)
    for path in shared_libraries(packages):
        lean = path.with_name(path.name + ".lean")
        lean.write_bytes(without_symbols(path.read_bytes()))
        shutil.copymode(path, lean)
        lean.replace(path)
    sys.stderr.write(f"{before / 1e6:.0f} MB, trimmed to {weight(packages) / 1e6:.0f} MB\n")


def weight(folder: Path) -> int:
    """Return the total size of all files in a folder, in bytes."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
