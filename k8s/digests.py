"""Pin third-party images by digest: `make digests`; `make audit` lists those that are not.

A tag can be moved to another image; a digest cannot. The digest of an image's index, which has an
entry for each architecture, is read from its registry and written behind the tag, in every file.
"""

import argparse
import re
import sys
from pathlib import Path
from urllib.parse import urlencode

import httpx

CHECKOUT = Path(__file__).parents[1]
OURS = "readmission-"
IMAGE = re.compile(
    r"(?P<before>\bimage: |\bimageName: |PYTHON_IMAGE(?:=|:-))"
    r"(?P<image>[\w./-]+:[\w.-]+)(?P<digest>@sha256:[0-9a-f]{64})?"
)
KINDS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


class DigestUnknown(Exception):
    """A registry did not say which digest a tag has."""


def files(checkout: Path) -> list[Path]:
    """Return every file that names an image."""
    found = [*checkout.glob("docker-compose*.yml"), checkout / "Dockerfile"]
    return sorted([*found, *(checkout / "k8s").rglob("*.yaml")])


def images(checkout: Path) -> dict[str, str | None]:
    """Return the third-party images, and the digest of each; None if one file has none."""
    found: dict[str, str | None] = {}
    for path in files(checkout):
        for match in IMAGE.finditer(path.read_text()):
            image, digest = match["image"], match["digest"]
            if not image.startswith(OURS):
                found[image] = found.get(image, digest) and digest
    return dict(sorted(found.items()))


def pin(checkout: Path, digests: dict[str, str]) -> list[Path]:
    """Write digests behind their images, and return the files that changed."""

    def pinned(match: re.Match[str]) -> str:
        digest = digests.get(match["image"])
        return f"{match['before']}{match['image']}@{digest}" if digest else match[0]

    changed = []
    for path in files(checkout):
        before = path.read_text()
        after = IMAGE.sub(pinned, before)
        if after != before:
            path.write_text(after)
            changed.append(path)
    return changed


def address(image: str) -> tuple[str, str, str]:
    """Return an image's registry, repository and tag; without a registry it is Docker Hub."""
    path, _, tag = image.rpartition(":")
    first, _, rest = path.partition("/")
    if "." in first:
        return first, rest, tag
    return "registry-1.docker.io", path if rest else f"library/{path}", tag


def resolve(image: str, http: httpx.Client, scheme: str = "https") -> str:
    """Query an image's registry for its digest.

    Raises
    ------
    DigestUnknown
        If the registry does not respond with one.
    """
    registry, repository, tag = address(image)
    url = f"{scheme}://{registry}/v2/{repository}/manifests/{tag}"
    headers = {"Accept": ", ".join(KINDS)}
    try:
        response = http.head(url, headers=headers)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            headers["Authorization"] = f"Bearer {_token(response, http)}"
            response = http.head(url, headers=headers)
        response.raise_for_status()
        digest: str = response.headers["Docker-Content-Digest"]
    except (httpx.HTTPError, KeyError, ValueError) as error:
        raise DigestUnknown(f"{image} keeps its tag: {error}") from error
    if not DIGEST.fullmatch(digest):
        raise DigestUnknown(f"{image} keeps its tag: {registry} returned the digest {digest!r}")
    return digest


def _token(refusal: httpx.Response, http: httpx.Client) -> str:
    """Return the token for reading that the registry's challenge offers to everybody."""
    challenge = dict(CHALLENGE.findall(refusal.headers["WWW-Authenticate"]))
    realm = challenge.pop("realm")
    response = http.get(f"{realm}?{urlencode(challenge)}").raise_for_status()
    found = response.json()
    token: str = found.get("token") or found["access_token"]
    return token


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="digests", description=__doc__)
    parser.add_argument("verb", choices=["list", "pin"])
    verb, known = parser.parse_args().verb, images(CHECKOUT)
    if verb == "list":
        unpinned = [image for image, digest in known.items() if digest is None]
        print(f"images       {len(known) - len(unpinned)} pinned by digest", end="")  # noqa: T201
        print(f"; by tag only: {', '.join(unpinned)} (make digests)" if unpinned else "")  # noqa: T201
        return 0
    digests, failed = {}, False
    with httpx.Client(timeout=30, follow_redirects=True) as http:
        for image in known:
            try:
                digests[image] = resolve(image, http)
            except DigestUnknown as error:
                print(error, file=sys.stderr)  # noqa: T201
                failed = True
    for path in pin(CHECKOUT, digests):
        print(f"pinned in {path.relative_to(CHECKOUT)}")  # noqa: T201
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
