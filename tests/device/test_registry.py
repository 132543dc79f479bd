"""Finding chips by name."""

from __future__ import annotations

import pytest

from devicelib.rtc.pl031 import PL031
from machinebuilder.device import registry


def test_the_name_is_the_path() -> None:
    assert registry.find("rtc.pl031") is PL031
    assert PL031.model == "rtc.pl031"
    assert "rtc.pl031" in registry.names()


@pytest.mark.parametrize(
    "name",
    ["rtc.pl032", "rtc", "os.path", "rtc.pl031.PL031", "..rtc.pl031", "rtc.__init__"],
)
def test_other_names_are_unknown(name: str) -> None:
    with pytest.raises(registry.UnknownModelError):
        registry.find(name)


def test_every_name_is_found() -> None:
    for name in registry.names():
        assert registry.find(name).model == name
