"""Readers and report renderers that other packages bring, by entry point.

    [project.entry-points."stillwatch.readers"]
    ourgateway = "ourpackage.readers:OurGateway"

The built-in ones are explicit tuples where they are used; what is found here comes after them. `stillwatch.testing` has
the contract tests that a plugin must pass.
"""

from functools import cache
from importlib.metadata import entry_points
from typing import Any, Literal

from stillwatch.errors import ConfigError

Group = Literal["readers", "reports"]


@cache
def load(group: Group) -> dict[str, Any]:
    """Everything that is installed for a group, by name.

    Raises:
        ConfigError: a plugin cannot be imported, or two have one name.
    """
    plugins: dict[str, Any] = {}
    for entry in sorted(entry_points(group=f"stillwatch.{group}")):
        package = entry.dist.name if entry.dist else entry.module
        if entry.name in plugins:
            raise ConfigError(f"{group} plugin {entry.name} is installed twice.", where=package, hint="Uninstall one.")
        try:
            plugins[entry.name] = entry.load()
        except Exception as error:  # whatever a foreign package does when it is imported
            what = f"{group} plugin {entry.name} cannot be loaded ({type(error).__name__}: {error})."
            raise ConfigError(what, where=package, hint=f"Update or uninstall {package}.") from error
    return plugins
