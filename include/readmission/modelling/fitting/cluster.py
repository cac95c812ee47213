"""A Dask cluster, whose machines read the training rows and fit one model together.

Dask is imported when a cluster is needed: one machine trains without it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer

import readmission
from readmission.errors import ReadmissionError
from readmission.logs import where
from readmission.modelling.family import Family
from readmission.modelling.fitting import parts as steps
from readmission.modelling.fitting.parted_rows import PartedRows, survey
from readmission.modelling.fitting.parts import Part
from readmission.settings import SettingsError

PATIENCE_SECONDS = 30
"""How long to wait for the scheduler, and for the first worker."""
_ATTEMPTS = 2
"""How often a part is read again, for example while the object store restarts."""


class ClusterUnavailable(ReadmissionError):
    """No scheduler, or no worker, responds; a retry may find them."""

    def __init__(self, address: str, problem: str) -> None:
        super().__init__(
            f"READMISSION_DASK_ADDRESS={address}: {problem}. Start the Dask scheduler and workers,"
            " or set READMISSION_TRAINING_ENGINE=local; the training is tried again"
        )


class ClusterDiffers(ReadmissionError):
    """Workers run another version of this library than the task."""

    def __init__(self, versions: set[str]) -> None:
        super().__init__(
            f"this task runs readmission {readmission.__version__}, and the Dask workers run"
            f" {', '.join(sorted(versions))}; restart scheduler and workers with the same image"
        )


class ClusterFailed(ReadmissionError):
    """Scheduler or workers were lost in the middle of a step; a retry starts with those left."""

    def __init__(self, step: str, error: BaseException) -> None:
        super().__init__(
            f"the Dask cluster could not {step}: {where(error)}. If a worker or the scheduler"
            " ended, the training is tried again with those that are there"
        )


@dataclass(frozen=True)
class Cluster:
    """A connection to a cluster.

    Parameters
    ----------
    client : distributed.Client
        Connected to the scheduler.
    sample_rows : int
        Largest number of rows that this process holds whole.
    """

    client: Any
    sample_rows: int

    def read(self, parts: Sequence[Part]) -> "DistributedRows":
        """Count the rows of all parts, and fetch a sample of their patients.

        Raises
        ------
        ClusterFailed
            If the cluster does not survive it, or a part cannot be read.
        """
        with failing_as("read the training rows"):
            found = survey(parts, self._of_each, self.sample_rows)
        return DistributedRows(**found, client=self.client)

    def _of_each(
        self, step: Callable[..., pd.DataFrame], parts: Sequence[Part], *args: Any
    ) -> list[pd.DataFrame]:
        from dask import delayed

        shared = [delayed(arg, traverse=False) for arg in args]
        tasks = [
            delayed(step, pure=False)(delayed(part, traverse=False), *shared) for part in parts
        ]
        found: list[pd.DataFrame] = self.client.gather(
            self.client.compute(tasks, retries=_ATTEMPTS)
        )
        return found


@dataclass(frozen=True, eq=False)
class DistributedRows(PartedRows):
    """The rows of a training that the workers of a cluster read.

    Parameters
    ----------
    client : distributed.Client
        Connected to the cluster.
    """

    client: Any

    @property
    def engine(self) -> str:
        """What fits a model: the value of a run's tag ``engine``."""
        return f"dask, {self.limit} rows sampled at most"

    def can_fit(self, family: Family) -> bool:
        """Whether the workers fit a family together."""
        return family.fit_on_cluster is not None

    def fit(self, family: Family, estimator: Any, encoder: ColumnTransformer) -> None:
        """Fit an estimator on all train rows; see `PartedRows.fit`.

        Raises
        ------
        ClusterFailed
            If the cluster does not survive it.
        """
        assert family.fit_on_cluster  # noqa: S101 - see `can_fit`
        with failing_as(f"fit {family.title}"):
            family.fit_on_cluster(estimator, self.client, *self.encoded(encoder))

    def encoded(self, encoder: ColumnTransformer) -> tuple[Any, Any]:
        """Return all encoded train rows and their outcomes, as Dask arrays of one chunk a part.

        Nothing is read before the arrays are computed.

        Parameters
        ----------
        encoder : ColumnTransformer
            Fitted, with sparse output.

        Returns
        -------
        dask.array.Array, shape (n, columns)
            CSR chunks of float32.
        dask.array.Array of int, shape (n,)
            Class codes.
        """
        from dask import array, delayed
        from scipy.sparse import csr_matrix

        width, shared = len(encoder.get_feature_names_out()), delayed(encoder, traverse=False)
        matrices, outcomes = [], []
        for part, count in zip(self.parts, self.counts, strict=True):
            if count == 0:
                continue
            both = delayed(steps.encoded, nout=2, pure=False)(delayed(part, traverse=False), shared)
            empty = csr_matrix((0, 0), dtype=np.float32)
            matrices.append(array.from_delayed(both[0], (count, width), meta=empty))
            outcomes.append(array.from_delayed(both[1], (count,), dtype=np.int64))
        return array.concatenate(matrices), array.concatenate(outcomes)


