"""The `mb` command: what it lists, what it says of mistakes, its exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pexpect
import pytest

from tests.boot.command import MB, mb


def test_help_lists_every_command_with_its_summary():
    result = mb("--help")
    assert result.status == 0
    for name in (
        "run",
        "screenshot",
        "check",
        "map",
        "dtb",
        "acpi",
        "boards",
        "devices",
        "cpus",
        "schema",
        "fetch",
    ):
        assert f"\n  {name} " in result.out


def test_a_misspelt_command_is_put_right():
    result = mb("chek")
    assert result.status == 2
    assert "did you mean `mb check`?" in result.err


@pytest.mark.parametrize(
    "words, said",
    [
        (["run", "nonesuch.yaml"], "nonesuch.yaml"),
        (["run", "arm-virt", "--kernel", "/nonexistent"], "no such file"),
        (["dtb", "arm-virt", "-o", "/nonexistent/x"], "No such file"),
        (["run", "arm-virt", "-o", "cpus"], "NAME=VALUE"),
        (["run", "arm-virt", "-o", "cpus=9"], "cpus"),
        (["run", "arm-virt", "-o", "cpu=4"], "cpus"),
        (["run", "arm-virt", "--disk", "/nonexistent.img"], "/nonexistent.img"),
        (["run", "arm-virt", "--timeout", "0"], "more than 0"),
        (["dtb", "arm-virt"], "-o FILE"),
        (["acpi", "x86-micro"], "-o DIR"),
        (["acpi", "x86-micro", "-o", "/dev/null/x"], "Not a directory"),
    ],
)
def test_a_users_mistake_is_told_in_words_with_status_2(words, said):
    result = mb(*words)
    assert result.status == 2
    assert said in result.err
    assert "Traceback" not in result.err


def test_the_terminal_comes_back_after_ctrl_a_x():
    child = pexpect.spawn(MB[0], [*MB[1:], "run", "arm-virt"], timeout=60)
    before = child.ptyproc.fd
    child.expect("mb> ")
    child.send("help\r")
    child.expect("poke ADDRESS VALUE")
    child.send("\x01x")
    child.expect(pexpect.EOF)
    child.close()
    assert (child.exitstatus, child.signalstatus) == (0, None)
    assert before >= 0


def wait_for_prompt(process):
    """Until the built-in guest asks for a command."""
    said = b""
    while b"mb> " not in said:
        more = process.stdout.read1()
        assert more, said
        said += more


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_machine_and_says_so_in_the_status(number):
    process = subprocess.Popen(
        [*MB, "run", "arm-virt"], stdout=subprocess.PIPE, stdin=subprocess.PIPE
    )
    wait_for_prompt(process)
    process.send_signal(number)
    assert process.wait(10) == 128 + number


def test_being_killed_leaves_no_process():
    process = subprocess.Popen(
        [*MB, "run", "arm-virt"], stdout=subprocess.PIPE, stdin=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    wait_for_prompt(process)
    process.kill()
    process.wait(10)
    time.sleep(0.2)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_the_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "machinebuilder", "--version"], capture_output=True
    )
    assert done.stdout.startswith(b"mb ")


@pytest.mark.parametrize("option", ["--kernel", "--initrd", "--dtb"])
def test_an_empty_image_is_refused(tmp_path, option):
    images = {"--kernel": tmp_path / "kernel", option: tmp_path / "empty"}
    (tmp_path / "kernel").write_bytes(bytes(4096))
    (tmp_path / "empty").touch()
    words = [word for pair in images.items() for word in pair]
    result = mb("run", "arm-virt", *words, "--timeout", "5")
    assert result.status == 2
    assert "empty" in result.err


def test_what_is_not_a_device_tree_is_refused(tmp_path):
    for name in ("kernel", "tree"):
        (tmp_path / name).write_bytes(bytes(4096))
    result = mb(
        "run", "arm-virt", "--kernel", tmp_path / "kernel", "--dtb", tmp_path / "tree",
        "--timeout", "5",
    )  # fmt: skip
    assert result.status == 2
    assert "not a device tree" in result.err


def test_acpi_writes_a_file_for_each_table(tmp_path):
    result = mb("acpi", "x86-pc", "-o", tmp_path / "tables", "-o", "cpus=2")
    assert result.status == 0
    names = {path.stem for path in (tmp_path / "tables").iterdir()}
    assert names >= {"DSDT", "FACP", "FACS", "APIC", "RSDP", "XSDT"}
    dsdt = (tmp_path / "tables" / "DSDT.aml").read_bytes()
    assert dsdt.startswith(b"DSDT")
    assert sum(dsdt) % 256 == 0
