"""Framing of the gdb remote protocol, also of what no gdb would send."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from machinebuilder.debug.packets import (
    LONGEST,
    Mark,
    Reader,
    checksum,
    escape,
    frame,
    unescape,
)


@given(st.binary(max_size=300))
def test_what_is_framed_is_read_whole_however_it_is_cut(data: bytes) -> None:
    sent = b"+" + frame(escape(data)) + b"\x03"
    for size in (1, 7, 1000):
        reader = Reader()
        pieces = [sent[i : i + size] for i in range(0, len(sent), size)]
        items = [item for piece in pieces for item in reader.feed(piece)]
        assert items == [escape(data), Mark.INTERRUPT]
        assert isinstance(items[0], bytes) and unescape(items[0]) == data


@given(st.binary(max_size=500))
def test_rubbish_is_survived_and_a_packet_after_it_is_read(rubbish: bytes) -> None:
    reader = Reader()
    reader.feed(rubbish)
    reader.feed(b"#00#00")  # whatever was begun is over
    assert reader.feed(frame(b"g")) == [b"g"]


def test_a_wrong_checksum_is_told() -> None:
    assert Reader().feed(b"$g#68") == [Mark.DAMAGED]
    assert Reader().feed(b"$g#zz") == [Mark.DAMAGED]
    assert Reader().feed(b"$g#67") == [b"g"]


def test_a_packet_that_is_too_long_is_damaged_and_not_kept() -> None:
    payload = b"a" * (LONGEST + 1)
    reader = Reader()
    assert reader.feed(frame(payload)) == [Mark.DAMAGED]
    assert reader.feed(frame(b"g")) == [b"g"]
    assert reader.feed(frame(payload[:-1])) == [payload[:-1]]


def test_a_control_c_inside_a_packet_is_data() -> None:
    assert Reader().feed(frame(b"X0,1:\x03")) == [b"X0,1:\x03"]


def test_a_request_to_send_again() -> None:
    assert Reader().feed(b"+-") == [Mark.RESEND]


def test_known_checksums() -> None:
    assert checksum(b"OK") == 0x9A
    assert frame(b"") == b"$#00"
    assert escape(b"#$}*") == b"}\x03}\x04}]}\x0a"
    assert unescape(b"}") == b""
