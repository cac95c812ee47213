"""A compiled estimator in a process of its own, which has no secret.

ONNX Runtime is native code that parses what a registry returned. A task of the pipeline has the
passwords of databases in its environment; the process that parses has none of it, can open neither
a file nor a connection, and gets nothing but encoded rows.
"""

import resource
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import BinaryIO, cast
from weakref import finalize

import numpy as np
import numpy.typing as npt

import readmission
from readmission.errors import ReadmissionError
from readmission.serving.onnx_estimator import CompiledEstimator

_SIZE = struct.Struct("<q")
_SHAPE = struct.Struct("<qq")
_LOADED = struct.Struct("<?")
_ITEM = np.dtype("<f4").itemsize


class EstimatorEnded(ReadmissionError):
    """The process of an estimator ended before it responded."""

    def __init__(self) -> None:
        super().__init__(
            "the process that ran a registered model ended; its model is damaged, or the machine"
            " has no memory left"
        )


class EstimatorProcess:
    """Predicts as `CompiledEstimator` does; a matrix gets the same digits.

    The process ends with this object, or with the process that made it.

    Parameters
    ----------
    model : Path
        The ONNX file.

    Attributes
    ----------
    rows_are_independent : bool
        As of `CompiledEstimator`.

    Raises
    ------
    EstimatorEnded
        If ONNX Runtime cannot read the file.
    """

    def __init__(self, model: Path) -> None:
        self._lock = Lock()
        package = str(Path(readmission.__file__).parents[1])
        self._process = subprocess.Popen(  # noqa: S603 - this module
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"PYTHONPATH": package},
        )
        self._requests = cast(BinaryIO, self._process.stdin)
        self._responses = cast(BinaryIO, self._process.stdout)
        finalize(self, _end, self._process, self._requests, self._responses)
        content = model.read_bytes()
        (self.rows_are_independent,) = _LOADED.unpack(
            self._request(_SIZE.pack(len(content)) + content, _LOADED.size)
        )

    def predict_one(self, encoded: npt.NDArray[np.float32]) -> list[float]:
        """Return the probabilities of one row."""
        first: list[float] = self.predict_proba(encoded)[0].tolist()
        return first

    def predict_proba(self, encoded: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Return the probability of each class, shape (n, 3), summing to 1 in each row."""
        rows = np.ascontiguousarray(encoded, dtype="<f4")
        content = self._request(_SHAPE.pack(*rows.shape) + rows.tobytes(), len(rows) * 3 * 8)
        return np.frombuffer(content, dtype="<f8").reshape(-1, 3)

    def _request(self, request: bytes, size: int) -> bytes:
        with self._lock:
            try:
                self._requests.write(request)
                self._requests.flush()
                return _read(self._responses, size)
            except (EOFError, BrokenPipeError) as error:
                raise EstimatorEnded from error


def _end(process: "subprocess.Popen[bytes]", *pipes: BinaryIO) -> None:
    process.kill()
    process.wait()
    for pipe in pipes:
        # A request that the process has not read is lost with it.
        with suppress(BrokenPipeError):
            pipe.close()


def _read(source: BinaryIO, size: int) -> bytes:
    content = source.read(size)
    if len(content) < size:
        raise EOFError
    return content


def serve(requests: BinaryIO, responses: BinaryIO) -> None:
    """Load the estimator that comes first, then predict rows until there are no more."""
    content = _read(requests, *_SIZE.unpack(_read(requests, _SIZE.size)))
    # What is open stays open, such as the two pipes.
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    estimator = CompiledEstimator(content)
    responses.write(_LOADED.pack(estimator.rows_are_independent))
    responses.flush()
    while True:
        shape = _SHAPE.unpack(_read(requests, _SHAPE.size))
        content = _read(requests, shape[0] * shape[1] * _ITEM)
        rows = np.frombuffer(content, dtype="<f4").reshape(shape)
        responses.write(estimator.predict_proba(rows).astype("<f8").tobytes())
        responses.flush()


if __name__ == "__main__":
    try:
        serve(sys.stdin.buffer, sys.stdout.buffer)
    except EOFError:  # The parent process has ended.
        sys.exit()
