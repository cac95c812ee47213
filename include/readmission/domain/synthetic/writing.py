"""Write synthetic encounters to a file or an object store, chunk by chunk."""

import gzip
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import fs
from pyarrow import parquet as pq

from readmission.domain.synthetic.encounters import SEED
from readmission.domain.synthetic.stream import stream
from readmission.errors import ReadmissionError

ENDINGS = (".csv", ".csv.gz", ".csv.zip", ".zip", ".parquet")
S3 = "s3://"
_LEVEL = 6


class SynthesisError(ReadmissionError):
    """Synthetic encounters cannot be written there; the message says why."""


def write(
    rows: int, target: str, seed: int = SEED, progress: Callable[[int], None] = lambda _rows: None
) -> None:
    """Write synthetic encounters in the format that the ending of the target names.

    A file appears under its name once it is complete; an object that fails is deleted.

    Parameters
    ----------
    rows : int
        How many, at least 1.
    target : str
        A file, or ``s3://bucket/key``. The environment names the store and its keys
        (``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``).
    seed : int
        The same seed gives the same encounters.
    progress : callable
        Called with the rows that were written so far.

    Raises
    ------
    SynthesisError
        If the ending is unknown, or the target cannot be written.
    """
    if not target.endswith(ENDINGS):
        raise SynthesisError(f"{target} has an unknown ending; use one of {', '.join(ENDINGS)}")
    try:
        with _opened(target) as sink, _writer(sink, target) as add:
            written = 0
            for chunk in stream(rows, seed):
                add(chunk)
                written += chunk.num_rows
                progress(written)
    except (OSError, pa.ArrowException) as error:
        raise SynthesisError(f"{target} cannot be written: {error}") from error


@contextmanager
def _opened(target: str) -> Iterator[Any]:
    """Yield a file to write to, which replaces the target if the block ends without an error."""
    if target.startswith(S3):
        with _object(target) as sink:
            yield sink
        return
    path = Path(target)
    draft = path.with_name(f".{path.name}.new")
    try:
        with draft.open("wb") as file:
            yield file
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _object(target: str) -> Iterator[pa.NativeFile]:
    """Yield a stream into an object, which is deleted if the block fails."""
    store, path = fs.FileSystem.from_uri(target)
    sink = store.open_output_stream(path)
    try:
        yield sink
    except BaseException:
        # Arrow has no way to abandon an upload: an open stream is completed when it is collected.
        sink.close()
        store.delete_file(path)
        raise
    sink.close()


@contextmanager
def _writer(sink: IO[bytes], target: str) -> Iterator[Callable[[pa.Table], None]]:
    """Yield a function that appends a table to the sink."""
    schema = next(stream(1)).schema
    with ExitStack() as stack:
        if target.endswith(".parquet"):
            yield stack.enter_context(pq.ParquetWriter(sink, schema, compression="zstd")).write
            return
        out: Any = sink
        if target.endswith(".gz"):
            out = stack.enter_context(gzip.GzipFile("", "wb", _LEVEL, sink, mtime=0))
        elif target.endswith(".zip"):
            archive = stack.enter_context(zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED))
            out = stack.enter_context(archive.open("encounters.csv", "w", force_zip64=True))
        options = arrow_csv.WriteOptions(quoting_style="none")
        yield stack.enter_context(arrow_csv.CSVWriter(out, schema, write_options=options)).write
