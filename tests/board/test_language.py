# SPDX-License-Identifier: Apache-2.0
"""What a board says and the plan that comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from board_fakes import load_file, load_text

from machinebuilder.board import BoardErrors, Plan
from machinebuilder.board.plan import Place, Slot, Wire

GOOD = Path(__file__).with_name("good.yaml")

GIC = "gic: {model: intc.gic, at: {dist: 0x0800_0000, cpu: 0x0801_0000}, irq: cpus.irq}"
CPU = "cpus: {cpu: {model: toy.one, count: 2}}"


def codes(text: str, folder: Path, **options: str) -> list[str]:
    with pytest.raises(BoardErrors) as caught:
        load_text(text, folder, **options)
    return [error.code for error in caught.value]


@pytest.fixture(scope="module")
def good() -> Plan:
    return load_file(GOOD)


def wires_of(plan: Plan, source: str) -> list[tuple[str, str, int, int | None]]:
    return [
        (w.target, w.target_port, w.target_index, w.cpu)
        for w in plan.wires
        if w.source == source
    ]


# Options


def test_options_have_their_defaults(good: Plan) -> None:
    assert good.options == {
        "ram": 64 << 20,
        "cpus": 2,
        "speed": "fast",
        "debug": False,
        "label": "console 2",
    }


def test_the_command_line_sets_options() -> None:
    plan = load_file(GOOD, ram="128M", cpus="3", debug="on", speed="slow", label="x")
    assert plan.options["ram"] == 128 << 20
    assert len(plan.cpus) == 3
    assert plan.device("uart0").params["mode"] == "slow"
    assert plan.device("uart0").params["loop"] is True
    assert plan.device("ram").places[0].size == 128 << 20


@pytest.mark.parametrize(
    ("option", "code"),
    [
        ({"ram": "2 GiB"}, "E-VAL-02"),
        ({"ram": "much"}, "E-VAL-01"),
        ({"cpus": "0"}, "E-VAL-02"),
        ({"speed": "medium"}, "E-VAL-03"),
        ({"debug": "maybe"}, "E-VAL-01"),
        ({"rma": "1"}, "E-OPT-01"),
    ],
)
def test_an_option_keeps_its_type_and_limits(option: dict[str, str], code: str) -> None:
    with pytest.raises(BoardErrors) as caught:
        load_file(GOOD, **option)
    (error,) = caught.value
    assert error.code == code
    assert str(error.span.file) == "command line"
    assert error.source.startswith("-o ")


def test_an_option_may_depend_on_those_before_it(tmp_path: Path) -> None:
    text = """
options:
  cpus: {type: integer, default: 2}
  ram:  {type: size, default: "{{ cpus * 64 * MiB }}", max: "{{ cpus * GiB }}"}
"""
    assert load_text(text, tmp_path, cpus="4").options["ram"] == 256 << 20
    assert codes(text, tmp_path, cpus="1", ram="2 GiB") == ["E-VAL-02"]


def test_what_hangs_on_a_wrong_option_is_not_reported_as_well(tmp_path: Path) -> None:
    text = """
