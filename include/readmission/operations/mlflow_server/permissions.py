"""Who may call what on the MLflow server; what is not listed is for the admin only.

MLflow's own permissions (`GRANTS`) protect experiments and models, but there, registering a version
and moving an alias are both *update*. So `RULES` decides by method and path first.

A path of the API has no ``/api/2.0/`` here, because MLflow serves each under several such prefixes.
``*`` matches one segment, and ``**`` the rest.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

VIEWER, TRAINING, PROMOTION, ADMIN = "viewer", "training", "promotion", "admin"

READ = (
    # Pages
    "GET /",
    "GET /version",
    "GET /get-artifact",
    "GET /model-versions/get-artifact",
    "GET /graphql",
    "POST /graphql",
    "GET mlflow/users/current",
    "GET mlflow/users/current/permissions",
    "GET mlflow/ui-telemetry",
    # Experiments and runs
    "GET mlflow/experiments/get",
    "GET mlflow/experiments/get-by-name",
    "GET mlflow/experiments/search",
    "POST mlflow/experiments/search",
    "POST mlflow/experiments/search-datasets",
    "GET mlflow/runs/get",
    "POST mlflow/runs/search",
    "GET mlflow/artifacts/list",
    "GET mlflow/metrics/get-history",
    "GET mlflow/metrics/get-history-bulk",
    "GET mlflow/metrics/get-history-bulk-interval",
    # Traces; there are none, but MLflow's page of an experiment queries them
    "POST mlflow/traces/metrics",
    "POST mlflow/traces/search",
    # Gateways of language models; there are none, but MLflow's page of the runs lists them
    "GET mlflow/gateway-proxy",
    # Models that runs have logged
    "GET mlflow/logged-models/*",
    "GET mlflow/logged-models/*/artifacts/directories",
    "GET mlflow/logged-models/*/artifacts/files",
    "POST mlflow/logged-models/search",
    # Registered models
    "GET mlflow/registered-models/alias",
    "GET mlflow/registered-models/get",
    "GET mlflow/registered-models/get-latest-versions",
    "POST mlflow/registered-models/get-latest-versions",
    "GET mlflow/registered-models/search",
    "GET mlflow/model-versions/get",
    "GET mlflow/model-versions/get-download-uri",
    "GET mlflow/model-versions/search",
    # Artifacts
    "GET mlflow-artifacts/artifacts",
    "GET mlflow-artifacts/artifacts/**",
    "GET mlflow-artifacts/presigned/**",
)
LOG_AND_REGISTER = (
    "POST mlflow/experiments/create",
    "POST mlflow/experiments/set-experiment-tag",
    "POST mlflow/runs/create",
    "POST mlflow/runs/log-batch",
    "POST mlflow/runs/log-inputs",
    "POST mlflow/runs/log-metric",
    "POST mlflow/runs/log-model",
    "POST mlflow/runs/log-parameter",
    "POST mlflow/runs/outputs",
    "POST mlflow/runs/set-tag",
    "POST mlflow/runs/update",
    "POST mlflow/logged-models",
    "POST mlflow/logged-models/*/params",
    "PATCH mlflow/logged-models/*",
    "PATCH mlflow/logged-models/*/tags",
    "PUT mlflow-artifacts/artifacts/**",
    "POST mlflow/registered-models/create",
    # With `TAGS` only; the others are verdicts and approvals.
    "POST mlflow/model-versions/create",
)
TAGS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "mlflow/registered-models/create": frozenset(),
        "mlflow/model-versions/create": frozenset(
            {
                *("batch_id", "batches", "rows", "data_sha256", "data_source", "earlier_stays"),
                *("family", "code_sha256", "lock_sha256", "commit"),
                *("bundle_format", "schema_version", "signed_by"),
            }
        ),
    }
)
"""The tags that everybody but the admin may give when something is created, by path.

They say what a version was made from. Any other tag may be read as a decision: a verdict, an
approval, a rollback, a promotion by hand, or, at the model, which version was promoted or pinned.
"""
MOVE_ALIASES = (
    "POST mlflow/registered-models/alias",
    "POST mlflow/registered-models/set-tag",  # Which version was promoted.
    "POST mlflow/model-versions/transition-stage",
    "POST mlflow/model-versions/set-tag",
)
RULES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        VIEWER: READ,
        TRAINING: READ + LOG_AND_REGISTER,
        PROMOTION: READ + MOVE_ALIASES,
    }
)
"""What each user may call; the admin may call everything, and any other user nothing."""

GRANTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        VIEWER: {"experiment": "READ", "registered_model": "READ"},
        TRAINING: {"experiment": "EDIT", "registered_model": "EDIT"},
        PROMOTION: {"experiment": "READ", "registered_model": "EDIT"},
    }
)
"""MLflow's permission of each user on all experiments, and on all registered models."""

_PREFIX = re.compile(r"^/(?:ajax-)?api/\d+\.\d+/")


def allowed(user: str, method: str, path: str) -> bool:
    """Whether a user may send a request with this method and path."""
    if user == ADMIN:
        return True
    request = f"{'GET' if method == 'HEAD' else method} {_PREFIX.sub('', path)}"
    return user in _PATTERNS and _PATTERNS[user].fullmatch(request) is not None


def decides_about_tags(user: str, path: str) -> bool:
    """Whether `reserved` has to be called for the tags of a request."""
    return user != ADMIN and _PREFIX.sub("", path) in TAGS


def reserved(path: str, tags: Iterable[str]) -> list[str]:
    """Return the tags that only promotion may set, later, on what this request creates."""
    return sorted(set(tags) - TAGS[_PREFIX.sub("", path)])


def pattern(rules: Iterable[str]) -> re.Pattern[str]:
    """Return the regular expression that matches the requests of some rules."""
    wildcards = {"**": ".+", "*": "[^/]+"}
    parts = (re.split(r"(\*\*|\*)", rule) for rule in rules)
    texts = ("".join(wildcards.get(part, re.escape(part)) for part in rule) for rule in parts)
    return re.compile("|".join(texts))


_PATTERNS = {user: pattern(rules) for user, rules in RULES.items()}
