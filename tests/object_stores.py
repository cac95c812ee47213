"""The object stores that tests use: the embedded SeaweedFS, and one that the environment names.

``READMISSION_TEST_S3`` is the address of another store, such as a MinIO; it must be disposable,
because its bucket of dumps refuses to delete them. ``READMISSION_TEST_S3_ACCESS_KEY`` and
``READMISSION_TEST_S3_SECRET_KEY`` are its administrator's. Its users with few rights are those of
``k8s/minio/reader.sh``: ``READMISSION_TEST_S3_DOCS_ACCESS_KEY`` and so on. If they are not set and
``mc`` is installed, that script creates them, as the job ``minio-reader`` does.
"""

import os
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import boto3
import httpx
import pytest

from readmission.operations.buckets import make_buckets
from readmission.settings import CHECKOUT, PREFIX, Settings
from readmission.stack.services.object_store import REGION
from readmission.stack.site.site import Site

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

VARIABLE = "READMISSION_TEST_S3"
EMBEDDED, NAMED = "embedded", "named"
SCRIPT = CHECKOUT / "k8s" / "minio" / "reader.sh"
USERS = ("DOCS", "MONITORING", "BACKUP", "RESTORE")
"""The users with few rights, as the variables of `SCRIPT` call them."""
KeyPair = tuple[str, str]

for _name in [name for name in os.environ if name.startswith(VARIABLE)]:
    # Our settings, also those of programs that tests start, refuse variables that they do not know.
    os.environ[_name.removeprefix(PREFIX)] = os.environ.pop(_name)


def _variable(name: str = "") -> str:
    """Return the value of a variable, by the end of its name; empty if it is not set."""
    return os.environ.get(f"{VARIABLE}{name}".removeprefix(PREFIX), "")


@dataclass(frozen=True)
class ObjectStore:
    """An object store with its buckets and users.

    Parameters
    ----------
    endpoint : str
        Its address.
    admin : tuple of str
        Access key and secret key of its administrator.
    users : dict
        The same of each of `USERS`.
    """

    endpoint: str
    admin: KeyPair = field(repr=False)
    users: dict[str, KeyPair] = field(repr=False)

    def client(self, user: str | None = None) -> "S3Client":
        """Return a client with a user's keys, by default the administrator's."""
        access_key, secret_key = self.admin if user is None else self.users[user]
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            region_name=REGION,
        )


def names() -> list[str]:
    """Return which stores the tests of the object store use."""
    return [EMBEDDED, NAMED] if _variable() else [EMBEDDED]


def variables() -> set[str]:
    """Return the variables that this module reads; they are no settings."""
    ends = (f"{user}{kind}_KEY" for user in ("", *USERS) for kind in ("_ACCESS", "_SECRET"))
    return {VARIABLE, *(f"{VARIABLE}_{end.removeprefix('_')}" for end in ends)}


def described() -> str:
    """Return a sentence for the report of a test run: which stores it uses."""
    if not (endpoint := _variable()):
        return f"object store: the embedded SeaweedFS ({VARIABLE} names no other)"
    return f"object stores: the embedded SeaweedFS, and {server_of(endpoint)} at {endpoint}"


def server_of(endpoint: str) -> str:
    """Return what a store calls itself."""
    try:
        called = httpx.get(endpoint, timeout=5).headers.get("Server")
    except httpx.HTTPError as error:
        return f"a store that does not respond ({type(error).__name__})"
    return called or "a store that does not say what it is"


def embedded(site: Site) -> ObjectStore:
    """Return the object store of a running stack."""
    keys = site.credentials
    users = {
        "DOCS": (keys.docs_access_key, keys.docs_secret_key),
        "MONITORING": (keys.monitoring_access_key, keys.monitoring_secret_key),
        "BACKUP": (keys.backup_access_key, keys.backup_secret_key),
        "RESTORE": (keys.restore_access_key, keys.restore_secret_key),
    }
    return ObjectStore(site.s3_endpoint, (keys.s3_access_key, keys.s3_secret_key), users)


def named(settings: Settings) -> ObjectStore:
    """Return the store that the environment names, with the buckets and users of a deployment."""
    store = ObjectStore(_variable(), _given(), _users())
    make_buckets(store.client(), settings.buckets)
    return store


def _given(user: str = "") -> KeyPair:
    names = tuple(f"_{user}_{kind}_KEY".replace("__", "_") for kind in ("ACCESS", "SECRET"))
    access_key, secret_key = map(_variable, names)
    if not access_key or not secret_key:
        pytest.fail(f"{VARIABLE} is set, but not {' and '.join(VARIABLE + one for one in names)}")
    return access_key, secret_key


def _users() -> dict[str, KeyPair]:
    if _variable(f"_{USERS[0]}_ACCESS_KEY") or not shutil.which("mc"):
        return {user: _given(user) for user in USERS}
    users = {user: (secrets.token_hex(8), secrets.token_hex(16)) for user in USERS}
    _create(users)
    return users


def _create(users: dict[str, KeyPair]) -> None:
    """Run the script of the job `minio-reader`."""
    address, (access_key, secret_key) = urlsplit(_variable()), _given()
    alias = urlunsplit(address._replace(netloc=f"{access_key}:{secret_key}@{address.netloc}"))
    keys = {
        f"{user}_{kind}_KEY": value
        for user, pair in users.items()
        for kind, value in zip(("ACCESS", "SECRET"), pair, strict=True)
    }
    with tempfile.TemporaryDirectory() as home:
        subprocess.run(
            [SCRIPT],
            env={"PATH": os.environ["PATH"], "HOME": home, "MC_HOST_store": alias, **keys},
            check=True,
        )
