"""A fake kubectl that stores the names, labels and data of applied objects in $CLUSTER.

It supports only what `deploy.sh` uses. Tests create files in $CLUSTER to make the cluster behave
differently: ``silent``, ``job-fails``, ``job-works``, ``unreachable``, ``no-storage``.
``fixed-size`` has the name of a claim that keeps its size, ``refuses`` has the errors of a trial.
``context`` has the name of the current context, ``server`` the API's address, and ``calls``
records every call. One process answers all commands (`start`): starting Python for each of the 70
commands of a deployment took most of a test's time.
"""
# ruff: noqa: T201

import argparse
import atexit
import fcntl
import json
import re
import socketserver
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any, cast

import yaml

PROGRAM = """\
#!/bin/bash
set -f  # The arguments in one line, although a patch may span several.
echo $* >>"$CLUSTER/calls"
case " $* " in
*" kustomize "* | *" --dry-run=client "* | *" --local "*)
    [ "$1" != --context ] || shift 2
    case " $* " in *" --filename - "*) input=$(cat) ;; *) input= ;; esac
    known=%s/$(printf '%%s\\n' "$PWD" "$*" "$input" | sha256sum | cut -d ' ' -f 1)
    if [ ! -e "$known" ]; then
        printf '%%s\\n' "$input" | %s "$@" >"$known.$$" || exit
        mv "$known.$$" "$known"
    fi
    exec cat "$known" ;;
*" --filename - "*) input=$(cat) ;;
*) input= ;;
esac
export LC_ALL=C  # Lengths in bytes.
call=$(IFS=$'\\x1e'; echo "$CLUSTER"$'\\x1e'"$input"$'\\x1e'"$*")
exec 3<>/dev/tcp/127.0.0.1/%d
printf '%%d\\n%%s' "${#call}" "$call" >&3
read -r code <&3
IFS= read -r -d $'\\x1e' output <&3
IFS= read -r -d '' errors <&3
printf %%s "$output"
printf %%s "$errors" >&2
exit "$code"
"""
"""What a test calls as kubectl. What needs no cluster comes from the real one, which runs only once
for the same folder, arguments and input: a test must not change a file between two such calls."""
SEPARATOR = "\x1e"
CLUSTER = Path()
"""The folder of the command that this process runs."""
NAMESPACE = "namespace/mlops-proyecto3"
LEASE = "lease.coordination.k8s.io/deploy"
CLAIM = "persistentvolumeclaim/"
ADDRESSES = ("192.0.2.7", "fe80::7", "node1")
JSONPATHS = {
    "nodes": ADDRESSES[0],
    "services": "airflow-webserver 30808\nminio 30901\n",
}
IMAGES = {"fastapi": "readmission-api:0.2.0", "mlflow": "readmission-mlflow:0.2.0"}

Things = dict[str, dict[str, Any]]


def options(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Return the parsed flags and the remaining arguments."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for flag in (
        "namespace", "context", "selector", "output", "filename", "timeout", "for",
        "request-timeout", "from-literal", "dry-run", "type",
        "patch", "cascade",
    ):  # fmt: skip
        parser.add_argument(f"--{flag}")
    for flag in (
        "--server-side", "--force-conflicts", "--overwrite", "--ignore-not-found", "--local",
    ):  # fmt: skip
        parser.add_argument(flag, action="store_true")
    return parser.parse_known_args(arguments)


def singular(kinds: str) -> set[str]:
    """Return kinds in the singular, as they appear before a name."""
    endings = (("ies", "y"), ("sses", "ss"), ("s", ""))
    found = set()
    for kind in kinds.split(","):
        ending, instead = next((pair for pair in endings if kind.endswith(pair[0])), ("", ""))
        found.add(kind.partition(".")[0].removesuffix(ending) + instead)
    return found


