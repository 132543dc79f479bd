# SPDX-License-Identifier: Apache-2.0
"""8042 -- the PC's keyboard controller (IBM PS/2 Hardware Interface Technical
Reference, "Keyboard and auxiliary device controller"), with a keyboard and a mouse.

One byte at a time waits in the output buffer; the next one comes a little after it was
read, so that each makes an edge on its interrupt line.

Omitted: the password, the input port's jumpers, timeouts and parity errors; the gate of
address line 20 is kept and masks nothing.
"""

from __future__ import annotations

from typing import Any

from devicelib.input import _keyboard, _mouse
from devicelib.input._scancodes import RELEASED, UP, translate
from machinebuilder.device import Alarm, Device, IrqOut, Region, State

FULL, SYSTEM, COMMAND, UNLOCKED, FROM_MOUSE = 0x01, 0x04, 0x08, 0x10, 0x20
"""Status."""
KEYBOARD_IRQ, MOUSE_IRQ, KEYBOARD_OFF, MOUSE_OFF, TRANSLATE = (
    0x01, 0x02, 0x10, 0x20, 0x40,
)  # fmt: skip
"""The controller's mode, byte 0 of its memory, which IBM calls the command byte."""
READ_MEMORY, WRITE_MEMORY = range(0x20, 0x40), range(0x60, 0x80)
MOUSE_DISABLE, MOUSE_ENABLE, MOUSE_TEST, SELF_TEST, KEYBOARD_TEST = range(0xA7, 0xAC)
KEYBOARD_DISABLE, KEYBOARD_ENABLE = 0xAD, 0xAE
READ_INPUTS, READ_OUTPUTS, WRITE_OUTPUTS = 0xC0, 0xD0, 0xD1
AS_KEYBOARD, AS_MOUSE, TO_MOUSE = 0xD2, 0xD3, 0xD4
CLOSE_A20, OPEN_A20, PULSE = 0xDD, 0xDF, range(0xF0, 0x100)
TESTED, NO_FAULT, INPUTS = 0x55, 0x00, 0x80
NOT_RESET, A20, KEYBOARD_FULL, MOUSE_FULL = 0x01, 0x02, 0x10, 0x20
"""The output port."""
UNWIRED = 0xCC
PAUSE_NS = 20_000
"""From the read of a byte to the next one."""


