"""Ed25519 signatures of serving bundles: training signs, every reader verifies.

The signature covers the manifest, and the manifest has a hash of every other file. A bundle that
was changed or made without the private key is refused before any of its files is parsed.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from readmission.errors import BundleRefused, SigningKeyError

FILE = "manifest.sig"
RETRAIN = (
    "`readmission retrain` trains its successor; without that command, the DAG ledger_sweep does"
    " so within ten minutes"
)
"""Advice in errors about a bundle that cannot be served."""


ROLL_BACK = "`POST /rollback` returns to the previous version"
"""Advice in errors about a damaged bundle; retraining would reuse its run."""


class Signer:
    """Signs bundles with a private key.

    Parameters
    ----------
    private_key : str
        The 32 bytes of an Ed25519 private key, in base64.

    Raises
    ------
    SigningKeyError
        If it is not such a key.
    """

    def __init__(self, private_key: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(_decoded("signing_key", private_key))
        public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.public_key = base64.b64encode(public).decode()
        self.key_id = _key_id(public)

    @classmethod
    def generate_key(cls) -> str:
        """Return a new random private key, in base64."""
        return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()

    def sign(self, content: bytes) -> str:
        """Return the signature of `content` and the id of the key, as JSON."""
        signature = base64.b64encode(self._key.sign(content)).decode()
        return json.dumps({"key_id": self.key_id, "signature": signature})


@dataclass(frozen=True)
class TrustedKeys:
    """The public keys whose signatures are accepted, by id.

    During a rotation there are two: that of the models in use, and that of the next training.
    """

    by_id: Mapping[str, Ed25519PublicKey]

    @classmethod
    def parse(cls, public_keys: Iterable[str]) -> Self:
        """Read public keys: the 32 bytes of each Ed25519 key, in base64.

        Raises
        ------
        SigningKeyError
            If one of them is not such a key.
        """
        keys = [_decoded("trusted_signing_keys", key) for key in public_keys]
        return cls(
            MappingProxyType({_key_id(k): Ed25519PublicKey.from_public_bytes(k) for k in keys})
        )

    def verify(self, content: bytes, signature: str) -> None:
        """Check that a trusted key made this signature of `content`.

        Parameters
        ----------
        content : bytes
            What was signed.
        signature : str
            The result of `Signer.sign`.

        Raises
        ------
        BundleRefused
            If the signature is unreadable or wrong, or made with a key that is not trusted.
        """
        try:
            signed = json.loads(signature)
            key_id, value = signed["key_id"], base64.b64decode(signed["signature"], validate=True)
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise BundleRefused(f"the model's {FILE} cannot be read; {ROLL_BACK}") from error
        key = self.by_id.get(key_id) if isinstance(key_id, str) else None
        if key is None:
            raise BundleRefused(
                "the model is signed with a key that is not in READMISSION_TRUSTED_SIGNING_KEYS"
                f" ({', '.join(self.by_id) or 'which is empty'}); add the public key if training"
                f" used it before a rotation. Otherwise {RETRAIN}"
            )
        try:
            key.verify(value, content)
        except InvalidSignature as error:
            raise BundleRefused(f"the model's signature is wrong; {ROLL_BACK}") from error


def _decoded(setting: str, key: str) -> bytes:
    try:
        decoded = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SigningKeyError(setting) from error
    if len(decoded) != 32:
        raise SigningKeyError(setting)
    return decoded


def _key_id(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]
