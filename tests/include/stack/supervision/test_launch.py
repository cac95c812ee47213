"""What services write is readable by their owner and group only."""

import json
import os
import subprocess
import sys
from pathlib import Path

from readmission.stack.site.paths import StatePaths
from readmission.stack.supervision import launch

WRITE = "import os; os.mkdir('folder'); open('folder/file', 'w').close()"


def test_files_and_folders_of_a_service_are_closed_to_other_users(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    service = {
        "command": [sys.executable, "-c", WRITE],
        "environment": {},
        "folder": str(tmp_path),
        "user": None,
    }
    services = tmp_path / "services.json"
    services.write_text(json.dumps({"writer": service}))

    subprocess.run(
        [sys.executable, launch.__file__, str(services), "writer"],
        env=os.environ | {"PYTHONPATH": os.environ.get("PYTHONPATH", "")},
        umask=0o022,
        check=True,
    )

    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "folder" / "file").stat().st_mode & 0o777 == 0o640


def test_the_reports_of_an_older_stack_are_closed_to_other_users(tmp_path: Path) -> None:
    paths = StatePaths(tmp_path / "state")
    paths.create()
    paths.data_docs.chmod(0o755)

    paths.create()

    assert paths.data_docs.stat().st_mode & 0o777 == 0o750
