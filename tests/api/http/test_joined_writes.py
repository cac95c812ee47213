"""The head of a response is sent with its body, and never waits longer than a turn of the loop."""

import asyncio

import pytest

from api.http.joined_writes import JoinedWrites

HEAD, BODY = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n", b"body"


class Recorded(asyncio.Transport):
    """A transport that records each write."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 80)})
        self.pieces: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.pieces.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def pieces(
    *writes: bytes, turn: bool = False, close: bool = False, lost: bool = False
) -> list[bytes]:
    """Write to a joined transport, then end the turn, close it, or lose the connection.

    Returns what was written to the transport by then.
    """

    async def run() -> list[bytes]:
        recorded = Recorded()
        joined = JoinedWrites(recorded, asyncio.get_running_loop())
        assert joined.get_extra_info("peername") == ("127.0.0.1", 80)
        for data in writes:
            joined.write(data)
        recorded.closed = lost
        if close:
            joined.close()
        if turn:
            await asyncio.sleep(0)
        assert recorded.closed == (lost or close)
        return list(recorded.pieces)

    return asyncio.run(run())


def test_head_and_body_are_one_piece() -> None:
    assert pieces(HEAD, BODY, turn=True) == [HEAD + BODY]


def test_each_of_several_responses_is_one_piece() -> None:
    assert pieces(HEAD, BODY, HEAD, BODY) == [HEAD + BODY] * 2


def test_later_parts_of_a_body_do_not_wait() -> None:
    assert pieces(HEAD, BODY, BODY) == [HEAD + BODY, BODY]


def test_a_head_without_a_body_is_sent_when_the_turn_ends() -> None:
    assert pieces(HEAD) == []
    assert pieces(HEAD, turn=True) == [HEAD]


def test_closing_sends_what_is_held() -> None:
    assert pieces(HEAD, close=True) == [HEAD]


@pytest.mark.parametrize("writes", [(HEAD,), (HEAD, BODY)])
def test_the_order_of_bytes_stays(writes: tuple[bytes, ...]) -> None:
    written = pieces(*writes, HEAD, BODY, turn=True, close=True)

    assert b"".join(written) == b"".join((*writes, HEAD, BODY))


def test_a_lost_connection_gets_no_head() -> None:
    assert pieces(HEAD, turn=True, lost=True) == []
