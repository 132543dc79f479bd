"""Signals to the thread that runs a machine come through to Python."""

from __future__ import annotations

import signal

from assembler import Program

STOPPED, TIMED_OUT, SIGNAL = 4, 5, 7


def test_a_signal_interrupts_the_run_and_its_handler_is_called(make):
    toy = make()
    toy.load(Program().label("loop").op("addi", 1, 1, 1).op("b", 0, 0, "loop"))
    seen = []
    before = signal.signal(signal.SIGALRM, lambda *_: seen.append(toy.reg(1)))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        assert toy.run() == SIGNAL
        assert len(seen) == 1
        while toy.reg(1) == seen[0]:
            assert toy.run(0.02) == TIMED_OUT
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_handler_may_stop_the_machine(make):
    toy = make()
    toy.load(Program().label("loop").op("b", 0, 0, "loop"))

    def stop(*_):
        toy.lib.mb_machine_stop(toy.machine)

    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        assert toy.run() == SIGNAL
        assert toy.run() == STOPPED
    finally:
        signal.signal(signal.SIGALRM, before)
