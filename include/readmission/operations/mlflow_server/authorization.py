"""The function that MLflow calls for each request: basic auth, then the table of permissions."""

from flask import Response, request
from mlflow.server.auth import authenticate_request_basic_auth, make_forbidden_response
from werkzeug.datastructures import Authorization

from readmission.operations.mlflow_server.permissions import allowed


def authorize() -> Authorization | Response:
    """Return the user of the current request, or the response that refuses it."""
    found = authenticate_request_basic_auth()
    if isinstance(found, Response):
        return found
    if not allowed(found.username, request.method, request.path):
        return make_forbidden_response()
    return found
