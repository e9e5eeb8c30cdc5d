"""`stillwatch completion`: the shell completes verbs, options and files."""

import click
from click.shell_completion import get_completion_class

from stillwatch.cli.boundary import COMPLETION_VARIABLE


@click.command(short_help="Print the script that makes your shell complete stillwatch.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, *, shell: str) -> None:
    """Print the script that makes your shell complete stillwatch.

    \b
    Example:
      stillwatch completion bash > ~/.local/share/bash-completion/completions/stillwatch
      stillwatch completion zsh > ~/.zfunc/_stillwatch
      stillwatch completion fish > ~/.config/fish/completions/stillwatch.fish
    """
    completion = get_completion_class(shell)
    if completion is None:  # the choice above lists those that there are
        raise AssertionError(shell)
    click.echo(completion(ctx.find_root().command, {}, "stillwatch", COMPLETION_VARIABLE).source())
