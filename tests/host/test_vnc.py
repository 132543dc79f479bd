"""The VNC server: what clients see and say, and how it bears the rude ones."""

from __future__ import annotations

import random
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from machinebuilder.device import Picture
from machinebuilder.errors import UserError
from machinebuilder.host.vnc import Address, Server, des
from machinebuilder.host.vnc.hands import Keyboard, Pointer
from machinebuilder.host.vnc.keysyms import from_scan_code
from tests.host.rfb_client import DESKTOP_SIZE, RAW, ZLIB, ZRLE, Client

WIDTH, HEIGHT = 100, 70
A, SHIFT = 30, 42


class Screen:
    """A source: a picture that tests draw in, and what was typed."""

    name = "a machine"

    def __init__(self) -> None:
        self.width, self.height = WIDTH, HEIGHT
        rand = random.Random(1)
        self.pixels = bytearray(rand.randbytes(3 * WIDTH * HEIGHT))
        self.dark = False
        self.keys: list[tuple[int, bool]] = []
        self.moves: list[tuple[int, int, int, int]] = []
        self.looks = 0

    def picture(self) -> Picture | None:
        self.looks += 1
        if self.dark:
            return None
        return Picture(self.width, self.height, bytes(self.pixels))

    def key(self, code: int, down: bool) -> None:
        self.keys.append((code, down))

    def pointer(self, dx: int, dy: int, wheel: int, buttons: int) -> None:
        self.moves.append((dx, dy, wheel, buttons))

    def draw(self, x: int, y: int, colour: bytes) -> None:
        at = 3 * (y * self.width + x)
        self.pixels[at : at + 3] = colour

    def at(self, x: int, y: int) -> tuple[int, int, int]:
        red, green, blue = self.pixels[3 * (y * self.width + x) :][:3]
        return red, green, blue


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
def server(screen: Screen) -> Iterator[Server]:
    made = Server(screen, Address())
    yield made
    made.close()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server.port) as made:
        yield made


def wait_for(condition: Callable[[], object], seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.005)
    return bool(found)


# -- what is seen


@pytest.mark.parametrize("version", [b"003.003", b"003.007", b"003.008"])
def test_clients_of_every_version_are_served(
    server: Server, screen: Screen, version: bytes
) -> None:
    with Client(server.port, version) as client:
        assert (client.width, client.height) == (WIDTH, HEIGHT)
        assert client.name == b"a machine"
        client.whole()
        assert client.pixels[3, 4] == bytes([*reversed(screen.at(3, 4)), 0])


@pytest.mark.parametrize("encoding", [RAW, ZLIB, ZRLE])
def test_every_pixel_arrives_in_every_encoding(
    client: Client, screen: Screen, encoding: int
) -> None:
    for y in range(64):  # a tile of one colour, for ZRLE
        for x in range(64):
            screen.draw(x, y, b"\1\2\3")
    client.set_encodings(encoding)
    assert {r[4] for r in client.whole()} == {encoding}
    places = [(x, y) for x in range(WIDTH) for y in range(HEIGHT)]
    assert [client.pixels[p][:3] for p in places] == [
        bytes(reversed(screen.at(*p))) for p in places
    ]


@pytest.mark.parametrize("encoding", [RAW, ZRLE])
@pytest.mark.parametrize(
    ("form", "word"),
    [
        ((8, 8, 0, 1, 7, 7, 3, 0, 3, 6), "B"),
        ((16, 16, 0, 1, 31, 63, 31, 11, 5, 0), "<H"),
        ((16, 15, 1, 1, 31, 31, 31, 0, 5, 10), ">H"),
        ((32, 24, 1, 1, 255, 255, 255, 16, 8, 0), ">I"),
        ((32, 24, 0, 1, 255, 255, 255, 0, 8, 16), "<I"),
        ((32, 24, 0, 1, 255, 255, 255, 8, 16, 24), "<I"),
    ],
)
def test_pixels_are_as_the_client_wants_them(
    client: Client, screen: Screen, form: tuple[int, ...], word: str, encoding: int
) -> None:
    client.set_format(*form)
    client.set_encodings(encoding)
    client.whole()
    maxima, shifts = form[4:7], form[7:10]
    for place in ((0, 0), (99, 0), (50, 69)):
        parts = [
            (v * m + 127) // 255 for v, m in zip(screen.at(*place), maxima, strict=True)
        ]
        value = sum(part << shift for part, shift in zip(parts, shifts, strict=True))
        wanted = struct.pack(word, value)
        if encoding == ZRLE and form[0] == 32:  # CPIXEL: the byte that is not used
            low = max(shifts) <= 16
            wanted = wanted[:3] if low == word.startswith("<") else wanted[1:]
        assert client.pixels[place] == wanted


