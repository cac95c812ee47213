"""The key that signs models is rotated on one machine as docs/operations.md describes it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from readmission.errors import BundleRefused
from readmission.modelling.bundling import write_bundle
from readmission.modelling.mlflow_runs import bundle_tags, is_current
from readmission.pipeline.training.train import signer_of
from readmission.serving.bundle import open_bundle
from readmission.serving.signature import TrustedKeys
from readmission.settings import CHECKOUT
from readmission.stack.services.catalogue import all_services
from readmission.stack.site.site import Site
from tests.api.models import small_fit

TRUSTED = "READMISSION_TRUSTED_SIGNING_KEYS"
FAMILY = "logistic_regression"
PROCEDURE = (CHECKOUT / "docs" / "operations.md").read_text()


def trusted_by_the_api(site: Site) -> TrustedKeys:
    """Return the keys that the API of a site trusts; it never gets the private one."""
    (api,) = [service for service in all_services(site) if service.name == "api"]
    assert site.credentials.signing_key not in str(api.environment)
    return TrustedKeys.parse(api.environment[TRUSTED].split(","))


def restarted(site: Site, *others: str) -> Site:
    """Return the site after `readmission up`, with public keys in the setting."""
    settings = site.settings.model_copy(update={"trusted_signing_keys": others})
    Site.prepare(settings, site.paths)
    return Site.open(settings, site.paths)


def public_key_of(private_key: str) -> str:
    """Return the public key as the command of the procedure prints it."""
    command = "k8s/secrets.sh secret signing"
    assert f"SIGNING_KEY=<old key> {command}" in PROCEDURE
    done = subprocess.run(
        command.split(), cwd=CHECKOUT, env=os.environ | {"SIGNING_KEY": private_key},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    values = dict(line.split("=", 1) for line in done.stdout.splitlines())
    return values["TRUSTED_SIGNING_KEYS"]


def test_models_are_served_during_a_rotation_and_refused_after_it(
    site: Site, tmp_path: Path
) -> None:
    # given a model in production
    fitted, lineage = small_fit(FAMILY), {"batch_id": "batch-0001"}
    old_key, old_signer = site.credentials.signing_key, signer_of(site.training_settings)
    production = write_bundle(tmp_path / "production", fitted, lineage, old_signer)

    # when the private key is removed, and the old public key is in the setting
    assert "remove `signing_key` from `.state/credentials.json`" in PROCEDURE
    credentials = json.loads(site.paths.credentials.read_text())
    del credentials["signing_key"]
    site.paths.credentials.write_text(json.dumps(credentials))
    during = restarted(site, public_key_of(old_key))

    # then the API serves the model, no training is needed, and the next one signs with the new key
    new_signer, both = signer_of(during.training_settings), trusted_by_the_api(during)
    assert during.credentials.signing_key != old_key
    assert list(both.by_id) == [new_signer.key_id, old_signer.key_id]
    assert open_bundle(production, both).manifest.family == FAMILY
    assert is_current(bundle_tags(old_signer), both)
    successor = write_bundle(tmp_path / "successor", fitted, lineage, new_signer)
    assert open_bundle(successor, both).manifest.family == FAMILY

    # when the old public key is removed, then only the new model can be opened
    after = trusted_by_the_api(restarted(during))
    assert list(after.by_id) == [new_signer.key_id]
    with pytest.raises(BundleRefused, match=rf"{TRUSTED} .*readmission retrain"):
        open_bundle(production, after)
    assert not is_current(bundle_tags(old_signer), after)
    assert open_bundle(successor, after).manifest.family == FAMILY
