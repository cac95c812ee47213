"""The application of this process, built from the environment, as an ASGI server finds it."""

import gc
import sys

from api.main import create_app
from readmission import logs

SWITCH_SECONDS = 0.001
"""How long a thread with a file to answer may keep the interpreter from single requests."""

COLLECT_AFTER = (20_000, 20, 100)
"""What a request makes is freed when it ends; Python's own 700 would have the collector look
through the young objects of every few requests."""

sys.setswitchinterval(SWITCH_SECONDS)
gc.set_threshold(*COLLECT_AFTER)

logs.configure("api")
app = create_app()
