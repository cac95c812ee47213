"""The serving bundle: the folder stored with a model, and the checks when it is loaded."""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from readmission.domain import schema
from readmission.errors import BundleRefused
from readmission.serving import card, golden_rows
from readmission.serving.encoding_tables import EncodingTables
from readmission.serving.explainers import Explainer, read_explainer
from readmission.serving.golden_rows import GoldenRows
from readmission.serving.scorers import (
    TABLES_FILE,
    CompiledScorer,
    Pipeline,
    PipelineScorer,
    Scorer,
)

log = logging.getLogger(__name__)

FOLDER = "serving"
"""Name of the bundle among a model's artifacts."""

MANIFEST = "manifest.json"
FORMAT = 2


@dataclass(frozen=True)
class Manifest:
    """Description of a bundle, with a hash of each file.

    Parameters
    ----------
    family : str
        Name of the model family.
    weights : sequence of 3 floats
        Decision weight of each class.
    risk_quantiles : sequence of 101 floats
        Percentiles 0..100 of the probability of <30 days among validation patients.
    not_compiled : str, optional
        Why there is no compiled form, if there is none; the pipeline is then served.
    files : dict of str to str
        SHA-256 of each file.
    schema_version, classes, format
        The contract that the model was trained for.
    sha256 : str
        Hash of all fields above, so that a change of the manifest is detected too.
    """

    family: str
    weights: Sequence[float]
    risk_quantiles: Sequence[float]
    not_compiled: str | None
    files: dict[str, str]
    schema_version: str = schema.VERSION
    classes: Sequence[str] = schema.CLASSES
    format: int = FORMAT
    sha256: str = ""

    def digest(self) -> str:
        """Return the value that `sha256` must have."""
        facts = json.dumps(asdict(replace(self, sha256="")), sort_keys=True)
        return hashlib.sha256(facts.encode()).hexdigest()


@dataclass(frozen=True)
class Bundle:
    """A verified bundle, loaded into memory; its folder may be deleted.

    Parameters
    ----------
    manifest : Manifest
        Its description.
    scorer : Scorer
        The compiled form if it works, otherwise the pipeline.
    tables : EncodingTables
        The fitted encoder; explanations need it with either scorer.
    make_explainer : callable
        Creates the explainer. Slow, and large in memory, so called on first use only.
    card : dict
        The fields of `readmission.serving.card.ModelCard`.
    """

    manifest: Manifest
    scorer: Scorer
    tables: EncodingTables
    make_explainer: Callable[[], Explainer]
    card: dict[str, Any]


def seal(folder: Path, **facts: Any) -> None:
    """Write the manifest of a folder that already holds all other files.

    Parameters
    ----------
    folder : Path
        The folder of the bundle.
    **facts
        The first four fields of `Manifest`.
    """
    files = {path.name: _digest(path) for path in sorted(folder.iterdir())}
    manifest = Manifest(files=files, **facts)
    sealed = replace(manifest, sha256=manifest.digest())
    (folder / MANIFEST).write_text(json.dumps(asdict(sealed), indent=1))


def open_bundle(folder: Path, load_pipeline: Callable[[], Pipeline]) -> Bundle:
    """Read a bundle, verify every file and check the predictions for the golden rows.

    If the compiled form does not reproduce them, the pipeline is checked and used instead,
    which is slower but correct.

    Parameters
    ----------
    folder : Path
        A copy of a folder that `seal` has completed.
    load_pipeline : callable
        Loads the pipeline of the registered model; called only if it is needed.

    Raises
    ------
    BundleRefused
        If a file is missing or damaged, the model was trained for another contract, or neither
        form reproduces the golden rows.
    """
    manifest = _verified(folder)
    try:
        rows = GoldenRows.read(folder / golden_rows.FILE)
        tables = EncodingTables.read(folder / TABLES_FILE)
        explainer = read_explainer(folder)
        described = json.loads((folder / card.FILE).read_text())
    except (OSError, LookupError, ValueError, TypeError, StopIteration) as error:
        raise BundleRefused(f"the model's files cannot be read ({error!r})") from error
    scorer = _compiled(folder, tables, manifest, rows)
    if scorer is None:
        scorer = PipelineScorer(load_pipeline())
        rows.check(scorer, manifest.weights)
    return Bundle(manifest, scorer, tables, explainer, described)


def _compiled(
    folder: Path, tables: EncodingTables, manifest: Manifest, rows: GoldenRows
) -> Scorer | None:
    if manifest.not_compiled:
        return None
    try:
        scorer = CompiledScorer.read(folder, tables)
        rows.check(scorer, manifest.weights)
    except Exception as error:  # noqa: BLE001 - another ONNX Runtime may raise anything
        log.warning("the compiled model is not used: %s", error)
        return None
    return scorer


def _verified(folder: Path) -> Manifest:
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise BundleRefused(f"the model's {MANIFEST} cannot be read ({error})") from error
    for name, expected in (("format", FORMAT), ("schema_version", schema.VERSION)):
        if (found := getattr(manifest, name)) != expected:
            raise BundleRefused(
                f"the model was trained for {name} {found}, but this service has {expected};"
                " serve it with the version of the project that trained it, or train it again"
            )
    if manifest.sha256 != manifest.digest():
        raise BundleRefused(f"the model's {MANIFEST} has changed since training")
    for name, digest in manifest.files.items():
        path = folder / name
        if Path(name).name != name or not path.is_file() or _digest(path) != digest:
            raise BundleRefused(f"the model's {name} is missing or has changed since training")
    return manifest


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
