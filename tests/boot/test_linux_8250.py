"""Linux with a 16550A for its console: the driver finds it, sends and receives."""

from __future__ import annotations

from pathlib import Path

import pytest

from machinebuilder import Board

BOARD = """
extends: arm-virt
board: arm-8250
devices:
  uart0: null
  uart:  {model: uart.ns16550, at: 0x0900_0000, shift: 2, irq: gic.spi.1, host: console}
"""
LINE, LINES = "0123456789" * 20 + "\n", 20


@pytest.mark.boot
@pytest.mark.timeout(200)
def test_the_8250_driver_moves_bytes_by_interrupts_and_loses_none(
    arm_images: dict[str, Path], tmp_path: Path
) -> None:
    board = tmp_path / "arm-8250.yaml"
    board.write_text(BOARD)
    append = "console=ttyS0 rdinit=/init modules=none"
    with Board.load(board).build(**arm_images, append=append, net="none") as machine:
        console = machine.console
        console.expect("GUEST-READY", timeout=120)
        console.write("stty -echo\n")
        console.write("seq 1000; cat > /tmp/typed << END\n" + LINE * LINES + "END\n")
        printed = console.expect(r"(?s)1\r\n2\r\n(.*)\r\n1000\r\n", timeout=60)
        console.write("wc -c < /tmp/typed; cat /proc/tty/driver/serial; echo BYE\n")
        told = console.expect(r"(?s)(\d+)\r\n.*(0: uart:16550A [^\r]*)", timeout=60)
    assert printed[1].split() == [str(n) for n in range(3, 1000)]
    assert int(told[1]) == len(LINE) * LINES
    assert "oe:" not in told[2], "bytes were lost"
