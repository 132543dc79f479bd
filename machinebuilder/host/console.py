"""The host side of a guest's serial console.

A device declared with `host = "console"` is joined to one `Console`: bytes the guest
sends arrive in `send` (on any thread), bytes typed on the host go to the device
through the function given to `attach`. `Console` itself keeps what was said, so that
scripts can `expect` text; `Terminal` also joins it to the terminal of `mb run`.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable
from types import TracebackType

Receive = Callable[[bytes], int]
"""Takes bytes for the guest; gives how many were taken (its FIFO may be full)."""

HISTORY = 1 << 20
"""Bytes of output kept for `expect` and `text`."""


class ExpectTimeout(AssertionError):
    """`expect` saw the time pass, or the machine stop, without the text."""


class Console:
    """A console in memory: scripts read and type, nothing is shown."""

    def __init__(self) -> None:
        self._output = bytearray()
        self._dropped = 0
        self._seen = 0
        self._pending = bytearray()
        self._receive: Receive | None = None
        self._closed = False
        self._changed = threading.Condition()

    # -- the device's side --

    def attach(self, receive: Receive) -> None:
        """Join the device's input; what was typed before goes in first."""
        self._receive = receive
        self.receive_ready()

    def send(self, data: bytes) -> None:
        """Bytes from the guest."""
        with self._changed:
            self._output += data
            excess = len(self._output) - HISTORY
            if excess > 0:
                del self._output[:excess]
                self._dropped += excess
            self._changed.notify_all()

    def receive_ready(self) -> None:
        """The device has room again: give it what waits."""
        with self._changed:
            waiting = bytes(self._pending)
        while waiting and self._receive is not None:
            taken = self._receive(waiting)
            with self._changed:
                del self._pending[:taken]
                waiting = bytes(self._pending)
            if taken == 0:
                break

    # -- the person's side --

    def write(self, data: bytes | str) -> None:
        """Type into the guest."""
        with self._changed:
            self._pending += data.encode() if isinstance(data, str) else data
        self.receive_ready()

    @property
    def text(self) -> str:
        """All that the guest has said (the last MiB of it)."""
        with self._changed:
            return self._output.decode(errors="replace")

    def expect(self, pattern: str, timeout: float = 60.0) -> re.Match[str]:
        """Wait until new output matches the regular expression; gives the match.

        Each call goes on after the previous one's match. Raises `ExpectTimeout` with
        the last lines said when `timeout` seconds pass or the machine stops.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                start = max(self._seen - self._dropped, 0)
                match = re.search(
                    pattern, self._output[start:].decode(errors="replace")
                )
                if match:
                    said = match.string[: match.end()].encode()
                    self._seen = self._dropped + start + len(said)
                    return match
                left = deadline - time.monotonic()
                if left <= 0 or self._closed:
                    tail = self._output[-2000:].decode(errors="replace")
                    why = (
                        "the machine stopped" if self._closed else f"{timeout} s passed"
                    )
                    raise ExpectTimeout(f"no {pattern!r}: {why}; last said:\n{tail}")
                self._changed.wait(left)

    def close(self) -> None:
        """No more output will come: wake who waits for it."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


HELP = b"""\r
Ctrl-A h  this help\r
Ctrl-A x  stop the machine and leave\r
Ctrl-A s  statistics so far\r
Ctrl-A a  send Ctrl-A itself\r
"""


class Terminal(Console):
    """The console on this process's terminal, in raw mode while it is open.

    `commands` maps a letter after Ctrl-A to what it does (bytes to show, or None).
    The terminal's settings come back in `close`, also after an exception.
    """

    PREFIX = 0x01

    def __init__(self, commands: dict[str, Callable[[], bytes | None]]) -> None:
        super().__init__()
        self._commands = {"h": lambda: HELP, **commands}
        self._prefixed = False
        self._saved: list[object] | None = None
        self._wake_read, self._wake_write = os.pipe()
        self._reader: threading.Thread | None = None
        self._stdin = 0
        self._stdout = sys.stdout.fileno() if sys.stdout else -1

    def __enter__(self) -> Terminal:
        if os.isatty(self._stdin):
            self._saved = termios.tcgetattr(self._stdin)
            tty.setraw(self._stdin, termios.TCSADRAIN)
        self._reader = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop reading, restore the terminal."""
        super().close()
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b"x")
        if self._reader is not None and self._reader is not threading.current_thread():
            self._reader.join(1)
        if self._saved is not None:
            termios.tcsetattr(self._stdin, termios.TCSADRAIN, self._saved)  # type: ignore[arg-type]
            self._saved = None

    def send(self, data: bytes) -> None:
        super().send(data)
        self._show(data)

    def _show(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._stdout, data) :]
            except BlockingIOError:
                select.select([], [self._stdout], [])
            except OSError:  # the reader of our output is gone; the guest goes on
                return

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self._stdin, self._wake_read], [], [])
            if self._wake_read in ready:
                return
            data = os.read(self._stdin, 4096)
            if not data:
                return
            self._typed(data)

    def _typed(self, data: bytes) -> None:
        """Split commands from what is for the guest."""
        plain = bytearray()
        for byte in data:
            if self._prefixed:
                self._prefixed = False
                if byte in (self.PREFIX, ord("a")):
                    plain.append(self.PREFIX)
                elif (command := self._commands.get(chr(byte))) is not None:
                    self._show(command() or b"")
            elif byte == self.PREFIX and self._saved is not None:
                self._prefixed = True
            else:
                plain.append(byte)
        if plain:
            self.write(bytes(plain))
