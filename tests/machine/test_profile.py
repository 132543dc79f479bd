"""Profiles of guest time: the file that viewers open, and names of the guest's code."""

from __future__ import annotations

import struct

import pytest

from machinebuilder.errors import UserError
from machinebuilder.machine.profile import Unit, document, name_perf_map, named
from machinebuilder.machine.stats import Stats
from machinebuilder.machine.symbols import Symbols

MAP = "c0008000 T start\nc0008100 t middle\nc0008180 d data\nc0009000 W last\n"


def counts(**known: int) -> Stats:
    return Stats(**{name: known.get(name, 0) for name in Stats.__dataclass_fields__})


def elf(order: str, wide: bool) -> bytes:
    """An ELF file of three sections: none, symbols, their names."""
    names = b"\0one\0two\0thing\0"
    form = order + ("IBBHQQ" if wide else "IIIBBH")

    def symbol(name: int, value: int, kind: int) -> bytes:
        row = (name, kind, 0, 1, value, 4) if wide else (name, value, 4, kind, 0, 1)
        return struct.pack(form, *row)

    table = symbol(1, 0x1000, 2) + symbol(5, 0x2001, 2) + symbol(9, 0x1800, 1)
    header = bytearray(b"\x7fELF" + bytes([2 if wide else 1, 2 if order == ">" else 1]))
    header += bytes(64 - len(header))
    at_table, at_names = 64, 64 + len(table)
    sections = b"".join(
        struct.pack(
            order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII"),
            0, kind, 0, 0, offset, size, link, 0, 0, 0,
        )
        for kind, offset, size, link in (
            (0, 0, 0, 0), (2, at_table, len(table), 2), (3, at_names, len(names), 0),
        )
    )  # fmt: skip
    struct.pack_into(
        order + ("Q" if wide else "I"), header, 40 if wide else 32,
        at_names + len(names),
    )  # fmt: skip
    struct.pack_into(order + "HH", header, 58 if wide else 46, len(sections) // 3, 3)
    return bytes(header) + table + names + sections


def test_names_of_a_system_map_are_those_of_code(tmp_path):
    path = tmp_path / "System.map"
    path.write_text(MAP)
    symbols = Symbols.load(path)
    assert [symbols.name(a) for a in (0xC0008000, 0xC0008180, 0xC000A000)] == [
        "start", "middle", "last"]  # fmt: skip
    assert symbols.name(0x1000) == "0x1000"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("wide", [False, True])
def test_names_of_an_elf_file_are_its_functions(tmp_path, order, wide):
    path = tmp_path / "vmlinux"
    path.write_bytes(elf(order, wide))
    symbols = Symbols.load(path)
    assert (symbols.addresses, symbols.names) == ((0x1000, 0x2000), ("one", "two"))


@pytest.mark.parametrize("data", [b"\x7fELF\1\1", b"\xff\xfe", b"no symbols here\n"])
def test_a_file_without_symbols_is_the_users_error(tmp_path, data):
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(UserError, match="no symbols"):
        Symbols.load(path)


def test_samples_share_the_time_that_the_cpus_ran():
    units = [Unit(0x1000, 3, "tables"), Unit(0x2000, 5, "windows")]
    stats = counts(run_ns=20_000_000, translate_ns=1_000_000, exits_link=7, faults=3)
    accesses = {"uart0": (2, 5), "rtc": (0, 0), "timer": (0, 1)}
    file = document(units, 2, stats, Symbols((0x2000,), ("hot",)), accesses)
    names = [frame["name"] for frame in file["shared"]["frames"]]
    time, exits, devices = file["profiles"]
    assert time["weights"] == pytest.approx([6, 10, 1, 3])
    assert time["endValue"] == pytest.approx(20)
    assert [names[i] for i in time["samples"][1]] == ["windows", "hot", "unit 0x2000"]
    causes = [names[stack[0]] for stack in exits["samples"]]
    counted = dict(zip(causes, exits["weights"], strict=True))
    assert counted["exits to link blocks"] == 7 and counted["faults"] == 3
    assert sum(exits["weights"]) == 10
    assert [[names[i] for i in s] for s in devices["samples"]] == [
        ["uart0", "reads"], ["uart0", "writes"], ["timer", "writes"]]  # fmt: skip
    assert devices["weights"] == [2, 5, 1]


def test_a_map_for_perf_names_the_function_of_each_unit():
    symbols = Symbols((0xC0008000,), ("start",))
    line = "7f0010 40 guest:c0008010:hot"
    assert named(line, symbols) == "7f0010 40 start guest:c0008010:hot"


def test_a_map_for_perf_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UserError, match="--perf-map .*No such file"):
        name_perf_map(Symbols(), tmp_path / "none.map")
