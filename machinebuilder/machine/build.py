# SPDX-License-Identifier: Apache-2.0
"""The builder: a plan becomes a machine, part by part, in the plan's order.

CPUs come first, since chips ask how many there are; then devices with their parameters
and windows, stubs, wires, the host's side; last, each chip is told that all is there.
"""

from __future__ import annotations

from machinebuilder import accel, boot, native
from machinebuilder.board.plan import DevicePlan, Place, Plan, Slot, StubPlan, Wire
from machinebuilder.boot import Images
from machinebuilder.device import Device, Region, pci, registry
from machinebuilder.isa import registry as isas
from machinebuilder.machine.cpu import Cpu
from machinebuilder.machine.failure import MachineError, check
from machinebuilder.machine.machine import Machine, MachineConsole, MachineLog
from machinebuilder.machine.memory import MachineBus
from machinebuilder.machine.outside import (
    KernelDevice,
    MachineDevice,
    NativeDevice,
    PythonDevice,
)

ADDRESS_BITS = {"io": 16}
MOVING, FIXED, OVER = range(3)
"""Layers of windows, of which the higher one is seen (engine/bus.h)."""


def build(
    plan: Plan, images: Images, way: str = "auto", net: str | None = None
) -> Machine:
    """Make the machine; the caller resets it. `way` is as of `--accel`. MachineError if
    the host cannot."""
    machine = Machine(plan, images, way)
    try:
        _furnish(machine, net)
    except BaseException:
        machine.close()
        raise
    return machine


def _furnish(machine: Machine, net: str | None) -> None:
    plan = machine.plan
    if plan.cpus:
        isa = isas.find(plan.cpus[0].model).core.name
        machine.executor = accel.find(machine.accel, isa)
        getattr(machine.executor, "prepare", lambda *_: None)(machine, isa)
    for cpu in plan.cpus:
        machine.cpus.append(Cpu(machine, cpu, machine.accel))
    for device in plan.devices:
        _add_device(machine, device)
    for stub in plan.stubs:
        _add_stub(machine, stub)
    for wire in plan.wires:
        _add_wire(machine, wire)
    for made in machine.devices.values():
        _attach_host(machine, made)
    for made in machine.devices.values():
        made.create()
    for made in machine.devices.values():
        if made.plan.host == "net" and net != "none":
            _join_net(machine, made, net)
    machine.boot = boot.find(plan.boot.protocol) if plan.boot else None


def _bus(machine: Machine, name: str) -> MachineBus:
    if name not in machine.buses:
        lib = native.engine().lib
        bits = ADDRESS_BITS.get(name.rpartition(".")[2], 64)
        handle = check(lib.mb_bus_new(machine.handle, name.encode(), bits))
        machine.buses[name] = MachineBus(name, handle)
    return machine.buses[name]


def _add_device(machine: Machine, plan: DevicePlan) -> None:
    chip = registry.find(plan.model)
    own = machine.executor and chip.in_kernel in accel.roles(machine.executor, machine)
    if own:
        made: MachineDevice = KernelDevice(machine, plan, chip)
    elif chip.native:
        made = NativeDevice(machine, plan, chip)
    else:
        made = PythonDevice(machine, plan, chip)
    lib = native.engine().lib
    lib.mb_dev_set_big_endian(made.handle, int(chip.big_endian))
    for name, value in pci.parameters(chip).items():
        check(lib.mb_dev_set_param(made.handle, name.encode(), value))
    if plan.slot is not None:
        _sit(machine, made, plan.slot)
    if plan.via is not None:
        bridge = machine.devices[plan.via.rpartition(".")[0]]
        lib.mb_dev_set_parent(made.handle, bridge.handle)
    machine.devices[plan.name] = made
    if isinstance(made, PythonDevice):
        _adopt(machine, made)
    if own:
        return
    for place in plan.places:
        _add_window(machine, made, place, chip)
    for name, region in chip.regions.items():
        if region.moves:
            place = Place(region.on or "mmio", 0, region.span or 0, name)
            _add_window(machine, made, place, chip)


