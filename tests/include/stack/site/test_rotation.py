"""Passwords and keys of one machine are rotated as docs/operations.md describes it."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import psycopg
import pytest
from botocore.exceptions import ClientError

from readmission.settings import CHECKOUT
from readmission.stack.services import object_store, postgres
from readmission.stack.site.site import Site
from readmission.stack.stack import Stack
from tests.conftest import random_settings

SERVICES = {"postgres", "object-store"}
PROCEDURE = (CHECKOUT / "docs" / "operations.md").read_text()
KEPT = {"prediction_log_key", "signing_key", "postgres"}
"""Those with steps of their own."""


@pytest.fixture
def stack(state_folders: Path) -> Iterator[Stack]:
    """Given a stack with a table and an object."""
    stack = Stack(random_settings(state_folders / "rotation"))
    stack.up(SERVICES)
    with psycopg.connect(postgres.dsn(stack.site, "raw")) as connection:
        connection.execute("CREATE TABLE word (word text)")
        connection.execute("INSERT INTO word VALUES ('kept')")
    store = object_store.client(stack.site)
    store.put_object(Bucket=stack.settings.buckets[0], Key="word", Body=b"kept")
    yield stack
    stack.reset()


def contents(site: Site) -> tuple[object, bytes]:
    """Return the row and the object, read with the passwords and keys of a site."""
    with psycopg.connect(postgres.dsn(site, "raw")) as connection:
        row = connection.execute("SELECT word FROM word").fetchone()
    store = object_store.client(site)
    found = store.get_object(Bucket=site.settings.buckets[0], Key="word")["Body"].read()
    return row, found


def test_a_new_password_or_key_replaces_the_old_one_and_the_data_stay(stack: Stack) -> None:
    before = stack.site
    assert contents(before) == (("kept",), b"kept")

    # when the lines are removed while the stack is down
    assert "remove its line from `.state/credentials.json`" in PROCEDURE
    stack.down()
    file = stack.paths.credentials
    kept = {name: text for name, text in json.loads(file.read_text()).items() if name in KEPT}
    file.write_text(json.dumps(kept))
    stack.up(SERVICES)

    # then each is new, and reads the data
    after = stack.site
    old, new = asdict(before.credentials), asdict(after.credentials)
    assert {name for name in old if old[name] == new[name]} == KEPT
    assert contents(after) == (("kept",), b"kept")
    # and the old ones are refused
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.dsn(before, "raw"))
    with pytest.raises(ClientError):
        object_store.client(before).list_buckets()


def test_the_superusers_password_is_changed_on_the_server_first(stack: Stack) -> None:
    assert "ALTER ROLE postgres PASSWORD" in PROCEDURE
    with postgres._connect(stack.site) as connection:
        connection.execute("ALTER ROLE postgres PASSWORD 'another'")
    stack.down()

    file = stack.paths.credentials
    file.write_text(json.dumps(json.loads(file.read_text()) | {"postgres": "another"}))
    stack.up(SERVICES)

    assert contents(stack.site) == (("kept",), b"kept")
