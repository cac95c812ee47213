"""The login of MLflow's client."""

import os

from readmission.settings import Settings


def log_in(settings: Settings) -> None:
    """Let MLflow's client send the login of these settings, if they have one, from now on.

    The client reads it from the environment at each request, and knows no other place, so a
    process has one login at a time.
    """
    if settings.mlflow_login is not None:
        user, password = settings.mlflow_login
        os.environ |= {"MLFLOW_TRACKING_USERNAME": user, "MLFLOW_TRACKING_PASSWORD": password}
