"""`--disk` and `--net` as changes to a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from machinebuilder.board.plan import DevicePlan, Plan, Slot
from machinebuilder.errors import UserError
from machinebuilder.machine.attach import attach_disks, attach_net, free_slots
from tests.machine.conftest import device, plan


@pytest.fixture
def disk(tmp_path: Path) -> str:
    path = tmp_path / "a,b.img"
    path.write_bytes(bytes(512))
    return str(path)


def board(*more: DevicePlan, transports: int = 4) -> Plan:
    places = [
        device(f"virtio.{n}", "virtio.mmio", (0xA00_0000 + n * 0x200, 0x200, ""))
        for n in range(transports)
    ]
    return plan(*places, *more)


def declared(name: str, transport: int, image: str | None = None) -> DevicePlan:
    slot = Slot(f"virtio.{transport}.virtio", {"slot": 0})
    return device(name, "virtio.blk", slot=slot, host="disk", image=image)


def test_disks_go_on_the_highest_free_places_in_order(disk: str) -> None:
    made = attach_disks(board(), [disk, disk]).devices[-2:]
    assert [(d.name, d.model, d.host) for d in made] == [
        ("disk0", "virtio.blk", "disk"),
        ("disk1", "virtio.blk", "disk"),
    ]
    assert [d.slot.bus[7] for d in made if d.slot] == ["2", "3"]


def test_a_declared_disk_without_an_image_is_served_first(disk: str) -> None:
    given = board(declared("boot", 1), declared("own", 3, "x.img"))
    after = attach_disks(given, [disk, disk])
    assert after.device("boot").params["image"] == disk
    assert after.device("own").params["image"] == "x.img"
    added = after.device("disk0").slot
    assert added is not None and added.bus == "virtio.2.virtio"


@pytest.mark.parametrize(
    ("mode", "changed"), [("", None), (",ro", "readonly"), (",snapshot", "snapshot")]
)
def test_a_mode_follows_the_last_comma(
    disk: str, mode: str, changed: str | None
) -> None:
    params = attach_disks(board(), [disk + mode]).device("disk0").params
    assert params["image"] == disk
    assert {n for n in ("readonly", "snapshot") if params[n]} == {changed} - {None}


def test_a_missing_image_is_the_users_error() -> None:
    with pytest.raises(UserError, match="there is no file"):
        attach_disks(board(), ["/no/such/file.img"])


def test_more_disks_than_places_is_the_users_error(disk: str) -> None:
    with pytest.raises(UserError, match="no free place for 3"):
        attach_disks(board(transports=2), [disk] * 3)


def test_a_network_device_is_added_only_where_there_is_none() -> None:
    assert attach_net(board(), None) == board()
    assert attach_net(board(), "none") == board()
    added = attach_net(board(), "user")
    assert added.device("net0").model == "virtio.net"
    assert attach_net(added, "user") == added


def scsi_board(*more: DevicePlan) -> Plan:
    return plan(device("esp", "scsi.esp", (0x880_0000, 0x40, "")), *more)


def on_scsi(name: str, model: str, target: int, host: str) -> DevicePlan:
    slot = Slot("esp.scsi", {"target": target})
    return device(name, model, slot=slot, host=host)


def test_the_chip_is_one_that_the_board_has_room_for(disk: str) -> None:
    made = attach_disks(scsi_board(), [disk, disk]).devices[-2:]
    assert [(d.model, d.slot.keys) for d in made if d.slot] == [
        ("scsi.disk", {"target": 0}),
        ("scsi.disk", {"target": 1}),
    ]


@pytest.mark.parametrize(("name", "mode"), [("cd.iso", ""), ("cd.img", ",cdrom")])
def test_a_disc_goes_into_the_cdrom_drive(
    tmp_path: Path, disk: str, name: str, mode: str
) -> None:
    disc = tmp_path / name
    disc.write_bytes(bytes(2048))
    drives = (
        on_scsi("cd", "scsi.cdrom", 2, "cdrom"),
        on_scsi("hd", "scsi.disk", 0, "disk"),
    )
    after = attach_disks(scsi_board(*drives), [f"{disc}{mode}", disk])
    assert after.device("cd").params["image"] == str(disc)
    assert after.device("hd").params["image"] == disk
    added = attach_disks(scsi_board(), [f"{disc}{mode}"]).device("cdrom0")
    assert (added.model, added.params["readonly"]) == ("scsi.cdrom", True)


@pytest.mark.parametrize(
    ("name", "mode", "changed"),
    [
        ("dos.ima", "", None),
        ("dos.VFD", ",ro", "readonly"),
        ("dos.ima", ",snapshot", "snapshot"),
        ("dos.img", ",floppy", None),
    ],
)
def test_a_diskette_goes_into_the_floppy_drive(
    tmp_path: Path, disk: str, name: str, mode: str, changed: str | None
) -> None:
    diskette = tmp_path / name
    diskette.write_bytes(bytes(512))
    drive = device("fdc", "floppy.i82078", host="floppy")
    after = attach_disks(board(drive), [f"{diskette}{mode}", disk])
    params = after.device("fdc").params
    assert params["image"] == str(diskette)
    assert {n for n in ("readonly", "snapshot") if params[n]} == {changed} - {None}
    assert after.device("disk0").params["image"] == disk


def test_a_diskette_without_a_drive_is_the_users_error(tmp_path: Path) -> None:
    diskette = tmp_path / "dos.ima"
    diskette.write_bytes(bytes(512))
    drive = device("fdc", "floppy.i82078", host="floppy", image="other.ima")
    for given in (board(), board(drive)):
        with pytest.raises(UserError, match="no floppy drive"):
            attach_disks(given, [str(diskette)])


def test_free_slots_are_those_that_nobody_has() -> None:
    slots = free_slots(board(declared("boot", 1)), "virtio")
    assert [slot.bus[7] for slot in slots] == ["0", "2", "3"]
