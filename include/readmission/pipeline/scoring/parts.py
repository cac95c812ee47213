"""Where predictions are written: parts that appear once they are whole, and a manifest of them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
from pyarrow import fs

from readmission.errors import DecisionRefused, ReadmissionError
from readmission.pipeline.delivery.places import S3, require_no_keys

MANIFEST = "_manifest.json"
"""Programs that read a folder of Parquet files leave names out that begin like this."""


class ScoringError(ReadmissionError):
    """Encounters cannot be scored into this place; the message says why and the way out."""


class PlaceRefused(ScoringError, DecisionRefused):
    """Encounters cannot be scored from, or into, such a place, however often it is tried."""


@dataclass(frozen=True)
class ScoredPart:
    """A part of the predictions of one file.

    Parameters
    ----------
    source : str
        The file.
    state : str
        Its size and time, by which a change shows.
    number : int
        Which part of the file, from 1.
    rows, wrong_rows : int
        Encounters that were read, and those of them without a prediction.
    sha256 : str
        Hash of the predictions.
    is_last : bool
        Whether the file ends with it.
    """

    source: str
    state: str
    number: int
    rows: int
    wrong_rows: int
    sha256: str
    is_last: bool


@dataclass
class ScoredParts:
    """A folder, or a prefix of an object store, with the predictions of one model version.

    Parameters
    ----------
    place : str
        Its path or address.
    store : FileSystem
        Where it is.
    root : str
        Its path in the store.
    model : dict
        The model version.
    threshold : float, optional
        The risk from which a patient is followed up.
    parts : dict
        What is finished, by source and number.
    """

    place: str
    store: Any
    root: str
    model: dict[str, str]
    threshold: float | None = None
    parts: dict[tuple[str, int], ScoredPart] = field(default_factory=dict)

    @classmethod
    def open(
        cls, place: str, model: dict[str, str], threshold: float | None = None
    ) -> "ScoredParts":
        """Return what an earlier run has finished, or an empty folder.

        Raises
        ------
        ScoringError
            If the place cannot be written.
        PlaceRefused
            If it holds predictions of another model version, or with another threshold.
        DatasetError
            If its address has keys in it.
        """
        require_no_keys(place)
        try:
            if place.startswith(S3):
                store, root = fs.FileSystem.from_uri(place.rstrip("/"))
            else:
                store, root = fs.LocalFileSystem(), str(Path(place).absolute())
                store.create_dir(root)
            opened = cls(place, store, root, model, threshold)
            opened._read()
        except (OSError, pa.ArrowException) as error:
            raise ScoringError(f"{place} cannot be used for predictions: {error}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise PlaceRefused(
                f"{place}/{MANIFEST} is not a manifest of predictions; choose another folder"
            ) from error
        return opened

    def _read(self) -> None:
        path = f"{self.root}/{MANIFEST}"
        if cast("fs.FileInfo", self.store.get_file_info(path)).type is not fs.FileType.File:
            return
        with self.store.open_input_stream(path) as file:
            found = json.loads(file.read())
        if found["model"] != self.model:
            raise PlaceRefused(
                f"{self.place} holds predictions of version {found['model']['version']}, and"
                f" version {self.model['version']} is in production; choose another folder, or"
                " delete it"
            )
        if found["follow_up_threshold"] != self.threshold:
            raise PlaceRefused(
                f"{self.place} holds predictions whose threshold of follow-up is"
                f" {_shown(found['follow_up_threshold'])}, and now it is {_shown(self.threshold)};"
                " choose another folder, or delete it"
            )
        parts = [ScoredPart(**part) for part in found["parts"]]
        self.parts = {(part.source, part.number): part for part in parts}

    def require_own_name(self, source: str) -> None:
        """Check that the files of a source do not replace those of another one.

        Raises
        ------
        PlaceRefused
            If a file of the same name, from another folder, has predictions here.
        """
        for other, number in self.parts:
            if other != source and names_of(other, number) == names_of(source, number):
                raise PlaceRefused(
                    f"{self.place} holds predictions of {other}, which those of {source} would"
                    " replace; choose another folder for them"
                )

    def finished(self, source: str, state: str, number: int) -> ScoredPart | None:
        """Return a part if it is finished and its file has not changed since."""
        found = self.parts.get((source, number))
        return found if found and found.state == state else None

    def add(self, part: ScoredPart, files: Mapping[str, bytes | None]) -> None:
        """Write the files of a part, then note in the manifest that it is finished.

        A file without content is deleted. The last part of a file replaces all further ones, which
        it had if it was longer before.

        Raises
        ------
        ScoringError
            If they cannot be written.
        """
        try:
            for name, content in files.items():
                self._write(name, content) if content is not None else self._delete(name)
            self.parts[part.source, part.number] = part
            if part.is_last:
                self._delete_after(part)
            manifest = {
                "model": self.model,
                "follow_up_threshold": self.threshold,
                "parts": [asdict(p) for p in self.parts.values()],
            }
            self._write(MANIFEST, json.dumps(manifest, indent=1).encode())
        except (OSError, pa.ArrowException) as error:
            raise ScoringError(f"{self.place} cannot be written: {error}") from error

    def _delete_after(self, last: ScoredPart) -> None:
        for source, number in list(self.parts):
            if source == last.source and number > last.number:
                for name in names_of(source, number):
                    self._delete(name)
                del self.parts[source, number]

    def _delete(self, name: str) -> None:
        path = f"{self.root}/{name}"
        if cast("fs.FileInfo", self.store.get_file_info(path)).type is fs.FileType.File:
            self.store.delete_file(path)

    def _write(self, name: str, content: bytes) -> None:
        """Write a file that appears whole; an object does so by itself."""
        path = f"{self.root}/{name}"
        draft = path if self.place.startswith(S3) else f"{self.root}/.{name}.new"
        with self.store.open_output_stream(draft) as file:
            file.write(content)
        if draft != path:
            self.store.move(draft, path)


def _shown(threshold: float | None) -> str:
    return "not stored" if threshold is None else str(threshold)


def require_apart(place: Path | str, output: str) -> None:
    """Check that the predictions do not go where the encounters come from.

    Raises
    ------
    PlaceRefused
        If both are the same folder or prefix: the next run would read its own predictions.
    """
    same = _plain(place) == _plain(output)
    if same and (str(place).startswith(S3) or Path(place).is_dir()):
        raise PlaceRefused(
            f"{output} holds the encounters; choose another folder for the predictions, so that no"
            " run reads its own"
        )


def _plain(place: Path | str) -> str:
    """Return an address without empty steps, or a path without links."""
    if str(place).startswith(S3):
        return S3 + "/".join(filter(None, str(place).removeprefix(S3).split("/")))
    return str(Path(place).resolve())


def names_of(source: str, number: int) -> tuple[str, str]:
    """Return the names of a part's two files: predictions, and rows without one."""
    name = f"{source.rsplit('/', 1)[-1]}-{number:05d}"
    return f"{name}.parquet", f"{name}.errors.csv"


def digest(content: bytes) -> str:
    """Return the hash of a part's predictions."""
    return hashlib.sha256(content).hexdigest()
