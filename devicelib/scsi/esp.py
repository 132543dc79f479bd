# SPDX-License-Identifier: Apache-2.0
"""ESP, the SCSI controller of the NCR53C9x family (NCR53C94/95/96 data sheet; Am53CF94
for the fast part): a FAS100A as on sun4m, at SCSI address 7, as initiator.

A select or transfer command is done at once, as far as the target goes; data moves in
whole blocks through the DMA controller whose bus the chip sits on, or byte by byte
through the FIFO. Commands that wait for DMA start when that is enabled.

Omitted: target mode, reselection (targets never disconnect), parity, synchronous
transfer timing (the registers are kept), the second command slot.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.device import Bit, Bits, Bus, Device, IrqOut, Reg, Region, State

DATA_OUT, DATA_IN, COMMAND, STATUS, MESSAGE_OUT, MESSAGE_IN = 0, 1, 2, 3, 6, 7
FREE = -1
"""Phase when no target is connected."""

NOP, FLUSH, RESET_CHIP, RESET_BUS = 0x00, 0x01, 0x02, 0x03
TRANSFER, COMPLETE, ACCEPT, PAD = 0x10, 0x11, 0x12, 0x18
SET_ATN, RESET_ATN = 0x1A, 0x1B
SELECT, SELECT_ATN, SELECT_ATN_STOP, SELECT_ATN3 = 0x41, 0x42, 0x43, 0x46
ENABLE_SELECTION, DISABLE_SELECTION = 0x44, 0x45
DMA = 0x80

DONE, BUS_SERVICE, DISCONNECTED, ILLEGAL, BUS_RESET = 0x08, 0x10, 0x20, 0x40, 0x80
COUNTED_DOWN, GROSS_ERROR, INTERRUPT, PHASE = 0x10, 0x40, 0x80, 0x07
NO_RESET_IRQ = 0x40
FEATURES = 0x40
CHIP_ID = 0x04
FIFO_SIZE = 16
LONGEST_MESSAGE = 64
CDB_SIZES = {0: 6, 1: 10, 2: 10, 4: 16, 5: 12}
MOST_AT_ONCE = 1 << 16


class Esp(Device):
    """A SCSI bus of eight addresses, one of them the controller's own."""

    registers = Region(0x40, name="", at=0, doc="a register in each word, first byte")
    sits_on = "scsi-dma"
    big_endian = True

    irq = IrqOut(doc="something in the interrupt register")
    scsi = Bus("scsi", doc="the SCSI bus", target=7)

    count_low = Reg(0x00, width=8, doc="transfer counter; written: where it starts")
    count_middle = Reg(0x04, width=8)
    fifo = Reg(0x08, width=8)
    command = Reg(0x0C, width=8)
    status = Reg(0x10, width=8, doc="phase and flags; written: the target to select")
    interrupt = Reg(0x14, width=8, doc="causes; written: selection timeout")
    step = Reg(0x18, width=8, doc="how far a selection came; written: period")
    flags = Reg(0x1C, width=8, doc="bytes in the FIFO; written: offset")
    config1 = Reg(
        0x20, width=8, reset=7, address=Bits(2, 0), test=Bit(3), parity=Bit(4),
        parity_test=Bit(5), no_reset_irq=Bit(6), slow=Bit(7),
    )  # fmt: skip
    clock_factor = Reg(0x24, "wo", width=8)
    test = Reg(0x28, "wo", width=8)
    config2 = Reg(0x2C, width=8)
    config3 = Reg(0x30, width=8)
    config4 = Reg(0x34, width=8)
    count_high = Reg(0x38, width=8, doc="counter bits 23-16, or the chip's id")
    fifo_bottom = Reg(0x3C, "wo", width=8)

    left = State(0, doc="the transfer counter")
    counted_down = State(False, doc="the counter reached zero")
    causes = State(0, doc="of the interrupt")
    gross = State(False, doc="gross error")
    progress = State(0, doc="sequence step")
    queue = State(bytearray, doc="the FIFO")
    phase = State(FREE)
    chosen = State(0, doc="the target of the next selection")
    target = State(0, doc="the target connected, or last connected")
    messages = State(bytearray, doc="what the target has been told")
    words = State(bytearray, doc="the command's bytes so far")
    waiting = State(0, doc="a command that waits for DMA to be enabled; 0: none")
    identified = State(False, doc="count_high reads as the chip's id")

    # -- registers

    @count_low.read
    def read_count_low(self) -> int:
        return self.left & 0xFF

    @count_middle.read
    def read_count_middle(self) -> int:
        return self.left >> 8 & 0xFF

    @count_high.read
    def read_count_high(self) -> int:
        if self.identified or not self.config2 & FEATURES:
            return CHIP_ID
        return self.left >> 16 & 0xFF

    @count_high.write
    def write_count_high(self, value: int) -> None:
        self.identified = False

    @fifo.read
    def read_fifo(self) -> int:
        return self.queue.pop(0) if self.queue else 0

    @fifo.write
    def write_fifo(self, value: int) -> None:
        if len(self.queue) < FIFO_SIZE:
            self.queue.append(value)
        else:
            self.gross = True

    @status.read
    def read_status(self) -> int:
        value = max(self.phase, 0)
        value |= COUNTED_DOWN if self.counted_down else 0
        value |= GROSS_ERROR if self.gross else 0
        return value | (INTERRUPT if self.causes else 0)

    @status.write
    def choose(self, value: int) -> None:
        self.chosen = value & 7

    @interrupt.read
    def take_causes(self) -> int:
        causes = self.causes
        if causes:
            self.causes = 0
            self.gross = False
        return causes

    @step.read
    def read_step(self) -> int:
        return self.progress

    @flags.read
    def read_flags(self) -> int:
        return len(self.queue) | self.progress << 5 & 0xE0

    @irq.level
    def level(self) -> bool:
        return self.causes != 0

    # -- the outside

    def hardware_reset(self) -> None:
        """The reset line; the DMA controller drives it."""
        self._forget_connection()
        self._reset_chip()

    def dma_enabled(self) -> None:
        """The DMA controller may transfer from now on."""
        if self.waiting:
            command, self.waiting = self.waiting, 0
            self._execute(command)

    # -- commands

    @command.write
    def start(self, value: int) -> None:
        self.waiting = 0
        if value & DMA:
            self._load_counter()
        if value & DMA and value & ~DMA and not (self.parent and self.parent.enabled):
            self.waiting = value
            return
        self._execute(value)

    def _load_counter(self) -> None:
        high = self.count_high if self.config2 & FEATURES else 0
        count = high << 16 | self.count_middle << 8 | self.count_low
        limit = 1 << 24 if self.config2 & FEATURES else 1 << 16
        self.left = count or limit
        self.counted_down = False

    def _execute(self, value: int) -> None:
        dma = bool(value & DMA)
        code = value & ~DMA
        simple = {
            NOP: self._nothing, FLUSH: self.queue.clear, RESET_CHIP: self._reset_chip,
            RESET_BUS: self._reset_bus, COMPLETE: self._complete, ACCEPT: self._accept,
            SET_ATN: self._nothing, RESET_ATN: self._nothing,
            ENABLE_SELECTION: self._nothing, DISABLE_SELECTION: self._disable_selection,
        }  # fmt: skip
        if code in simple:
            simple[code]()
        elif code in (SELECT, SELECT_ATN, SELECT_ATN3, SELECT_ATN_STOP):
            self._select(code, dma)
        elif code in (TRANSFER, PAD) and self.phase != FREE:
            self._transfer(dma, pad=code == PAD)
        else:
            self.log(f"command {value:#04x} is not possible now")
            self._raise(ILLEGAL)

    def _nothing(self) -> None:
        """No operation."""

    def _raise(self, causes: int) -> None:
        self.causes |= causes

    def _reset_chip(self) -> None:
        self.queue.clear()
        self.left = self.causes = self.progress = self.waiting = 0
        self.counted_down = self.gross = False
        self.config1 = self.config1 & 7
        self.config2 = self.config3 = 0
        self.identified = True

    def _reset_bus(self) -> None:
        self._forget_connection()
        for target in self.scsi.values():
            target.bus_reset()
        if not self.config1 & NO_RESET_IRQ:
            self._raise(BUS_RESET)

    def _disable_selection(self) -> None:
        self._raise(DONE)

    def _forget_connection(self) -> None:
        self.phase = FREE
        self.words.clear()
        self.messages.clear()
        self.queue.clear()

    # -- selection: messages and the command's bytes go to the target

    def _select(self, code: int, dma: bool) -> None:
        self.target = self.chosen
        self.words.clear()
        self.messages.clear()
        self.progress = 0
        if self._connected is None:
            self.phase = FREE
            self._raise(DISCONNECTED)
            return
        self.phase = COMMAND if code == SELECT else MESSAGE_OUT
        wanted = {SELECT: 0, SELECT_ATN: 1, SELECT_ATN3: 3, SELECT_ATN_STOP: 1}[code]
        self.messages[:] = self._take_in(wanted, dma)
        if code == SELECT_ATN_STOP or len(self.messages) < wanted:
            self.progress = 1
        else:
            self.phase = COMMAND
            self._send_command(dma)
            self.progress = 4 if self.phase != COMMAND else 3
        self._raise(DONE | BUS_SERVICE)

    def _send_command(self, dma: bool) -> None:
        """Give command bytes until the target has enough, or there are no more."""
        while self.phase == COMMAND:
            more = self._take_in(self._command_size() - len(self.words), dma)
            self.words.extend(more)
            if not more:
                return
            if len(self.words) >= self._command_size():
                self._begin()

    def _command_size(self) -> int:
        """How many bytes the command has, as far as is known."""
        return CDB_SIZES.get(self.words[0] >> 5, 6) if self.words else 1

    def _begin(self) -> None:
        unit = self.messages[0] & 7 if self.messages else self.words[1] >> 5
        target = self._connected
        target.begin(unit, bytes(self.words))
        self._follow(target)

    def _follow(self, target: Any) -> None:
        """The phase that the target wants now."""
        if not target.left:
            self.phase = STATUS
        else:
            self.phase = DATA_IN if target.sends else DATA_OUT

    @property
    def _connected(self) -> Any:
        target = self.scsi.get(self.target)
        return target if target is not None and target.present else None

    def _take_in(self, size: int, dma: bool) -> bytes:
        """Up to `size` bytes from DMA or the FIFO."""
        if not dma:
            taken = bytes(self.queue[:size])
            del self.queue[:size]
            return taken
        size = min(size, self.left)
        data: bytes = self.parent.fetch(size) if size and self.parent else b""
        self._count(len(data))
        return data

    def _count(self, size: int) -> None:
        self.left -= size
        if self.left == 0:
            self.counted_down = True

    # -- transfer information

    def _transfer(self, dma: bool, pad: bool) -> None:
        if self.phase == DATA_IN:
            self._data_in(dma, pad)
        elif self.phase == DATA_OUT:
            self._data_out(dma, pad)
        elif self.phase == STATUS:
            self._put_out(bytes([self._status_byte()]), dma)
            self.phase = MESSAGE_IN
        elif self.phase == MESSAGE_IN:
            self._put_out(b"\0", dma)
        elif self.phase == MESSAGE_OUT:
            self._message_out(dma)
        else:
            self._send_command(dma)
        self._raise(BUS_SERVICE)

    def _status_byte(self) -> int:
        target = self._connected
        return target.status if target is not None else 0

    def _message_out(self, dma: bool) -> None:
        """Messages after a selection that stopped; the target answers none."""
        self.messages.extend(self._take_in(LONGEST_MESSAGE - len(self.messages), dma))
        self.phase = COMMAND

    def _data_in(self, dma: bool, pad: bool) -> None:
        target = self._connected
        if target is None:
            self.phase = STATUS
            return
        room = self.left if dma else FIFO_SIZE - len(self.queue)
        while room and target.left:
            data = target.read(min(room, target.left, MOST_AT_ONCE))
            room -= len(data)
            if dma and pad:
                self._count(len(data))
            elif not pad:
                self._put_out(data, dma)
        self._follow(target)

    def _data_out(self, dma: bool, pad: bool) -> None:
        target = self._connected
        if target is None:
            self.phase = STATUS
            return
        room = self.left if dma else len(self.queue)
        while room and target.left:
            size = min(room, target.left, MOST_AT_ONCE)
            data = bytes(size) if pad else self._take_in(size, dma)
            if pad and dma:
                self._count(size)
            room -= size
            target.write(data.ljust(size, b"\0"))
        self._follow(target)

    def _put_out(self, data: bytes, dma: bool) -> None:
        """Bytes from the target to DMA or the FIFO."""
        if dma:
            part = data[: self.left]
            if part and self.parent:
                self.parent.store(part)
            self._count(len(part))
        else:
            self.queue.extend(data[: FIFO_SIZE - len(self.queue)])

    # -- the end of a command

    def _complete(self) -> None:
        """Status and message bytes into the FIFO."""
        if self.phase != STATUS:
            self._raise(ILLEGAL)
            return
        self.queue.clear()
        self.queue.extend([self._status_byte(), 0])
        self.phase = MESSAGE_IN
        self._raise(DONE)

    def _accept(self) -> None:
        """The last message is taken: the target leaves the bus."""
        if self.phase != MESSAGE_IN:
            self._raise(ILLEGAL)
            return
        self.phase = FREE
        self.progress = 0
        self._raise(DISCONNECTED)
