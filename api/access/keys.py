"""Who may do what: keys of callers, known to the service by their hashes only.

A key is 256 random bits, so one round of SHA-256 keeps it secret; slow hashes are for
passwords that people choose. `python -m api.access.keys ROLE` makes one.
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
_PRESENTABLE = 200
"""Characters; what is longer is no key of ours and is not hashed."""


class Role(IntEnum):
    """What a caller may do; a higher role may do all that a lower one may."""

    NONE = 0
    PREDICT = 1
    ADMIN = 2


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Parameters
    ----------
    name : str
        Stands for the caller in limits and logs: the head of the key's hash, or the address.
    role : Role
        What they may do.
    """

    name: str
    role: Role

    @cached_property
    def role_name(self) -> str:
        """The role as logs have it."""
        return self.role.name.lower()


class Keyring:
    """The keys of a service.

    Parameters
    ----------
    entries : sequence of str
        As in the setting ``api_keys``: ``role:sha256``.
    anonymous : str
        Role of a caller without a key.
    """

    def __init__(self, entries: Sequence[str], anonymous: str) -> None:
        split = (entry.split(":") for entry in entries)
        self._roles = [(bytes.fromhex(digest), Role[role.upper()]) for role, digest in split]
        self._anonymous = Role[anonymous.upper()]
        # Looking through all entries takes longer than a hash: one that was good once is found
        # by it. No key is kept.
        self._known: dict[bytes, Caller] = {}

    @classmethod
    def from_settings(cls, settings: Settings) -> "Keyring":
        """Return the keys that are configured."""
        return cls(settings.api_keys, settings.api_anonymous_role)

    def identify(self, key: str | None, address: str, needed: Role) -> Caller:
        """Return who asks, if they may.

        Raises
        ------
        Unauthorized
            If the key is not known, or one is needed and none came.
        Forbidden
            If the key's role does not suffice.
        """
        caller = self._caller(key, address)
        if caller.role < needed:
            raise Unauthorized() if key is None else Forbidden(needed.name.lower())
        return caller

    def _caller(self, key: str | None, address: str) -> Caller:
        if key is None:
            return Caller(address, self._anonymous)
        if len(key) > _PRESENTABLE:
            raise Unauthorized
        presented = hashlib.sha256(key.encode()).digest()
        if known := self._known.get(presented):
            return known
        # Every entry is compared, and each in constant time: how long a refusal takes
        # says nothing of the keys.
        matches = [role for digest, role in self._roles if hmac.compare_digest(digest, presented)]
        if not matches:
            raise Unauthorized
        caller = self._known[presented] = Caller(presented.hex()[:8], max(matches))
        return caller


def main(arguments: Sequence[str] | None = None) -> None:
    """Make a key: the key goes to its user, its hash into the service's settings."""
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
