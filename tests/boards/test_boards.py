# SPDX-License-Identifier: Apache-2.0
"""The boards that come with the project are what guests and documents expect."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from machinebuilder.board import Plan, board_names, find_board, load
from machinebuilder.board.describe import source, target

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def virt() -> Plan:
    return load(find_board("arm-virt"))


@pytest.fixture(scope="module")
def acme() -> Plan:
    return load(find_board("acme-gateway"))


@pytest.mark.parametrize("name", board_names())
def test_an_installed_board_has_no_error_and_says_what_it_is(name: str) -> None:
    plan = load(find_board(name))
    assert plan.name == Path(name).name
    assert plan.summary
    assert plan.boot is not None


def test_arm_virt_is_where_linux_expects_qemus_virt(virt: Plan) -> None:
    found = {
        (
            f"{device.name}.{place.region}" if place.region else device.name
        ): place.address
        for device in virt.devices
        for place in device.places
    }
    assert (
        found.items()
        >= {
            "flash.0": 0x0000_0000,
            "flash.1": 0x0400_0000,
            "gic.dist": 0x0800_0000,
            "gic.cpu": 0x0801_0000,
            "uart0": 0x0900_0000,
            "rtc": 0x0901_0000,
            "gpio": 0x0903_0000,
            "virtio.0": 0x0A00_0000,
            "virtio.31": 0x0A00_3E00,
            "ram": 0x4000_0000,
        }.items()
    )
    assert {stub.name for stub in virt.stubs} >= {"pcie", "fw-cfg"}


def test_arm_virt_has_qemus_interrupt_numbers(virt: Plan) -> None:
    wires = {source(wire): target(wire) for wire in virt.wires}
    assert (
        wires.items()
        >= {
            "uart0.irq": "gic.spi.1",
            "rtc.irq": "gic.spi.2",
            "gpio.irq": "gic.spi.7",
            "virtio.0.irq": "gic.spi.16",
            "virtio.31.irq": "gic.spi.47",
            "cpu.0.timer.secure": "gic.ppi.13 of cpu 0",
            "cpu.0.timer.physical": "gic.ppi.14 of cpu 0",
            "cpu.0.timer.virtual": "gic.ppi.11 of cpu 0",
            "cpu.0.timer.hypervisor": "gic.ppi.10 of cpu 0",
            "gic.irq": "cpu.0.irq.0",
        }.items()
    )


@pytest.mark.parametrize("cpus", ["1", "4", "8"])
def test_arm_virt_has_as_many_cpus_as_asked_for(cpus: str) -> None:
    plan = load(find_board("arm-virt"), {"cpus": cpus, "ram": "3 GiB"})
    assert [cpu.name for cpu in plan.cpus] == [f"cpu.{i}" for i in range(int(cpus))]
    assert all(cpu.params["psci"] == "hvc" for cpu in plan.cpus)
    assert plan.device("ram").places[0].size == 3 << 30


def test_the_example_shares_no_address_and_no_interrupt_with_arm_virt(
    virt: Plan, acme: Plan
) -> None:
    def addresses(plan: Plan) -> set[int]:
        return {place.address for device in plan.devices for place in device.places}

    def inputs(plan: Plan) -> set[tuple[str, int]]:
        gic = (wire for wire in plan.wires if wire.target == "gic")
        return {(wire.target_port, wire.target_index) for wire in gic}

    assert not addresses(virt) & addresses(acme)
    assert not inputs(virt) & inputs(acme)
    assert virt.device("gic").params["spis"] != acme.device("gic").params["spis"]


def test_the_example_has_two_cpus_two_uarts_and_two_disks(acme: Plan) -> None:
    models = [device.model for device in acme.devices]
    assert len(acme.cpus) == 2
    assert models.count("uart.pl011") == 2
    disks = [device for device in acme.devices if device.model == "virtio.blk"]
    assert len(disks) == 2
    assert all(Path(str(disk.params["image"])).is_file() for disk in disks)


def test_no_code_names_the_example() -> None:
    folders = ["machinebuilder", "devicelib", "cores"]
    sources = [
        path
        for folder in folders
        for kind in ("*.py", "*.c", "*.h")
        for path in (ROOT / folder).rglob(kind)
    ]
    assert len(sources) > 50
    assert [path for path in sources if "acme" in path.read_text().lower()] == []


def test_the_manual_of_adding_a_board_shows_the_example_as_it_is() -> None:
    text = (ROOT / "docs" / "adding-a-board.md").read_text()
    board = (ROOT / "boards" / "acme-gateway.yaml").read_text()
    for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            assert line.strip() in board, line


def test_the_variant_of_the_manual_is_a_board(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "adding-a-board.md").read_text()
    variant = tmp_path / "xl.yaml"
    variant.write_text(
        "extends:" + text.partition("    extends:")[2].replace("\n    ", "\n")
    )
    plan = load(variant)
    assert len(plan.cpus) == 4
    assert plan.device("rtc").places[0].address == 0x1C18_0000
    with pytest.raises(KeyError):
        plan.device("uart1")


def test_the_board_of_the_languages_manual_is_one(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "board-language.md").read_text()
    board = tmp_path / "tiny.yaml"
    board.write_text(re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[0])
    assert load(board, {"cpus": "2"}).name == "tiny"
    variant = text.partition("    extends:")[2].partition("\n\n")[0]
    board.write_text("extends:" + variant.replace("\n    ", "\n"))
    assert load(board).device("uart1")
