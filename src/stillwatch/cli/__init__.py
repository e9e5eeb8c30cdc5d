"""The command line: one file a verb.

A verb is imported when it is asked for, and imports what it needs when it runs, so that `stillwatch --help` is quick.
Each reads its arguments, calls one or two functions of the layers below and shows what they return; errors become one
line and an exit code in `boundary`.
"""

import os
import sys
from importlib import import_module

import click

from stillwatch import __version__

# Batches and shards run beside each other on threads of our own; threads within a product of small matrices would wait
# for one another, spinning. Read when numpy is loaded, which is later.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

#: The verbs in the order of the help text; each is a module here with a `command` in it.
VERBS = (
    "demo",
    "scan",
    "profiles",
    "watch",
    "explain",
    "review",
    "report",
    "share",
    "sync",
    "match",
    "exchange",
    "policy",
    "respond",
    "decisions",
    "appeal",
    "probe",
    "serve",
    "console",
    "simulate",
    "config",
    "completion",
)


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 — click's signature
        """The verbs in their order, not the alphabet's."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The verb, or None."""
        command: click.Command | None = None
        if cmd_name in VERBS:
            command = import_module(f"stillwatch.cli.{cmd_name}").command
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="stillwatch %(version)s")
@click.option(
    "--debug", is_flag=True, help="Show where in the code an unexpected error happened (or STILLWATCH_DEBUG=1)."
)
def stillwatch(*, debug: bool) -> None:
    """Find those who copy an AI model through its API, and say why.

    \b
    Start here, with no log and no credentials:
      stillwatch demo
    Then with your own log:
      stillwatch scan logs/ --accounts accounts.csv -o findings.json --html report.html

    Exit codes: 0 nothing wrong, 1 the input cannot be used, 2 an option or a setting is wrong, 3 an exchange cannot be
    reached, 4 a signature does not hold or it would show more than it may, 8 findings at or above --fail-on, 70 a fault
    of stillwatch, 130 interrupted.
    """


def main() -> None:
    """The command `stillwatch`."""
    # our matrices are many and small: threads that wait for each other inside the algebra only slow them down
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from stillwatch.cli.boundary import run
    from stillwatch.cli.kernel_cache import kernel_cache

    with kernel_cache():
        sys.exit(run(stillwatch, sys.argv[1:]))