options: {ram: {type: size, default: lots}, half: {type: size, default: "{{ ram }}"}}
devices: {ram: {model: mem.ram, at: 0, size: "{{ half }}"}}
"""
    assert codes(text, tmp_path) == ["E-VAL-01"]


# Placement


def test_a_counted_device_becomes_instances_a_step_apart(good: Plan) -> None:
    assert good.device("virtio.7").places == (Place("mmio", 0x0A00_0E00, 0x200),)
    with pytest.raises(KeyError):
        good.device("virtio.8")


def test_without_a_step_instances_follow_each_other(tmp_path: Path) -> None:
    plan = load_text(
        "devices: {ram: {model: mem.ram, at: 0x1000, size: 64K, count: 2}}", tmp_path
    )
    assert [d.places[0].address for d in plan.devices] == [0x1000, 0x1_1000]


def test_a_count_of_none_makes_none(tmp_path: Path) -> None:
    text = (
        "devices: {u: {model: uart.simple, at: 0, count: 0, irq: gic.spi.0}, "
        + GIC
        + "}"
    )
    plan = load_text(f"{CPU}\n{text}", tmp_path)
    assert [device.name for device in plan.devices] == ["gic"]


def test_named_windows_have_their_own_addresses(good: Plan) -> None:
    assert good.device("gic").places == (
        Place("mmio", 0x0800_0000, 0x1000, "dist"),
        Place("mmio", 0x0801_0000, 0x2000, "cpu"),
    )


def test_defaults_of_parameters_are_in_the_plan(good: Plan) -> None:
    params = good.device("uart0").params
    assert params["clock"] == 24_000_000
    assert params["start"] == 1767225600
    assert good.device("gic").params == {"spis": 128}


def test_a_slot_picks_the_instance_of_a_counted_transport(good: Plan) -> None:
    assert good.device("disk.1").slot == Slot("virtio.3.virtio", {"slot": 0})
    assert good.device("scsi").slot == Slot("virtio.5.virtio", {"slot": 0})


def test_buses_nest_and_come_before_what_sits_on_them(good: Plan) -> None:
    assert good.device("tape").slot == Slot("scsi.scsi", {"target": 3, "lun": 0})
    assert good.device("port").places == (Place("isa.isa", 0x3F8, 8),)
    order = [device.name for device in good.devices]
    for parent, child in [("virtio.5", "scsi"), ("scsi", "tape"), ("isa", "port")]:
        assert order.index(parent) < order.index(child)


def test_a_window_on_another_bus_does_not_overlap(tmp_path: Path) -> None:
    text = """
devices:
  one: {model: intc.pic, bus: io, at: 0x20}
  two: {model: intc.pic, bus: mmio, at: 0x20}
"""
    assert len(load_text(text, tmp_path).devices) == 2


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        ("bus: virtio", "E-KEY-02"),
        ("bus: virtio, slot: 4", "E-BUS-06"),
        ("bus: virtio, slot: 2, count: 3", "E-BUS-06"),
        ("bus: virtio, slot: 1", "E-BUS-05"),
        ("bus: virtio.1", "E-BUS-05"),
        ("bus: virtio.9", "E-BUS-01"),
        ("bus: virtoi, slot: 0", "E-BUS-01"),
        ("bus: mmio, slot: 0", "E-BUS-03"),
        ("bus: virtio, slot: 0, target: 3", "E-KEY-01"),
    ],
)
def test_a_wrong_place_on_a_bus(rest: str, code: str, tmp_path: Path) -> None:
    text = f"""
devices:
  virtio: {{model: virtio.mmio, at: 0x1000, count: 4}}
  first:  {{model: virtio.disk, bus: virtio.1}}
  second: {{model: virtio.disk, {rest}}}
"""
    assert codes(text, tmp_path) == [code]


def test_windows_may_touch_but_not_overlap(tmp_path: Path) -> None:
    text = """
devices:
  one: {{model: mem.ram, at: 0x1000, size: 0x1000}}
  two: {{model: mem.ram, at: {at}, size: 0x1000}}
"""
    assert len(load_text(text.format(at="0x2000"), tmp_path).devices) == 2
    assert codes(text.format(at="0x1fff"), tmp_path) == ["E-MAP-01"]
    assert codes(text.format(at="0x1"), tmp_path) == ["E-MAP-01"]


def test_a_large_window_hides_nothing_behind_it(tmp_path: Path) -> None:
    text = """
devices:
  all: {model: mem.ram, at: 0x0, size: 0x10000}
  one: {model: mem.ram, at: 0x1000, size: 0x1000}
  two: {model: mem.ram, at: 0x8000, size: 0x1000}
stubs: {three: {at: 0xf000, size: 0x2000}}
"""
    assert codes(text, tmp_path) == ["E-MAP-01"] * 3


def test_the_help_for_an_overlap_is_an_address_that_is_free(tmp_path: Path) -> None:
    text = """
devices:
  one: {{model: mem.ram, at: 0x0, size: 0x1000}}
  two: {{model: mem.ram, at: 0x1000, size: 0x800}}
  new: {{model: mem.ram, at: {at}, size: 0x1000}}
