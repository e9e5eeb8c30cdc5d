import os
import stat
from pathlib import Path

import pytest

from stillwatch.cli import kernel_cache
from stillwatch.cli.kernel_cache import VARIABLE


@pytest.fixture
def writable(monkeypatch):
    """Says which folders may be written to, as os.access does for who is not root."""
    monkeypatch.delenv(VARIABLE, raising=False)
    allowed = set()
    monkeypatch.setattr(kernel_cache.os, "access", lambda path, _mode: Path(path) in allowed)
    return allowed


def test_without_a_place_there_is_a_private_one_for_this_run(writable, monkeypatch, tmp_path):  # noqa: ARG001
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "absent"))
    with kernel_cache.kernel_cache():
        folder = Path(os.environ[VARIABLE])
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


def test_a_cache_folder_that_can_be_made_is_place_enough(writable, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "absent"))
    writable.add(tmp_path)
    with kernel_cache.kernel_cache():
        assert VARIABLE not in os.environ


def test_a_place_that_the_user_named_is_kept(writable, monkeypatch):  # noqa: ARG001
    monkeypatch.setenv(VARIABLE, "/somewhere")
    with kernel_cache.kernel_cache():
        assert os.environ[VARIABLE] == "/somewhere"
