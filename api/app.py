"""The application of this process, built from the environment, as an ASGI server finds it."""

import sys

from api.main import create_app

SWITCH_SECONDS = 0.001
"""How long a thread with a file to answer may keep the interpreter from single requests."""

sys.setswitchinterval(SWITCH_SECONDS)

app = create_app()
