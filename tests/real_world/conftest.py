"""The service and the gate, as the tests of their own rooms have them."""

from tests.api.conftest import empty_service, fake_store, fits, service
from tests.include.quality.conftest import gatekeeper, raw

__all__ = ["empty_service", "fake_store", "fits", "gatekeeper", "raw", "service"]
