from importlib.metadata import EntryPoint

import pytest

from stillwatch import plugins
from stillwatch.errors import ConfigError


@pytest.fixture
def installed(monkeypatch):
    """Pretends that packages with these entry points are installed."""

    def install(*points):
        plugins.load.cache_clear()
        monkeypatch.setattr(plugins, "entry_points", lambda group: [p for p in points if p.group == group])

    yield install
    plugins.load.cache_clear()


def test_a_plugin_is_found_by_its_name(installed):
    installed(
        EntryPoint("csv", "builtins:len", "stillwatch.reports"), EntryPoint("x", "builtins:max", "stillwatch.readers")
    )
    assert plugins.load("reports") == {"csv": len}


def test_a_plugin_that_does_not_import_is_named_with_its_package(installed):
    installed(EntryPoint("broken", "no_such_package.reader:Reader", "stillwatch.readers"))
    with pytest.raises(ConfigError, match=r"^no_such_package.reader: readers plugin broken cannot be loaded"):
        plugins.load("readers")


def test_two_plugins_of_one_name_are_an_error(installed):
    installed(
        EntryPoint("a", "builtins:len", "stillwatch.readers"), EntryPoint("a", "builtins:max", "stillwatch.readers")
    )
    with pytest.raises(ConfigError, match="installed twice"):
        plugins.load("readers")
