"""Seals a folder of files: only the holder of a key can read it, and nobody else can forge it.

Files are encrypted with age (https://age-encryption.org) for a public key. A manifest with the
SHA-256 of each encrypted file is signed with Ed25519. The private half of the encryption key and
the public half of the signing key are in one file, the backup key, which is kept elsewhere.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pyrage
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from readmission.errors import ReadmissionError
from readmission.files import write_whole

MANIFEST, SIGNATURE, SUFFIX = "manifest.json", "manifest.sig", ".age"
_SIGNED_BY = "# signed by: "


class BackupError(ReadmissionError):
    """A backup is missing, damaged, forged or made for another key."""


@dataclass(frozen=True)
class Seal:
    """What a machine needs to make backups; it cannot read them.

    Parameters
    ----------
    recipient : str
        Public key of age, ``age1…``.
    signing_key : str
        The 32 bytes of an Ed25519 private key, in base64.
    """

    recipient: str
    signing_key: str

    @classmethod
    def make(cls) -> tuple[Self, str]:
        """Return a new seal and the content of its backup key."""
        identity, signer = pyrage.x25519.Identity.generate(), Ed25519PrivateKey.generate()
        public = base64.b64encode(signer.public_key().public_bytes_raw()).decode()
        key = (
            "# Opens the backups of the readmission system. Keep it away from the machine that\n"
            "# is backed up: without it no backup can be read, and with it every backup can.\n"
            f"{_SIGNED_BY}{public}\n{identity}\n"
        )
        private = base64.b64encode(signer.private_bytes_raw()).decode()
        return cls(str(identity.to_public()), private), key

    def close(self, file: Path) -> None:
        """Replace a file by its encrypted form, named with `SUFFIX`."""
        recipient = pyrage.x25519.Recipient.from_str(self.recipient)
        pyrage.encrypt_file(str(file), f"{file}{SUFFIX}", [recipient])
        file.unlink()

    def sign(self, folder: Path, about: Mapping[str, Any]) -> None:
        """Write the signed manifest of the encrypted files in a folder.

        Parameters
        ----------
        folder : Path
            Holds files that `close` has made.
        about : mapping
            Kept in the manifest, readable by everybody.
        """
        files = {file.name: _digest(file) for file in sorted(folder.glob(f"*{SUFFIX}"))}
        manifest = json.dumps({**about, "files": files}, indent=1).encode()
        write_whole(folder / MANIFEST, manifest)
        write_whole(folder / SIGNATURE, self.signature(manifest))

    def signature(self, content: bytes) -> str:
        """Sign a text with Ed25519; in base64."""
        key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(self.signing_key))
        return base64.b64encode(key.sign(content)).decode()


def new_key(file: Path) -> Seal:
    """Write a new backup key to a file, and return the seal that makes backups for it.

    Raises
    ------
    BackupError
        If the file exists.
    """
    if file.exists():
        raise BackupError(f"{file} exists; name a new file for the backup key")
    seal, key = Seal.make()
    write_whole(file, key, durable=True)
    return seal


class BackupKey:
    """The key that opens backups.

    Parameters
    ----------
    text : str
        Content of its file, as `Seal.make` returns it.

    Raises
    ------
    BackupError
        If it is not such a key.
    """

    def __init__(self, text: str) -> None:
        lines = text.splitlines()
        try:
            (identity,) = (line for line in lines if line.startswith("AGE-SECRET-KEY-"))
            (public,) = (line for line in lines if line.startswith(_SIGNED_BY))
            self._identity = pyrage.x25519.Identity.from_str(identity.strip())
            self._public = Ed25519PublicKey.from_public_bytes(
                base64.b64decode(public.removeprefix(_SIGNED_BY), validate=True)
            )
        except (ValueError, pyrage.IdentityError) as error:
            raise BackupError(
                "this is not a backup key; expected the file that `readmission backup --new-key`"
                " wrote"
            ) from error

    @property
    def recipient(self) -> str:
        """The public key of age that files for this backup key are encrypted for."""
        return str(self._identity.to_public())

    def check(self, folder: Path) -> dict[str, Any]:
        """Return the manifest of a backup, once its signature and all digests are right.

        Raises
        ------
        BackupError
            If the backup is incomplete, damaged, or not signed with this key.
        """
        try:
            manifest = (folder / MANIFEST).read_bytes()
            signature = (folder / SIGNATURE).read_bytes()
        except OSError as error:
            raise BackupError(f"{folder} holds no finished backup: {error}") from error
        if not self.signed(manifest, signature):
            raise BackupError(
                f"{folder} was not signed with this backup key, or its manifest was changed;"
                " choose another backup or another key"
            )
        described: dict[str, Any] = json.loads(manifest)
        for damaged in _damaged(folder, described["files"]):
            raise BackupError(f"{folder / damaged} is missing or damaged; choose another backup")
        return described

    def signed(self, content: bytes, signature: str | bytes) -> bool:
        """Return whether a signature of `Seal.signature` belongs to a text and to this key."""
        try:
            self._public.verify(base64.b64decode(signature, validate=True), content)
        except (ValueError, InvalidSignature):
            return False
        return True

    def open(self, file: Path, target: Path) -> None:
        """Decrypt one file of a backup whose signature and digest are right."""
        try:
            pyrage.decrypt_file(str(file), str(target), [self._identity])
        except pyrage.DecryptError as error:
            raise BackupError(f"{file} cannot be decrypted with this backup key") from error


def _damaged(folder: Path, files: Mapping[str, str]) -> Iterator[str]:
    for name, digest in files.items():
        file = folder / name
        if Path(name).name != name or not file.is_file() or _digest(file) != digest:
            yield name


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