def test_only_what_changed_is_sent_again(client: Client, screen: Screen) -> None:
    client.whole()
    client.ask(incremental=True)
    screen.draw(99, 69, b"\xff\0\0")
    assert client.update() == [(64, 64, 36, 6, RAW)]
    assert client.pixels[99, 69] == b"\0\0\xff\0"


def test_changes_that_nobody_asked_for_wait_until_somebody_does(
    client: Client, screen: Screen
) -> None:
    client.whole()
    screen.draw(0, 0, b"\1\1\1")
    client.ask(True, 64, 0, 36, 70)
    screen.draw(70, 3, b"\2\2\2")
    assert client.update() == [(64, 0, 36, 64, RAW)]
    client.ask(incremental=True)
    assert client.update() == [(0, 0, 64, 64, RAW)]
    assert client.pixels[0, 0] == b"\1\1\1\0"


def test_who_only_saw_a_part_gets_the_rest(client: Client, screen: Screen) -> None:
    client.ask(False, 10, 10, 5, 5)
    assert client.update() == [(10, 10, 5, 5, RAW)]
    client.ask(True, 10, 10, 5, 5)
    client.ask(incremental=True)
    client.update()
    assert len(client.pixels) == WIDTH * HEIGHT


def test_nothing_is_sent_while_nothing_changes(client: Client) -> None:
    client.whole()
    client.ask(incremental=True)
    client.socket.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.read(1)


def test_neighbouring_tiles_are_one_rectangle(client: Client, screen: Screen) -> None:
    client.whole()
    client.ask(incremental=True)
    row = b"\7\7\7" * WIDTH
    screen.pixels[: len(row)] = row
    assert client.update() == [(0, 0, 100, 64, RAW)]


def test_the_client_follows_to_another_size(client: Client, screen: Screen) -> None:
    client.set_encodings(RAW, DESKTOP_SIZE)
    client.whole()
    client.ask(incremental=True)
    screen.pixels, screen.width, screen.height = bytearray(3 * 20 * 10), 20, 10
    assert client.update() == [(0, 0, 20, 10, DESKTOP_SIZE)]
    client.ask(incremental=True)
    assert client.update() == [(0, 0, 20, 10, RAW)]


def test_a_client_that_cannot_follow_sees_what_fits(
    client: Client, screen: Screen
) -> None:
    client.whole()
    screen.pixels, screen.width, screen.height = bytearray(b"\xff" * 6000), 20, 100
    client.whole()
    assert client.pixels[19, 69] == b"\xff\xff\xff\0"
    assert client.pixels[20, 0] == client.pixels[99, 69] == bytes(4)


def test_a_screen_with_nothing_on_it_is_black(screen: Screen) -> None:
    screen.dark = True
    server = Server(screen, Address())
    with Client(server.port) as client:
        assert (client.width, client.height) == (640, 480)
        client.whole()
        assert set(client.pixels.values()) == {bytes(4)}
    server.close()


def test_an_indexed_picture_is_shown_in_its_colours() -> None:
    class Indexed(Screen):
        def picture(self) -> Picture:
            return Picture(2, 1, b"\0\1", b"\1\2\3\4\5\6")

    server = Server(Indexed(), Address())
    with Client(server.port) as client:
        client.whole()
        assert client.pixels == {(0, 0): b"\3\2\1\0", (1, 0): b"\6\5\4\0"}
    server.close()


# -- what is typed


