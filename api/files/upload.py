"""Receive an uploaded file to memory or disk, with limits on its size and speed."""

import asyncio
from tempfile import SpooledTemporaryFile
from typing import IO

from starlette.requests import Request

from api.errors import BodyTooLarge, UploadTooSlow
from api.http.connections import UPLOADING

MAX_IN_MEMORY = 1 << 20
"""Bytes; a larger file goes to disk."""
STALLED_SECONDS = 20
"""Seconds without a byte after which an upload times out and frees its slot."""
MIN_BYTES_PER_SECOND = 16 << 10
"""Slowest average speed; a slower upload times out, too."""


async def receive(request: Request, limit: int) -> IO[bytes]:
    """Return the body as a file that is open at its beginning; the caller closes it.

    Parameters
    ----------
    request : Request
        Its body is the file.
    limit : int
        Largest size in bytes.

    Raises
    ------
    BodyTooLarge
        As soon as more than `limit` bytes have arrived.
    UploadTooSlow
        If the upload stalls, or is slower than `MIN_BYTES_PER_SECOND`.
    """
    file = SpooledTemporaryFile(max_size=MAX_IN_MEMORY)  # noqa: SIM115 - the caller closes it
    try:
        await _copy(request, file, limit)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


async def _copy(request: Request, file: IO[bytes], limit: int) -> None:
    request.scope["state"][UPLOADING] = True  # The limits below replace the connection's.
    now = asyncio.get_running_loop().time
    latest = now() + STALLED_SECONDS
    try:
        async with asyncio.timeout_at(latest) as timeout:
            async for piece in request.stream():
                if file.tell() + len(piece) > limit:
                    raise BodyTooLarge(limit, "a file")
                file.write(piece)
                latest += len(piece) / MIN_BYTES_PER_SECOND
                timeout.reschedule(min(latest, now() + STALLED_SECONDS))
    except TimeoutError:
        raise UploadTooSlow(file.tell(), STALLED_SECONDS) from None
