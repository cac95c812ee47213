"""The S3 object store: SeaweedFS in one process, on the loopback interface only.

S3 requires keys. The internal ports would serve and accept any object without one, so they accept
only the process itself, by a TLS certificate made at each start.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from readmission.operations import seaweedfs
from readmission.settings.store_keys import StoreKeys
from readmission.stack.site import certificates
from readmission.stack.site.paths import write_private
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.stack.supervision.service import Service, http_probe

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NAME = "object-store"
REGION = "us-east-1"
VOLUME_MEGABYTES = 1024
MEMORY = "400MiB"
"""Heap above which Go collects garbage more often: uploads leave 250 MiB instead of 470."""
PROBE, RETRIES = ".readiness-probe", 8
"""Object that is written to test the store, and the number of attempts, with growing pauses."""
INTERNAL_GRPC = ("master", "volume", "filer", "s3", "client")
INTERNAL_HTTP = ("master", "volume", "filer", "client")


def service(site: Site) -> Service:
    """Return the object store as a service."""
    return Service(
        name=NAME,
        command=_command(site),
        # SeaweedFS reads settings from the home folder; keep it from reading the caller's.
        environment={"HOME": str(site.paths.object_store), "GOMEMLIMIT": MEMORY},
        folder=site.paths.run,
        port=site.settings.s3_port,
        port_setting="READMISSION_S3_PORT",
        url=site.s3_endpoint,
        ready=http_probe(site.settings.s3_port, "/healthz"),
        prepare=lambda: _prepare(site),
        finish=lambda: _finish(site),
        # Stopping waits for idle connections. Killing it loses no acknowledged write.
        stop_seconds=3,
    )


def _command(site: Site) -> tuple[str, ...]:
    ports, home = site.internal_ports, site.paths.object_store
    options = {
        "dir": _data(site),
        "ip": HOST,
        "ip.bind": HOST,
        "master.port": ports["master"],
        "master.port.grpc": ports["master_grpc"],
        "master.telemetry": "false",
        # There is only one candidate, so skip the default wait of ten seconds for others.
        "master.electionTimeout": "1s",
        "master.volumeSizeLimitMB": VOLUME_MEGABYTES,
        "volume.port": ports["volume"],
        "volume.port.grpc": ports["volume_grpc"],
        # Each bucket grows by seven volumes at a time; the default of 8 suffices for one bucket.
        "volume.max": 100,
        "volume.id": "local",
        "volume.preStopSeconds": 0,
        "filer": "true",
        "filer.port": ports["filer"],
        "filer.port.grpc": ports["filer_grpc"],
        "filer.disableHttp": "true",
        "filer.localSocket": site.paths.sockets / "filer.sock",
        "s3": "true",
        "s3.port": site.settings.s3_port,
        "s3.port.grpc": ports["s3_grpc"],
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "s3.localSocket": site.paths.sockets / "s3.sock",
        "s3.config": home / "identity.json",
        "s3.autoCreateBucket": "false",
    }
    program = str(Path(sys.executable).with_name("weed"))
    given = (f"-{name}={value}" for name, value in options.items())
    return (program, "-logtostderr=true", "server", *given)


def _finish(site: Site) -> None:
    """Create missing buckets, and wait until an object can be written and read.

    S3 responds before the volumes have registered. Until then reading any object is an internal
    error.
    """
    from readmission.operations.buckets import make_buckets  # It imports boto3.

    s3, bucket = client(site, RETRIES), site.settings.buckets[0]
    make_buckets(s3, site.settings.buckets)
    s3.put_object(Bucket=bucket, Key=PROBE, Body=b"ready")
    s3.get_object(Bucket=bucket, Key=PROBE)["Body"].read()
    s3.delete_object(Bucket=bucket, Key=PROBE)


def remove_sockets(ports: Mapping[str, int]) -> None:
    """Delete the sockets that SeaweedFS creates for its internal ports and leaves when killed."""
    for name, port in ports.items():
        part = name.removesuffix("_grpc")
        Path(f"/tmp/seaweedfs-{part}-grpc-{port}.sock").unlink(missing_ok=True)  # noqa: S108


def _data(site: Site) -> Path:
    return site.paths.object_store / "data"


def _prepare(site: Site) -> None:
    _data(site).mkdir(parents=True, exist_ok=True)
    for name in ("filer.sock", "s3.sock"):
        (site.paths.sockets / name).unlink(missing_ok=True)
    _close_internal_ports(site.paths.object_store)
    _write_identity(site)


def _close_internal_ports(home: Path) -> None:
    """Make the internal ports accept only the holder of the new certificate."""
    tls, settings = home / "tls", home / ".seaweedfs"
    certificates.make_certificate(tls)
    files = {
        name: str(tls / file)
        for name, file in (
            ("ca", certificates.AUTHORITY),
            ("cert", certificates.CERTIFICATE),
            ("key", certificates.KEY),
        )
    }
    sections = {"grpc": {"ca": files["ca"]}}
    sections |= {f"grpc.{part}": {n: files[n] for n in ("cert", "key")} for part in INTERNAL_GRPC}
    sections |= {f"https.{part}": dict(files) for part in INTERNAL_HTTP}
    sections["https.client"]["enabled"] = "true"
    settings.mkdir(mode=0o700, exist_ok=True)
    write_private(settings / "security.toml", _as_toml(sections))


def _as_toml(sections: Mapping[str, Mapping[str, str]]) -> str:
    lines: list[str] = []
    for section, values in sections.items():
        lines.append(f"[{section}]")
        # A JSON string is a TOML string, too.
        lines += (f"{name} = {json.dumps(value)}" for name, value in values.items())
    return "\n".join(lines) + "\n"


def _write_identity(site: Site) -> None:
    secrets = site.credentials
    keys = StoreKeys(**{name: getattr(secrets, name) for name in StoreKeys.model_fields})
    users = seaweedfs.configuration(keys, site.settings.docs_bucket)
    write_private(site.paths.object_store / "identity.json", json.dumps(users))


def client(site: Site, retries: int = 0) -> "S3Client":
    """Return an S3 client for the object store."""
    # Most commands need none, and importing boto3 takes as long as the rest of them.
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=site.s3_endpoint,
        aws_access_key_id=site.credentials.s3_access_key,
        aws_secret_access_key=site.credentials.s3_secret_key,
        region_name=REGION,
        config=Config(
            connect_timeout=5, retries={"max_attempts": retries, "mode": "standard"}, proxies={}
        ),
    )
