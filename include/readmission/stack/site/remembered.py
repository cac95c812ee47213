"""The settings of the last start, which hold until a variable says otherwise.

A new shell without the variables of the first one then works on the same stack. Secrets are not
remembered.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from readmission.settings import PREFIX, Settings
from readmission.stack.site.paths import StatePaths, write_private

NOT_REMEMBERED = "state_dir"
"""Names the state folder itself, so it is not remembered there."""
FORGET = "unset it or run `readmission down` first"


def recall(settings: Settings, paths: StatePaths) -> Settings:
    """Return settings with what was remembered for variables that are not set now."""
    missing = {
        name: value
        for name, value in _remembered(paths).items()
        if name not in settings.model_fields_set
    }
    if not missing:
        return settings
    read = Settings(**missing)
    return settings.model_copy(update={name: getattr(read, name) for name in missing})


def remember(settings: Settings, paths: StatePaths) -> None:
    """Write down every setting that is set and not secret."""
    write_private(paths.settings, json.dumps(_given(settings), indent=1))


def differences(settings: Settings, paths: StatePaths) -> list[str]:
    """Return how settings differ from the remembered ones, one text for each variable."""
    if not paths.settings.exists():
        return []
    remembered, given = _remembered(paths), _given(settings)
    defaults = Settings.model_construct().model_dump(mode="json", include=set(given))
    found = []
    for name, value in given.items():
        running = remembered.get(name, defaults.get(name))
        if value != running:
            found.append(f"{PREFIX}{name.upper()} is {_text(value)}, and was {_text(running)}")
    return found


def _given(settings: Settings) -> dict[str, Any]:
    secret = {name for name, value in settings if isinstance(value, SecretStr)}
    names = settings.model_fields_set - secret - {NOT_REMEMBERED}
    # A relative path means another file in another folder.
    paths = {
        name: str(value.expanduser().resolve())
        for name, value in settings
        if name in names and isinstance(value, Path)
    }
    return settings.model_dump(mode="json", include=names, exclude_none=True) | paths


def _remembered(paths: StatePaths) -> Mapping[str, Any]:
    """Return the remembered settings, without those that this version no longer has."""
    found = json.loads(paths.settings.read_text()) if paths.settings.exists() else {}
    return {name: value for name, value in found.items() if name in Settings.model_fields}


def _text(value: object) -> str:
    return "not set" if value is None else str(value)
