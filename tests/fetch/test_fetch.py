"""The cache of fetched images: built once, checked after."""

import types

import pytest

from machinebuilder import fetch


@pytest.fixture
def recipe(monkeypatch, tmp_path):
    """A recipe `toy` that needs no network, and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made = types.SimpleNamespace(SUMMARY="a toy", built=0)

    def build(folder, progress):
        made.built += 1
        progress("building")
        (folder / "image").write_bytes(b"kernel")

    made.build = build
    monkeypatch.setattr(fetch, "names", lambda: ["toy"])
    monkeypatch.setattr(fetch, "recipe", lambda name: made)
    return made


def test_an_image_is_built_once_and_found_again(recipe):
    said = []
    first = fetch.fetch("toy", said.append)
    assert fetch.fetch("toy", said.append) == first
    assert (recipe.built, said) == (1, ["building"])
    assert (first / "image").read_bytes() == b"kernel"


def test_an_altered_image_is_refused_with_the_way_out(recipe):
    folder = fetch.fetch("toy", print)
    (folder / "image").write_bytes(b"evil")
    with pytest.raises(fetch.FetchError, match="mb fetch toy --again"):
        fetch.fetch("toy", print)
    fetch.fetch("toy", print, again=True)
    assert (folder / "image").read_bytes() == b"kernel"


def test_a_failed_build_leaves_nothing(recipe, tmp_path):
    def fails(folder, progress):
        (folder / "half").write_bytes(b"")
        raise fetch.FetchError("no network")

    recipe.build = fails
    with pytest.raises(fetch.FetchError):
        fetch.fetch("toy", print)
    assert list((tmp_path / "machinebuilder").iterdir()) == []


def test_an_unknown_name_lists_the_recipes():
    with pytest.raises(fetch.FetchError, match="there are: debian-armhf"):
        fetch.fetch("nonesuch", print)
