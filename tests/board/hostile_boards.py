# SPDX-License-Identifier: Apache-2.0
"""Boards made to hurt: each must end in errors, quickly and in little memory.

`python tests/board/hostile_boards.py FOLDER` loads them all and prints for each the
seconds it took, and at the end the peak memory of the process in KiB.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from board_fakes import load_file

from machinebuilder.board import BoardErrors
from machinebuilder.board.loader import MAX_BYTES

HEAD = "board: hostile\n"
GIC = "  gic: {model: intc.gic, at: {dist: 0, cpu: 0x9000}}\n"


def _bomb(levels: int, width: int) -> str:
    lines = ["  a0: &a0 {model: mem.ram, at: 0, size: 1M}"]
    for level in range(1, levels):
        inner = ", ".join(f"k{i}: *a{level - 1}" for i in range(width))
        lines.append(f"  a{level}: &a{level} {{{inner}}}")
    return HEAD + "devices:\n" + "\n".join(lines) + "\n"


def _device(rest: str, model: str = "mem.ram") -> str:
    return f"{HEAD}devices:\n  one: {{model: {model}, at: 0, {rest}}}\n"


def _repeated(line: str, section: str = "devices") -> str:
    """`line` with {i} counted up, until the file is as long as it may be."""
    size = len(line.format(i=99999)) + 1
    count = (MAX_BYTES - 100) // size
    return f"{HEAD}{section}:\n" + "\n".join(line.format(i=i) for i in range(count))


TEXTS = {
    "deep-flow": HEAD + "devices: " + "[" * 500_000,
    "deep-maps": HEAD + "devices: " + "{a: " * 250_000,
    "deep-blocks": HEAD + "- " * 500_000,
    "deep-questions": HEAD + "? " * 500_000,
    "bomb": _bomb(9, 10),
    "bomb-under-the-limit": _bomb(5, 10),
    "wide-bomb": _bomb(3, 380),
    "long-key": HEAD + "k" * 1_000_000 + ": 1",
    "long-value": _device("size: " + "9" * 1_000_000),
    "long-wire": _device("irq: " + "a." * 400_000 + "b", "uart.simple"),
    "count": _device("size: 1M, count: 1000000000"),
    "count-expression": _device('size: 1M, count: "{{ 10 ** 9 }}"'),
    "many-counts": _repeated("  r{i}: {{model: mem.ram, at: 0, size: 1, count: 4096}}"),
    "wire-range": f"{HEAD}devices:\n{GIC}"
    "  u: {model: uart.simple, at: 0x20000, count: 4096, irq: gic.spi.0-999999999}",
    "wire-list": f"{HEAD}devices:\n{GIC}"
    "  u: {model: uart.simple, at: 0x20000, count: 4096, irq: ["
    + "gic.spi.1, " * 80_000
    + "]}",
    "power": _device('size: "{{ 9 ** 9 ** 9 ** 9 }}"'),
    "repeat": _device("size: \"{{ 'a' * 10 ** 9 }}\""),
    "join": _device("size: \"{{ 'a' ~ 'b' ~ 10 ** 70 }}\""),
    "range": _device('size: "{{ range(10 ** 9) | list }}"'),
    "loop": _device('size: "{% for i in range(10 ** 9) %}x{% endfor %}"'),
    "classes": _device("size: \"{{ ''.__class__.__mro__[1].__subclasses__() }}\""),
    "globals": _device(
        "size: \"{{ cycler.__init__.__globals__.os.popen('id').read() }}\""
    ),
    "lipsum": _device('size: "{{ lipsum() }}"'),
    "include": _device("size: \"{% include '/etc/passwd' %}\""),
    "deep-expression": _device(f'size: "{{{{ {"(" * 400}1{")" * 400} }}}}"'),
    "minus-expression": _device(f'size: "{{{{ {"-" * 900}1 }}}}"'),
    "long-expression": _device(f'size: "{{{{ {"1+" * 400_000}1 }}}}"'),
    "many-expressions": _repeated("  a{i}: '{{{{ {i} }}}}'", "stubs"),
    "failing-expressions": _repeated("  a{i}: '{{{{ x{i} }}}}'", "stubs"),
    "many-unknown": _repeated("  uart{i}: {{model: uart.simpel{i}, at: 0}}"),
    "many-lost-wires": _repeated("  u{i}: {{model: gpio.keys, key: gik{i}.spi.1}}"),
    "many-options": _repeated("  o{i}: {{type: integer}}", "options"),
    "one-place": _repeated("  u{i}: {{model: uart.simple, at: 0}}"),
    "duplicates": _repeated("  u: {{model: uart.simple, at: {i}}}"),
    "flat-list": HEAD + "stubs: [" + "a," * 500_000 + "]",
    "python": HEAD + "summary: !!python/object/apply:os.system ['touch hacked']",
    "merge-keys": HEAD + "a: &a {b: c}\nd: {<<: *a}",
    "endless-alias": HEAD + "a: &a [*a]",
    "absolute": "extends: /etc/passwd\n" + HEAD,
    "upwards": "extends: ../../../../../../etc/passwd\n" + HEAD,
    "device-file": "extends: /dev/zero\n" + HEAD,
    "itself": "extends: itself.yaml\n" + HEAD,
    "huge": HEAD + "# " + "x" * 40_000_000,
    "empty": "",
    "null-byte": HEAD + "summary: \0",
    "escape": HEAD + 'summary: "\\e[2J"\nx\\e[2J: 1',
}

BYTES = {
    "elf": b"\x7fELF\x01\x01\x01" + bytes(range(256)) * 4096,
    "utf-16": HEAD.encode("utf-16"),
    "half-a-character": HEAD.encode() + b"summary: \xc3",
    "noise": bytes((i * 167 + i // 13) & 0xFF for i in range(100_000)),
}


def write(folder: Path) -> Iterator[Path]:
    """The hostile boards as files."""
    for name, text in TEXTS.items():
        path = folder / f"{name}.yaml"
        path.write_text(text)
        yield path
    for name, data in BYTES.items():
        path = folder / f"{name}.yaml"
        path.write_bytes(data)
        yield path


def main() -> None:
    """Load every board in the folder and say what it cost."""
    load_file(Path(__file__).with_name("good.yaml"))
    for path in sorted(Path(sys.argv[1]).glob("*.yaml")):
        start = time.process_time()
        try:
            load_file(path)
            print(path.stem, "-1 no error")
        except BoardErrors as errors:
            text = str(errors)
            codes = ",".join(sorted({e.code for e in errors}))
            print(path.stem, f"{time.process_time() - start:.2f}", len(text), codes)
    print("peak", _peak())


def _peak() -> str:
    """Peak memory in KiB; getrusage's would begin with the parent's."""
    status = Path("/proc/self/status").read_text()
    return status.partition("VmHWM:")[2].split()[0]


if __name__ == "__main__":
    main()
