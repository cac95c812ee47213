"""What services write is readable by their owner and group only, and a full disk stops none."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from readmission.stack.site.paths import StatePaths
from readmission.stack.supervision import launch

WRITE = "import os; os.mkdir('folder'); open('folder/file', 'w').close()"


def launched(home: Path) -> None:
    """Run a service that writes a file, as supervisord does."""
    (home / "run").mkdir(exist_ok=True)
    service = {
        "command": [sys.executable, "-c", WRITE],
        "environment": {},
        "folder": str(home),
        "user": None,
    }
    services = home / "services.json"
    services.write_text(json.dumps({"writer": service}))
    subprocess.run(
        [sys.executable, launch.__file__, str(services), "writer"],
        env=os.environ | {"PYTHONPATH": os.environ.get("PYTHONPATH", "")},
        umask=0o022,
        check=True,
    )


def test_files_and_folders_of_a_service_are_closed_to_other_users(tmp_path: Path) -> None:
    launched(tmp_path)

    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "folder" / "file").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("left", ["", None])
def test_a_service_starts_although_its_group_could_not_be_noted(
    tmp_path: Path, left: str | None
) -> None:
    # given what a full disk left, or a record that can be neither read nor written
    record = tmp_path / "run" / "writer.group"
    record.parent.mkdir()
    record.mkdir() if left is None else record.write_text(left)

    launched(tmp_path)

    assert (tmp_path / "folder" / "file").exists()
    # and where there is room again, it is noted
    assert left is None or int(record.read_text()) > 0


def test_the_reports_of_an_older_stack_are_closed_to_other_users(tmp_path: Path) -> None:
    paths = StatePaths(tmp_path / "state")
    paths.create()
    paths.data_docs.chmod(0o755)

    paths.create()

    assert paths.data_docs.stat().st_mode & 0o777 == 0o750
