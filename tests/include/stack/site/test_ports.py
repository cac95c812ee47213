import contextlib
import socket
from pathlib import Path

import pytest

from readmission.stack.site.ports import CHOICE, HOST, free_ports

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