@contextmanager
def connect(address: str, sample_rows: int, tls: Path | None = None) -> Iterator[Cluster]:
    """Connect to a scheduler, and disconnect at the end.

    Parameters
    ----------
    address : str
        As ``tls://host:8786``.
    sample_rows : int
        Largest number of rows that this process holds.
    tls : Path, optional
        Folder with ``ca.crt``, ``tls.crt`` and ``tls.key``, which both sides need.

    Raises
    ------
    SettingsError
        If Dask is not installed, or a file of `tls` is missing or is not what it should be.
    ClusterUnavailable
        If no scheduler responds, or it has no worker.
    ClusterDiffers
        If workers run another version of this library.
    """
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"READMISSION_TRAINING_ENGINE=dask needs {error.name}, which is not installed; run"
            " `uv pip install --require-hashes -r requirements/dask.txt`"
        ) from error
    security = _security(tls)
    try:
        client = distributed.Client(address, security=security, timeout=PATIENCE_SECONDS)
    except OSError as error:
        problem = "no Dask scheduler responds" + (f" to the certificate in {tls}" if tls else "")
        raise ClusterUnavailable(address, problem) from error
    try:
        _require_workers(client, address)
        yield Cluster(client, sample_rows)
    finally:
        # Without its scheduler, a client waits for as long as it may.
        with suppress(Exception):
            client.close(timeout=5)


def _security(tls: Path | None) -> Any:
    if tls is None:
        return None
    from distributed.security import Security

    security = Security(
        require_encryption=True,
        tls_ca_file=str(tls / "ca.crt"),
        tls_client_cert=str(tls / "tls.crt"),
        tls_client_key=str(tls / "tls.key"),
    )
    try:
        security.get_connection_args("client")
    except OSError as error:  # OpenSSL names neither the file nor the setting.
        problem = f"READMISSION_DASK_TLS_DIR={tls}: {error.strerror or error}; it needs ca.crt,"
        way_out = " tls.crt and its tls.key, such as k8s/components/dask/certificate.sh writes"
        raise SettingsError(problem + way_out) from error
    return security


def _require_workers(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=PATIENCE_SECONDS)
    except TimeoutError as error:
        raise ClusterUnavailable(address, "the Dask scheduler has no workers") from error
    with failing_as("report its version"):
        versions = set(client.run(_version).values())
    if versions != {readmission.__version__}:
        raise ClusterDiffers(versions)


def _version() -> str:
    """Return the version of this library where it runs."""
    return readmission.__version__


@contextmanager
def failing_as(step: str) -> Iterator[None]:
    """Turn what a cluster raises, in dozens of classes, into one error that names the step.

    Raises
    ------
    ClusterFailed
        With the type and the place of the error; its message may quote a row.
    """
    try:
        yield
    except ReadmissionError:
        raise
    except Exception as error:  # noqa: BLE001 - of any class
        raise ClusterFailed(step, error) from None
