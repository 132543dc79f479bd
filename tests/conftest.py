"""What all tests share: the images of real guests, and the rule about missing ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# CI tries the same cases every time: what fails there fails here too. Elsewhere each
# run looks at new ones.
# How long a case takes says how busy the host is, and nothing else.
settings.register_profile("any", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("any")
if os.environ.get("CI"):
    settings.load_profile("ci")

ROOT = Path(__file__).resolve().parents[1]
GUESTS = Path(os.environ.get("MB_GUESTS", ROOT.parent / "shared" / "guests"))
MISSING = "guest image missing"

# For tests that compile something against what `make build` made.
os.environ.setdefault("MB_BUILD_DIR", str(ROOT / "build"))


def guest_image(name: str) -> Path:
    """The path of an image below the guests folder; skips the test without it.

    With MB_REQUIRE_IMAGES set (as in CI) a missing image fails the test instead.
    """
    path = GUESTS / name
    if not path.is_file():
        text = f"{MISSING}: {path}; set MB_GUESTS to a folder with {name}"
        if os.environ.get("MB_REQUIRE_IMAGES"):
            pytest.fail(text)
        pytest.skip(f"{text}, or build it with `mb fetch debian-armhf`")
    return path


@pytest.fixture(scope="session")
def kvm() -> None:
    """The test needs a host that can run x86 CPUs on its own."""
    from machinebuilder.accel.kvm import why_not

    problem = why_not("x86")
    if problem is not None:
        pytest.skip(f"no KVM here: {problem}")


@pytest.fixture
def arm_images() -> dict[str, Path]:
    """Debian's armhf kernel and initrd."""
    return {
        "kernel": guest_image("arm/zImage"),
        "initrd": guest_image("arm/initrd.gz"),
    }