"""
    with pytest.raises(BoardErrors) as caught:
        load_text(text.format(at="0x800"), tmp_path)
    (error,) = [e for e in caught.value if e.span.line == 6]
    assert error.help == "at: 0x2000"
    load_text(text.format(at="0x2000"), tmp_path)


# Wires


def test_a_range_gives_each_instance_a_line(good: Plan) -> None:
    for index in range(8):
        expected = [("gic", "spi", 16 + index, None)]
        assert wires_of(good, f"virtio.{index}") == expected


def test_a_list_drives_several_inputs(good: Plan) -> None:
    assert wires_of(good, "uart0") == [
        ("gic", "spi", 1, None),
        ("pic", "in", 4, None),
    ]


def test_a_port_with_several_lines_takes_a_range(good: Plan) -> None:
    assert [w for w in good.wires if w.source == "keys"] == [
        Wire("keys", "key", 0, "gic", "spi", 40),
        Wire("keys", "key", 1, "gic", "spi", 41),
    ]


def test_an_output_for_each_cpu_reaches_each_cpu(good: Plan) -> None:
    assert [w for w in good.wires if w.source == "gic"] == [
        Wire("gic", "irq", 0, "cpu.0", "irq", 0),
        Wire("gic", "irq", 1, "cpu.1", "irq", 0),
    ]


def test_a_banked_input_has_a_line_for_each_cpu(good: Plan) -> None:
    assert wires_of(good, "cpu.1") == [("gic", "ppi", 14, 1), ("gic", "ppi", 11, 1)]


def test_an_output_of_a_group_may_be_named_with_a_dot(tmp_path: Path) -> None:
    cpu = "{model: toy.one, timer.physical: gic.ppi.3}"
    text = f"cpus: {{cpu: {cpu}}}\ndevices: {{{GIC}}}"
    assert wires_of(load_text(text, tmp_path), "cpu.0") == [("gic", "ppi", 3, 0)]


def test_cpus_of_two_kinds_are_numbered_through(tmp_path: Path) -> None:
    text = f"""
cpus:
  big:    {{model: toy.one, count: 2, timer: {{virtual: gic.ppi.11}}}}
  little: {{model: toy.one, timer: {{virtual: gic.ppi.11}}}}
devices: {{{GIC}}}
"""
    plan = load_text(text, tmp_path)
    assert [(c.name, c.index) for c in plan.cpus] == [
        ("big.0", 0),
        ("big.1", 1),
        ("little.0", 2),
    ]
    assert wires_of(plan, "little.0") == [("gic", "ppi", 11, 2)]
    assert [w.target for w in plan.wires if w.source == "gic"] == [
        "big.0",
        "big.1",
        "little.0",
    ]


def test_a_shared_input_takes_many_drivers(tmp_path: Path) -> None:
    text = """
devices:
  pic:  {model: intc.pic, bus: io, at: 0x20}
  uart: {model: uart.simple, at: 0x0, count: 3, irq: pic.any}
  more: {model: uart.simple, at: 0x8000, irq: pic.any.0}
