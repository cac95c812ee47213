"""Writes SeaweedFS' users and their rights: ``python -m readmission.operations.seaweedfs FILE``.

The one-machine stack runs SeaweedFS, and so do Compose and Kubernetes if it takes MinIO's place.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from readmission.files import write_whole
from readmission.settings.store_keys import StoreKeys

BACKUPS, UPLOAD = "backups", "backup-upload"
REPORTS, MODELS = "data-docs", "mlflow"
EVERYTHING = ("Admin", "Read", "Write", "List", "Tagging")
UPLOAD_ONLY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": [f"arn:aws:s3:::{BACKUPS}/*"]},
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:GetObject"],
            "Resource": [f"arn:aws:s3:::{MODELS}", f"arn:aws:s3:::{MODELS}/*"],
        },
    ],
}
"""Puts dumps, and can neither list, read nor delete them; the action `Write` may delete. It reads
the models, which it copies."""


def configuration(keys: StoreKeys, reports: str = REPORTS) -> dict[str, Any]:
    """Return SeaweedFS' ``-s3.config``: the administrator, and users with few rights.

    Parameters
    ----------
    keys : StoreKeys
        The keys of every user.
    reports : str
        The bucket of the gates' reports.
    """
    identities = [
        _identity("readmission", keys.s3_access_key, keys.s3_secret_key, EVERYTHING),
        # The prediction API reads the gates' reports and nothing else.
        _identity("reader", keys.docs_access_key, keys.docs_secret_key, [f"Read:{reports}"]),
        # The exporter lists the objects in each bucket but cannot read them.
        _identity("monitoring", keys.monitoring_access_key, keys.monitoring_secret_key, ["List"]),
        _identity(UPLOAD, keys.backup_access_key, keys.backup_secret_key, policy=UPLOAD),
        _identity(
            "backup-restore",
            keys.restore_access_key,
            keys.restore_secret_key,
            [f"Read:{BACKUPS}", f"List:{BACKUPS}"],
        ),
    ]
    return {
        "identities": identities,
        "policies": [{"name": UPLOAD, "content": json.dumps(UPLOAD_ONLY)}],
    }


def _identity(
    name: str, key: str, secret: SecretStr, actions: Sequence[str] = (), policy: str | None = None
) -> dict[str, Any]:
    credentials = [{"accessKey": key, "secretKey": secret.get_secret_value()}]
    rights = {"policyNames": [policy]} if policy else {"actions": list(actions)}
    return {"name": name, "credentials": credentials, **rights}


def main() -> None:
    """Write the file with the keys in the environment."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="where to write the users")
    file = parser.parse_args().file
    try:
        keys = StoreKeys()
    except ValidationError as error:
        missing = ", ".join(str(each["loc"][0]).upper() for each in error.errors())
        sys.exit(f"error: these variables are missing: {missing}; k8s/secrets.sh makes them")
    write_whole(file, json.dumps(configuration(keys)))


if __name__ == "__main__":
    main()
