# SPDX-License-Identifier: Apache-2.0
"""Packets of the gdb remote serial protocol: each gives a reply, or an order to run.

GDB manual, appendix E: Packets, Stop Reply Packets, General Query Packets, vCont.
Omitted: watchpoints (gdb then steps), range stepping, file I/O, restarting, non-stop
mode.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from .packets import LONGEST, escape, unescape
from .target import Refused, Target

OK = b"OK"
UNKNOWN = b""
ERROR = b"E01"
TRAP, INTERRUPTED = 5, 2
MOST_MEMORY = LONGEST // 2 - 16


@dataclass(frozen=True)
class Order:
    """What the machine shall do: "continue", "step" a thread, "detach", "kill"."""

    verb: str
    thread: int = 1
    reply: bytes | None = None


Answer = bytes | Order


class Protocol:
    """One session with a client."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.acks = True
        self.swbreak = False
        self.general = 1
        """The thread of register and memory packets."""
        self.stopped_by = b"T05thread:1;"
        self.commands: dict[str, Callable[[], str]] = {}
        """What `monitor WORD` does."""

    def answer(self, packet: bytes) -> Answer:
        """The reply to a packet: never an exception, whatever is in it."""
        try:
            return self._answer(packet)
        except (Refused, ValueError, IndexError, OverflowError, UnicodeError):
            return ERROR

    def _answer(self, packet: bytes) -> Answer:
        for prefix, handler in LONG.items():
            if packet.startswith(prefix):
                return handler(self, packet[len(prefix) :])
        short = SHORT.get(packet[:1])
        return short(self, packet[1:]) if short else UNKNOWN

    def stop_reply(self, thread: int, signal: int, breakpoint_hit: bool) -> bytes:
        """Why the machine stopped; `?` gives it again."""
        self.general = thread
        why = b"swbreak:;" if breakpoint_hit and self.swbreak else b""
        self.stopped_by = b"T%02xthread:%x;%s" % (signal, thread, why)
        return self.stopped_by

    # -- who and what

    def why(self, rest: bytes) -> Answer:
        return self.stopped_by

    def supported(self, rest: bytes) -> Answer:
        self.swbreak = b"swbreak+" in rest.split(b";") or b":swbreak+" in rest
        return (
            b"PacketSize=%x;qXfer:features:read+;vContSupported+;QStartNoAckMode+;"
            b"swbreak+" % LONGEST
        )

    def no_acks(self, rest: bytes) -> Answer:
        self.acks = False
        return OK

    def attached(self, rest: bytes) -> Answer:
        return b"1"  # so that gdb detaches when it quits

    def features(self, rest: bytes) -> Answer:
        annex, _, window = rest.partition(b":")
        if annex != b"target.xml":
            return b"E00"
        offset, length = (_hex(word) for word in window.split(b","))
        text = self.target.xml()
        part = text[offset : offset + min(length, LONGEST // 2)]
        more = b"m" if offset + len(part) < len(text) else b"l"
        return more + escape(part)

    def monitor(self, rest: bytes) -> Answer:
        word = bytes.fromhex(rest.decode()).decode().strip()
        command = self.commands.get(word)
        known = " ".join(sorted(self.commands))
        text = command() if command else f"commands: {known}\n"
        return text.encode().hex().encode()

    # -- threads

    def threads(self, rest: bytes) -> Answer:
        return b"m" + b",".join(b"%x" % thread for thread in self.target.threads)

    def no_more_threads(self, rest: bytes) -> Answer:
        return b"l"

    def current_thread(self, rest: bytes) -> Answer:
        return UNKNOWN if rest else b"QC%x" % self.general

    def thread_name(self, rest: bytes) -> Answer:
        cpu = self.target.cpu(_hex(rest.lstrip(b",")))
        text = f"{cpu.name}: {cpu.plan.model}"
        return text.encode().hex().encode()

    def is_alive(self, rest: bytes) -> Answer:
        self.target.cpu(_hex(rest))
        return OK

    def choose(self, rest: bytes) -> Answer:
        thread = self._thread(rest[1:])
        if rest[:1] == b"g":
            self.general = thread
        return OK if rest[:1] in (b"g", b"c") else UNKNOWN

    def _thread(self, text: bytes) -> int:
        """A thread that must exist; -1 and 0 mean any."""
        if text in (b"-1", b"0", b""):
            return self.general
        thread = _hex(text)
        self.target.cpu(thread)
        return thread

    # -- registers and memory

    def read_all(self, rest: bytes) -> Answer:
        registers = self.target.registers(self.general)
        data = b"".join(self.target.read(self.general, r) for r in registers)
        return data.hex().encode()

    def write_all(self, rest: bytes) -> Answer:
        data = bytes.fromhex(rest.decode())
        for register in self.target.registers(self.general):
            size = register.bits // 8
            if len(data) < size:
                break
            self.target.write(self.general, register, data[:size])
            data = data[size:]
        return OK

    def read_one(self, rest: bytes) -> Answer:
        register = self.target.registers(self.general)[_hex(rest)]
        return self.target.read(self.general, register).hex().encode()

    def write_one(self, rest: bytes) -> Answer:
        number, _, value = rest.partition(b"=")
        register = self.target.registers(self.general)[_hex(number)]
        self.target.write(self.general, register, bytes.fromhex(value.decode()))
        return OK

    def read_memory(self, rest: bytes) -> Answer:
        address, size = (_hex(word) for word in rest.split(b","))
        size = min(size, MOST_MEMORY)
        return self.target.read_memory(self.general, address, size).hex().encode()

    def write_memory(self, rest: bytes) -> Answer:
        place, _, data = rest.partition(b":")
        return self._write(place, bytes.fromhex(data.decode()))

    def write_binary(self, rest: bytes) -> Answer:
        place, _, data = rest.partition(b":")
        return self._write(place, unescape(data))

    def _write(self, place: bytes, data: bytes) -> Answer:
        address, size = (_hex(word) for word in place.split(b","))
        if size != len(data):
            return ERROR
        if data:
            self.target.write_memory(self.general, address, data)
        return OK

    # -- breakpoints

    def insert(self, rest: bytes) -> Answer:
        return self._breakpoint(rest, self.target.insert)

    def remove(self, rest: bytes) -> Answer:
        return self._breakpoint(rest, self.target.remove)

    def _breakpoint(self, rest: bytes, change: Callable[[int, int], None]) -> Answer:
        kind, address, size = rest.split(b";")[0].split(b",")
        if kind not in (b"0", b"1"):
            return UNKNOWN
        change(_hex(address), _hex(size))
        return OK

    # -- running

    def resume(self, rest: bytes) -> Answer:
        self._jump(rest)
        return Order("continue")

    def step(self, rest: bytes) -> Answer:
        self._jump(rest)
        return Order("step", self.general)

    def _jump(self, address: bytes) -> None:
        if address:
            self.target.jump(self.general, _hex(address))

    def what_vcont(self, rest: bytes) -> Answer:
        return b"vCont;c;C;s;S"

    def vcont(self, rest: bytes) -> Answer:
        """A thread that steps does so alone; otherwise all continue."""
        verbs = [action.partition(b":") for action in rest.split(b";") if action]
        if not verbs or any(not re.match(rb"[cCsS]", verb) for verb, _, _ in verbs):
            return ERROR
        for verb, _, thread in verbs:
            if verb[:1] in (b"s", b"S"):
                return Order("step", self._thread(thread))
        return Order("continue")

    def detach(self, rest: bytes) -> Answer:
        return Order("detach", reply=OK)

    def kill(self, rest: bytes) -> Answer:
        return Order("kill")

    def kill_told(self, rest: bytes) -> Answer:
        return Order("kill", reply=OK)


def _hex(text: bytes) -> int:
    """A hexadecimal number, without what `int` allows besides."""
    if not re.fullmatch(rb"[0-9a-fA-F]{1,16}", text):
        raise Refused("not a number")
    return int(text, 16)


Handler = Callable[[Protocol, bytes], Answer]

LONG: dict[bytes, Handler] = {
    b"qSupported": Protocol.supported,
    b"QStartNoAckMode": Protocol.no_acks,
    b"qXfer:features:read:": Protocol.features,
    b"qAttached": Protocol.attached,
    b"qRcmd,": Protocol.monitor,
    b"qfThreadInfo": Protocol.threads,
    b"qsThreadInfo": Protocol.no_more_threads,
    b"qThreadExtraInfo": Protocol.thread_name,
    b"qC": Protocol.current_thread,
    b"vCont?": Protocol.what_vcont,
    b"vCont": Protocol.vcont,
    b"vKill": Protocol.kill_told,
}

SHORT: dict[bytes, Handler] = {
    b"?": Protocol.why,
    b"T": Protocol.is_alive,
    b"H": Protocol.choose,
    b"g": Protocol.read_all,
    b"G": Protocol.write_all,
    b"p": Protocol.read_one,
    b"P": Protocol.write_one,
    b"m": Protocol.read_memory,
    b"M": Protocol.write_memory,
    b"X": Protocol.write_binary,
    b"Z": Protocol.insert,
    b"z": Protocol.remove,
    b"c": Protocol.resume,
    b"s": Protocol.step,
    b"D": Protocol.detach,
    b"k": Protocol.kill,
}
