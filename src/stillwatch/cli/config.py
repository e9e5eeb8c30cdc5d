"""`stillwatch config`: the settings: make the file, check it, show what is in force and why."""

import json
from pathlib import Path

import click

from stillwatch.cli import options
from stillwatch.cli.output import check_writable, note, write_text
from stillwatch.errors import ConfigError


@click.group(short_help="Make, check or show the settings.")
def command() -> None:
    """Make, check or show the settings.

    \b
    Example:
      stillwatch config init
      stillwatch config show --origin
    """


@command.command(short_help="Make stillwatch.toml and the key, where they are missing.")
@options.config
@options.quiet
def init(*, config_file: Path | None, quiet: bool) -> None:
    """Make stillwatch.toml, every setting commented, and the key for pseudonyms.

    What is there already is kept as it is.

    \b
    Example:
      stillwatch config init
    """
    from stillwatch.config import FILE, template
    from stillwatch.traffic.pseudonyms import Key

    file = config_file or FILE
    key_file = options.load_settings(file if file.exists() else None).config.pseudonyms.key_file
    made = [place for place in (file, key_file) if not place.exists()]
    if not made:
        hint = "Remove what is to be made anew, or name another file with --config."
        raise ConfigError(f"is there already, and so is the key ({key_file}).", where=str(file), hint=hint)
    check_writable(file)
    if file in made:
        write_text(file, template())
    if key_file in made:
        key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        Key.create(key_file)
    for place in (file, key_file):
        note(f"{'made' if place in made else 'kept'} {place}", quiet=quiet)


@command.command(short_help="Say whether the settings are in order.")
@options.config
@options.quiet
def check(*, config_file: Path | None, quiet: bool) -> None:
    """Say whether the settings and the key are in order; nothing is scanned.

    \b
    Example:
      stillwatch config check --config stillwatch.toml
    """
    from stillwatch.traffic.pseudonyms import Key

    settings = options.load_settings(config_file)
    Key.of(settings)
    note("The settings are in order.", quiet=quiet)


@command.command(short_help="Show the settings in force.")
@options.config
@click.option("--origin", is_flag=True, help="Say where each value came from.")
@options.as_json
def show(*, config_file: Path | None, origin: bool, as_json: bool) -> None:
    """Show the settings in force, as TOML.

    \b
    Example:
      stillwatch config show --origin
    """
    from stillwatch.config import declared, toml

    settings = options.load_settings(config_file)
    if as_json:
        values = {s.key: {"value": settings.value(s.key), "origin": settings.origins[s.key]} for s in declared()}
        click.echo(json.dumps(values, indent=2, default=str))
        return
    section = ""
    for setting in declared():
        if setting.section != section:
            click.echo(("\n" if section else "") + f"[{setting.section}]")
            section = setting.section
        value = settings.value(setting.key)
        line = f"# {setting.name} is not set" if value is None else f"{setting.name} = {toml(value)}"
        click.echo(line + (f"  # {settings.origins[setting.key]}" if origin else ""))
