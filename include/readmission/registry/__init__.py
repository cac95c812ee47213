"""MLflow: the registered model with its versions and aliases, and the runs that trained them.

The names of `client` are imported lazily so that the exporter does not load MLflow.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from readmission.registry.aliases import CHALLENGER, PREVIOUS, PRODUCTION

if TYPE_CHECKING:
    from readmission.registry.client import DRIFT_REFERENCE, Registry

__all__ = [
    "CHALLENGER",
    "DRIFT_REFERENCE",
    "PREVIOUS",
    "PRODUCTION",
    "Registry",
]


def __getattr__(name: str) -> object:
    if name in __all__:
        return getattr(import_module(f"{__name__}.client"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