class Typed:
    """A keyboard and what came out of it."""

    def __init__(self) -> None:
        self.screen = Screen()
        self.keyboard = Keyboard(self.screen)

    def __call__(self, *events: int) -> list[int]:
        """Keysyms that go down; negative ones go up. Gives codes likewise."""
        self.screen.keys.clear()
        for event in events:
            self.keyboard.keysym(abs(event), event > 0)
        return [code if down else -code for code, down in self.screen.keys]


def test_keys_reach_the_machine(client: Client, screen: Screen) -> None:
    for keysym in (ord("a"), 0xFF0D):
        client.key(keysym, True)
        client.key(keysym, False)
    assert wait_for(lambda: len(screen.keys) == 4)
    assert screen.keys == [(A, True), (A, False), (28, True), (28, False)]


def test_a_capital_needs_shift_whether_the_client_holds_it_or_not() -> None:
    typed = Typed()
    assert typed(ord("A"), -ord("A")) == [SHIFT, A, -SHIFT, -A]
    assert typed(0xFFE1, ord("A"), -ord("A"), -0xFFE1) == [SHIFT, A, -A, -SHIFT]


def test_shift_goes_up_for_what_has_none_on_a_us_keyboard() -> None:
    typed = Typed()
    assert typed(0xFFE2, ord("/"), -ord("/")) == [54, -54, 53, 54, -53]


def test_capitals_need_no_shift_while_caps_lock_is_on() -> None:
    typed = Typed()
    assert typed(0xFFE5, -0xFFE5) == [58, -58]
    assert typed(ord("A"), -ord("A")) == [A, -A]
    assert typed(ord("!"), -ord("!")) == [SHIFT, 2, -SHIFT, -2]
    typed(0xFFE5, -0xFFE5)
    assert typed(ord("a"), -ord("a")) == [A, -A]


def test_a_key_is_released_under_the_name_it_had() -> None:
    typed = Typed()
    assert typed(0xFFE1, ord("A"), -0xFFE1, -ord("A")) == [SHIFT, A, -SHIFT, -A]
    assert typed(-ord("b"), 0x1234567) == []


def test_keys_are_let_go_when_the_client_is_gone(
    server: Server, screen: Screen
) -> None:
    with Client(server.port) as client:
        client.key(0xFFE3, True)
        client.point(1, 5, 5)
        assert wait_for(lambda: screen.keys and screen.moves)
    assert wait_for(lambda: screen.keys == [(29, True), (29, False)])
    assert wait_for(lambda: screen.moves[-1] == (0, 0, 0, 0))


def test_clients_that_know_keys_send_them(client: Client, screen: Screen) -> None:
    client.set_encodings(RAW, -258)
    client.ask()
    assert client.update() == [(0, 0, 0, 0, -258)]
    for code in (0x1E, 0x9D):
        client.scan_code(code, True)
        client.scan_code(code, False)
    assert wait_for(lambda: len(screen.keys) == 4)
    assert [code for code, _ in screen.keys] == [A, A, 97, 97]


def test_scan_codes_have_two_spellings_and_some_no_key() -> None:
    assert from_scan_code(0xE048) == from_scan_code(0xC8) == 103
    assert from_scan_code(0x7F) is from_scan_code(0) is from_scan_code(0xFF) is None


# -- the mouse


def test_places_become_moves_and_buttons_keep_their_meaning() -> None:
    screen = Screen()
    pointer = Pointer(screen)
    for event in ((0, 50, 50), (1, 53, 49), (4, 53, 49), (2, 0, 0)):
        pointer.event(*event)
    assert screen.moves == [
        (0, 0, 0, 0),
        (3, -1, 0, 1),
        (0, 0, 0, 2),
        (-53, -49, 0, 4),
    ]


def test_the_wheel_turns_once_for_each_press_of_its_buttons() -> None:
    screen = Screen()
    pointer = Pointer(screen)
    for mask in (8, 8, 0, 16):
        pointer.event(mask, 0, 0)
    assert [move[2] for move in screen.moves] == [-1, 0, 0, 1]


def test_clients_that_know_moves_send_them(client: Client, screen: Screen) -> None:
    client.set_encodings(RAW, -257)
    client.ask()
    assert client.update() == [(0, 0, 0, 0, -257)]
    client.point(0, 0x7FFF + 4, 0x7FFF - 2)
    assert wait_for(lambda: screen.moves == [(4, -2, 0, 0)])


