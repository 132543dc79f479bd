"""VGA's laws: what a guest draws by registers and memory, and what is seen of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from native_bench import Chip, CreateError
from vga_guest import REGISTERS, Card, Colour, Guest, rgb

from machinebuilder.device import Picture

GLYPH = bytes(range(1, 17))


@pytest.fixture
def guest() -> Iterator[Guest]:
    """A guest with a card just powered on."""
    card = Card()
    yield Guest(card)
    card.chip.close()


def picture(guest: Guest) -> Picture:
    found = guest.card.chip.picture()
    assert found is not None
    assert len(found.pixels) == found.width * found.height * 3
    return found


def pixel(shown: Picture, x: int, y: int) -> Colour:
    red, green, blue = shown.pixels[3 * (y * shown.width + x) :][:3]
    return red, green, blue


def row(shown: Picture, x: int, y: int, count: int) -> list[Colour]:
    return [pixel(shown, x + n, y) for n in range(count)]


def size(shown: Picture) -> tuple[int, int]:
    return shown.width, shown.height


# -- registers


def test_nothing_is_shown_before_somebody_starts_the_card(guest: Guest) -> None:
    assert guest.card.chip.picture() is None


def test_registers_are_behind_their_index_and_keep_the_bits_they_have(
    guest: Guest,
) -> None:
    for port, index, value, kept in (
        (0x3C4, 2, 0xFF, 0x0F),
        (0x3CE, 5, 0xFF, 0x7B),
        (0x3CE, 8, 0xA5, 0xA5),
        (0x3D4, 0x0C, 0xA5, 0xA5),
    ):
        guest.card.out(0x3C2, 1)
        guest.index(port, index, value)
        assert guest.card.inp(port) == index
        assert guest.card.inp(port + 1) == kept


def test_the_crtc_is_at_other_ports_on_a_monochrome_display(guest: Guest) -> None:
    guest.card.out(0x3C2, 0)
    guest.index(0x3B4, 0x0E, 0x12)
    assert guest.card.inp(0x3B5) == 0x12
    assert guest.card.inp(0x3D5) == 0xFF
    guest.card.out(0x3C2, 1)
    assert guest.card.inp(0x3D5) == 0x12
    assert guest.card.inp(0x3B5) == 0xFF


def test_the_first_crtc_registers_can_be_protected_but_for_one_bit(
    guest: Guest,
) -> None:
    guest.card.out(0x3C2, 1)
    guest.crtc(0, 0x11)
    guest.crtc(0x11, 0x80)
    for index in (0, 7):
        guest.crtc(index, 0xFF)
    for index, kept in ((0, 0x11), (7, 0x10)):
        guest.card.out(0x3D4, index)
        assert guest.card.inp(0x3D5) == kept


def test_the_attribute_port_alternates_and_status_reads_start_it_anew(
    guest: Guest,
) -> None:
    guest.card.out(0x3C2, 1)
    guest.card.inp(0x3DA)
    guest.card.out(0x3C0, 3)
    guest.card.out(0x3C0, 0x15)
    guest.card.out(0x3C0, 4)
    guest.card.inp(0x3DA)
    guest.card.out(0x3C0, 3)
    assert guest.card.inp(0x3C1) == 0x15


def test_the_dac_goes_on_after_three_parts(guest: Guest) -> None:
    guest.card.out(0x3C8, 255)
    for part in (1, 2, 3, 4, 5, 0xFF):
        guest.card.out(0x3C9, part)
    guest.card.out(0x3C7, 255)
    assert [guest.card.inp(0x3C9) for _ in range(6)] == [1, 2, 3, 4, 5, 0x3F]
    assert guest.card.inp(0x3C7) == 3


def test_the_beam_comes_to_the_retrace_once_in_a_frame(guest: Guest) -> None:
    guest.set("text")
    seen = []
    for _ in range(1000):  # 20 ms; a frame takes 14.27
        guest.card.chip.sleep(20_000)
        seen.append(guest.card.inp(0x3DA))
    edges = [b for a, b in zip(seen, seen[1:], strict=False) if b & 8 > a & 8]
    assert len(edges) in (1, 2)
    assert all(status & 1 for status in seen if status & 8)
    assert 1 < sum(status & 1 == 0 for status in seen) / len(seen) * 2 < 2


# -- text


def test_a_character_is_its_glyph_in_two_colours_and_nine_dots(guest: Guest) -> None:
    guest.set("text")
    guest.font({"A": bytes([0b1010_0001] * 16)})
    guest.text(81, "A", 0x1E)
    shown = picture(guest)
    assert size(shown) == (720, 400)
    on, off = rgb(0x3E), rgb(0x01)
    assert row(shown, 9, 16, 9) == [on, off, on, off, off, off, off, on, off]
    assert row(shown, 9, 15, 9) == [rgb(0)] * 9


def test_line_drawing_characters_reach_into_the_ninth_dot(guest: Guest) -> None:
    guest.set("text")
    guest.font({c: bytes([0xFF] * 16) for c in "\xc4\xb0"})
    guest.text(0, "\xc4\xb0", 0x07)
    shown = picture(guest)
    assert pixel(shown, 8, 0) == rgb(7)
    assert pixel(shown, 17, 0) == rgb(0)


def test_the_cursor_is_between_its_lines_and_blinks(guest: Guest) -> None:
    guest.set("text")
    guest.text(0, "  ", 0x07)
    for index, value in ((0x0A, 13), (0x0B, 14), (0x0E, 0), (0x0F, 1)):
        guest.crtc(index, value)
    shown = picture(guest)
    lines = [pixel(shown, 12, y) == rgb(7) for y in range(16)]
    assert lines == [y in (13, 14) for y in range(16)]
    guest.card.chip.sleep(8 * 1_000_000_000 // 60)
    assert pixel(picture(guest), 12, 13) == rgb(0)


def test_the_attributes_top_bit_blinks_or_is_a_bright_background(guest: Guest) -> None:
    guest.set("text")
    guest.font({"X": bytes([0xFF] * 16)})
    guest.text(0, "X", 0x9A)
    assert pixel(picture(guest), 0, 0) == rgb(0x3A)
    guest.card.chip.sleep(16 * 1_000_000_000 // 60)
    assert pixel(picture(guest), 0, 0) == rgb(1)
    guest.attribute(0x10, 0x04)
    guest.text(0, " ", 0x9A)
    assert pixel(picture(guest), 0, 0) == rgb(0x39)


def test_bit_3_of_the_attribute_chooses_between_two_fonts(guest: Guest) -> None:
    guest.set("text")
    guest.font({"A": bytes([0x00] * 16)})
    guest.font({"A": bytes([0xFF] * 16)}, at=0x6000)
    guest.sequencer(3, 0x24)  # map A (bits 5, 3, 2): 5; map B (4, 1, 0): 0
    guest.text(0, "AA", 0x07)
    guest.text(1, "A", 0x0F)
    shown = picture(guest)
    assert pixel(shown, 0, 0) == rgb(0)
    assert pixel(shown, 9, 0) == rgb(0x3F)


def test_monochrome_text_is_underlined_where_the_attribute_says_so(
    guest: Guest,
) -> None:
    guest.set("text")
    guest.attribute(0x10, 0x0E)
    guest.crtc(0x14, 13)
    guest.text(0, "  ", 0x01)
    guest.text(1, " ", 0x07)
    shown = picture(guest)
    assert [y for y in range(16) if pixel(shown, 0, y) == rgb(1)] == [13]
    assert pixel(shown, 9, 13) == rgb(0)


def test_the_start_address_scrolls_and_the_row_scan_does_so_smoothly(
    guest: Guest,
) -> None:
    guest.set("text")
    guest.font({"A": GLYPH})
    guest.text(80, "A", 0x07)
    guest.crtc(0x0D, 80)
    guest.crtc(0x08, 3)
    shown = picture(guest)
    dots = [colour == rgb(7) for colour in row(shown, 0, 0, 8)]
    assert dots == [bool(GLYPH[3] & 0x80 >> n) for n in range(8)]


def test_panning_shifts_a_line_to_the_left(guest: Guest) -> None:
    guest.set("text8")
    guest.font({"A": bytes([0b0001_0000] * 16)})
    guest.text(0, "A", 0x07)
    for pan in (0, 3, 7):
        guest.attribute(0x13, pan)
        lit = [x for x in range(8) if pixel(picture(guest), x, 0) == rgb(7)]
        assert lit == ([3 - pan] if pan <= 3 else [])


# -- graphics


def test_four_planes_are_sixteen_colours(guest: Guest) -> None:
    guest.set("vga16")
    for plane in range(4):
        guest.planes(1 << plane)
        guest.card.write(0xA_0000 + 80, bytes([[0x55, 0x33, 0x0F, 0xF0][plane]]))
    shown = picture(guest)
    assert size(shown) == (640, 480)
    colours = [8, 9, 10, 11, 4, 5, 6, 7]
    palette = [*range(6), 0x14, 7, *range(0x38, 0x40)]
    assert row(shown, 0, 1, 8) == [rgb(palette[c]) for c in colours]


def test_320_by_200_is_shown_with_every_pixel_twice(guest: Guest) -> None:
    guest.set("ega")
    guest.planes(4)
    guest.card.write(0xA_0000 + 40, b"\x80")
    shown = picture(guest)
    assert size(shown) == (640, 400)
    lit = [(x, y) for y in range(6) for x in range(6) if pixel(shown, x, y) == rgb(4)]
    assert lit == [(0, 2), (1, 2), (0, 3), (1, 3)]


def test_cga_pixels_are_pairs_of_bits_and_odd_lines_are_8_kib_further(
    guest: Guest,
) -> None:
    guest.set("cga4")
    guest.card.write(0xB_8000, bytes([0b00_01_10_11, 0b11_00_00_00]))
    guest.card.write(0xB_A000, bytes([0b10_00_00_00]))
    shown = picture(guest)
    assert size(shown) == (640, 400)
    four = [rgb(c) for c in (0, 0x13, 0x15, 0x17)]
    assert row(shown, 0, 0, 10)[::2] == [*four, four[3]]
    assert pixel(shown, 0, 2) == four[2]


def test_cga_has_640_pixels_of_two_colours(guest: Guest) -> None:
    guest.set("cga2")
    guest.card.write(0xB_8000, bytes([0b1010_0000]))
    guest.card.write(0xB_A000 + 79, bytes([1]))
    shown = picture(guest)
    assert row(shown, 0, 1, 4) == [rgb(0x17), rgb(0), rgb(0x17), rgb(0)]
    assert pixel(shown, 639, 2) == rgb(0x17)


def test_256_colours_are_bytes_in_a_row(guest: Guest) -> None:
    guest.set("vga256")
    guest.card.write(0xA_0000 + 320 * 199 + 316, bytes([0x40, 0x81, 0xC2, 0xFF]))
    assert guest.card.read(0xA_0000 + 320 * 199 + 317, 2) == bytes([0x81, 0xC2])
    shown = picture(guest)
    assert size(shown) == (640, 400)
    colours = [rgb(c) for c in (0x40, 0x40, 0x81, 0x81, 0xC2, 0xC2, 0xFF, 0xFF)]
    assert row(shown, 632, 398, 8) == colours == row(shown, 632, 399, 8)


def test_mode_x_has_its_bytes_in_four_planes(guest: Guest) -> None:
    guest.set("x")
    for plane in range(4):
        guest.planes(1 << plane)
        guest.card.write(0xA_0000 + 80, bytes([0x40 + plane]))
    shown = picture(guest)
    assert size(shown) == (640, 480)
    assert row(shown, 0, 2, 8)[::2] == [rgb(0x40 + plane) for plane in range(4)]


def test_the_line_compare_splits_the_screen_and_may_end_panning(guest: Guest) -> None:
    guest.set("vga16")
    guest.planes(2)
    guest.card.write(0xA_0000, bytes([0x80]))
    guest.crtc(0x0C, 0x40)
    guest.crtc(0x18, 99)
    guest.crtc(7, 0x2E)  # bit 8 of the line compare is 0
    guest.crtc(9, 0x00)  # and bit 9
    guest.attribute(0x13, 1)
    guest.attribute(0x10, 0x01)
    assert pixel(picture(guest), 0, 100) == rgb(0)
    guest.attribute(0x10, 0x21)
    shown = picture(guest)
    assert pixel(shown, 0, 100) == rgb(2)
    assert pixel(shown, 0, 0) == pixel(shown, 0, 99) == pixel(shown, 0, 101) == rgb(0)


def test_the_screen_can_be_switched_off_in_two_places(guest: Guest) -> None:
    guest.set("vga256")
    guest.card.write(0xA_0000, b"\xff")
    assert pixel(picture(guest), 0, 0) == rgb(0xFF)
    guest.sequencer(1, 0x21)
    assert pixel(picture(guest), 0, 0) == (0, 0, 0)
    guest.sequencer(1, 0x01)
    guest.card.inp(0x3DA)
    guest.card.out(0x3C0, 0)
    assert pixel(picture(guest), 0, 0) == (0, 0, 0)


# -- memory


def test_write_mode_0_rotates_sets_combines_and_masks(guest: Guest) -> None:
    guest.set("vga16")
    guest.card.write(0xA_0000, b"\xf0")
    guest.card.read(0xA_0000, 1)
    guest.graphics(0, 0b0010)
    guest.graphics(1, 0b0110)
    guest.graphics(3, 0x18 | 4)  # exclusive or, rotated by 4
    guest.graphics(8, 0x3C)
    guest.card.write(0xA_0000, b"\x0f")
    found = []
    for plane in range(4):
        guest.graphics(4, plane)
        found += guest.card.read(0xA_0000, 1)
    # Latches f0: planes 0 and 3 with f0 (the rotated byte), 1 with ff, 2 with 00.
    assert found == [0xC0, 0xCC, 0xF0, 0xC0]


def test_write_mode_1_copies_the_latches(guest: Guest) -> None:
    guest.set("vga16")
    for plane in range(4):
        guest.planes(1 << plane)
        guest.card.write(0xA_0000, bytes([0x11 * (plane + 1)]))
    guest.planes(15)
    guest.graphics(5, 1)
    guest.card.read(0xA_0000, 1)
    guest.card.write(0xA_1000, b"\0")
    guest.graphics(5, 0)
    for plane in range(4):
        guest.graphics(4, plane)
        assert guest.card.read(0xA_1000, 1) == bytes([0x11 * (plane + 1)])


def test_write_mode_2_takes_a_colour(guest: Guest) -> None:
    guest.set("vga16")
    guest.graphics(5, 2)
    guest.graphics(8, 0x80)
    guest.card.write(0xA_0000, b"\x05")
    shown = picture(guest)
    assert row(shown, 0, 0, 2) == [rgb(5), rgb(0)]


def test_write_mode_3_takes_the_mask_from_the_cpu(guest: Guest) -> None:
    guest.set("vga16")
    guest.graphics(5, 3)
    guest.graphics(0, 0b0101)
    guest.graphics(8, 0xF0)
    guest.card.write(0xA_0000, b"\x3c")
    shown = picture(guest)
    assert [n for n in range(8) if pixel(shown, n, 0) == rgb(5)] == [2, 3]


def test_read_mode_1_finds_a_colour_in_the_planes_that_count(guest: Guest) -> None:
    guest.set("vga16")
    guest.graphics(5, 2)
    for mask, colour in ((0x80, 5), (0x40, 7), (0x20, 4)):
        guest.graphics(8, mask)
        guest.card.read(0xA_0000, 1)
        guest.card.write(0xA_0000, bytes([colour]))
    guest.graphics(5, 8)
    guest.graphics(2, 5)
    guest.graphics(7, 0x0F)
    assert guest.card.read(0xA_0000, 1) == b"\x80"
    guest.graphics(7, 0x0D)
    assert guest.card.read(0xA_0000, 1) == b"\xc0"


def test_the_window_is_where_the_memory_map_says(guest: Guest) -> None:
    guest.set("text")
    guest.text(0, "A", 7)
    assert guest.card.read(0xB_8000, 2) == b"A\x07"
    assert guest.card.read(0xA_0000, 1) == guest.card.read(0xB_0000, 1) == b"\xff"
    guest.graphics(6, 0x0A)
    assert guest.card.read(0xB_0000, 2) == b"A\x07"
    assert guest.card.read(0xB_8000, 1) == b"\xff"
    guest.card.out(0x3C2, 0x65)  # memory is off
    assert guest.card.read(0xB_0000, 1) == b"\xff"


# -- VBE


def test_the_extension_tells_who_it_is_and_what_it_can(guest: Guest) -> None:
    assert guest.read_vbe(0) == 0xB0C5
    guest.vbe(0, 0xB0C4)
    assert guest.read_vbe(0) == 0xB0C4
    assert guest.read_vbe(10) == 256
    guest.vbe(4, 2)
    assert [guest.read_vbe(n) for n in (1, 2, 3)] == [4096, 4096, 32]


@pytest.mark.parametrize(
    ("depth", "data", "colour"),
    [
        (8, b"\x45", rgb(0x45)),
        (15, (0b0_11111_00001_10000).to_bytes(2, "little"), (255, 8, 132)),
        (16, (0b11111_000001_10000).to_bytes(2, "little"), (255, 4, 132)),
        (24, bytes([1, 2, 3]), (3, 2, 1)),
        (32, bytes([1, 2, 3, 0]), (3, 2, 1)),
    ],
)
def test_pixels_are_of_any_depth(
    guest: Guest, depth: int, data: bytes, colour: Colour
) -> None:
    guest.set("vga256")
    guest.set_vbe(800, 600, depth)
    guest.card.vram[800 * len(data) + len(data) :][: len(data)] = data
    shown = picture(guest)
    assert size(shown) == (800, 600)
    assert [pixel(shown, x, 1) for x in (0, 1, 2)] == [
        pixel(shown, 0, 0),
        colour,
        pixel(shown, 0, 0),
    ]


def test_sixteen_colours_come_in_planes_behind_a_bank(guest: Guest) -> None:
    guest.set("vga16")
    guest.set_vbe(1024, 768, 4)
    guest.vbe(5, 1)
    guest.planes(2)
    place = 767 * 128
    guest.card.write(0xA_0000 + place - 0x1_0000, b"\x80")
    shown = picture(guest)
    assert size(shown) == (1024, 768)
    assert row(shown, 0, 767, 2) == [rgb(2), rgb(0)]


def test_sixteen_colours_may_be_part_of_a_larger_picture(guest: Guest) -> None:
    guest.set("vga16")
    guest.set_vbe(800, 600, 4)
    for index, value in ((6, 1104), (8, 11), (9, 2)):
        guest.vbe(index, value)
    guest.planes(4)
    guest.card.write(0xA_0000 + 2 * 1104 // 8 + 1, b"\x10")
    assert row(picture(guest), 0, 0, 2) == [rgb(4), rgb(0)]


def test_the_window_shows_linear_memory_bank_by_bank(guest: Guest) -> None:
    guest.set("vga256")
    guest.set_vbe(640, 480, 8)
    guest.vbe(5, 3)
    guest.card.write(0xA_0005, b"\x77")
    assert guest.card.vram[0x3_0005] == 0x77
    assert guest.card.read(0xA_0005, 1) == b"\x77"


def test_a_picture_may_be_part_of_a_larger_one(guest: Guest) -> None:
    guest.set("vga256")
    guest.set_vbe(640, 480, 32)
    for index, value in ((6, 800), (8, 10), (9, 20)):
        guest.vbe(index, value)
    assert guest.read_vbe(7) == (16 << 20) // 3200
    at = 4 * (20 * 800 + 10)
    guest.card.vram[at : at + 4] = b"\x11\x22\x33\0"
    assert pixel(picture(guest), 0, 0) == (0x33, 0x22, 0x11)
    guest.vbe(8, 0xFFFF)
    guest.vbe(9, 0xFFFF)
    assert (guest.read_vbe(8), guest.read_vbe(9)) == (160, 5242 - 480)
    picture(guest)


def test_the_mode_is_chosen_while_the_extension_is_off(guest: Guest) -> None:
    guest.set("vga256")
    guest.set_vbe(640, 480, 16)
    guest.vbe(1, 800)
    assert size(picture(guest)) == (640, 480)
    assert guest.read_vbe(6) == 640
    guest.vbe(4, 0)
    assert size(picture(guest)) == (640, 400)


def test_memory_is_cleared_unless_the_guest_wants_to_keep_it(guest: Guest) -> None:
    guest.set("vga256")
    guest.card.vram[0] = 7
    guest.set_vbe(640, 480, 32, flags=0xC1)
    assert guest.card.vram[0] == 7
    guest.set_vbe(640, 480, 32, flags=0x41)
    assert guest.card.vram[0] == 0


def test_a_mode_larger_than_memory_loses_lines(guest: Guest) -> None:
    guest.set("vga256")
    guest.set_vbe(0xFFFF, 0xFFFF, 32)
    assert size(picture(guest)) == (4096, 1024)


def test_the_dac_has_eight_bits_if_asked(guest: Guest) -> None:
    guest.set("vga256")
    guest.set_vbe(640, 480, 8, flags=0x61)
    guest.card.out(0x3C8, 9)
    for part in (0x81, 0x42, 0xFF):
        guest.card.out(0x3C9, part)
    guest.card.vram[0] = 9
    assert pixel(picture(guest), 0, 0) == (0x81, 0x42, 0xFF)


def test_all_registers_are_in_bar_2_too(guest: Guest) -> None:
    chip = guest.card.chip
    guest.set("vga256")
    chip.write(REGISTERS, 0x400 + 0x14, 0x0C | 0x55 << 8, 2)
    guest.card.out(0x3D4, 0x0C)
    assert guest.card.inp(0x3D5) == 0x55
    for index, value in ((4, 0), (3, 32), (1, 640), (2, 480), (4, 0x41)):
        chip.write(REGISTERS, 0x500 + 2 * index, value, 2)
    assert chip.read(REGISTERS, 0x502, 2) == 640
    assert chip.read(REGISTERS, 0x600, 4) == 8
    chip.write(REGISTERS, 0x604, 0xBEBEBEBE, 4)
    guest.card.vram[0:4] = b"\0\x11\x22\x33"
    assert pixel(picture(guest), 0, 0) == (0x11, 0x22, 0x33)


# -- the rest


def test_a_snapshot_is_the_card_again(guest: Guest) -> None:
    guest.set("vga16")
    guest.planes(2)
    guest.card.write(0xA_0000, b"\xff")
    saved, shown = guest.card.chip.save(), picture(guest)
    guest.set_vbe(800, 600, 32, flags=0xC1)
    assert guest.card.chip.restore(saved)
    assert picture(guest) == shown
    assert not guest.card.chip.restore(saved[:-1])


def test_its_firmware_is_the_image_that_the_board_names(tmp_path: Path) -> None:
    image = tmp_path / "vga.bin"
    image.write_bytes(b"\x55\xaa\x40")
    chip = Chip("display.vga", rom=image)
    assert chip.memory(5)[:4] == b"\x55\xaa\x40\0"
    chip.close()


def test_an_image_that_cannot_be_had_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CreateError, match="No such file"):
        Chip("display.vga", rom=tmp_path / "missing")
    image = tmp_path / "large"
    image.write_bytes(bytes(0x1_0001))
    with pytest.raises(CreateError, match="at most 65536 bytes"):
        Chip("display.vga", rom=image)


def test_twenty_pictures_a_second_cost_little(guest: Guest) -> None:
    import time

    guest.set("vga256")
    guest.set_vbe(1024, 768, 32)
    start = time.process_time()
    for _ in range(20):
        picture(guest)
    assert time.process_time() - start < 0.5
