"""What the components of the stack grant, and to whom."""

import boto3
import mlflow
import psycopg
import pytest
from botocore.exceptions import ClientError

from readmission.stack.services import object_store, postgres
from readmission.stack.site.site import Site
from readmission.stack.stack import Stack
from tests.conftest import Platform


@pytest.fixture(scope="module")
def site(platform: Platform) -> Site:
    return Stack(platform.settings).site


@pytest.mark.parametrize("database", postgres.DATABASES)
def test_a_role_owns_its_database(site: Site, database: str) -> None:
    with psycopg.connect(postgres.dsn(site, database)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS probe (n int)")
        connection.execute("DROP TABLE probe")


@pytest.mark.parametrize(
    ("role", "database"),
    [
        (role, other)
        for role in postgres.DATABASES
        for other in (*postgres.DATABASES, "postgres")
        if other != role
    ],
)
def test_a_role_reaches_no_other_database(site: Site, role: str, database: str) -> None:
    own = postgres.dsn(site, role)
    other = own.removesuffix(role) + database
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(other)


def test_a_wrong_password_is_refused(site: Site) -> None:
    dsn = postgres.dsn(site, "raw").replace(site.credentials.raw_db, "guess")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(dsn)


def test_the_server_is_postgresql_18(platform: Platform) -> None:
    with psycopg.connect(platform.raw_dsn) as connection:
        assert connection.info.server_version // 10_000 == 18


def test_the_buckets_are_there(site: Site) -> None:
    buckets = {bucket["Name"] for bucket in object_store.client(site).list_buckets()["Buckets"]}
    assert buckets == {"mlflow", "data-docs", "airflow-logs", "backups"}


def test_a_wrong_key_is_refused(platform: Platform) -> None:
    stranger = boto3.client(
        "s3",
        endpoint_url=platform.s3_endpoint,
        aws_access_key_id=platform.s3_access_key,
        aws_secret_access_key="guess",  # noqa: S106
        region_name=object_store.REGION,
    )
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        stranger.list_buckets()


def test_an_artifact_goes_through_mlflow_into_its_bucket(
    platform: Platform, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a client that knows the MLflow server and nothing of the object store
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    client = mlflow.MlflowClient(platform.mlflow_uri)
    experiment = client.create_experiment("artifacts")

    # When it logs a text
    run = client.create_run(experiment)
    client.log_text(run.info.run_id, "hello", "greeting.txt")

    # Then the text is in the bucket
    listed = object_store.client(site).list_objects_v2(Bucket="mlflow")["Contents"]
    key = next(item["Key"] for item in listed if item["Key"].endswith("greeting.txt"))
    body = object_store.client(site).get_object(Bucket="mlflow", Key=key)["Body"]
    assert body.read() == b"hello"
    assert run.info.artifact_uri.startswith("mlflow-artifacts:/")
