"""Writes the pages that the code knows best: docs/configuration.md, docs/cli.md and docs/exchange/openapi.json.

`make docs` runs it; `tests/test_docs.py` fails where a page is not what the code says.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from stillwatch.cli import stillwatch
from stillwatch.config import VARIABLES, declared, toml
from stillwatch.exchange.server.app import create
from stillwatch.exchange.server.exchange import Exchange
from stillwatch.exchange.store.store import Store
from stillwatch.signing import SigningKey

HERE = Path(__file__).parent


def configuration() -> str:
    """docs/configuration.md: every setting, its default, its variable and its reason."""
    lines = [
        "# Configuration",
        "",
        "Written by `make docs` from `src/stillwatch/config/sections.py`.",
        "",
        "One file, `stillwatch.toml`, read from the working folder or from where `--config` says. `stillwatch config",
        "init` writes it with every setting commented out at its default. A flag wins over the environment, the",
        "environment over the file, the file over the default; `stillwatch config show --origin` says which it was. An",
        "unknown setting is an error. Paths in the file are meant from the file's folder, and `~` is your home.",
    ]
    section = ""
    for setting in declared():
        if setting.section != section:
            section = setting.section
            lines += ["", f"## `[{section}]`"]
        names = [setting.variable, *(name for name, key in VARIABLES.items() if key == setting.key)]
        default = "not set" if setting.default is None else f"`{toml(setting.default)}`"
        variables = ", ".join(f"`{name}`" for name in names)
        lines += ["", f"### `{setting.key}`", "", f"Default: {default}. Environment: {variables}.", "", setting.reason]
    lines += [
        "",
        "## Other variables",
        "",
        "- `STILLWATCH_DEBUG=1` shows where in the code an unexpected error happened, as `stillwatch --debug` does.",
        "- `NO_COLOR=1` turns colours off.",
        "- `NUMBA_CACHE_DIR` names where compiled kernels are kept, if it is not to be beside the package or in your",
        "  cache folder. Name one where neither can be written, or each run compiles them anew.",
    ]
    return "\n".join(lines) + "\n"


def command_line() -> str:
    """docs/cli.md: what each verb's --help says."""
    lines = ["# The command line", "", "Written by `make docs` from what `--help` says."]
    root = click.Context(stillwatch, info_name="stillwatch", terminal_width=100, **stillwatch.context_settings)
    for context in _contexts(root):
        lines += ["", f"## `{context.command_path}`", "", "```text", context.get_help().rstrip(), "```"]
    return "\n".join(lines) + "\n"


def _contexts(context: click.Context) -> Iterator[click.Context]:
    """A verb and those below it, each in the context that it is called in."""
    yield context
    if isinstance(context.command, click.Group):
        for verb in context.command.list_commands(context):
            if command := context.command.get_command(context, verb):
                yield from _contexts(click.Context(command, parent=context, info_name=verb))


def endpoints() -> str:
    """docs/exchange/openapi.json: what a running exchange serves at /openapi.json."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"{folder}/any.sqlite", create=True)
        exchange = Exchange(store, SigningKey.generate(), "https://exchange.example", bytes(32), bytes(32))
        document = create(exchange).state.openapi
        store.close()
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


PAGES = {"configuration.md": configuration, "cli.md": command_line, "exchange/openapi.json": endpoints}

if __name__ == "__main__":
    for page, written in PAGES.items():
        (HERE / page).write_text(written(), encoding="utf-8")
