"""The serving bundle: the folder stored with a model, and the checks when it is opened."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from readmission.domain import schema
from readmission.errors import BundleRefused
from readmission.serving import card, golden_rows, onnx_estimator, signature
from readmission.serving.explainers import Explainer, read_explainer
from readmission.serving.golden_rows import GoldenRows
from readmission.serving.onnx_estimator import CompiledEstimator, Estimator
from readmission.serving.scorer import TABLES_FILE, CompiledScorer
from readmission.serving.signature import RETRAIN, ROLL_BACK, Signer, TrustedKeys

FOLDER = "serving"
"""Name of the bundle among a model's artifacts."""

MANIFEST = "manifest.json"
FORMAT = 5
LARGEST = {MANIFEST: 1 << 20, signature.FILE: 4 << 10}
"""Bytes of the two files that are read before anything is verified."""
ALWAYS = frozenset({card.FILE, golden_rows.FILE, onnx_estimator.FILE, TABLES_FILE})
"""Files of every bundle; beside them it has one of an explainer."""


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
    files : dict of str to str
        SHA-256 of each file.
    schema_version, classes, format
        The contract that the model was trained for.
    """

    family: str
    weights: Sequence[float]
    risk_quantiles: Sequence[float]
    files: dict[str, str]
    schema_version: str = schema.VERSION
    classes: Sequence[str] = schema.CLASSES
    format: int = FORMAT


@dataclass(frozen=True)
class Bundle:
    """A verified bundle, loaded into memory; its folder may be deleted.

    Parameters
    ----------
    manifest : Manifest
        Its description.
    scorer : CompiledScorer
        Predicts.
    make_explainer : callable
        Creates the explainer. Slow, and large in memory, so called on first use only.
    card : dict
        The fields of `readmission.serving.card.ModelCard`.
    """

    manifest: Manifest
    scorer: CompiledScorer
    make_explainer: Callable[[], Explainer]
    card: dict[str, Any]


def seal(folder: Path, signer: Signer, **facts: Any) -> None:
    """Write and sign the manifest of a folder that already holds all other files.

    Parameters
    ----------
    folder : Path
        The folder of the bundle.
    signer : Signer
        Signs the manifest.
    **facts
        The first three fields of `Manifest`.
    """
    files = {path.name: _digest(path) for path in sorted(folder.iterdir())}
    manifest = json.dumps(asdict(Manifest(files=files, **facts)), indent=1)
    (folder / MANIFEST).write_text(manifest)
    (folder / signature.FILE).write_text(signer.sign(manifest.encode()))


def open_bundle(
    folder: Path,
    trusted: TrustedKeys,
    estimator: Callable[[Path], Estimator] = CompiledEstimator,
) -> Bundle:
    """Verify a bundle's signature and files, read it and check its golden rows.

    Nothing in the folder is executed, and nothing but the manifest is read before its signature
    and the hash of every file are verified.

    Parameters
    ----------
    folder : Path
        A copy of a folder that `seal` has completed.
    trusted : TrustedKeys
        Public keys, one of which must have signed the manifest.
    estimator : callable
        Opens the ONNX file of the estimator.

    Raises
    ------
    BundleRefused
        If the bundle is not signed with a trusted key, a file is missing or changed, the contract
        has lost a value since the training, or the model does not reproduce its golden rows.
    """
    manifest = _verified(folder, trusted)
    try:
        rows = GoldenRows.read(folder / golden_rows.FILE)
        explainer = read_explainer(folder, manifest.files)
        described = json.loads((folder / card.FILE).read_text())
        scorer = CompiledScorer.read(folder, estimator)
        if manifest.schema_version != schema.VERSION:
            scorer = _for_this_contract(scorer)
        rows.check(scorer, manifest.weights)
    except BundleRefused:
        raise
    except Exception as error:  # ONNX Runtime may raise anything.
        raise BundleRefused(f"the model's files cannot be read ({error!r}); {ROLL_BACK}") from error
    return Bundle(manifest, scorer, explainer, described)


def _verified(folder: Path, trusted: TrustedKeys) -> Manifest:
    """Return the manifest once its signature and the hash of every file are verified."""
    content = _read(folder / MANIFEST)
    if not (folder / signature.FILE).is_file():
        raise BundleRefused(
            "the model is not signed: an earlier version of this project trained it, or it was"
            f" registered by hand; {RETRAIN}"
        )
    trusted.verify(content, _read(folder / signature.FILE).decode(errors="replace"))
    manifest = _parsed(content)
    # The signature must cover every file that is read, not only every file that it names.
    wanted = dict.fromkeys(ALWAYS) | manifest.files
    for name, digest in wanted.items():
        path = folder / name
        if Path(name).name != name or not path.is_file() or _digest(path) != digest:
            raise BundleRefused(
                f"the model's {name} is missing or has changed since training; {ROLL_BACK}"
            )
    return manifest


def _parsed(content: bytes) -> Manifest:
    """Return a manifest of this version's format."""
    described = json.loads(content)
    if (found := described.get("format")) != FORMAT:
        raise BundleRefused(
            f"the model was trained for format {found}, but this version needs {FORMAT}; {RETRAIN}"
        )
    return Manifest(**described)


def _for_this_contract(scorer: CompiledScorer) -> CompiledScorer:
    """Return the scorer of a model that was trained for another contract.

    A contract that has gained values since is no obstacle; one that has lost some is.
    """
    if lost := scorer.tables.values_no_longer_allowed():
        more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
        raise BundleRefused(
            f"the model was trained for {', '.join(lost[:3])}{more}, which this version does not"
            f" allow; {RETRAIN}"
        )
    return CompiledScorer(scorer.tables.with_new_values(), scorer.estimator)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST[path.name] + 1)
    except OSError as error:
        raise BundleRefused(
            f"the model's {path.name} cannot be read ({error}); {ROLL_BACK}"
        ) from error
    if len(content) > LARGEST[path.name]:
        raise BundleRefused(f"the model's {path.name} is too large; {ROLL_BACK}")
    return content


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