# -- clients that are many, slow, or rude


def test_several_clients_see_the_same(server: Server, screen: Screen) -> None:
    clients = [Client(server.port) for _ in range(3)]
    for client in clients:
        client.whole()
        client.ask(incremental=True)
    screen.draw(1, 1, b"\x11\x22\x33")
    for client in clients:
        client.update()
        assert client.pixels[1, 1] == b"\x33\x22\x11\0"
        client.close()


def test_there_is_a_limit_to_clients(server: Server) -> None:
    clients = [Client(server.port) for _ in range(16)]
    with pytest.raises((EOFError, ConnectionError)):
        Client(server.port)
    clients.pop().close()
    assert wait_for(lambda: joins(server))
    for client in clients:
        client.close()


def joins(server: Server) -> bool:
    try:
        Client(server.port).close()
    except (EOFError, ConnectionError):
        return False
    return True


def test_a_client_that_does_not_read_harms_nobody(
    server: Server, screen: Screen
) -> None:
    screen.width, screen.height = 1000, 1000
    screen.pixels = bytearray(random.Random(2).randbytes(3_000_000))
    slow = Client(server.port)
    for _ in range(1000):
        slow.ask()
    with Client(server.port) as client:
        client.whole()
        assert len(client.pixels) == 1_000_000
    slow.close()


@pytest.mark.parametrize(
    "said",
    [
        b"\x01",
        b"\xfe",
        b"\xff\x01" + bytes(20),
        struct.pack(">B3xI", 6, 0xFFFF_FFFF),
        b"\0\0\0\0" + struct.pack(">BBBBHHHBBB3x", 24, 24, 0, 1, 1, 1, 1, 0, 0, 0),
        b"\0\0\0\0" + struct.pack(">BBBBHHHBBB3x", 8, 8, 0, 0, 1, 1, 1, 0, 0, 0),
    ],
)
def test_who_says_nonsense_is_let_go(
    server: Server, client: Client, said: bytes
) -> None:
    client.send(said)
    assert client.closed()
    assert joins(server)


def test_odd_formats_and_places_are_served_somehow(
    server: Server, client: Client
) -> None:
    client.set_format(32, 255, 1, 1, 65535, 0, 3, 255, 31, 7)
    client.ask(False, 0, 0, 65535, 65535)
    assert client.update() == [(0, 0, WIDTH, HEIGHT, RAW)]
    client.ask(False, 65535, 65535, 1, 1)
    client.ask()
    client.update()
    client.send(struct.pack(">B3xI", 6, 5) + b"hello")
    client.whole()


@pytest.mark.parametrize("seed", range(5))
def test_noise_neither_ends_nor_hangs_the_server(server: Server, seed: int) -> None:
    rand = random.Random(seed)
    for n in range(20):
        if n % 2:
            with socket.create_connection(("127.0.0.1", server.port)) as rude:
                rude.sendall(rand.randbytes(100))
            continue
        with Client(server.port) as client:
            for _ in range(50):
                kind = rand.choice([0, 2, 3, 3, 4, 5, 6, 255])
                client.socket.setblocking(False)
                try:
                    client.socket.send(
                        bytes([kind]) + rand.randbytes(rand.choice([5, 9]))
                    )
                except OSError:
                    break
    with Client(server.port) as client:
        client.whole()


def test_half_a_greeting_keeps_nobody_else_out(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)):
        assert joins(server)


# -- passwords


@pytest.fixture
def guarded(screen: Screen) -> Iterator[Server]:
    made = Server(screen, Address(password="open sesame"))
    yield made
    made.close()


@pytest.mark.parametrize("version", [b"003.003", b"003.007", b"003.008"])
def test_who_knows_the_password_is_let_in(guarded: Server, version: bytes) -> None:
    with Client(guarded.port, version, "open sesame") as client:
        client.whole()
    with Client(guarded.port, version, "open ses") as client:  # eight count
        client.whole()


