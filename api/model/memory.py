"""Memory that the C library keeps for itself after it was freed."""

import ctypes


def give_back() -> None:
    """Return freed memory to the system; where the C library has no such call, do nothing.

    Each reload frees a model in pieces that glibc keeps (malloc_trim(3)): some 30 MB after a few.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
