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
    """Return the name of a family for people; that of a family that is gone stays as it is."""
    return FAMILIES[name].title if name in FAMILIES else name


def require_known(names: Iterable[str]) -> None:
    """Raise an error unless all names are those of families.

    Raises
    ------
    UnknownFamily
        For the first unknown name; the message lists the known ones.
    """
    for name in names:
        family(name)
