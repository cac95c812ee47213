"""A body that an endpoint declares is read within a limit, before anything else, and checked."""

import pytest
from fastapi.testclient import TestClient

from api.contract.protocols.cds_hooks import SERVICES
from api.http.transport import MAX_BODY
from tests.api.routes.test_about import check_error

JSON = {"content-type": "application/json"}
PATHS = ["/rollback", "/promote", "/unpin", f"/cds-services/{next(iter(SERVICES))}/feedback"]
LONG = b'{"reason": "%b"}' % (b"x" * MAX_BODY)


@pytest.mark.parametrize("path", PATHS)
def test_a_long_body_is_refused_although_the_key_is_wrong(
    empty_service: TestClient, path: str
) -> None:
    headers = JSON | {"x-api-key": "wrong"}

    check_error(empty_service.post(path, content=LONG, headers=headers), 413, "too_large")


@pytest.mark.parametrize("path", PATHS)
def test_a_field_that_is_sent_twice_is_refused(empty_service: TestClient, path: str) -> None:
    content = b'{"reason": "checked", "reason": "not checked"}'

    body = check_error(empty_service.post(path, content=content, headers=JSON), 422, "invalid")

    assert body["message"] == "field 'reason' is repeated, expected one value."


@pytest.mark.parametrize("path", PATHS)
def test_another_content_type_is_refused(empty_service: TestClient, path: str) -> None:
    headers = {"content-type": "text/plain"}

    check_error(empty_service.post(path, content=b"{}", headers=headers), 415, "not_json")


@pytest.mark.parametrize("path", PATHS)
def test_half_of_a_surrogate_pair_is_refused(empty_service: TestClient, path: str) -> None:
    content = rb'{"reason": "\ud800"}'

    body = check_error(empty_service.post(path, content=content, headers=JSON), 400, "malformed")

    assert "surrogate" in body["message"]
    # and a whole pair is read
    content = rb'{"reason": "\ud83d\ude00"}'
    assert empty_service.post(path, content=content, headers=JSON).json()["error"] != "malformed"
