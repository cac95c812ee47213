"""The object store: buckets and access."""

import io
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from readmission.domain.synthetic import writing
from readmission.stack.services import object_store
from readmission.stack.site.site import Site
from tests.conftest import Platform


def test_the_buckets_exist(running_site: Site) -> None:
    buckets = {
        bucket["Name"] for bucket in object_store.client(running_site).list_buckets()["Buckets"]
    }
    assert buckets == {"mlflow", "data-docs", "airflow-logs", "backups", "training-sets"}


def test_a_wrong_key_is_rejected(platform: Platform) -> None:
    stranger = boto3.client(
        "s3",
        endpoint_url=platform.s3_endpoint,
        aws_access_key_id=platform.s3_access_key,
        aws_secret_access_key="guess",  # noqa: S106
        region_name=object_store.REGION,
    )
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        stranger.list_buckets()


@pytest.mark.parametrize("ending", ["parquet", "zip"])
def test_synthetic_encounters_stream_into_a_bucket(
    running_site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ending: str
) -> None:
    # given
    monkeypatch.setenv("AWS_ENDPOINT_URL", running_site.s3_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", running_site.credentials.s3_access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", running_site.credentials.s3_secret_key)
    s3 = object_store.client(running_site)
    stored = {"Bucket": "data-docs", "Key": f"synthetic/{ending}.{ending}"}

    # when
    writing.write(200, f"s3://data-docs/{stored['Key']}")
    writing.write(200, str(tmp_path / f"same.{ending}"))

    # then
    body = s3.get_object(**stored)["Body"].read()
    s3.delete_object(**stored)
    if ending == "parquet":
        assert body == (tmp_path / "same.parquet").read_bytes()
    else:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            assert len(archive.read("encounters.csv").splitlines()) == 201


@pytest.mark.parametrize("port", ["master", "volume", "filer"])
def test_an_internal_port_rejects_a_client_without_the_certificate(
    running_site: Site, port: str
) -> None:
    address = f"127.0.0.1:{running_site.internal_ports[port]}"
    assert "HTTP request to an HTTPS server" in httpx.get(f"http://{address}/status").text
    with pytest.raises(httpx.TransportError), httpx.Client(verify=False) as stranger:  # noqa: S501
        stranger.get(f"https://{address}/")


@pytest.mark.parametrize("port", ["master_grpc", "volume_grpc", "filer_grpc", "s3_grpc"])
def test_an_internal_grpc_port_rejects_a_client_without_the_certificate(
    running_site: Site, port: str
) -> None:
    address = ("127.0.0.1", running_site.internal_ports[port])
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
    with socket.create_connection(address, timeout=10) as stranger:
        stranger.sendall(preface)
        answer = stranger.recv(64)
    # Without TLS the server would answer with its HTTP/2 settings.
    assert not answer.startswith(b"\0\0") or answer[3:4] != b"\4"


def test_the_shell_of_a_stranger_sees_no_bucket(running_site: Site, tmp_path: Path) -> None:
    ports = running_site.internal_ports
    shell = subprocess.Popen(
        [Path(sys.executable).with_name("weed"), "shell",
         f"-master=127.0.0.1:{ports['master']}.{ports['master_grpc']}"],
        env={"HOME": str(tmp_path)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        output, _ = shell.communicate("fs.ls /buckets\n", timeout=5)
    except subprocess.TimeoutExpired:
        # It keeps trying to connect.
        shell.kill()
        output, _ = shell.communicate()
    assert "mlflow" not in output
