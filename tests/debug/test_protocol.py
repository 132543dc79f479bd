"""What packets are answered, without a gdb: also hostile ones."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from machinebuilder import Board
from machinebuilder.debug.packets import frame
from machinebuilder.debug.protocol import LONG, SHORT, Order, Protocol
from machinebuilder.debug.target import Target
from machinebuilder.machine import Machine

ENTRY = 0x4000_8000


@pytest.fixture
def machine() -> Iterator[Machine]:
    """The monitor before its first instruction, two CPUs."""
    with Board.load("arm-virt", cpus=2, ram="64 MiB").build() as machine:
        yield machine


@pytest.fixture
def protocol(machine: Machine) -> Protocol:
    return Protocol(Target(machine))


HEADS = sorted([*LONG, *SHORT])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(HEADS), st.one_of(st.binary(), st.text("0123456789abcdef,;:=-")))
def test_any_packet_gets_an_answer(
    protocol: Protocol, head: bytes, rest: bytes | str
) -> None:
    packet = head + (rest.encode() if isinstance(rest, str) else rest)
    assert isinstance(protocol.answer(packet), bytes | Order)


def test_registers_are_in_the_order_of_the_description(
    protocol: Protocol, machine: Machine
) -> None:
    names = re.findall(rb'reg name="(\w+)"', protocol.target.xml())
    core = [b"r%d" % n for n in range(13)] + [b"sp", b"lr", b"pc", b"cpsr"]
    assert names[:17] == core
    assert names[17:] == [b"d%d" % n for n in range(32)] + [b"fpscr"]
    machine.cpus[0].set("r", 0x1122_3344, 5)
    answer = protocol.answer(b"g")
    assert isinstance(answer, bytes)
    values = struct.unpack_from("<17I", bytes.fromhex(answer.decode()))
    assert values[5] == 0x1122_3344
    assert values[15] == ENTRY
    assert values[16] == 0x1D3


def test_all_registers_can_be_set(protocol: Protocol, machine: Machine) -> None:
    before = protocol.answer(b"g")
    assert isinstance(before, bytes)
    data = bytearray(bytes.fromhex(before.decode()))
    struct.pack_into("<I", data, 16 * 4, 0xF80F_0DF3 | 0x0600_0020)  # cpsr
    struct.pack_into("<I", data, 17 * 4 + 32 * 8, 0x9BC0_009F)  # fpscr
    assert protocol.answer(b"G" + data.hex().encode()) == b"OK"
    assert protocol.answer(b"g") == data.hex().encode()
    assert machine.cpus[0].get_flag("thumb") == 1
    assert machine.cpus[0].get_flag("itstate") == 0x0F
    assert protocol.answer(b"G" + before) == b"OK"
    assert protocol.answer(b"g") == before


def test_one_register_of_one_thread(protocol: Protocol, machine: Machine) -> None:
    assert protocol.answer(b"Hg2") == b"OK"
    assert protocol.answer(b"P3=78563412") == b"OK"
    assert machine.cpus[1].get("r", 3) == 0x1234_5678
    assert protocol.answer(b"p3") == b"78563412"
    assert machine.cpus[0].get("r", 3) == 0
    assert protocol.answer(b"p7777") == b"E01"
    assert protocol.answer(b"P3=7856341200") == b"E01"
    assert protocol.answer(b"Hg3") == b"E01"


def test_memory_is_read_and_written(protocol: Protocol, machine: Machine) -> None:
    assert protocol.answer(b"M40000000,4:01020304") == b"OK"
    assert protocol.answer(b"X40000004,2:}]}\x03") == b"OK"
    assert machine.memory.read(0x4000_0000, 6) == b"\x01\x02\x03\x04\x7d\x23"
    assert protocol.answer(b"m40000000,6") == b"010203047d23"
    assert protocol.answer(b"M40000000,5:01020304") == b"E01"
    assert protocol.answer(b"mf0000000,4") == b"E01"
    assert protocol.answer(b"m43fffffc,10") == b"00000000"  # up to the end of RAM
    assert protocol.answer(b"m40000000,ffffffffffffffff") != b"E01"


def test_breakpoints_have_the_kinds_of_the_core(protocol: Protocol) -> None:
    assert protocol.answer(b"Z0,40008000,4") == b"OK"
    assert protocol.answer(b"Z1,40008011,2") == b"OK"
    assert protocol.target.breakpoints == {0x4000_8000, 0x4000_8010}
    assert protocol.answer(b"Z0,40008000,7") == b"E01"
    assert protocol.answer(b"Z2,40008000,4") == b""
    assert protocol.answer(b"z1,40008010,3") == b"OK"
    assert protocol.target.breakpoints == {0x4000_8000}


def test_there_are_only_so_many_breakpoints(protocol: Protocol) -> None:
    answers = {protocol.answer(b"Z0,%x,4" % (n * 4)) for n in range(1500)}
    assert answers == {b"OK", b"E01"}


def test_a_vcont_steps_the_thread_that_it_names(protocol: Protocol) -> None:
    assert protocol.answer(b"vCont;s:2;c") == Order("step", 2)
    assert protocol.answer(b"vCont;c") == Order("continue")
    assert protocol.answer(b"vCont;C05:1;c") == Order("continue")
    assert protocol.answer(b"vCont;x") == b"E01"
    assert protocol.answer(b"vCont;s:9") == b"E01"


# -- over the socket


class Client:
    """A client that says what it likes."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)

    def hear(self, pattern: bytes) -> bytes:
        heard = b""
        while not re.search(pattern, heard, re.DOTALL):
            data = self.socket.recv(4096)
            assert data, f"closed after {heard!r}"
            heard += data
        return heard


