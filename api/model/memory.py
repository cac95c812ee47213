"""Returns freed memory from the C library to the system."""

import ctypes


def release_freed_memory() -> None:
    """Call glibc's malloc_trim(3); do nothing where the C library has no such call.

    glibc keeps the memory of a replaced model: some 30 MB after a few reloads.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
