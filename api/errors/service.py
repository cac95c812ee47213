"""Errors of the service: it, its model or its registry cannot do what was requested."""

from api.errors.base import ApiError


class RollbackFailed(ApiError):
    """There is no earlier version that could serve, or none is pinned."""

    status = 409
    kind = "rollback_failed"
    title = "The rollback is not possible"


class RegistryUnavailable(ApiError):
    """MLflow, or the store behind it, did not respond."""

    status = 503
    kind = "registry_away"
    title = "The model registry is unavailable"

    def __init__(self) -> None:
        super().__init__("MLflow did not respond; check that it and its object store are running.")


class RegistryRefused(RegistryUnavailable):
    """MLflow refused the service's login."""

    def __init__(self) -> None:
        ApiError.__init__(
            self,
            "MLflow refused the login of this service; check the settings"
            " READMISSION_MLFLOW_VIEWER_PASSWORD and READMISSION_MLFLOW_PROMOTION_PASSWORD.",
        )


class QualityUnavailable(ApiError):
    """The summary of the quality reports cannot be read."""

    status = 503
    kind = "quality_away"
    title = "The quality summary is unavailable"


class LiveFiguresUnavailable(ApiError):
    """The figures on live outcomes cannot be read."""

    status = 503
    kind = "live_figures_unavailable"
    title = "The figures on live outcomes are unavailable"

    def __init__(self) -> None:
        super().__init__("The database of predictions did not respond; check that it is running.")


class NoModelLoaded(ApiError):
    """No model is loaded."""

    status = 503
    kind = "no_model"
    title = "No model is loaded"


class Draining(ApiError):
    """The process is shutting down."""

    status = 503
    kind = "draining"
    title = "The service is shutting down"

    def __init__(self) -> None:
        super().__init__("The service is shutting down; send the request to another replica.")


class NoProductionModel(ApiError):
    """A reload found no model behind the alias."""

    status = 409
    kind = "reload_failed"
    title = "The model could not be loaded"


class ReloadFailed(ApiError):
    """A reload could not load the model behind the alias."""

    status = 503
    kind = "reload_failed"
    title = "The model could not be loaded"
