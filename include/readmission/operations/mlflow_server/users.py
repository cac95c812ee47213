"""MLflow's users, created and updated from the settings at each start of the server."""

from collections.abc import Collection
from threading import Lock
from typing import Any, Protocol, get_args

from cachetools import TTLCache, cached
from cachetools.keys import hashkey
from mlflow.exceptions import MlflowException

from readmission.operations.mlflow_server.permissions import ADMIN, GRANTS
from readmission.settings import PREFIX, Settings, SettingsError
from readmission.settings.mlflow import MlflowRole

REMEMBERED_SECONDS = 30
"""How long a server process may act on a user or a grant that an admin has changed."""


class UserStore(Protocol):
    """The part of MLflow's user store that is used here."""

    def has_user(self, username: str) -> bool: ...
    def authenticate_user(self, username: str, password: str) -> bool: ...
    def create_user(self, username: str, password: str, is_admin: bool = False) -> object: ...
    def update_user(
        self, username: str, password: str | None = None, is_admin: bool | None = None
    ) -> object: ...
    def grant_user_permission(
        self, username: str, resource_type: str, resource_pattern: str, permission: str
    ) -> None: ...
    def get_user(self, username: str) -> Any: ...
    def list_grants(
        self, user_id: int, workspace: str, resource_types: Collection[str]
    ) -> list[Any]: ...


def passwords(settings: Settings) -> dict[str, str]:
    """Return the password of each user.

    Raises
    ------
    SettingsError
        If one is missing.
    """
    logins = {role: settings.as_mlflow(role).mlflow_login for role in get_args(MlflowRole)}
    missing = [
        f"{PREFIX}MLFLOW_{role.upper()}_PASSWORD" for role, login in logins.items() if not login
    ]
    if missing:
        raise SettingsError(f"set {', '.join(missing)}: MLflow starts only with all of its users")
    return dict(filter(None, logins.values()))


def update_users(store: UserStore, wanted: dict[str, str]) -> None:
    """Create missing users, replace passwords that changed, and grant MLflow's permissions.

    Parameters
    ----------
    store : UserStore
        MLflow's store of users.
    wanted : dict of str to str
        Password of each user.

    Raises
    ------
    SettingsError
        If MLflow refuses a password.
    """
    for name, password in wanted.items():
        try:
            _update(store, name, password)
        except MlflowException as error:
            raise SettingsError(f"{PREFIX}MLFLOW_{name.upper()}_PASSWORD: {error}") from error
        for resource, permission in GRANTS.get(name, {}).items():
            store.grant_user_permission(name, resource, "*", permission)


def _update(store: UserStore, name: str, password: str) -> None:
    is_admin = name == ADMIN
    if not store.has_user(name):
        store.create_user(name, password, is_admin)
    elif not store.authenticate_user(name, password):
        store.update_user(name, password, is_admin)


def remember_lookups(store: UserStore) -> None:
    """Keep users and grants in memory for `REMEMBERED_SECONDS`.

    MLflow queries both up to four times for each request, a third of the time that it takes.
    """
    get_user, list_grants = store.get_user, store.list_grants

    def key(user_id: int, workspace: str, resource_types: Collection[str]) -> Any:
        return hashkey(user_id, workspace, frozenset(resource_types))

    users: TTLCache[Any, Any] = TTLCache(maxsize=256, ttl=REMEMBERED_SECONDS)
    grants: TTLCache[Any, Any] = TTLCache(maxsize=1024, ttl=REMEMBERED_SECONDS)
    # Replacing the methods of one store needs no knowledge of its class.
    store.get_user = cached(users, lock=Lock())(get_user)  # type: ignore[method-assign]
    store.list_grants = cached(grants, key, Lock())(list_grants)  # type: ignore[method-assign]
