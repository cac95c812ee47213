import contextlib
import socket
import threading
import time
from pathlib import Path

import pytest

from readmission.stack.errors import PortTaken
from readmission.stack.site import ports
from readmission.stack.site.ports import CHOICE, HOST, free_ports, require_free

OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")


@pytest.mark.skipif(not OUTGOING.exists(), reason="only Linux says which ports it gives away")
def test_a_connection_of_another_program_cannot_take_a_chosen_port() -> None:
    # given the ports that the system gives to outgoing connections
    first, last = map(int, OUTGOING.read_text().split())

    # then a port is never chosen from them
    assert not set(CHOICE) & set(range(first, last + 1))
    assert set(free_ports(50)) <= set(CHOICE)


def test_only_free_ports_are_chosen_and_each_once() -> None:
    # given two free ports and one that is in use
    first, second, taken = free_ports(3)
    with contextlib.closing(socket.create_server((HOST, taken))):
        # when as many are chosen as there are
        others = set(CHOICE) - {first, second, taken}
        chosen = free_ports(2, avoid=others)

    # then
    assert sorted(chosen) == sorted([first, second])


def test_the_port_of_a_program_that_runs_is_refused_at_once() -> None:
    (port,) = free_ports(1)
    began = time.monotonic()

    with (
        contextlib.closing(socket.create_server((HOST, port))),
        pytest.raises(PortTaken, match=rf"port {port} of a service is in use by .*set A_PORT"),
    ):
        require_free("a service", port, "A_PORT")

    assert time.monotonic() - began < ports.ENDING_SECONDS


def test_the_port_of_a_process_that_is_ending_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given a port whose process the system no longer names, and which becomes free a moment later
    monkeypatch.setattr(ports, "_user_of", lambda _port: "")
    (port,) = free_ports(1)
    server = socket.create_server((HOST, port))
    closing = threading.Timer(0.5, server.close)
    closing.start()

    # then
    require_free("a service", port, "A_PORT")
    closing.join()
