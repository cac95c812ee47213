"""Who asks: clinicians, wards with files, people who look, and one who operates the service."""

import random
import uuid
from typing import Any, ClassVar

from locust import FastHttpUser, between, task

from load import checks
from load.checks import Answer, Check, WrongAnswer
from load.encounters import Supply, Upload
from load.journal import Journal
from readmission.settings import get_settings

_KEYS = get_settings()
REQUEST_ID, KEY = "X-Request-ID", "X-API-Key"


class Caller(FastHttpUser):
    """Somebody who asks the service and looks closely at the answer."""

    abstract = True
    network_timeout = connection_timeout = 30.0
    supply: ClassVar[Supply]
    journal: ClassVar[Journal | None] = None
    key = _KEYS.api_key

    def ask(self, method: str, path: str, check: Check, upload: Upload | None = None) -> None:
        """Ask, check the answer, and note an answer to encounters in the journal."""
        request_id = f"load-{uuid.uuid4().hex}"
        headers = {REQUEST_ID: request_id}
        if self.key is not None:
            headers[KEY] = self.key.get_secret_value()
        if upload is not None:
            headers["Content-Type"] = upload.content_type
        body: Any = upload.content if upload else None  # Annotated as text, sent as it is.
        with self.client.request(
            method, path, data=body, headers=headers, catch_response=True
        ) as response:
            if not response.status_code:
                response.failure(type(response.error).__name__)
                return
            echoed = response.headers.get(REQUEST_ID)
            try:
                check(Answer(response.status_code, echoed, response.content or b""), request_id)
            except WrongAnswer as wrong:
                response.failure(str(wrong))
                return
            response.success()
        if upload is not None and self.journal is not None:
            self.journal.note(request_id, upload.rows)


class Clinician(Caller):
    """Predicts one encounter about every second."""

    weight = 18
    wait_time = between(0.5, 1.5)

    @task
    def predict(self) -> None:
        upload = random.choice(self.supply.singles)
        self.ask("POST", "/predict", checks.prediction, upload)


class Ward(Caller):
    """Predicts a file, as CSV or as Parquet."""

    weight = 1
    wait_time = between(4, 8)

    @task
    def predict_file(self) -> None:
        upload = random.choice(self.supply.files)
        self.ask("POST", "/predict/batch", checks.file_of(upload.rows), upload)


class Reader(Caller):
    """Looks at what drove an answer, at the model and at the fields of an encounter."""

    weight = 1
    wait_time = between(1, 3)

    @task(2)
    def explain(self) -> None:
        upload = random.choice(self.supply.singles)
        self.ask("POST", "/explain", checks.explanation, upload)

    @task
    def model(self) -> None:
        self.ask("GET", "/model", checks.model)

    @task
    def contract(self) -> None:
        self.ask("GET", "/schema", checks.contract)


class Operator(Caller):
    """The one who reloads the model; only there with the key of an admin."""

    abstract = _KEYS.api_admin_key is None
    fixed_count = 1
    wait_time = between(8, 12)
    key = _KEYS.api_admin_key

    @task
    def reload(self) -> None:
        self.ask("POST", "/reload_model", checks.reload)
