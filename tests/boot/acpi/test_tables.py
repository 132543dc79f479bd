# SPDX-License-Identifier: Apache-2.0
"""ACPI tables of whole boards: ACPICA's disassembler is the judge."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess

import pytest

from machinebuilder.board import find_board, load
from machinebuilder.boot import acpi
from machinebuilder.boot.acpi.view import View
from machinebuilder.machine.attach import attach_disks
from tests.boot.x86.boards import BRIDGES, RAM_ONLY, plan_of

needs_iasl = pytest.mark.skipif(
    shutil.which("iasl") is None, reason="iasl is not installed (acpica-tools)"
)
BASE = 0x7FE_0000


def disassembled(tables: acpi.Tables, folder) -> dict[str, str]:
    """The text of each table but the RSDP, as iasl has it; it must not complain."""
    texts = {}
    for name, data in tables.each(BASE).items():
        if name == "RSDP":
            continue
        (folder / f"{name}.aml").write_bytes(data)
        done = subprocess.run(
            ["iasl", "-d", f"{name}.aml"], cwd=folder, capture_output=True, text=True
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        assert not re.search(r"(?i)warning|error|invalid|unresolved|incorrect", said)
        texts[name] = (folder / f"{name}.dsl").read_text()
        assert not re.search(r"(?i)warning|error:|incorrect checksum", texts[name])
    return texts


@needs_iasl
@pytest.mark.parametrize("board", [BRIDGES, RAM_ONLY])
def test_every_table_is_read_without_a_complaint(board, tmp_path):
    texts = disassembled(acpi.build(plan_of(board, tmp_path)), tmp_path)
    assert {"DSDT", "FACP", "APIC", "RSDT", "XSDT"} <= set(texts)


@needs_iasl
def test_the_disassembled_name_space_compiles_again(tmp_path):
    disassembled(acpi.build(plan_of(BRIDGES, tmp_path)), tmp_path)
    done = subprocess.run(
        ["iasl", "-p", "again", "DSDT.dsl"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 Errors" in done.stdout


@needs_iasl
def test_slot_one_has_its_first_pin_at_link_a(tmp_path):
    text = disassembled(acpi.build(plan_of(BRIDGES, tmp_path)), tmp_path)["DSDT"]
    routes = re.findall(r"0x000(\w)FFFF,\s+(\w+),\s+\S+(LNK\w),", text)
    assert routes[:4] == [
        ("1", "Zero", "LNKA"),
        ("1", "One", "LNKB"),
        ("1", "0x02", "LNKC"),
        ("1", "0x03", "LNKD"),
    ]
    assert routes[4] == ("2", "Zero", "LNKB")


@needs_iasl
def test_power_management_is_in_the_fadt_with_soft_off(tmp_path):
    texts = disassembled(acpi.build(plan_of(BRIDGES, tmp_path)), tmp_path)
    assert re.search(r"SCI Interrupt : 0009", texts["FACP"])
    assert re.search(r"PM Timer Block Address : 00000608", texts["FACP"])
    assert re.search(r"Hardware Reduced \(V5\) : 0", texts["FACP"])
    assert "_S5" in texts["DSDT"]


@needs_iasl
def test_a_board_without_power_management_is_hardware_reduced(tmp_path):
    texts = disassembled(acpi.build(plan_of(RAM_ONLY, tmp_path)), tmp_path)
    assert re.search(r"Hardware Reduced \(V5\) : 1", texts["FACP"])
    assert "_S5" not in texts["DSDT"]


@needs_iasl
@pytest.mark.parametrize("name", ["x86-pc", "x86-pc-hpet", "x86-micro"])
def test_the_tables_of_installed_boards_are_read_without_a_complaint(name, tmp_path):
    plan = load(find_board(name), {"cpus": "3"})
    texts = disassembled(acpi.build(plan), tmp_path)
    assert texts["APIC"].count("Processor Local APIC") == 3
    assert "I/O APIC" in texts["APIC"]
    assert ("HPET" in texts) == (name == "x86-pc-hpet")


def test_placed_tables_point_at_each_other_and_sum_to_zero(tmp_path):
    tables = acpi.build(plan_of(BRIDGES, tmp_path))
    memory = tables.placed(BASE)
    root = tables.root_placed(BASE)
    assert sum(root[:20]) % 256 == sum(root) % 256 == 0
    (rsdt,), (xsdt,) = (
        struct.unpack_from("<I", root, 16),
        struct.unpack_from("<Q", root, 24),
    )
    assert memory[rsdt - BASE :][:4] == b"RSDT"
    assert memory[xsdt - BASE :][:4] == b"XSDT"
    (size,) = struct.unpack_from("<I", memory, xsdt - BASE + 4)
    for at in range(36, size, 8):
        (table,) = struct.unpack_from("<Q", memory, xsdt - BASE + at)
        (length,) = struct.unpack_from("<I", memory, table - BASE + 4)
        assert sum(memory[table - BASE :][:length]) % 256 == 0


def follow(script: bytes, files: dict[str, bytes], places: dict[str, int]):
    """What firmware does with the loader script."""
    memory = {name: bytearray(data) for name, data in files.items()}
    for at in range(0, len(script), 128):
        (command,) = struct.unpack_from("<I", script, at)
        name = script[at + 4 : at + 60].rstrip(b"\0").decode()
        if command == 2:
            source = script[at + 60 : at + 116].rstrip(b"\0").decode()
            offset, size = struct.unpack_from("<IB", script, at + 116)
            part = memory[name][offset : offset + size]
            address = int.from_bytes(part, "little") + places[source]
            memory[name][offset : offset + size] = address.to_bytes(size, "little")
        elif command == 3:
            offset, start, size = struct.unpack_from("<III", script, at + 60)
            total = sum(memory[name][start : start + size])
            memory[name][offset] = (memory[name][offset] - total) & 0xFF
    return memory


def test_firmware_that_follows_the_script_gets_the_same_bytes(tmp_path):
    tables = acpi.build(plan_of(BRIDGES, tmp_path))
    files = tables.files()
    script = files.pop("etc/table-loader")
    places = {"etc/acpi/tables": BASE, "etc/acpi/rsdp": 0xF_0000}
    memory = follow(script, files, places)
    assert bytes(memory["etc/acpi/tables"]) == tables.placed(BASE)
    assert bytes(memory["etc/acpi/rsdp"]) == tables.root_placed(BASE)


def test_high_precision_timers_are_told_where_they_are(tmp_path):
    tables = acpi.build(plan_of("extends: x86-pc-hpet\nboard: test", tmp_path))
    hpet = tables.each(BASE)["HPET"]
    assert struct.unpack_from("<I", hpet, 36)[0] == 0x8086_A201
    assert struct.unpack_from("<Q", hpet, 44)[0] == 0xFED0_0000
    legacy = [2, 10, 0, 0, 2, 0, 0, 0, 0, 0]  # line 0 is pin 2, still
    assert bytes(legacy) in tables.each(BASE)["APIC"]


@needs_iasl
def test_a_virtio_transport_with_a_device_is_in_the_name_space(tmp_path):
    (tmp_path / "disk.img").write_bytes(bytes(512))
    plan = attach_disks(load(find_board("x86-micro"), {}), [f"{tmp_path}/disk.img"])
    text = disassembled(acpi.build(plan), tmp_path)["DSDT"]
    assert text.count('"LNRO0005"') == 1
    assert re.search(r"Interrupt \(ResourceConsumer, Level, ActiveHigh", text)
    assert re.search(r"0x0000001[0-7],", text)


def test_names_of_devices_are_unique_and_speakable(tmp_path):
    view = View(load(find_board("x86-pc"), {}))
    names = [node.name for node in view.nodes.values()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Z][A-Z0-9]{0,3}", name) for name in names)