"""
    assert len(load_text(text, tmp_path).wires) == 4


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        ("gic", "E-IRQ-01"),
        ("gic.", "E-IRQ-01"),
        ("gic..1", "E-IRQ-01"),
        ("gic.spi.x", "E-IRQ-01"),
        ("gic.spi.3-2", "E-IRQ-01"),
        ("gic.spi.-1", "E-IRQ-01"),
        ("gic.spi.99999999999", "E-IRQ-01"),
        ("gic.spi.1.2", "E-IRQ-03"),
        ("gic.sip.1", "E-IRQ-03"),
        ("gic.spi.64", "E-IRQ-03"),
        ("gic.spi.60-64", "E-IRQ-03"),
        ("gic.spi.1-2", "E-IRQ-04"),
        ("gic.spi", "E-IRQ-04"),
        ("gic.ppi.1", "E-IRQ-04"),
        ("cpu.fiq", "E-IRQ-04"),
        ("cpu.2.fiq", "E-IRQ-02"),
        ("cpu.0", "E-IRQ-02"),
        ("none.spi.1", "E-IRQ-02"),
        ("cpu.0.irq", "E-IRQ-05"),
        ("[gic.spi.1, gic.spi.1]", "E-IRQ-05"),
        ("{a: b}", "E-VAL-01"),
        ("[[gic.spi.1]]", "E-VAL-01"),
    ],
)
def test_a_wrong_wire(wire: str, code: str, tmp_path: Path) -> None:
    text = (
        f"{CPU}\ndevices:\n  {GIC}\n  uart: {{model: uart.simple, at: 0, irq: {wire}}}"
    )
    assert codes(text, tmp_path) == [code]


def test_one_instance_of_a_counted_target_may_be_meant(tmp_path: Path) -> None:
    text = f"{CPU}\ndevices: {{u: {{model: uart.simple, at: 0, irq: cpu.1.fiq}}}}"
    assert wires_of(load_text(text, tmp_path), "u") == [("cpu.1", "fiq", 0, None)]


def test_a_circle_through_a_cpu_is_no_circle(good: Plan) -> None:
    assert any(w.source == "cpu.0" and w.target == "gic" for w in good.wires)
    assert any(w.source == "gic" and w.target == "cpu.0" for w in good.wires)


# Extending


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(text)
    return path


BASE = """
board: base
summary: The base
options: {ram: {type: size, default: 1 MiB}}
devices:
  ram:  {model: mem.ram, at: 0x4000_0000, size: "{{ ram }}"}
  uart: {model: uart.simple, at: 0x0900_0000, clock: 1000, host: console}
"""


def test_a_variant_holds_only_what_differs(tmp_path: Path) -> None:
    write(tmp_path, "base.yaml", BASE)
    variant = write(
        tmp_path,
        "variant.yaml",
        """
extends: base.yaml
board: variant
options: {ram: {default: 2 MiB}}
devices:
  uart: {at: 0x0a00_0000, host: null}
  more: {model: mem.ram, at: 0x0, size: 4K}
