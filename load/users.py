"""The users of a load test: clinicians, wards with files, readers, and one operator."""

import random
import uuid
from typing import Any, ClassVar

from locust import FastHttpUser, between, task

from load import checks
from load.checks import Check, Response, WrongResponse
from load.encounters import Payload, Payloads
from load.journal import Journal
from readmission.settings import get_settings

_SETTINGS = get_settings()
REQUEST_ID, KEY = "X-Request-ID", "X-API-Key"


class ApiUser(FastHttpUser):
    """A user who sends requests to the API and checks the responses."""

    abstract = True
    network_timeout = connection_timeout = 30.0
    payloads: ClassVar[Payloads]
    journal: ClassVar[Journal | None] = None
    key = _SETTINGS.api_key

    def send(self, method: str, path: str, check: Check, payload: Payload | None = None) -> None:
        """Send a request, check the response, and note a successful prediction in the journal."""
        request_id = f"load-{uuid.uuid4().hex}"
        headers = {REQUEST_ID: request_id}
        if self.key is not None:
            headers[KEY] = self.key.get_secret_value()
        if payload is not None:
            headers["Content-Type"] = payload.content_type
        # Locust annotates the body as text, but sends bytes unchanged.
        body: Any = payload.content if payload else None
        with self.client.request(
            method, path, data=body, headers=headers, catch_response=True
        ) as response:
            if not response.status_code:
                response.failure(type(response.error).__name__)
                return
            echoed = response.headers.get(REQUEST_ID)
            try:
                check(Response(response.status_code, echoed, response.content or b""), request_id)
            except WrongResponse as wrong:
                response.failure(str(wrong))
                return
            response.success()
        if payload is not None and self.journal is not None:
            self.journal.note(request_id, payload.rows)


class Clinician(ApiUser):
    """Requests a prediction for one encounter about every second."""

    weight = 18
    wait_time = between(0.5, 1.5)

    @task
    def predict(self) -> None:
        payload = random.choice(self.payloads.singles)
        self.send("POST", "/predict", checks.prediction, payload)


class Ward(ApiUser):
    """Sends a file for prediction, as CSV or as Parquet."""

    weight = 1
    wait_time = between(4, 8)

    @task
    def predict_file(self) -> None:
        payload = random.choice(self.payloads.files)
        self.send("POST", "/predict/batch", checks.predictions(payload.rows), payload)


class Reader(ApiUser):
    """Requests explanations, the model card and the fields of an encounter."""

    weight = 1
    wait_time = between(1, 3)

    @task(2)
    def explain(self) -> None:
        payload = random.choice(self.payloads.singles)
        self.send("POST", "/explain", checks.explanation, payload)

    @task
    def model(self) -> None:
        self.send("GET", "/model", checks.model)

    @task
    def contract(self) -> None:
        self.send("GET", "/schema", checks.contract)


class Operator(ApiUser):
    """Reloads the model; exists only if an admin key is set."""

    abstract = _SETTINGS.api_admin_key is None
    fixed_count = 1
    wait_time = between(8, 12)
    key = _SETTINGS.api_admin_key

    @task
    def reload(self) -> None:
        self.send("POST", "/reload_model", checks.reload)