def documents(flags: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the objects passed to a command."""
    text = flags.text or Path(flags.filename).read_text()
    if text.startswith("{"):  # JSON objects that follow one another.
        joined = re.sub(r"^}\n{", "},{", text, flags=re.MULTILINE)
        return cast("list[dict[str, Any]]", json.loads(f"[{joined}]"))
    return list(yaml.load_all(text, yaml.CSafeLoader))


def key(thing: dict[str, Any]) -> str:
    """Return the full name of an object: ``deployment.apps/fastapi``."""
    group, slash, _ = thing["apiVersion"].partition("/")
    return f"{thing['kind'].lower()}{f'.{group}' if slash else ''}/{thing['metadata']['name']}"


def kind_of(name: str) -> str:
    """Return the kind in a full name: ``deployment`` for ``deployment.apps/fastapi``."""
    return re.split("[./]", name)[0]


def named(things: Things, kinds: str, names: list[str]) -> list[str]:
    """Return the objects of a kind that exist under the given names."""
    return [
        thing
        for thing in things
        if kind_of(thing) in singular(kinds) and thing.partition("/")[2] in names
    ]


def chosen(things: Things, kinds: str, selector: str | None) -> list[str]:
    """Return the objects of the given kinds, only those with a label if a selector is given."""
    label, _, value = (selector or "").partition("=")
    return [
        name
        for name, thing in things.items()
        if kind_of(name) in singular(kinds)
        and (not selector or thing["labels"].get(label) == value)
    ]


def apply(things: Things, flags: argparse.Namespace) -> None:
    """Store the given objects; a StatefulSet also creates the claims of its pods."""
    for document in documents(flags):
        name, labels = key(document), document["metadata"].get("labels", {})
        kept = things.get(name, {"labels": {}})["labels"]
        things[name] = {"labels": kept | labels, "data": document.get("data", {})}
        with (CLUSTER / "applied.yaml").open("a") as applied:
            applied.write(json.dumps(document) + "\n")
        print(name)
        for claim in document.get("spec", {}).get("volumeClaimTemplates", []):
            about, size = claim["metadata"], claim["spec"]["resources"]["requests"]["storage"]
            things[name]["template"] = f"{about['name']} {size}"
            for pod in range(document["spec"].get("replicas", 1)):
                made = f"{CLAIM}{about['name']}-{document['metadata']['name']}-{pod}"
                things.setdefault(made, {"labels": about["labels"], "size": size})


def patch(things: Things, flags: argparse.Namespace, words: list[str]) -> int:
    """Change the size of a claim, unless the file ``fixed-size`` has its name."""
    fixed = CLUSTER / "fixed-size"
    if fixed.exists() and fixed.read_text() == words[1]:
        return 1
    size = json.loads(flags.patch)["spec"]["resources"]["requests"]["storage"]
    things["/".join(words)]["size"] = size
    return 0


def label(things: Things, flags: argparse.Namespace, words: list[str]) -> None:
    """Label the objects that are named or passed as documents."""
    *of_whom, pair = words
    if flags.filename:
        names = [key(document) for document in documents(flags)]
    else:
        names = named(things, of_whom[0], of_whom[1:])
    for name in names:
        things[name]["labels"] |= dict([pair.split("=")])


def delete(things: Things, flags: argparse.Namespace, words: list[str]) -> None:
    """Remove the objects that are named or selected."""
    if flags.selector:
        names = chosen(things, words[0], flags.selector)
    elif "/" in words[0]:
        names = words
    else:
        names = named(things, words[0], words[1:])
    for name in names:
        things.pop(name, None)
        if name.startswith("secret/"):
            (CLUSTER / name.replace("/", "-")).unlink(missing_ok=True)
    if names == [NAMESPACE]:
        things.clear()


def create(things: Things, flags: argparse.Namespace) -> int:
    """Store Secrets, or a Lease, unless there are some of these names."""
    new = documents(flags)
    if any(key(document) in things for document in new):
        return 1
    for document in new:
        if document["kind"] == "Lease":
            return replace(things, document)
        name, values = document["metadata"]["name"], document.get("stringData") or document["data"]
        lines = (f"{variable}={value}\n" for variable, value in values.items())
        (CLUSTER / f"secret-{name}").write_text("".join(lines))
        things[key(document)] = {"labels": document["metadata"]["labels"]}
        print(key(document))
    return 0


def replace(things: Things, lease: dict[str, Any]) -> int:
    """Store a Lease, if the stored one has the version that it names."""
    kept = things.get(key(lease), {"labels": {}, "version": None})
    if lease["metadata"].get("resourceVersion") != kept["version"]:
        return 1
    version = str(int(kept["version"] or 0) + 1)
    things[key(lease)] = {"labels": {}, "version": version, "spec": lease["spec"]}
    return 0


def get_lease(things: Things, fields: str) -> str:
    """Return fields of the Lease, as the script separates them."""
    lease = things.get(LEASE)
    if lease is None:
        return ""
    spec = lease["spec"]
    if "resourceVersion" not in fields:
        return str(spec["holderIdentity"])
    names = ("leaseDurationSeconds", "renewTime", "acquireTime", "holderIdentity")
    return "|".join((lease["version"], *(str(spec[name]) for name in names)))


def get(things: Things, flags: argparse.Namespace, words: list[str]) -> int:
    """Print the objects or fields that the script queries."""
    odd = {path.name for path in CLUSTER.iterdir()}
    what, *names = words
    if (flags.output or "").startswith("jsonpath"):
        if what == "job":
            print(int("job-works" in odd and names == ["airflow-migrate"]) or "", end="")
        elif what == "configmap":
            data = things.get(f"configmap/{names[0]}", {}).get("data", {})
            print(*data.values(), end="")
        elif what == "lease":
            print(get_lease(things, flags.output), end="")
        elif what == "storageclasses":
            print("" if "no-storage" in odd else "true", end="")
        elif what == "statefulset":
            print(things[f"statefulset.apps/{names[0]}"].get("template", ""), end="")
        elif what == "persistentvolumeclaims":
            claims = chosen(things, what, None)
            print(*(f"{c.removeprefix(CLAIM)} {things[c].get('size')}" for c in claims), sep="\n")
        elif what == "nodes" and "items[*]" in flags.output:
            print(*ADDRESSES, end="")
        elif what in ("deployments", "statefulsets"):
            there, kind = chosen(things, what, None), what.removesuffix("s")
            print(
                *(f"{n} {i}" for n, i in IMAGES.items() if f"{kind}.apps/{n}" in there),
                sep="\n",
            )
        else:
            print(JSONPATHS[what], end="")
        return 0
    if what == "deployments" and "silent" in odd:
        return 1
    found = named(things, what, names) if names else chosen(things, what, flags.selector)
    print(*found, sep="\n")
    return int(bool(names) and not found and not flags.ignore_not_found)


@contextmanager
def stored() -> Iterator[Things]:
    """Load the objects for one command and store them after it; other commands wait meanwhile."""
    path = CLUSTER / "things.json"
    with (CLUSTER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        things: Things = json.loads(path.read_text()) if path.exists() else {}
        yield things
        path.write_text(json.dumps(things))


def run(things: Things, flags: argparse.Namespace, verb: str, words: list[str]) -> int:
    """Run a command that reads or changes objects, and return its exit code."""
    code = 0
    if verb == "apply":
        apply(things, flags)
    elif verb == "label":
        label(things, flags, words)
    elif verb == "delete":
        delete(things, flags, words)
    elif verb == "create":
        code = create(things, flags)
    elif verb == "replace":
        code = replace(things, documents(flags)[0])
    elif verb == "get":
        code = get(things, flags, words)
    elif verb == "patch" and words[0] == CLAIM.removesuffix("/"):
        code = patch(things, flags, words)
    elif verb == "wait":
        code = int((CLUSTER / "job-fails").exists() and "job.batch/minio-reader" in words)
    elif verb == "config" and words[0] == "view":
        server = CLUSTER / "server"
        print(server.read_text() if server.exists() else "https://192.0.2.7:8443")
    elif verb == "config":
        context = CLUSTER / "context"
        print(context.read_text() if context.exists() else "minikube")
    elif verb == "version":
        code = int((CLUSTER / "unreachable").exists())
    return code


def main(arguments: Sequence[str], text: str) -> int:
    """Run one command with the given input, and return its exit code."""
    flags, (verb, *words) = options(arguments)
    flags.text = text
    if flags.dry_run:
        refuses = CLUSTER / "refuses"
        print(refuses.read_text() if refuses.exists() else "", file=sys.stderr)
        return int(refuses.exists())
    with stored() as things:
        return run(things, flags, verb, words)


class Command(socketserver.StreamRequestHandler):
    """Runs one command in a process of its own."""

    def handle(self) -> None:
        """Read the command, run it, and send its exit code and what it printed."""
        global CLUSTER
        call = self.rfile.read(int(self.rfile.readline())).decode()
        cluster, text, *arguments = call.split(SEPARATOR)
        CLUSTER = Path(cluster)
        output, errors = StringIO(), StringIO()
        with redirect_stdout(output), redirect_stderr(errors):
            try:
                code = main(arguments, text)
            except SystemExit as end:  # The parser's.
                code = cast("int", end.code)
        answer = f"{code}\n{output.getvalue()}{SEPARATOR}{errors.getvalue()}"
        self.wfile.write(answer.encode())


class Server(socketserver.ForkingMixIn, socketserver.TCPServer):
    """Answers each command in a fork."""


@cache
def start() -> int:
    """Start the process that answers all commands of this test run; return its port."""
    checkout = Path(__file__).parents[2]  # Files are named as `deploy.sh` names them.
    server = subprocess.Popen(
        [sys.executable, __file__], cwd=checkout, stdout=subprocess.PIPE, text=True
    )
    atexit.register(server.terminate)
    assert server.stdout
    return int(server.stdout.readline())


@cache
def outputs() -> str:
    """Create the folder of what the real kubectl has printed in this test run; return its path."""
    folder = tempfile.TemporaryDirectory(prefix="readmission-kubectl-")
    atexit.register(folder.cleanup)
    return folder.name


def program(kubectl: str) -> str:
    """Return the text of the fake kubectl."""
    return PROGRAM % (outputs(), kubectl, start())


if __name__ == "__main__":
    with Server(("127.0.0.1", 0), Command) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
