"""The nightly backup dumps every database, and the restore job is valid for each of them."""

import kubernetes_validate
import pytest
import yaml

from readmission.operations import seaweedfs
from tests.k8s.cluster import DATABASE_SERVERS, K8S, Cluster, build, containers, secret_keys

PRODUCTION = "overlays/production"
SECRETS = {"audit": "audit"}
"""Secrets that do not have the name of the server."""


def databases() -> dict[str, str]:
    """Return the server of each database in the cluster."""
    return {
        database: name
        for name, server in build(PRODUCTION).named("StatefulSet").items()
        if name in DATABASE_SERVERS
        for variable in server["spec"]["template"]["spec"]["containers"][0]["env"]
        if variable["name"] == "DATABASES"
        for database in variable["value"].split()
    }


def test_every_database_is_dumped_from_its_own_server() -> None:
    (job,) = build(PRODUCTION).of("CronJob")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]

    stores = build(PRODUCTION).named("ConfigMap")["backup-store"]["data"]
    dumped, servers = {}, databases()
    dumps = [c for c in pod["initContainers"] if c["name"].startswith("dump-")]
    for container in dumps:
        environment = {variable["name"]: variable for variable in container["env"]}
        for database in container["command"][3:]:
            variable = f"{database.upper()}_DB"
            secret = environment[f"{variable}_PASSWORD"]["valueFrom"]["secretKeyRef"]["name"]
            dumped[database] = stores[f"{variable}_ADDRESS"].removesuffix(":5432")
            assert secret == SECRETS.get(database, servers[database])
            assert container["envFrom"] == [{"configMapRef": {"name": "backup-store"}}]
    assert (
        dumped
        == servers
        == {
            "raw": "postgres-raw",
            "clean": "postgres-clean",
            "predictions": "postgres-clean",
            "audit": "postgres-clean",
            "mlflow": "postgres-mlflow",
            "airflow": "airflow-postgres",
        }
    )


def test_dumps_are_encrypted_with_a_key_that_is_not_in_the_cluster() -> None:
    (job,) = build(PRODUCTION).of("CronJob")
    (upload,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    seal = {
        variable["name"]: variable["valueFrom"]["secretKeyRef"]["name"]
        for variable in upload["env"]
        if variable["name"].startswith("BACKUP_")
    }

    assert seal == dict.fromkeys(("BACKUP_RECIPIENT", "BACKUP_SIGNING_KEY"), "backup-seal")
    assert "backup-key" not in secret_keys()
    assert "backup-key" not in build(PRODUCTION).named("ExternalSecret")


def test_the_models_are_copied_after_the_database_that_refers_to_them() -> None:
    (job,) = build(PRODUCTION).of("CronJob")
    steps = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["initContainers"]
    stores = build(PRODUCTION).named("ConfigMap")
    names = [step["name"] for step in steps]
    (copy,) = (step for step in steps if step["name"] == "copy-models")

    assert names.index("dump-mlflow") < names.index("copy-models")
    assert copy["command"][-3:] == ["copy-bucket", "$(MODEL_BUCKET)", "/dumps"]
    bucket = stores["backup-store"]["data"]["MODEL_BUCKET"]
    assert bucket == seaweedfs.MODELS
    (airflow,) = (config for name, config in stores.items() if name.startswith("mlflow-"))
    assert airflow["data"]["READMISSION_MLFLOW_ARTIFACTS"] == f"s3://{bucket}"


def test_the_upload_has_a_key_that_only_uploads() -> None:
    (job,) = build(PRODUCTION).of("CronJob")
    (upload,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    keys = {
        variable["name"]: variable["valueFrom"]["secretKeyRef"]
        for variable in upload["env"]
        if variable["name"].startswith("AWS_")
    }

    assert keys == {
        "AWS_ACCESS_KEY_ID": {"name": "backup-upload", "key": "BACKUP_ACCESS_KEY"},
        "AWS_SECRET_ACCESS_KEY": {"name": "backup-upload", "key": "BACKUP_SECRET_KEY"},
    }


@pytest.mark.parametrize("database", ["raw", "clean", "predictions", "audit", "mlflow", "airflow"])
def test_the_restore_job_is_valid_and_its_references_exist(database: str) -> None:
    # given
    server = databases()[database]
    secret = SECRETS.get(database, server)
    text = (K8S / "backup" / "restore-job.yaml").read_text()
    for word, value in (("DATABASE", database), ("VARIABLE", database.upper()), ("SERVER", secret)):
        text = text.replace(word, value)
    job = yaml.safe_load(text)

    # then
    kubernetes_validate.validate(job, "1.37", strict=True)
    (workload,) = Cluster([job]).workloads()
    (nightly,) = (w for w in build(PRODUCTION).workloads() if w.name == "backup")
    assert workload.pod["securityContext"] == nightly.pod["securityContext"]
    assert workload.labels == nightly.labels, "the backup's network policy does not apply"
    hardened = containers(nightly.pod)[0]["securityContext"]
    assert all(c["securityContext"] == hardened for c in containers(workload.pod))
    (fetch,) = workload.pod["initContainers"]
    stores_key = {v["valueFrom"]["secretKeyRef"]["name"] for v in fetch["env"]}
    assert stores_key == {"backup-restore"}
    (restore,) = workload.pod["containers"]
    (key,) = (v for v in workload.pod["volumes"] if v["name"] == "key")
    assert key["secret"]["secretName"] == "backup-key"
    assert "--backup-key=/key/backup-key.txt" in fetch["command"]
    assert {"name": "key", "mountPath": "/key", "readOnly": True} in fetch["volumeMounts"]
    assert "key" not in {mount["name"] for mount in restore["volumeMounts"]}
    (password,) = (v for v in workload.pod["containers"][0]["env"] if "valueFrom" in v)
    assert password["valueFrom"]["secretKeyRef"]["key"] in secret_keys()[secret]
    configs = build(PRODUCTION).named("ConfigMap")
    assert "restore.sh" in configs["backup"]["data"]
    stores = configs["backup-store"]["data"]
    assert stores[f"{database.upper()}_DB_ADDRESS"] == f"{server}:5432"
    assert {"AWS_ENDPOINT_URL_S3", "BACKUP_BUCKET"} <= stores.keys()
    read = [source for c in containers(workload.pod) for source in c["envFrom"]]
    assert read == [{"configMapRef": {"name": "backup-store"}}] * 2
