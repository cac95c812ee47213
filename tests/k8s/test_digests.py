"""Third-party images are found in every file; a registry's digest is written behind the tag."""

import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from k8s import digests
from readmission.settings import CHECKOUT

DIGEST = f"sha256:{'a' * 64}"


class Registry(BaseHTTPRequestHandler):
    """A registry that gives everybody a token and knows one tag."""

    def do_GET(self) -> None:
        assert self.path == "/token?service=registry&scope=repository%3Alibrary%2Fpostgres%3Apull"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"token": "anybody"}')

    def do_HEAD(self) -> None:
        host = self.headers["Host"]
        if self.headers.get("Authorization") != "Bearer anybody":
            self.send_response(401)
            scope = 'service="registry",scope="repository:library/postgres:pull"'
            self.send_header("WWW-Authenticate", f'Bearer realm="http://{host}/token",{scope}')
        elif self.path == "/v2/library/postgres/manifests/18.4":
            self.send_response(200)
            self.send_header("Docker-Content-Digest", DIGEST)
        elif self.path == "/v2/library/postgres/manifests/odd":
            self.send_response(200)
            self.send_header("Docker-Content-Digest", "unknown")
        else:
            self.send_response(404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever).start()
    host = f"127.0.0.1:{server.server_port}"

    def here(image: str) -> tuple[str, str, str]:
        repository, _, tag = image.rpartition(":")
        return host, f"library/{repository}", tag

    monkeypatch.setattr(digests, "address", here)
    yield host
    server.shutdown()
    server.server_close()


def test_a_registry_is_asked_for_the_digest_of_a_tag(registry: str) -> None:
    with httpx.Client() as http:
        assert digests.resolve("postgres:18.4", http, "http") == DIGEST
        with pytest.raises(digests.DigestUnknown, match=r"postgres:1 keeps its tag: .*404"):
            digests.resolve("postgres:1", http, "http")
        with pytest.raises(digests.DigestUnknown, match=r"keeps its tag: .* the digest 'unknown'"):
            digests.resolve("postgres:odd", http, "http")


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("postgres:18.4", ("registry-1.docker.io", "library/postgres", "18.4")),
        ("prom/prometheus:v3.5.0", ("registry-1.docker.io", "prom/prometheus", "v3.5.0")),
        ("quay.io/minio/minio:R-1", ("quay.io", "minio/minio", "R-1")),
    ],
)
def test_an_image_without_a_registry_is_on_docker_hub(
    image: str, expected: tuple[str, str, str]
) -> None:
    assert digests.address(image) == expected


def test_every_file_gets_the_digest_and_ours_get_none(tmp_path: Path) -> None:
    # given the files that name images
    for path in digests.files(CHECKOUT):
        copy = tmp_path / path.relative_to(CHECKOUT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    before = digests.images(tmp_path)
    assert {"postgres:18.4", "chrislusf/seaweedfs:4.48"} <= before.keys()
    assert any(image.startswith("python:3.11") for image in before)
    assert not any(image.startswith(digests.OURS) for image in before)

    # when all are pinned, twice
    wanted = dict.fromkeys(before, DIGEST)
    assert digests.pin(tmp_path, wanted)

    # then each has its digest wherever it is named
    assert digests.images(tmp_path) == dict.fromkeys(before, f"@{DIGEST}")
    assert digests.pin(tmp_path, wanted) == []
    dockerfile = (tmp_path / "Dockerfile").read_text()
    assert f"@{DIGEST}\n" in dockerfile.partition("FROM")[0]


def test_every_image_that_a_file_names_is_known() -> None:
    known = digests.images(CHECKOUT)
    for path in digests.files(CHECKOUT):
        text = path.read_text()
        stages = {"${PYTHON_IMAGE}", *re.findall(r"^FROM .* AS (\S+)$", text, re.MULTILINE)}
        named = re.findall(r"""^[ -]*image(?:Name)?: *["']?([^\s"'{}]+)""", text, re.MULTILINE)
        for image in {*named, *re.findall(r"^FROM (\S+)", text, re.MULTILINE)} - stages:
            tag = image.partition("@")[0]
            assert tag in known or tag.startswith(digests.OURS), f"{path.name}: {image}"


def test_security_names_every_image_without_a_digest() -> None:
    """`make digests` needs the registries; until somebody runs it, these images have only a tag."""
    known = digests.images(CHECKOUT)
    by_tag = {image.rpartition(":")[0] for image, digest in known.items() if digest is None}
    page = (CHECKOUT / "SECURITY.md").read_text()
    sentence = page.partition("third-party images are pinned by digest")[2].partition(". Their")[0]

    assert by_tag <= set(re.findall("`([^`]+)`", sentence))