""",
    )
    plan = load_file(variant)
    assert (plan.name, plan.summary) == ("variant", "The base")
    assert plan.device("ram").places[0].size == 2 << 20
    assert plan.device("uart").places[0].address == 0x0A00_0000
    assert plan.device("uart").params["clock"] == 1000
    assert plan.device("uart").host is None
    assert plan.device("more")


def test_null_removes_a_device_and_a_whole_section(tmp_path: Path) -> None:
    write(tmp_path, "base.yaml", BASE)
    one = "extends: base\nboard: x\ndevices: {uart: null}\n"
    assert [d.name for d in load_file(write(tmp_path, "x.yaml", one)).devices] == [
        "ram"
    ]
    none = "extends: base\nboard: x\ndevices: ~\n"
    assert load_file(write(tmp_path, "y.yaml", none)).devices == ()


def test_what_hung_on_a_removed_device_dangles_at_its_own_line(tmp_path: Path) -> None:
    base = write(
        tmp_path,
        "base.yaml",
        f"board: base\n{CPU}\ndevices:\n  {GIC}\n"
        "  uart: {model: uart.simple, at: 0, irq: gic.spi.1}\n",
    )
    variant = write(tmp_path, "v.yaml", "extends: base\nboard: v\ndevices: {gic: null}")
    with pytest.raises(BoardErrors) as caught:
        load_file(variant)
    (error,) = caught.value
    assert (error.code, error.span.file, error.span.line) == ("E-IRQ-02", base, 5)


def test_boards_extend_through_several_files(tmp_path: Path) -> None:
    write(tmp_path, "base.yaml", BASE)
    write(tmp_path, "middle.yaml", "extends: base\nsummary: The middle\n")
    top = write(tmp_path, "top.yaml", "extends: middle\nboard: top\n")
    assert load_file(top).summary == "The middle"


@pytest.mark.parametrize(
    "name", ["../base.yaml", "/etc/hostname", "a/../../base", "link", "a\\0b"]
)
def test_a_base_outside_the_folder_is_not_read(name: str, tmp_path: Path) -> None:
    write(tmp_path, "base.yaml", BASE)
    folder = tmp_path / "boards"
    folder.mkdir()
    (folder / "link.yaml").symlink_to(tmp_path / "base.yaml")
    board = write(folder, "x.yaml", f'extends: "{name}"\nboard: x\n')
    with pytest.raises(BoardErrors) as caught:
        load_file(board)
    assert [error.code for error in caught.value] == ["E-EXT-01"]


def test_a_base_below_the_folder_is(tmp_path: Path) -> None:
    write(tmp_path, "parts/base.yaml", BASE)
    board = write(tmp_path, "x.yaml", "extends: parts/base\nboard: x\n")
    assert load_file(board).summary == "The base"


def test_a_path_is_relative_to_the_file_that_names_it(tmp_path: Path) -> None:
    rom = "rom: {model: mem.rom, at: 0, size: 4K, image: rom.bin}"
    write(tmp_path, "parts/base.yaml", f"board: base\ndevices: {{{rom}}}")
    board = write(tmp_path, "x.yaml", "extends: parts/base\nboard: x\n")
    image = load_file(board).device("rom").params["image"]
    assert image == str(tmp_path / "parts" / "rom.bin")


# The rest


def test_scalars_stay_text_until_the_schema_types_them(tmp_path: Path) -> None:
    text = "devices: {on: {model: uart.simple, at: 0x0900_0000, label: no, loop: yes}}"
    device = load_text(text, tmp_path).device("on")
    assert (device.params["label"], device.params["loop"]) == ("no", True)


def test_stubs_and_boot(good: Plan) -> None:
    (stub,) = good.stubs
    assert (stub.bus, stub.address, stub.size) == ("mmio", 0x2000_0000, 16 << 10)
    assert stub.value == 0xFFFF_FFFF
    assert good.boot is not None
    assert (good.boot.protocol, good.boot.params) == ("linux.toy", {"delay": 3})


def test_the_clock_is_real_unless_the_board_says_virtual(tmp_path: Path) -> None:
    assert load_text("", tmp_path).clock == "real"
    assert load_text("clock: virtual", tmp_path).clock == "virtual"
    assert codes("clock: wall", tmp_path) == ["E-VAL-03"]


def test_a_board_may_be_almost_empty(tmp_path: Path) -> None:
    plan = load_text("board: empty", tmp_path)
    assert (plan.name, plan.devices, plan.boot) == ("empty", (), None)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("bord: x\nsummary: y", ["E-KEY-02", "E-KEY-01"]),
        ("devices: [a]", ["E-KEY-03"]),
        ("devices: {a: b}", ["E-KEY-03"]),
        ("devices: {a: {}}", ["E-KEY-02"]),
        ("devices: {a: {model: {b: c}}}", ["E-KEY-03"]),
        ("cpus: {a: {model: toy.one, count: 0}}", ["E-VAL-02"]),
        ("options: {a: 3}", ["E-KEY-03"]),
        ("options: {a: {type: int, default: 3}}", ["E-VAL-03"]),
        ("options: {a-b: {type: integer, default: 3}}", ["E-NAME-01"]),
        ("options: {min: {type: integer, default: 3}}", ["E-NAME-01"]),
        ("options: {a: {type: choice, default: x}}", ["E-KEY-02"]),
        ("stubs: {a: {at: 0}}", ["E-KEY-02"]),
        ("stubs: {a: 0}", ["E-KEY-03"]),
        ("stubs: {a: {at: 0, size: 4K, bus: pci}}", ["E-BUS-01"]),
        ("boot: {}", ["E-KEY-02"]),
        ("boot: {protocol: linux.toy, delay: 10}", ["E-VAL-02"]),
        ("boot: {protocol: linux.toy, dealy: 1}", ["E-KEY-01"]),
        ("cpus: {cpus: {model: toy.one}}", ["E-NAME-01"]),
    ],
)
def test_a_wrong_shape(text: str, found: list[str], tmp_path: Path) -> None:
    if "bord" in text:
        path = tmp_path / "board.yaml"
        path.write_text(text)
        with pytest.raises(BoardErrors) as caught:
            load_file(path)
        assert sorted(error.code for error in caught.value) == sorted(found)
    else:
        assert codes(text, tmp_path) == found