@pytest.mark.parametrize("version", [b"003.003", b"003.007", b"003.008"])
def test_who_does_not_know_it_is_not(guarded: Server, version: bytes) -> None:
    with Client(guarded.port, version, "Open sesame") as client:
        assert not client.accepted
        if version == b"003.008":
            assert b"the password is another one" in client.read(31)
        assert client.closed()


def test_there_is_no_way_around_the_password(guarded: Server) -> None:
    with socket.create_connection(("127.0.0.1", guarded.port), timeout=5) as rude:
        rude.sendall(b"RFB 003.008\n\1\1")
        said = b""
        while part := rude.recv(100):
            said += part
        assert said == b"RFB 003.008\n\1\2"


def test_a_block_is_enciphered_as_the_standard_says() -> None:
    vectors = [
        ("133457799BBCDFF1", "0123456789ABCDEF", "85E813540F0AB405"),
        ("0101010101010101", "8000000000000000", "95F8A5E5DD31D900"),
        ("8001010101010101", "0000000000000000", "95A8D72813DAA94D"),
        ("7CA110454A1A6E57", "01A1D6D039776742", "690F5B0D9A26939B"),
    ]
    for key, plain, cipher in vectors:
        found = des.encipher(bytes.fromhex(key), bytes.fromhex(plain))
        assert found == bytes.fromhex(cipher)


# -- beginning and end


def test_closing_lets_clients_go_and_asks_no_more(screen: Screen) -> None:
    server = Server(screen, Address())
    client = Client(server.port)
    client.whole()
    client.ask(incremental=True)
    server.close()
    looks = screen.looks
    assert client.closed()
    with pytest.raises(ConnectionRefusedError):
        Client(server.port)
    time.sleep(0.1)
    assert screen.looks == looks
    assert "vnc" not in [thread.name for thread in threading.enumerate()]
    server.close()


def test_an_address_that_is_taken_is_an_error(server: Server, screen: Screen) -> None:
    with pytest.raises(OSError):
        Server(screen, Address(port=server.port))


def test_addresses_are_displays_from_port_5900_on() -> None:
    assert Address.parse(":1") == Address("127.0.0.1", 5901)
    assert Address.parse("0.0.0.0:0") == Address("0.0.0.0", 5900)
    assert Address.parse("[::1]:2") == Address("::1", 5902)
    assert Address.parse(":1,password=a,b").password == "a,b"
    for wrong in ("", "1", ":", ":x", ":-1", ":59636", "host", ":1,word", ":1,"):
        with pytest.raises(UserError, match="must be"):
            Address.parse(wrong)


# -- a real client


def test_vncdotool_knows_the_password(guarded: Server, screen: Screen) -> None:
    pytest.importorskip("vncdotool")
    start = "from vncdotool.command import vncdo; vncdo()"
    command = [sys.executable, "-c", start, "-s", f"127.0.0.1::{guarded.port}"]
    words = ["-p", "open sesame", "key", "a"]
    subprocess.run([*command, *words], check=True, timeout=60)
    assert screen.keys == [(A, True), (A, False)]


@pytest.mark.parametrize("encoding", ["RAW", "ZRLE"])
def test_vncdotool_types_moves_and_sees(
    server: Server, screen: Screen, encoding: str, tmp_path: object
) -> None:
    pytest.importorskip("vncdotool")
    from PIL import Image

    file = f"{tmp_path}/seen.png"
    script = (
        "from vncdotool import client, command, rfb;"
        f"client.VNCDoToolClient.encoding = rfb.Encoding.{encoding};"
        "command.vncdo()"
    )
    words = ["type", "hI", "move", "10", "20", "move", "13", "18", "click", "1"]
    command = [sys.executable, "-c", script, "-s", f"127.0.0.1::{server.port}", *words]
    subprocess.run([*command, "capture", file], check=True, timeout=60)
    typed = [(35, True), (35, False), (SHIFT, True), (23, True), (SHIFT, False)]
    assert screen.keys == [*typed, (23, False)]
    assert (3, -2, 0, 0) in screen.moves
    assert [move[3] for move in screen.moves[-2:]] == [1, 0]
    assert Image.open(file).convert("RGB").tobytes() == bytes(screen.pixels)
