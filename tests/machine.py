"""How slow this machine is now, for tests that limit the CPU time of hostile input."""

import json
import time

REFERENCE_SECONDS = 0.03
"""CPU time of the same work on the machine where the limits were chosen."""
_WORK = json.dumps([{"name": str(number), "values": [number] * 10} for number in range(2_000)])


def slowness() -> float:
    """Return by how much longer a piece of work takes here and now, at least 1."""
    times = []
    for _ in range(3):
        started = time.process_time()
        for _ in range(3):
            json.dumps(json.loads(_WORK))
        times.append(time.process_time() - started)
    return max(1.0, min(times) / REFERENCE_SECONDS)
