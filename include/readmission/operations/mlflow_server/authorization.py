"""The function that MLflow calls for each request: basic auth, then the table of permissions."""

from flask import Response, make_response, request
from mlflow.protos.model_registry_pb2 import CreateModelVersion, CreateRegisteredModel
from mlflow.server.auth import authenticate_request_basic_auth, make_forbidden_response
from mlflow.server.handlers import _get_request_message
from werkzeug.datastructures import Authorization

from readmission.operations.mlflow_server.permissions import (
    allowed,
    decides_about_tags,
    reserved,
)


def authorize() -> Authorization | Response:
    """Return the user of the current request, or the response that refuses it."""
    found = authenticate_request_basic_auth()
    if isinstance(found, Response):
        return found
    if not allowed(found.username, request.method, request.path):
        return make_forbidden_response()
    if decides_about_tags(found.username, request.path):
        names = reserved(request.path, _tags())
        if names:
            return make_response(f"Permission denied to set the tags {', '.join(names)}", 403)
    return found


def _tags() -> list[str]:
    """Return the names of the tags in a request, read by MLflow's own parser."""
    of_model = request.path.endswith("registered-models/create")
    message = _get_request_message(CreateRegisteredModel() if of_model else CreateModelVersion())
    return [tag.key for tag in message.tags]
