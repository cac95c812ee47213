"""The login of MLflow's client."""

import os

from readmission.settings import Settings


def log_in(settings: Settings) -> None:
    """Make MLflow's client log in with these settings, if they contain a login.

    The client reads the login from the environment at each request and from nowhere else, so a
    process has one login at a time.
    """
    if settings.mlflow_login is not None:
        user, password = settings.mlflow_login
        os.environ |= {"MLFLOW_TRACKING_USERNAME": user, "MLFLOW_TRACKING_PASSWORD": password}
