"""Refusals of the API in the language of the visit, by their stable kind."""

from ui.client import RequestRefused
from ui.language import N_, _, choice

BY_KIND = {
    "audit_unavailable": N_("The audit log cannot be written, so nothing was changed."),
    "draining": N_("The service is shutting down. Try again in a moment."),
    "forbidden": N_("The key does not have the required role."),
    "host": N_("The service does not know the address under which it was called."),
    "http": N_("The address does not exist, or does not accept this request."),
    "internal": N_("The service failed. Its log has the details under the request ID."),
    "invalid": N_("Some values are missing, unknown or not allowed."),
    "live_figures_unavailable": N_(
        "The figures on live outcomes cannot be read, because the database of predictions is down."
    ),
    "malformed": N_("The file or the request cannot be read."),
    "media_type": N_("The service does not read files of this type."),
    "no_model": N_("No model is loaded yet."),
    "not_json": N_("The service does not read requests of this type."),
    "origin": N_("The service does not accept requests from pages of other websites."),
    "promotion_failed": N_("Nothing was changed: this version cannot go into production."),
    "quality_away": N_(
        "The quality summary cannot be read: either no batch has arrived yet, or the object store "
        "is down."
    ),
    "registry_away": N_("The model registry is not responding, or refuses the service's login."),
    "reload_failed": N_("The model in production could not be loaded; the current one stays."),
    "rollback_failed": N_(
        "Nothing was changed: there is no earlier version that can serve, or no version is pinned."
    ),
    "too_large": N_("The file, or one of its rows, is too large."),
    "too_many": N_("Too many requests at once. Wait a second and try again."),
    "too_many_files": N_("The service is reading too many files. Try again in a minute."),
    "too_slow": N_("The upload stalled or was too slow. Send the file again."),
    "unauthorized": N_("The key is missing or unknown."),
}
"""What each kind of error of the API means."""
UNKNOWN = N_("The service refused the request. Its log has the details under the request ID.")


def is_worded(refused: RequestRefused) -> bool:
    """Whether the API's own message is in the language of the visit."""
    return choice.current() == choice.SOURCE and bool(refused.message)


def in_words(refused: RequestRefused) -> str:
    """Return the API's message, or in another language what its kind means."""
    if is_worded(refused):
        return refused.message
    return _(BY_KIND.get(refused.kind, UNKNOWN))
