"""API keys and roles; the service stores hashes of keys only.

A key is 256 random bits, so one round of SHA-256 is enough: slow hashes protect passwords that
people choose. `python -m api.access.keys ROLE` makes a key.
"""

import argparse
import hashlib
import hmac
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from api.errors import Forbidden, Unauthorized
from readmission.settings import PREFIX, Settings

HEADER = b"x-api-key"
MAX_KEY_LENGTH = 200
"""Characters of a key; longer ones are rejected without being hashed."""


class Role(IntEnum):
    """What a caller may do; a higher role includes the lower ones."""

    NONE = 0
    PREDICT = 1
    ADMIN = 2


@dataclass(frozen=True)
class Caller:
    """A caller of the service.

    Parameters
    ----------
    name : str
        Identifies the caller in limits and logs: the first characters of the key's hash, or the
        peer address.
    role : Role
        What the caller may do.
    key_id : str
        The first characters of the key's hash; empty if the caller sent no key.
    """

    name: str
    role: Role
    key_id: str = ""

    @cached_property
    def role_name(self) -> str:
        """The role as it is logged."""
        return self.role.name.lower()


class Keyring:
    """The keys that the service accepts.

    Parameters
    ----------
    entries : sequence of str
        ``role:sha256`` each, as in the setting ``api_keys``.
    anonymous : str
        Role of a caller without a key.
    """

    def __init__(self, entries: Sequence[str], anonymous: str) -> None:
        split = (entry.split(":") for entry in entries)
        self._roles = [(bytes.fromhex(digest), Role[role.upper()]) for role, digest in split]
        self._anonymous = Role[anonymous.upper()]
        # Comparing with all entries takes longer than hashing, so remember accepted hashes.
        # Keys themselves are not stored.
        self._known: dict[bytes, Caller] = {}

    @classmethod
    def from_settings(cls, settings: Settings) -> "Keyring":
        """Return the configured keys."""
        return cls(settings.api_keys, settings.api_anonymous_role)

    def identify(self, key: str | None, address: str, needed: Role) -> Caller:
        """Return the caller if it has the needed role.

        Raises
        ------
        Unauthorized
            If the key is unknown, or a key is needed and none was sent.
        Forbidden
            If the role of the key is too low.
        """
        caller = self._caller(key, address)
        if caller.role < needed:
            raise Unauthorized() if key is None else Forbidden(needed.name.lower())
        return caller

    def _caller(self, key: str | None, address: str) -> Caller:
        if key is None:
            return Caller(address, self._anonymous)
        if len(key) > MAX_KEY_LENGTH:
            raise Unauthorized
        presented = hashlib.sha256(key.encode()).digest()
        if known := self._known.get(presented):
            return known
        # Compare every entry, each in constant time: the duration must not reveal
        # anything about the keys.
        matches = [role for digest, role in self._roles if hmac.compare_digest(digest, presented)]
        if not matches:
            raise Unauthorized
        key_id = presented.hex()[:8]
        caller = self._known[presented] = Caller(key_id, max(matches), key_id)
        return caller


def main(arguments: Sequence[str] | None = None) -> None:
    """Make a key. Give the key to its user and put its hash into the service's settings."""
    parser = argparse.ArgumentParser(prog="python -m api.access.keys", description=main.__doc__)
    parser.add_argument("role", choices=["predict", "admin"])
    role = parser.parse_args(arguments).role
    key = secrets.token_urlsafe(32)
    sys.stdout.write(
        f"key, for the user (not shown again): {key}\n"
        f"entry, for {PREFIX}API_KEYS:           {entry_of(role, key)}\n"
    )


def entry_of(role: str, key: str) -> str:
    """Return the entry of the setting ``api_keys`` for a key."""
    return f"{role}:{hashlib.sha256(key.encode()).hexdigest()}"


if __name__ == "__main__":
    main()
