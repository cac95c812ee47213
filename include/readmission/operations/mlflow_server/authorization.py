"""The function that MLflow calls for each request: basic auth, then the table of permissions."""

import re

from flask import Response, request
from mlflow.server.auth import authenticate_request_basic_auth, make_forbidden_response
from werkzeug.datastructures import Authorization

from readmission.operations.mlflow_server.permissions import allowed

_HOST = re.compile(r"[\w.:\[\]-]*", re.ASCII)


def authorize() -> Authorization | Response:
    """Return the user of the current request, or the response that refuses it."""
    found = authenticate_request_basic_auth()
    if isinstance(found, Response):
        return found
    # For some routes MLflow takes the path from a URL that begins with the Host header, so a
    # header with a slash would change the path.
    if not _HOST.fullmatch(request.headers.get("Host", "")):
        return make_forbidden_response()
    if not allowed(found.username, request.method, request.path):
        return make_forbidden_response()
    return found
