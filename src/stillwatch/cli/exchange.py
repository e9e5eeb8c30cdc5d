"""`stillwatch exchange`: what the operator of an exchange does, on the machine that has its database."""

from importlib import import_module

import click

#: The verbs in the order of the help text: the module that has each, and its name there.
VERBS = {
    "init": ("exchange_places", "init"),
    "root": ("exchange_places", "root"),
    "collection": ("exchange_places", "collection"),
    "show": ("exchange_places", "show_places"),
    "member": ("exchange_member", "command"),
    "decoy": ("exchange_trust", "decoy"),
    "affiliate": ("exchange_trust", "affiliate"),
    "pardon": ("exchange_trust", "pardon"),
    "log": ("exchange_log", "log"),
    "tokens": ("exchange_tokens", "command"),
    "statistics": ("exchange_statistics", "command"),
    "dump": ("exchange_backup", "dump"),
    "load": ("exchange_backup", "load"),
}


class LazyVerbs(click.Group):
    """A group whose verbs are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 — click's signature
        """The verbs in their order, not the alphabet's."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The verb, or None."""
        if cmd_name not in VERBS:
            return None
        module, name = VERBS[cmd_name]
        command: click.Command = getattr(import_module(f"stillwatch.cli.{module}"), name)
        return command


@click.command(cls=LazyVerbs, short_help="Operate an exchange: members, rights, log, backup.")
def command() -> None:
    """Operate an exchange, on the machine that has its database.

    \b
    Example:
      stillwatch exchange init --db forum.sqlite
      export STILLWATCH_DB=forum.sqlite
      stillwatch exchange root add forum --title "The forum"
      stillwatch exchange collection add forum Findings --alias findings
      stillwatch exchange member add acme --read forum/findings --write forum/findings --auth oauth
      stillwatch serve exchange --db forum.sqlite --key forum.pem
    """