@pytest.fixture
def served() -> Iterator[Machine]:
    with Board.load("arm-virt", ram="64 MiB").build() as machine:
        machine.gdb()
        machine.start()
        yield machine


def port_of(machine: Machine) -> int:
    assert machine.debugger is not None
    return machine.debugger.port


def test_packets_are_acknowledged_until_that_is_turned_off(served: Machine) -> None:
    client = Client(port_of(served))
    client.say(b"$?#00")
    assert client.hear(b"[-+]") == b"-"
    client.say(frame(b"?"))
    assert client.hear(b"#..").startswith(b"+$T05thread:1;#")
    client.say(b"-")
    assert client.hear(b"#..").startswith(b"$T05thread:1;#")
    client.say(frame(b"QStartNoAckMode"))
    assert client.hear(b"#..") == b"+" + frame(b"OK")
    client.say(b"+" + frame(b"qC"))
    assert client.hear(b"#..") == frame(b"QC1")


def test_only_one_client_is_served_and_another_may_follow(served: Machine) -> None:
    first, second = Client(port_of(served)), Client(port_of(served))
    first.say(frame(b"qC"))
    first.hear(b"#..")
    assert second.socket.recv(10) == b""
    first.socket.close()
    third = None
    while third is None:  # until the loss of the first was noticed
        third = Client(port_of(served))
        try:
            third.say(frame(b"qC"))
            third.hear(b"#..")
        except (AssertionError, OSError):
            third = None
    assert served.cpus[0].get("pc") == ENTRY  # nobody let it run


def test_rubbish_does_not_stop_the_service(served: Machine) -> None:
    client = Client(port_of(served))
    client.say(bytes(range(256)) * 20 + b"#00#00" + b"$" + b"z" * 40000 + b"#00")
    client.say(frame(b"qC"))
    client.hear(re.escape(frame(b"QC1")))


def test_a_control_c_stops_it_where_it_is(served: Machine) -> None:
    client = Client(port_of(served))
    client.say(frame(b"vCont;c"))
    served.console.expect("mb> ", 30)
    client.say(b"\x03")
    client.hear(rb"\$T02thread:1;#..")
    client.say(frame(b"p0f"))
    client.hear(rb"\$[0-9a-f]{8}#..")


def test_the_end_of_the_machine_is_told(served: Machine) -> None:
    client = Client(port_of(served))
    client.say(frame(b"c"))
    served.console.expect("mb> ", 30)
    served.console.write("poweroff\r")
    client.hear(rb"\$W00#..")
    event = served.wait(30)
    assert event is not None and event.name == "poweroff"


def test_it_listens_on_the_loopback_interface_only(served: Machine) -> None:
    with pytest.raises(OSError), socket.socket() as other:
        other.bind(("127.0.0.1", port_of(served)))
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.2", port_of(served)))
