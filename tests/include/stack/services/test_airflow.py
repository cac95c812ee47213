"""Airflow's services on one machine: what their processes import at their start."""

import json
import os
import subprocess
import sys

import pytest

from readmission.settings import CHECKOUT
from readmission.stack.services import airflow
from readmission.stack.site.site import Site

PRELOADED = """
import json, sys
sys.argv = ["airflow", sys.argv[1]]
import airflow_local_settings as found
loaded = [name for name in found.PRELOADED if name in sys.modules]
print(json.dumps({"file": found.__file__, "loaded": loaded, "all": list(found.PRELOADED)}))
"""


@pytest.mark.parametrize(("command", "preloads"), [("scheduler", True), ("api-server", False)])
def test_only_the_scheduler_preloads_and_it_uses_the_file_of_the_image(
    site: Site, command: str, preloads: bool
) -> None:
    # given the environment of the scheduler
    (scheduler,) = (s for s in airflow.services(site) if s.name == airflow.SCHEDULER)

    # when Airflow's local settings are imported there
    done = subprocess.run(
        [sys.executable, "-c", PRELOADED, command],
        env={**os.environ, **scheduler.environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    # then they are those of the image
    found = json.loads(done.stdout)
    assert found["file"] == str(CHECKOUT / "docker" / "airflow_local_settings.py")
    assert found["loaded"] == (found["all"] if preloads else [])
    assert found["all"]
