"""`mb run BOARD`: build a machine and run it on this terminal."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from machinebuilder.cli.main import EXIT_FAILURE, EXIT_USER_ERROR
from machinebuilder.errors import UserError

if TYPE_CHECKING:
    from machinebuilder.machine import Event, Machine

SUMMARY = "build the machine of a board file and run it"
EXIT_TIMEOUT = 124


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options as in `mb run --help`."""
    parser.add_argument("board", help="a board file, or the name of an installed board")
    images = parser.add_argument_group("images")
    images.add_argument("--kernel", type=Path, metavar="F", help="kernel, of any kind")
    images.add_argument("--initrd", type=Path, metavar="F", help="initial RAM disk")
    images.add_argument("--append", default="", metavar="S", help="kernel command line")
    images.add_argument(
        "--dtb", type=Path, metavar="F", help="device tree to give instead"
    )
    images.add_argument("--firmware", type=Path, metavar="F", help="start this")
    images.add_argument(
        "--boot", choices=("disk", "cd", "floppy", "net", "menu"), default="",
        help="what firmware starts first",
    )  # fmt: skip
    parser.add_argument(
        "--disk",
        action="append",
        default=[],
        metavar="F[,ro|,snapshot|,cdrom|,floppy]",
        help="disk image",
    )
    parser.add_argument(
        "--net", default=None, metavar="MODE",
        help="user, none, listen:PATH or connect:PATH (a UNIX socket)",
    )  # fmt: skip
    parser.add_argument(
        "-o", dest="options", action="append", default=[], metavar="NAME=VALUE",
        help="set an option of the board",
    )  # fmt: skip
    parser.add_argument(
        "--accel", choices=("auto", "kvm", "translate", "interpret"), default="auto",
        help="how to run the CPUs",
    )  # fmt: skip
    parser.add_argument(
        "--timeout", type=float, metavar="S", help="stop after S seconds"
    )
    parser.add_argument(
        "--no-reboot",
        action="store_true",
        help="a reset ends the run, as power off does",
    )
    parser.add_argument(
        "--gdb", type=int, metavar="PORT",
        help="wait for gdb on this port of 127.0.0.1; 0: any, which is then told",
    )  # fmt: skip
    parser.add_argument(
        "--display", default="none", metavar="D",
        help="serve the screen: vnc=[HOST]:N[,password=TEXT], with HOST 127.0.0.1 by "
        "default; or none",
    )  # fmt: skip
    parser.add_argument("--stats", action="store_true", help="print counts at the end")
    profiles = parser.add_argument_group("profiles")
    profiles.add_argument(
        "--profile",
        type=Path,
        metavar="F",
        help="write where guest time went (speedscope)",
    )
    profiles.add_argument(
        "--symbols", type=Path, metavar="F", help="names for both: ELF or System.map"
    )
    profiles.add_argument(
        "--perf-map",
        action="store_true",
        help="tell the host's perf of translated code",
    )


def name_units(symbols: Path) -> None:
    """Names of functions in this process's map for `perf`."""
    from machinebuilder.machine.profile import name_perf_map
    from machinebuilder.machine.symbols import Symbols

    name_perf_map(Symbols.load(symbols), Path(f"/tmp/perf-{os.getpid()}.map"))


def options_of(words: list[str]) -> dict[str, str]:
    """`-o NAME=VALUE` words as a mapping; UserError for one without `=`."""
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise UserError(f"-o {word}: must be NAME=VALUE, for example -o ram=1GiB")
        found[name] = value
    return found


def run(arguments: argparse.Namespace) -> int:
    """Run until the guest powers off; 0 then, 124 on timeout, 1 on a failure."""
    if arguments.perf_map:
        os.environ["MB_PERF_MAP"] = "1"
    machine = machine_of(arguments)
    if machine is None:
        return EXIT_USER_ERROR
    with machine:
        if arguments.gdb is not None:
            listen(machine, arguments.gdb)
        show(machine, arguments.display)
        return Session(machine, arguments).run()


