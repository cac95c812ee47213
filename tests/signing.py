"""The key with which tests sign models, and settings that trust it."""

from pydantic import SecretStr

from readmission.serving.signature import Signer, TrustedKeys

KEY = Signer.generate_key()
SIGNER = Signer(KEY)
TRUSTED = TrustedKeys.parse([SIGNER.public_key])
SETTINGS = {"signing_key": SecretStr(KEY), "trusted_signing_keys": (SIGNER.public_key,)}
"""Settings of a training that signs with this key, and of a service that trusts it."""
