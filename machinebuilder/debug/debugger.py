# SPDX-License-Identifier: Apache-2.0
"""The loop that runs a machine on gdb's orders, in place of `Machine.run`'s own.

The machine waits for a client's first order before its first instruction. A client that
comes while it runs stops it. One that goes without a word lets it go on, unless the
machine has not begun; another may come at any time.
"""

from __future__ import annotations

import contextlib
import time
from queue import Empty
from typing import TYPE_CHECKING

from machinebuilder.machine.failure import MachineError
from machinebuilder.machine.machine import Event

from .link import Link, Note
from .packets import Item, Mark, frame
from .protocol import INTERRUPTED, TRAP, Order, Protocol
from .target import Target

if TYPE_CHECKING:
    from machinebuilder.machine.machine import Machine

TIMEOUT_STATUS = 124


class Debugger:
    """A gdb server for one machine; `port` is where it listens."""

    def __init__(self, machine: Machine, port: int = 0) -> None:
        self._machine = machine
        self._target = Target(machine)
        self._protocol = Protocol(self._target)
        self._begun = False
        self._going = False
        """Shall the machine run? Else it waits for orders."""
        self._inside = False
        """It does run, and must be told when something comes."""
        self._connected = False
        self._sent = b""
        self._event: Event | None = None
        self._link = Link(port, self._poke)

    @property
    def port(self) -> int:
        """Where gdb connects: `target remote :PORT`."""
        return self._link.port

    def stop(self) -> None:
        """Make `run` return; from any thread."""
        self._link.put(Note.STOP)

    def close(self) -> None:
        """Stop listening."""
        self._link.close()

    def _poke(self) -> None:
        if self._inside:
            self._machine.interrupt()

    def run(self, timeout: float | None, reboot: bool) -> Event:
        """As `Machine.run`, on the client's orders."""
        end = None if timeout is None else time.monotonic() + timeout
        self._event = None
        while self._event is None:
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                self._event = Event("timeout")
            elif self._going:
                self._run(left, reboot)
            else:
                self._wait(left)
        self._tell_end(self._event)
        return self._event

    # -- running

    def _run(self, left: float | None, reboot: bool) -> None:
        self._inside = True
        if self._link.inbox.empty():
            self._begun = True
            self._target.apply()
            milliseconds = 0 if left is None else max(int(left * 1000), 1)
            event = self._machine.run_once(milliseconds)
            self._inside = False
            self._after(event, reboot)
        self._inside = False
        self._wait(0)

    def _after(self, event: Event, reboot: bool) -> None:
        if event.name == "step":
            thread = self._machine.breakpoint_cpu() + 1
            self._report(thread or 1, TRAP, breakpoint_hit=True)
        elif event.name == "reset" and reboot:
            self._machine.reset()
        elif event.name not in ("stopped", "timeout", "signal"):
            self._event = event

    def _step(self, thread: int) -> None:
        """One instruction of one CPU; one that is off or waits stays where it is."""
        self._begun = True
        with contextlib.suppress(MachineError):
            self._target.cpu(thread).step(masked=True)
        self._report(thread, TRAP)

    def _report(self, thread: int, signal: int, breakpoint_hit: bool = False) -> None:
        self._going = False
        self._send(self._protocol.stop_reply(thread, signal, breakpoint_hit))

    # -- what comes

    def _wait(self, seconds: float | None) -> None:
        """Take what has come; wait for it, at most so long."""
        try:
            item = self._link.inbox.get(block=seconds != 0, timeout=seconds)
        except Empty:
            return
        if isinstance(item, Note):
            self._note(item)
        else:
            self._take(item)

    def _note(self, note: Note) -> None:
        if note is Note.STOP:
            self._event = Event("stopped")
        elif note is Note.CONNECTED:
            self._protocol = Protocol(self._target)
            self._protocol.commands["reset"] = self._reset
            self._connected, self._going = True, False
        else:
            self._let_go(self._begun)

    def _take(self, item: Item) -> None:
        if item is Mark.INTERRUPT:
            if self._going:
                self._report(self._protocol.general, INTERRUPTED)
        elif item is Mark.RESEND:
            self._link.send(self._sent)
        elif item is Mark.DAMAGED:
            self._link.send(b"-" if self._protocol.acks else b"")
        elif isinstance(item, bytes):
            self._packet(item)

    def _packet(self, packet: bytes) -> None:
        if self._protocol.acks:
            self._link.send(b"+")
        answer = self._protocol.answer(packet)
        if isinstance(answer, bytes):
            self._send(answer)
            return
        if answer.reply is not None:
            self._send(answer.reply)
        self._obey(answer)

    def _obey(self, order: Order) -> None:
        if order.verb == "continue":
            self._going = True
        elif order.verb == "step":
            self._step(order.thread)
        elif order.verb == "detach":
            self._let_go(True)
            self._link.drop()
        else:
            self._connected = False
            self._event = Event("stopped", "killed by the debugger")

    def _let_go(self, going: bool) -> None:
        """The machine without a debugger."""
        self._connected = False
        self._target.breakpoints.clear()
        self._going = going

    def _reset(self) -> str:
        self._machine.reset()
        return "the machine was reset\n"

    # -- what goes

    def _send(self, payload: bytes) -> None:
        self._sent = frame(payload)
        self._link.send(self._sent)

    def _tell_end(self, event: Event) -> None:
        if self._connected:
            status = {"timeout": TIMEOUT_STATUS, "error": 1}.get(event.name, 0)
            self._send(b"W%02x" % status)