class I8042(Device):
    """The keyboard controller with what is plugged into it."""

    sits_on = "io"
    acpi_hid, acpi_name = "PNP0303", "KBD"

    data = Region(1, at=0, doc="what is read next; data for commands and the keyboard")
    command = Region(1, at=4, doc="status; commands to the controller")

    kbd_irq = IrqOut(doc="a byte waits that is not the mouse's")
    mouse_irq = IrqOut(doc="a byte of the mouse waits")
    following = Alarm(doc="the byte after one that was read")

    memory_ = State(lambda: bytearray([KEYBOARD_IRQ | MOUSE_IRQ] + [0] * 31))
    outputs = State(UNWIRED | A20 | NOT_RESET, doc="the output port but for buffers")
    status = State(COMMAND | UNLOCKED, doc="but for the buffer")
    waiting = State(0, doc="the buffer is full")
    byte = State(0, doc="what is in it, or was")
    is_mouse = State(0, doc="that is the mouse's")
    awaits = State(0, doc="the command whose data comes next")
    answers = State(list, doc="the controller's own bytes, the mouse's with 0x100")
    released = State(0, doc="the translator saw the prefix of a release")
    keyboard = State(_keyboard.fresh)
    mouse = State(_mouse.fresh)

    @classmethod
    def acpi(cls, node: Any, view: Any) -> None:
        """The keyboard is the device with the ports; the mouse has an interrupt."""
        from machinebuilder.boot.acpi import aml, resources

        view.power.present |= {"legacy", "8042"}
        name = view.device.name
        ports = [resources.io(place.address, 1) for place in view.device.places]
        keyboard = map(resources.irq, view.interrupts(name, "kbd_irq"))
        mouse = map(resources.irq, view.interrupts(name, "mouse_irq"))
        node.say("_CRS", resources.template(*ports, *keyboard))
        below = node.child("MOU")
        below.say("_HID", aml.hardware_id("PNP0F13"))
        below.say("_CRS", resources.template(*mouse))

    @property
    def mode(self) -> int:
        return int(self.memory_[0])

    @mode.setter
    def mode(self, value: int) -> None:
        self.memory_[0] = value

    # -- the bus

    @data.read
    def take(self, offset: int, size: int) -> int:
        if self.waiting:
            self.waiting = 0
            self.following.at_ns(self.clock.ns + PAUSE_NS)
        return int(self.byte)

    @data.write
    def put(self, offset: int, value: int, size: int) -> None:
        self.status &= ~COMMAND
        awaits, self.awaits = self.awaits, 0
        if awaits:
            self.take_data(awaits, value & 0xFF)
        else:
            self.mode &= ~KEYBOARD_OFF
            _keyboard.command(self.keyboard, value & 0xFF)
        self.fill_buffer()

    @command.read
    def look(self, offset: int, size: int) -> int:
        buffer = self.waiting and FULL | (FROM_MOUSE if self.is_mouse else 0)
        return int(self.status | buffer)

    @command.write
    def perform(self, offset: int, value: int, size: int) -> None:
        self.status |= COMMAND
        self.awaits = 0
        self.obey(value & 0xFF)
        self.fill_buffer()

    @kbd_irq.level
    def keyboard_line(self) -> bool:
        enabled = self.mode & (KEYBOARD_IRQ | KEYBOARD_OFF) == KEYBOARD_IRQ
        return bool(self.waiting and not self.is_mouse and enabled)

    @mouse_irq.level
    def mouse_line(self) -> bool:
        return bool(self.waiting and self.is_mouse and self.mode & MOUSE_IRQ)

    # -- commands

    def obey(self, command: int) -> None:
        if command in READ_MEMORY:
            self.answer(self.memory_[command & 0x1F])
        elif command in WRITE_MEMORY or command in (
            WRITE_OUTPUTS, AS_KEYBOARD, AS_MOUSE, TO_MOUSE,
        ):  # fmt: skip
            self.awaits = command
        elif command in (MOUSE_TEST, KEYBOARD_TEST):
            self.answer(NO_FAULT)
        elif command == SELF_TEST:
            self.status |= SYSTEM
            self.answer(TESTED)
        elif command == READ_INPUTS:
            self.answer(INPUTS)
        elif command == READ_OUTPUTS:
            self.answer(self.output_port())
        elif command in PULSE and not command & NOT_RESET:
            self.restart("keyboard controller")
        else:
            self.switch(command)

    def switch(self, command: int) -> None:
        """Commands that set or clear a bit."""
        if command == MOUSE_DISABLE:
            self.mode |= MOUSE_OFF
        elif command == MOUSE_ENABLE:
            self.mode &= ~MOUSE_OFF
        elif command == KEYBOARD_DISABLE:
            self.mode |= KEYBOARD_OFF
        elif command == KEYBOARD_ENABLE:
            self.mode &= ~KEYBOARD_OFF
        elif command == CLOSE_A20:
            self.outputs &= ~A20
        elif command == OPEN_A20:
            self.outputs |= A20

    def take_data(self, command: int, value: int) -> None:
        """The data byte of a command."""
        if command in WRITE_MEMORY:
            self.memory_[command & 0x1F] = value
        elif command == WRITE_OUTPUTS:
            self.outputs = value & ~(KEYBOARD_FULL | MOUSE_FULL)
            if not value & NOT_RESET:
                self.restart("keyboard controller")
        elif command == TO_MOUSE:
            self.mode &= ~MOUSE_OFF
            _mouse.command(self.mouse, value)
        else:
            self.answer(value | (0x100 if command == AS_MOUSE else 0))

    def output_port(self) -> int:
        full = MOUSE_FULL if self.is_mouse else KEYBOARD_FULL
        return int(self.outputs | (full if self.waiting else 0))

    # -- the output buffer

    def answer(self, value: int) -> None:
        """A byte of the controller's own; a guest that reads none loses the newest."""
        if len(self.answers) < 16:
            self.answers = [*self.answers, value]

    @following.rings
    def fill_buffer(self) -> None:
        """Put the next byte into the buffer, if that is empty and rested."""
        if self.waiting or self.following.deadline is not None:
            return
        found = self.next_byte()
        if found is not None:
            self.waiting, self.is_mouse = 1, found >> 8
            self.byte = found & 0xFF

    def next_byte(self) -> int | None:
        """The next byte, with 0x100 if it is the mouse's."""
        if self.answers:
            first, *self.answers = self.answers
            return int(first)
        if not self.mode & KEYBOARD_OFF:
            found = self.from_keyboard()
            if found is not None:
                return found
        moved = None if self.mode & MOUSE_OFF else _mouse.take(self.mouse)
        return None if moved is None else moved | 0x100

    def from_keyboard(self) -> int | None:
        """The keyboard's next byte, in set 1 if the controller makes it that."""
        while (byte := _keyboard.take(self.keyboard)) is not None:
            if not self.mode & TRANSLATE:
                return byte
            if byte != RELEASED:
                made = translate(byte) | (UP if self.released else 0)
                self.released = 0
                return made
            self.released = 1
        return None

    # -- hands on them

    def key(self, code: int, down: bool) -> bool:
        _keyboard.key(self.keyboard, code, down)
        self.fill_buffer()
        return True

    def pointer(self, dx: int, dy: int, wheel: int, buttons: int) -> bool:
        _mouse.move(self.mouse, dx, dy, wheel, buttons)
        self.fill_buffer()
        return True
