"""Networks that a guest's card can join."""

from __future__ import annotations

import ctypes
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "devicelib"))

from native_bench import Chip

SECONDS = 5.0


class Wire:
    """A network on the bench; the card is a chip that keeps what it is given."""

    def __init__(self, spec: str) -> None:
        self.card = Chip("bench.keeper")
        lib = self.card.lib
        self.net: int | None = lib.mb_net_open(self.card.pointer, spec.encode())

    def send(self, frame: bytes) -> None:
        size = ctypes.c_size_t(len(frame))
        self.card.lib.mb_dev_send(self.card.pointer, frame, size)

    def received(self, wanted: int, sent: int = 0) -> bytes:
        """What came in, when it is `wanted` bytes; the first `sent` are our own."""
        deadline = time.monotonic() + SECONDS
        while len(data := self.card.sent()) < wanted + sent:
            assert time.monotonic() < deadline, f"only {len(data)} bytes came"
            time.sleep(0.001)
        return data[sent:]

    def close(self) -> None:
        if self.net:
            self.card.lib.mb_net_close(ctypes.c_void_p(self.net))
        self.card.close()


Open = Callable[[str], Wire]


@pytest.fixture
def network() -> Iterator[Open]:
    wires: list[Wire] = []

    def opened(spec: str) -> Wire:
        wires.append(Wire(spec))
        return wires[-1]

    yield opened
    for wire in reversed(wires):
        wire.close()


def _read(peer: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = peer.recv(size - len(data))
        assert part, "the other end hung up"
        data += part
    return data


def _join(path: Path) -> socket.socket:
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(SECONDS)
    peer.connect(str(path))
    return peer


def test_two_machines_talk_over_a_socket(network: Open, tmp_path: Path) -> None:
    one = network(f"socket,listen={tmp_path / 's'}")
    two = network(f"socket,connect={tmp_path / 's'}")
    two.send(b"first frame")
    assert one.received(11) == b"first frame"
    one.send(b"answer")
    assert two.received(6, sent=11) == b"answer"


def test_frames_on_the_wire_follow_their_length(network: Open, tmp_path: Path) -> None:
    wire = network(f"socket,listen={tmp_path / 's'}")
    with _join(tmp_path / "s") as peer:
        peer.sendall(struct.pack(">I", 3) + b"abc" + struct.pack(">I", 2))
        assert wire.received(3) == b"abc"
        peer.sendall(b"de")
        assert wire.received(5) == b"abcde"
        wire.send(b"x" * 1500)
        assert _read(peer, 1504) == struct.pack(">I", 1500) + b"x" * 1500


def test_a_burst_arrives_in_order(network: Open, tmp_path: Path) -> None:
    wire = network(f"socket,listen={tmp_path / 's'}")
    with _join(tmp_path / "s") as peer:
        frames = [struct.pack(">IHI", 64, n, 0) + bytes(58) for n in range(2000)]
        peer.sendall(b"".join(frames))
        seen = wire.received(2000 * 64)
    numbers = [struct.unpack_from(">H", seen, 64 * n)[0] for n in range(2000)]
    assert numbers == list(range(2000))


def test_a_peer_may_leave_and_another_come(network: Open, tmp_path: Path) -> None:
    wire = network(f"socket,listen={tmp_path / 's'}")
    for n, frame in enumerate([b"one", b"two"]):
        with _join(tmp_path / "s") as peer:
            peer.sendall(struct.pack(">I", 3) + frame)
            assert wire.received(3 * n + 3)[-3:] == frame


def test_nonsense_on_the_wire_ends_the_connection(
    network: Open, tmp_path: Path
) -> None:
    network(f"socket,listen={tmp_path / 's'}")
    with _join(tmp_path / "s") as peer:
        peer.sendall(b"\xff\xff\xff\xff")
        assert peer.recv(1) == b""


def test_a_peer_that_does_not_read_stops_nobody(network: Open, tmp_path: Path) -> None:
    wire = network(f"socket,listen={tmp_path / 's'}")
    with _join(tmp_path / "s"):
        for _ in range(2000):
            wire.send(bytes(1500))


def test_a_stale_socket_is_replaced_and_a_live_one_is_not(
    network: Open, tmp_path: Path
) -> None:
    path = tmp_path / "s"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()
    assert network(f"socket,listen={path}").net
    second = network(f"socket,listen={path}")
    assert (second.net, "Address already in use" in second.card.error) == (None, True)


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("tap", "choose none, user or socket"),
        ("socket", "wants listen=PATH or connect=PATH"),
        ("socket,connect=/nonexistent/s", "No such file"),
        ("socket,listen=" + "x" * 200, "a path has 1 to 107 bytes"),
        ("none,loud", "no option 'loud'"),
    ],
)
def test_a_network_that_cannot_be_is_explained(
    network: Open, spec: str, why: str
) -> None:
    wire = network(spec)
    assert (wire.net, why in wire.card.error) == (None, True)


def _slirp(network: Open, spec: str = "user") -> Wire:
    wire = network(spec)
    if not wire.net and "libslirp" in wire.card.error:
        pytest.skip(wire.card.error)
    return wire


def _arp(target: str) -> bytes:
    mac = bytes.fromhex("525400123456")
    head = b"\xff" * 6 + mac + struct.pack(">H", 0x0806)
    mine, theirs = socket.inet_aton("10.0.2.15"), socket.inet_aton(target)
    return (
        head + struct.pack(">HHBBH", 1, 0x800, 6, 4, 1) + mac + mine + bytes(6) + theirs
    )


def test_the_users_network_has_a_gateway(network: Open) -> None:
    wire = _slirp(network)
    question = _arp("10.0.2.2")
    wire.send(question)
    answer = wire.received(42, sent=len(question))
    assert answer[12:14] == b"\x08\x06"
    assert answer[28:32] == socket.inet_aton("10.0.2.2")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("forward=tcp:99999:22", "is not tcp:HOST_PORT:GUEST_PORT"),
        ("forward=ftp:1:2", "is not tcp"),
        ("forward=tcp:1024:22x", "is not tcp"),
        ("speed=9", "no option 'speed=9'"),
    ],
)
def test_options_of_the_users_network_are_checked(
    network: Open, options: str, why: str
) -> None:
    wire = _slirp(network, f"user,{options}")
    assert (wire.net, why in wire.card.error) == (None, True)


def test_a_port_of_the_host_leads_to_the_guest(network: Open) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    wire = _slirp(network, f"user,restrict,forward=tcp:{port}:22")
    with socket.create_connection(("127.0.0.1", port), SECONDS):
        frame = wire.received(42)
    assert frame[12:14] == b"\x08\x06"
