"""The model families. Each file of this folder declares one, and its name is the family's."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from readmission.errors import UnknownFamily
from readmission.modelling.family import Family


def declared() -> Mapping[str, Family]:
    """Return the family that each file in this folder declares, by file name."""
    names = sorted(module.name for module in iter_modules(__path__))
    return MappingProxyType({name: import_module(f"{__name__}.{name}").FAMILY for name in names})


FAMILIES = declared()
"""All families by name. Listing them does not import any estimator library."""


def family(name: str) -> Family:
    """Return a family by its name.

    Raises
    ------
    UnknownFamily
        If no family has this name; the message lists the known ones.
    """
    if name not in FAMILIES:
        raise UnknownFamily(name, FAMILIES)
    return FAMILIES[name]


def title_of(name: str) -> str:
    """Return the display name of a family, or `name` itself if the family no longer exists."""
    return FAMILIES[name].title if name in FAMILIES else name


def require_known(names: Iterable[str]) -> None:
    """Raise an error unless every name is that of a family.

    Raises
    ------
    UnknownFamily
        For the first unknown name; the message lists the known ones.
    """
    for name in names:
        family(name)