def _sit(machine: Machine, made: MachineDevice, slot: Slot) -> None:
    """Put a device on its parent's bus: at one number, made of all the keys there."""
    name, _, bus = slot.bus.rpartition(".")
    parent = machine.devices[name]
    number = 0
    for key, limit in parent.chip.buses[bus].keys.items():
        number = number * limit + slot.keys[key]
    lib = native.engine().lib
    check(lib.mb_dev_sit(made.handle, parent.handle, bus.encode(), number))


def _adopt(machine: Machine, made: PythonDevice) -> None:
    """Make a Python chip known to the one whose bus it is on, if that is in Python."""
    plan = made.plan
    place = plan.via or (plan.slot.bus if plan.slot else "")
    name, _, bus = place.rpartition(".")
    parent = machine.devices.get(name)
    if isinstance(parent, PythonDevice):
        keys = plan.slot.keys if plan.slot else {}
        key = next(iter(keys.values()), plan.name)
        parent.frame.adopt(bus, key, made.frame)


def _add_window(
    machine: Machine, made: MachineDevice, place: Place, chip: type[Device]
) -> None:
    lib = native.engine().lib
    bus = _bus(machine, place.bus).handle
    region: Region = chip.regions[place.region]
    number = list(chip.regions).index(place.region)
    name = made.name.encode()
    layer = MOVING if region.moves else OVER if region.over else FIXED
    where = (bus, made.handle, number, place.address, place.size)
    plain = layer == FIXED and not chip.native
    if region.memory == "flash":
        check(lib.mb_bus_add_flash(*where))
    elif region.memory == "ram" and plain:
        check(lib.mb_bus_add_ram(bus, name, place.address, place.size))
    elif region.memory == "rom" and plain:
        check(lib.mb_bus_add_rom(bus, name, place.address, place.size))
    elif region.memory:
        writable = int(region.memory == "ram")
        step = region.step or place.size
        check(lib.mb_bus_add_memory(*where, layer, writable, step))
    else:
        check(lib.mb_bus_add_layer(*where, layer))
    if region.memory == "flash" and isinstance(made, PythonDevice):
        window = range(place.address, place.address + place.size)
        machine.buses[place.bus].flash.append((window, made.fill))


def _add_stub(machine: Machine, stub: StubPlan) -> None:
    lib = native.engine().lib
    bus = _bus(machine, stub.bus).handle
    name = stub.name.encode()
    check(lib.mb_bus_add_stub(bus, name, stub.address, stub.size, stub.value))


def _add_wire(machine: Machine, wire: Wire) -> None:
    lib = native.engine().lib
    cpus = {cpu.name: cpu for cpu in machine.cpus}
    cpu = -1 if wire.cpu is None else wire.cpu
    if wire.target in cpus:
        target = cpus[wire.target]
        source = machine.devices[wire.source]
        port = list(source.chip.outs).index(wire.port)
        number = target.input_number(wire.target_port, wire.target_index)
        check(
            lib.mb_dev_wire_cpu(source.handle, port, wire.index, target.handle, number)
        )
        return
    chip = machine.devices[wire.target]
    place = (chip.handle, list(chip.chip.ins).index(wire.target_port))
    if wire.source in cpus:
        output = cpus[wire.source].output_number(wire.port)
        handle = cpus[wire.source].handle
        check(lib.mb_cpu_wire(handle, output, *place, wire.target_index, cpu))
    else:
        source = machine.devices[wire.source]
        port = list(source.chip.outs).index(wire.port)
        handle = source.handle
        check(lib.mb_dev_wire(handle, port, wire.index, *place, wire.target_index, cpu))


def _attach_host(machine: Machine, made: MachineDevice) -> None:
    if made.plan.host == "console":
        console = MachineConsole(machine)
        machine.consoles[made.name] = console
        made.connect(console)
    elif made.chip.host == "log":
        path = made.plan.params["path"]
        log = MachineLog(machine, None if path is None else str(path))
        machine.logs[made.name] = log
        made.connect(log)


def _join_net(machine: Machine, made: MachineDevice, spec: str | None) -> None:
    """Join a card to the network that the user named; else to the user-mode one, if the
    host has that."""
    lib = native.engine().lib
    try:
        opened = check(lib.mb_net_open(made.handle, (spec or "user").encode()))
    except MachineError as error:
        if spec is not None:
            raise
        machine.log(made.name, f"no network: {error}")
        return
    machine.nets.append(opened)
