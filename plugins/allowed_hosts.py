"""Lets Airflow's API server respond only to its own host names.

Otherwise a website could point its own name at the server (DNS rebinding), and its scripts could
use Airflow from a visitor's browser as if they came from Airflow itself.
"""

from typing import TYPE_CHECKING

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def with_allowed_hosts(app: "ASGIApp") -> "ASGIApp":
    """Return the application behind a check of the Host header.

    Airflow loads plugins in every process, and only the API server calls this.
    """
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from readmission.settings import LOOPBACK_HOSTS, get_settings

    names = [*LOOPBACK_HOSTS, *get_settings().allowed_hosts]
    return TrustedHostMiddleware(app, allowed_hosts=names, www_redirect=False)


class AllowedHosts(AirflowPlugin):
    """The check, around everything that the API server responds to."""

    name = "allowed_hosts"
    fastapi_root_middlewares = [  # noqa: RUF012
        {"middleware": with_allowed_hosts, "name": "Allowed hosts"}
    ]
