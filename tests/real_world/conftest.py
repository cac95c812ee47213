"""The service, the gate and the app, as the tests of their own rooms have them."""

from tests.api.conftest import empty_service, fake_store, fits, service
from tests.include.quality.conftest import gatekeeper, raw
from tests.ui.conftest import opened, point_at, scanned_once

__all__ = [
    "empty_service",
    "fake_store",
    "fits",
    "gatekeeper",
    "opened",
    "point_at",
    "raw",
    "scanned_once",
    "service",
]
