"""The model families that can compete: each file declares one, under the file's name."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from readmission.errors import UnknownFamily
from readmission.modelling.family import Family


def declared() -> Mapping[str, Family]:
    """Return the family of every file in this folder, by the file's name."""
    names = sorted(module.name for module in iter_modules(__path__))
    return MappingProxyType({name: import_module(f"{__name__}.{name}").FAMILY for name in names})


FAMILIES = declared()
"""Every family by its name. Listing them imports no estimator library."""


def family(name: str) -> Family:
    """Return a family.

    Raises
    ------
    UnknownFamily
        Naming the known ones, if there is none of this name.
    """
    if name not in FAMILIES:
        raise UnknownFamily(name, FAMILIES)
    return FAMILIES[name]


def require_known(names: Iterable[str]) -> None:
    """Refuse names that no family has.

    Raises
    ------
    UnknownFamily
        Naming the first unknown one and all known ones.
    """
    for name in names:
        family(name)
