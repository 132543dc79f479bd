# SPDX-License-Identifier: Apache-2.0
"""A machine: made by build.py from a plan, run here, used by people and by `mb`."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any

from machinebuilder import native
from machinebuilder.accel import Executor
from machinebuilder.board.plan import Plan
from machinebuilder.boot import Images
from machinebuilder.host.console import Console
from machinebuilder.host.keyboard import TYPING_PAUSE, strokes
from machinebuilder.host.log import Log
from machinebuilder.host.screen import png
from machinebuilder.machine import profile
from machinebuilder.machine.cpu import Cpu
from machinebuilder.machine.failure import check
from machinebuilder.machine.memory import MachineBus
from machinebuilder.machine.outside import EVENT_ERROR, MachineDevice
from machinebuilder.machine.stats import Stats
from machinebuilder.machine.symbols import Symbols

if TYPE_CHECKING:
    from machinebuilder.debug.debugger import Debugger
    from machinebuilder.host.vnc import Server

EVENTS = {
    1: "poweroff",
    2: "reset",
    EVENT_ERROR: "error",
    4: "stopped",
    5: "timeout",
    6: "step",
    7: "signal",
}

LOOPBACK = "127.0.0.1"
INSN_NS_LOG = 3
"""With a virtual clock an instruction takes 2^3 ns: a CPU of 125 MIPS."""


@dataclass(frozen=True)
class Event:
    """Why a machine stopped running: poweroff, reset, error, stopped, timeout, step."""

    name: str
    why: str = ""

    @property
    def failed(self) -> bool:
        """Is it a failure of the machine, not of the guest or the user?"""
        return self.name == "error"


class Machine:
    """A machine, stopped until `run` or `start`. Close it, or use `with`."""

    def __init__(self, plan: Plan, images: Images, accel: str) -> None:
        from machinebuilder.machine import callbacks  # noqa: F401 (registers them)

        engine = native.engine()
        self.plan = plan
        self.images = images
        self.accel = accel
        self.executor: Executor | None = None
        """What runs the CPUs: a module of machinebuilder.accel."""
        self.boot: ModuleType | None = None
        self.lock = threading.RLock()
        """Held while any Python chip runs."""
        virtual = int(plan.clock == "virtual")
        self.handle: Any = check(engine.lib.mb_machine_new(virtual, INSN_NS_LOG))
        self._self = engine.ffi.new_handle(self)
        engine.lib.mb_machine_set_handle(self.handle, self._self)
        memory = engine.lib.mb_machine_memory(self.handle)
        self.buses = {"mmio": MachineBus("mmio", memory)}
        self.devices: dict[str, MachineDevice] = {}
        self.cpus: list[Cpu] = []
        self.consoles: dict[str, Console] = {}
        self.logs: dict[str, Console] = {}
        """What chips with `host = "log"` said, such as a debug port."""
        self.nets: list[Any] = []
        self.logged: list[str] = []
        self._failure: str | None = None
        self._thread: threading.Thread | None = None
        self._event: Event | None = None
        self.debugger: Debugger | None = None
        self.displays: list[Server] = []

    # -- running

    def reset(self) -> None:
        """Power-on state, with the images in place; not while it runs."""
        native.engine().lib.mb_machine_reset(self.handle)
        if self.boot is not None:
            self.boot.prepare(self, self.images)
        if self._failure is not None:
            raise RuntimeError(self._failure)

    def run(self, timeout: float | None = None, reboot: bool = True) -> Event:
        """Run until something happens; a guest's reset is done, and not told, unless
        `reboot` is False. `timeout` is in seconds of the host."""
        if self.debugger is not None:
            self._event = self.debugger.run(timeout, reboot)
            return self._event
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = 0 if end is None else max(int((end - time.monotonic()) * 1000), 1)
            event = self.run_once(left)
            if event.name == "signal":  # Python has run its handlers by now
                continue
            if event.name != "reset" or not reboot:
                self._event = event
                return event
            self.reset()

    def run_once(self, timeout_ms: int) -> Event:
        """Run until something happens; "signal" means nothing did. 0: no timeout."""
        engine = native.engine()
        name = EVENTS[engine.lib.mb_machine_run(self.handle, timeout_ms)]
        why = engine.ffi.string(engine.lib.mb_machine_why(self.handle))
        text = why.decode(errors="replace") if name != "timeout" else ""
        if name == "error" and self._failure is not None:
            text, self._failure = self._failure, None
        return Event(name, text)

    def start(self) -> None:
        """Run on a thread of its own; nothing happens if it runs already."""
        if self._thread is not None and self._thread.is_alive():
            return

        def work() -> None:
            self.run()
            for console in (*self.consoles.values(), *self.logs.values()):
                console.close()

        self._thread = threading.Thread(target=work, name="machine", daemon=True)
        self._thread.start()

    def wait(self, timeout: float | None = None) -> Event | None:
        """After `start`: wait for the end; None if `timeout` seconds pass first."""
        if self._thread is not None:
            self._thread.join(timeout)
            if self._thread.is_alive():
                return None
        return self._event

    def stop(self) -> None:
        """Make `run` return; from any thread."""
        if self.debugger is not None:
            self.debugger.stop()
        self.interrupt()

    def interrupt(self) -> None:
        """Make `run_once` return "stopped"; from any thread."""
        native.engine().lib.mb_machine_stop(self.handle)

    # -- debugging

    def gdb(self, port: int = 0) -> Debugger:
        """Let gdb connect on 127.0.0.1; from now on `run` waits for its orders.

        Port 0 takes a free one: the result's `port`. OSError if it cannot be had.
        """
        from machinebuilder.debug.debugger import Debugger

        if self.debugger is None:
            self.debugger = Debugger(self, port)
        return self.debugger

    def set_breakpoints(self, addresses: Iterable[int]) -> None:
        """Virtual addresses where any CPU stops, in place of those before; while
        stopped. `run` then ends with the event "step", and goes on past it."""
        engine = native.engine()
        pcs = engine.ffi.new("uint64_t[]", list(addresses))
        check(engine.lib.mb_machine_set_breakpoints(self.handle, pcs, len(pcs)))

    def breakpoint_cpu(self) -> int:
        """The number of the CPU that was at a breakpoint in the last run, or -1."""
        return int(native.engine().lib.mb_machine_breakpoint_cpu(self.handle))

    def power_button(self) -> bool:
        """Press the power button; False if the board has none."""
        return any(device.power_button() for device in self.devices.values())

    # -- the person at it

    def key(self, code: int, down: bool) -> bool:
        """A key goes down or up, by evdev's number of it (30 is A); False if the board
        has no keyboard."""
        return any(device.key(code, down) for device in self.devices.values())

    def pointer(self, dx: int, dy: int, wheel: int = 0, buttons: int = 0) -> bool:
        """The mouse moves, downwards with a positive `dy`, and has these buttons down:
        1 left, 2 right, 4 middle; False if the board has no mouse."""
        move = (dx, dy, wheel, buttons)
        return any(device.pointer(*move) for device in self.devices.values())

    def type_text(self, text: str, pause: float = TYPING_PAUSE) -> bool:
        """Type on the guest's keyboard, as on a US one; False if there is none.

        `pause` is in seconds, after each key. ValueError for what has no key.
        """
        for code, down in strokes(text):
            if not self.key(code, down):
                return False
            if not down:
                time.sleep(pause)
        return True

    # -- looking

    @property
    def memory(self) -> MachineBus:
        """What CPUs see at physical addresses."""
        return self.buses["mmio"]

    def bus(self, name: str) -> MachineBus:
        """A bus by its name in the plan."""
        return self.buses[name]

    @property
    def console(self) -> Console:
        """The first console of the board."""
        if not self.consoles:
            raise LookupError(f"board {self.plan.name} attaches no console")
        return next(iter(self.consoles.values()))

    @property
    def screens(self) -> list[str]:
        """Names of the devices that have a screen."""
        return [name for name, device in self.devices.items() if device.chip.screen]

    def screenshot(self, screen: str | None = None) -> bytes:
        """What is on a screen, by default the board's first one, as a PNG."""
        picture = self.devices[self._screen(screen)].picture()
        if picture is None:
            raise LookupError(f"nothing is on the screen of {self.plan.name}")
        return png(picture)

    def _screen(self, name: str | None) -> str:
        """The screen of that name, or the first one."""
        if not self.screens:
            raise LookupError(f"board {self.plan.name} has no screen")
        return name or self.screens[0]

    def vnc(
        self,
        port: int = 0,
        host: str = LOOPBACK,
        password: str | None = None,
        screen: str | None = None,
    ) -> Server:
        """Serve a screen, by default the board's first one, with keyboard and mouse to
        VNC clients (who know the password), until the machine is closed.

        Port 0 takes a free one: the result's `port`. OSError if it cannot be had.
        """
        from machinebuilder.host.vnc import Address, Server
        from machinebuilder.machine.person import Person

        person = Person(self, self._screen(screen))
        server = Server(person, Address(host, port, password))
        self.displays.append(server)
        return server

    def connect_console(self, console: Console) -> None:
        """Use `console` as the board's first console."""
        for name in self.consoles:
            self.consoles[name] = console
            self.devices[name].connect(console)
            break

    def stats(self) -> Stats:
        """Counts so far."""
        return Stats.of(self.handle)

    def profile(self, path: Path, symbols: Path | None = None) -> None:
        """Write where guest time went, for speedscope."""
        names = Symbols() if symbols is None else Symbols.load(symbols)
        accesses = {name: chip.accesses() for name, chip in self.devices.items()}
        profile.save(self.handle, names, accesses, path)

    def summary(self) -> list[str]:
        """What a person should know at the end: the stubs that the guest touched."""
        lines = []
        for stub in self.plan.stubs:
            touches = self.bus(stub.bus).touches(stub.address)
            if touches:
                times = "once" if touches == 1 else f"{touches} times"
                lines.append(f"{stub.name} is not modelled, and was accessed {times}")
        return lines

    def log(self, name: str, text: str) -> None:
        """Something odd that the guest did, told on standard error."""
        line = f"mb: {name}: {text}"
        self.logged.append(line)
        # In a terminal's raw mode a new line alone does not return to the margin.
        end = "\r\n" if sys.stderr.isatty() else "\n"
        print(line, end=end, file=sys.stderr, flush=True)

    def fail(self, why: str, trace: str) -> None:
        """A Python chip broke: stop with its name and traceback. Any thread."""
        if self._failure is None:
            self._failure = f"{why}\n{trace}"
        lib = native.engine().lib
        lib.mb_machine_post(self.handle, EVENT_ERROR, why.encode())

    # -- the end

    def close(self) -> None:
        """Stop, and give everything back to the host."""
        if self.handle is None:
            return
        engine = native.engine()
        if self._thread is not None and self._thread.is_alive():
            self.stop()
            self._thread.join()
        if self.debugger is not None:
            self.debugger.close()
        for display in self.displays:
            display.close()
        for net in self.nets:
            engine.lib.mb_net_close(net)
        for device in self.devices.values():
            device.close()
        engine.lib.mb_machine_free(self.handle)
        self.handle = None
        for console in (*self.consoles.values(), *self.logs.values()):
            console.close()

    def __enter__(self) -> Machine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class MachineConsole(Console):
    """A console that scripts use: to expect text of a machine starts it."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self._machine = machine

    def expect(self, pattern: str, timeout: float = 60.0) -> re.Match[str]:
        self._machine.start()
        return super().expect(pattern, timeout)


class MachineLog(Log):
    """A log that scripts use, likewise."""

    def __init__(self, machine: Machine, path: str | None) -> None:
        super().__init__(path)
        self._machine = machine

    def expect(self, pattern: str, timeout: float = 60.0) -> re.Match[str]:
        self._machine.start()
        return super().expect(pattern, timeout)
