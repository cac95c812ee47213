"""Connections to the PostgreSQL servers of Compose and Kubernetes are encrypted and verified."""

import asyncio
import os
import pwd
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest
from cryptography import x509
from psycopg.conninfo import make_conninfo

from readmission.exporter.metrics import databases
from readmission.stack.site.ports import free_ports
from tests.k8s.cluster import CA, DATABASE_SERVERS, K8S, TREES, build, containers, secret_keys
from tests.k8s.test_compose import SERVICES
from tests.k8s.test_database_servers import servers
from tests.programs import lacking

SCRIPT = K8S / "postgres" / "certificates.sh"
RULES = K8S / "postgres" / "base" / "pg_hba.conf"
MOUNT = {"name": CA, "mountPath": f"/etc/{CA}", "readOnly": True}
VERIFIED = {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": f"/etc/{CA}/ca.crt"}


@pytest.fixture(scope="module")
def certificates(state_folders: Path) -> Path:
    """The certificates that the script makes."""
    folder = state_folders / "certificates"
    subprocess.run([SCRIPT, "make", folder], check=True)
    return folder


def programs() -> Path:
    """Return the programs of a PostgreSQL with OpenSSL; the embedded one is built without."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    return lacking("PostgreSQL with TLS", "postgresql")


@pytest.fixture(scope="module")
def address(state_folders: Path, certificates: Path) -> Iterator[dict[str, Any]]:
    """The parameters of a connection to a server with the TLS options of postgres-raw."""
    home, (port,) = state_folders / "encrypted", free_ports(1)
    home.mkdir()
    password = home / "password"
    password.write_text("only for this test")
    for file in (*(certificates / "postgres-raw-tls").iterdir(), RULES):
        shutil.copy(file, home)
        (home / file.name).chmod(0o600)
    # PostgreSQL refuses to run as root.
    user = "nobody" if os.getuid() == 0 else None
    for path in (home, *home.iterdir()):
        if user:
            shutil.chown(path, user)
    run: dict[str, Any] = {
        "user": user,
        "cwd": home,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    if user:
        run |= {"group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
    initdb = [programs() / "initdb", "--username=postgres", "--pwfile", password, "--no-sync"]
    subprocess.run([*initdb, "--pgdata", home / "data"], check=True, **run)
    options = [
        re.sub("/etc/postgres-tls|/docker-entrypoint-initdb.d", str(home), option)
        for option in servers()["postgres-raw"]["args"]
        if option.startswith(("-cssl", "-chba_file"))
    ]
    process = subprocess.Popen(
        [programs() / "postgres", "-D", home / "data", f"-p{port}", f"-k{home}", *options], **run
    )
    given = {"port": port, "user": "postgres", "password": password.read_text()}
    try:
        wait(process, given)
        yield given | {"host": "postgres-raw", "hostaddr": "127.0.0.1", "dbname": "postgres"}
    finally:
        process.terminate()
        process.wait(60)


def wait(process: "subprocess.Popen[bytes]", given: dict[str, Any]) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, "the server does not start with these options"
        assert time.monotonic() < deadline
        try:
            return psycopg.connect(host="127.0.0.1", dbname="postgres", **given).close()
        except psycopg.OperationalError:
            time.sleep(0.05)


def authority(certificates: Path) -> str:
    return str(certificates / CA / "ca.crt")


def test_a_plain_connection_is_refused(address: dict[str, Any]) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba.conf entry .* no encryption"):
        psycopg.connect(**address, sslmode="disable")


def test_a_verified_connection_is_encrypted(address: dict[str, Any], certificates: Path) -> None:
    trusting = {"sslmode": "verify-full", "sslrootcert": authority(certificates)}
    with psycopg.connect(**address, **trusting) as connection:
        found = connection.execute(
            "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        ).fetchone()

    assert found == ("TLSv1.3",)


def test_the_exporter_reads_when_a_servers_certificate_expires(
    address: dict[str, Any], certificates: Path
) -> None:
    file = certificates / "postgres-raw-tls" / "tls.crt"
    until = x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc

    state = databases.read({"raw": make_conninfo(**address)})

    found = {family.name: value for family, _, value in databases.samples(state, 1)}
    expiry = "readmission_database_certificate_expiry_timestamp_seconds"
    assert found[expiry] == until.timestamp()


def test_airflows_asynchronous_driver_reads_the_same_variables(
    address: dict[str, Any], certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGSSLROOTCERT", authority(certificates))
    given = {name: address[name] for name in ("port", "user", "password")}

    # The certificate is for postgres-raw, not for the address.
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        asyncio.run(asyncpg.connect(host="127.0.0.1", database="postgres", **given))


@pytest.mark.parametrize("host", ["postgres-clean", "127.0.0.1"])
def test_the_certificate_of_another_server_is_refused(
    address: dict[str, Any], certificates: Path, host: str
) -> None:
    trusting = {"sslmode": "verify-full", "sslrootcert": authority(certificates)}
    with pytest.raises(psycopg.OperationalError, match="does not match host name"):
        psycopg.connect(**address | {"host": host}, **trusting)


def test_a_server_of_another_authority_is_refused(address: dict[str, Any], tmp_path: Path) -> None:
    subprocess.run([SCRIPT, "make", tmp_path], check=True)

    trusting = {"sslmode": "verify-full", "sslrootcert": authority(tmp_path)}
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg.connect(**address, **trusting)


def test_the_servers_probe_passes(address: dict[str, Any]) -> None:
    (probe,) = {tuple(server["readinessProbe"]["exec"]["command"]) for server in servers().values()}

    done = subprocess.run(
        [programs() / probe[0], *probe[1:]],
        env={"PATH": os.environ["PATH"], "PGPORT": str(address["port"])}, check=False,
    )  # fmt: skip

    assert done.returncode == 0


def test_making_certificates_again_changes_nothing(certificates: Path) -> None:
    before = {path: path.read_bytes() for path in certificates.rglob("*.*")}

    subprocess.run([SCRIPT, "make", certificates], check=True)

    assert {path: path.read_bytes() for path in certificates.rglob("*.*")} == before
    secrets = {
        folder.name: {file.name for file in folder.iterdir()} for folder in certificates.iterdir()
    }
    assert secrets == {name: keys for name, keys in secret_keys().items() if name in secrets}
    assert all(path.stat().st_mode & 0o077 == 0 for path in before if path.suffix == ".key")


def test_during_a_rotation_clients_trust_both_authorities(
    certificates: Path, address: dict[str, Any], tmp_path: Path
) -> None:
    # given the authority of a running server
    (tmp_path / CA).mkdir()
    (tmp_path / CA / "ca.crt").write_bytes(Path(authority(certificates)).read_bytes())

    trusting = {"sslmode": "verify-full", "sslrootcert": authority(tmp_path)}

    # when the certificates are renewed, then clients still accept the server
    subprocess.run([SCRIPT, "renew", tmp_path], check=True)
    psycopg.connect(**address, **trusting).close()

    # when they are renewed again, then no longer
    subprocess.run([SCRIPT, "renew", tmp_path], check=True)
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg.connect(**address, **trusting)


@pytest.mark.parametrize("name", DATABASE_SERVERS)
def test_a_certificate_names_its_server_and_no_other(certificates: Path, name: str) -> None:
    pem = (certificates / f"{name}-tls" / "tls.crt").read_bytes()
    names = (
        x509.load_pem_x509_certificate(pem)
        .extensions.get_extension_for_class(x509.SubjectAlternativeName)
        .value.get_values_for_type(x509.DNSName)
    )

    assert name in names
    assert not set(names) & set(DATABASE_SERVERS) - {name}


@pytest.mark.parametrize("tree", ["base", *TREES])
def test_every_client_on_the_cluster_verifies_its_server(tree: str) -> None:
    configs = build(tree).named("ConfigMap")
    clients = set()

    for workload in build(tree).workloads():
        for container in containers(workload.pod):
            if container["image"].startswith("postgres:") and "args" in container:
                continue
            if "_DB_PASSWORD" not in str(container.get("env", [])):
                continue
            clients.add(workload.name)
            given: dict[str, str] = {}
            for source in container.get("envFrom", []):
                name = source.get("configMapRef", {}).get("name")
                given |= configs.get(name, {}).get("data", {})
            for variable in container["env"]:
                reference = variable.get("valueFrom", {}).get("configMapKeyRef")
                if reference and not reference.get("optional"):
                    given[variable["name"]] = configs[reference["name"]]["data"][reference["key"]]
            assert VERIFIED.items() <= given.items(), f"{workload.name}/{container['name']}"
            assert MOUNT in container["volumeMounts"]
            assert {"name": CA, "secret": {"secretName": CA}} in workload.pod["volumes"]
    assert {"airflow-scheduler", "mlflow", "fastapi", "pipeline-exporter"} <= clients


def test_every_client_on_compose_verifies_its_server() -> None:
    for name, service in SERVICES.items():
        environment = service.get("environment", {})
        if "_DB_PASSWORD" not in str(environment) or "DATABASES" in environment:
            continue
        given = dict(environment)
        for path in service.get("env_file", []):
            given |= dict(
                line.split("=", 1)
                for line in (K8S.parent / path).read_text().splitlines()
                if line and not line.startswith("#")
            )
        assert VERIFIED.items() <= given.items(), name
        assert f"{CA}:/etc/{CA}:ro" in service["volumes"], name
        hosts = {
            part.split("@")[1].split(":")[0]
            for part in map(str, environment.values())
            if "@" in part and ":5432" in part
        }
        assert hosts <= set(DATABASE_SERVERS), name


@pytest.mark.parametrize("name", DATABASE_SERVERS)
def test_a_server_has_its_own_key(name: str) -> None:
    (pod,) = (w.pod for w in build("base").workloads() if w.name == name)

    keys = [v["secret"] for v in pod["volumes"] if "secret" in v]
    assert keys == [{"secretName": f"{name}-tls", "defaultMode": 0o440}]
    compose = SERVICES["postgres-airflow" if name == "airflow-postgres" else name]
    assert f"{name}-tls:/etc/postgres-tls:ro" in compose["volumes"]
    assert f"{name}-tls:/certificates/{name}-tls" in SERVICES["postgres-certificates"]["volumes"]
