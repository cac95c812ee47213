"""The files of the saved state of the last release."""

import io
import json
import lzma
import tarfile
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

from readmission.serving import bundle
from readmission.stack.backup import CREDENTIALS

FOLDER = Path(__file__).parent / "state"
ENCOUNTERS = "encounters.zip"
"""The encounters of the saved batches, and of the next one."""
NAMES = "names.txt"
"""The public names of the last release, one a line."""
BATCH = 1_500
SECRETS = {
    "prediction_log_key": "a key of at least thirty-two characters",
    "signing_key": b64encode(b"the last release signs with this").decode(),
}
"""The secrets that the state needs, made for it alone: those of its hashes and signatures. All
others are generated, when the state is made and again by each test."""


def is_needed(key: str) -> bool:
    """Whether an object of the buckets is saved: no plots, no pickles, which nothing opens."""
    return "/plots/" not in key and not key.endswith(".pkl")


def opened(name: str, folder: Path) -> Path:
    """Return a plain file of the saved state, as `readmission.stack.backup.fill` needs it."""
    if name == CREDENTIALS:
        (folder / name).write_text(json.dumps(SECRETS))
        return folder / name
    packed = FOLDER / f"{name}.xz"
    if packed.exists():
        (folder / name).write_bytes(lzma.decompress(packed.read_bytes()))
        return folder / name
    return FOLDER / name


def bundles() -> Iterator[tuple[int, str]]:
    """Yield the format and the contract of each saved serving bundle."""
    archive = io.BytesIO(lzma.decompress((FOLDER / "mlflow.tar.xz").read_bytes()))
    with tarfile.open(fileobj=archive) as tar:
        for name in tar.getnames():
            if name.endswith(f"/{bundle.FOLDER}/{bundle.MANIFEST}"):
                content = tar.extractfile(name)
                found = json.load(content) if content else {}
                yield found.get("format"), found.get("schema_version")