def machine_of(arguments: argparse.Namespace) -> Machine | None:
    """The machine that the options describe; None after telling the board's errors."""
    from machinebuilder.board import BoardErrors, find_board
    from machinebuilder.machine import Board

    if arguments.timeout is not None and arguments.timeout <= 0:
        raise UserError(f"--timeout {arguments.timeout}: must be more than 0 seconds")
    if arguments.gdb is not None and not 0 <= arguments.gdb <= 65535:
        raise UserError(f"--gdb {arguments.gdb}: must be a port, 0 to 65535")
    try:
        board = Board.load(find_board(arguments.board), **options_of(arguments.options))
    except BoardErrors as errors:
        print(errors, file=sys.stderr)
        return None
    return board.build(
        kernel=arguments.kernel,
        initrd=arguments.initrd,
        append=arguments.append,
        dtb=arguments.dtb,
        firmware=arguments.firmware,
        boot=arguments.boot,
        disks=arguments.disk,
        net=arguments.net,
        accel=arguments.accel,
        console=None,
    )


def listen(machine: Machine, port: int) -> None:
    """Let gdb connect, and say where."""
    try:
        port = machine.gdb(port).port
    except OSError as error:
        raise UserError(f"--gdb {port}: {error.strerror}") from None
    print(
        f"mb: waiting for gdb: target remote 127.0.0.1:{port}",
        file=sys.stderr,
        flush=True,
    )


def show(machine: Machine, display: str) -> None:
    """Serve the screen as `--display` says, and say where."""
    kind, _, place = display.partition("=")
    if display == "none":
        return
    from machinebuilder.host.vnc import Address

    if kind != "vnc":
        raise UserError(f"--display {display}: must be vnc=[HOST]:N or none")
    address = Address.parse(place)
    try:
        server = machine.vnc(address.port, address.host, address.password)
    except OSError as error:
        raise UserError(f"--display {display}: {error.strerror}") from None
    except LookupError as error:
        raise UserError(f"--display {display}: {error}") from None
    where = f"{server.host}:{server.port}"
    print(f"mb: screen at vnc://{where}", file=sys.stderr, flush=True)


class Session:
    """One run of a machine on the terminal: signals, Ctrl-A commands, the exit code."""

    def __init__(self, machine: Machine, arguments: argparse.Namespace) -> None:
        self.machine = machine
        self.arguments = arguments
        self.signal: int | None = None
        self.left = False
        self.event: Event | None = None
        self.error: BaseException | None = None

    def run(self) -> int:
        """Run to the end; gives the exit code."""
        from machinebuilder.host.console import Terminal

        with Terminal({"x": self.leave, "s": self.statistics}) as terminal:
            self.machine.connect_console(terminal)
            with self.signals():
                self.wait()
        if self.error is not None:
            raise self.error
        self.report()
        return self.exit_code()

    def wait(self) -> None:
        """The machine runs on a thread of its own: this one takes signals."""
        done = threading.Event()

        def work() -> None:
            try:
                self.event = self.machine.run(
                    timeout=self.arguments.timeout, reboot=not self.arguments.no_reboot
                )
            except BaseException as error:
                self.error = error
            finally:
                done.set()

        threading.Thread(target=work, name="machine", daemon=True).start()
        done.wait()

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """SIGINT, SIGTERM and SIGHUP stop the machine, not the process."""

        def stop(number: int, frame: object) -> None:
            self.signal = number
            self.machine.stop()

        chosen = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, stop) for number in chosen}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def leave(self) -> bytes:
        """Ctrl-A x."""
        self.left = True
        self.machine.stop()
        return b"\r\n"

    def statistics(self) -> bytes:
        """Ctrl-A s: the counts so far, for a raw terminal."""
        return ("\r\n" + self.machine.stats().text()).replace("\n", "\r\n").encode()

    def report(self) -> None:
        """What the person should know at the end, on standard error."""
        sys.stdout.flush()
        for line in self.machine.summary():
            print(f"mb: {line}", file=sys.stderr)
        if self.arguments.stats:
            print(self.machine.stats().text(), end="", file=sys.stderr)
        if self.arguments.profile:
            self.machine.profile(self.arguments.profile, self.arguments.symbols)
        if self.arguments.perf_map and self.arguments.symbols:
            name_units(self.arguments.symbols)
        if self.event is not None and self.event.failed:
            print(f"mb: the machine stopped: {self.event.why}", file=sys.stderr)

    def exit_code(self) -> int:
        """0 power off or asked to leave, 124 timeout, 128+n signal, 1 failure."""
        assert self.event is not None
        if self.signal is not None:
            return 128 + self.signal
        if self.left or self.event.name in ("poweroff", "reset", "stopped"):
            return 0
        if self.event.name == "timeout":
            limit = self.arguments.timeout
            print(f"mb: --timeout: {limit:g} s passed", file=sys.stderr)
            return EXIT_TIMEOUT
        return EXIT_FAILURE
