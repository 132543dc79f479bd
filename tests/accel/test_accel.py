"""The ways to run a CPU, by their names on the command line."""

from __future__ import annotations

import platform

import pytest

from machinebuilder import accel
from machinebuilder.errors import UserError


@pytest.mark.parametrize("name", ["auto", "kvm", "translate", "interpret"])
def test_every_way_can_make_cpus(name: str) -> None:
    assert callable(accel.find(name, "arm").new_cpu)


def test_auto_translates_what_is_not_the_hosts() -> None:
    assert accel.find("auto", "arm") is accel.find("translate", "arm")


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the host is no x86-64")
def test_auto_runs_cpus_of_the_hosts_kind_on_it() -> None:
    assert accel.find("auto", "x86") is accel.find("kvm", "x86")


def test_a_way_that_is_not_there_says_which_are() -> None:
    with pytest.raises(UserError, match="kvm.*translate, interpret"):
        accel.find("xen", "arm")


@pytest.mark.skipif(platform.machine() != "x86_64", reason="translates on x86-64 only")
def test_hosts_without_a_back_end_interpret(monkeypatch: pytest.MonkeyPatch) -> None:
    from machinebuilder.accel import interpreted, translated

    monkeypatch.setattr(platform, "machine", lambda: "sparc64")
    monkeypatch.setattr(interpreted, "new_cpu", lambda machine, isa: (machine, isa))
    assert translated.new_cpu("machine", "arm") == ("machine", "arm")
