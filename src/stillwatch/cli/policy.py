"""`stillwatch policy`: what is done about campaigns: make the file, show it, test it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options
from stillwatch.cli.output import check_writable, note, show, write_text
from stillwatch.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from stillwatch.response.policy.policy import Policy
    from stillwatch.response.policy.rules import Rule

FILE = Path("policy.toml")

_policy = click.argument("file", required=False, type=options.FILE)


@click.group(short_help="Make, show or test the policy.")
def command() -> None:
    """Make, show or test the policy: which findings lead to which measure.

    FILE is the policy; response.policy of the settings by default, else the one that comes with stillwatch.

    \b
    Example:
      stillwatch policy init
      stillwatch policy test
      stillwatch respond findings.json --policy policy.toml
    """


@command.command(short_help="Make a policy and its cases, to be edited.")
@click.argument("file", required=False, type=options.FILE, default=FILE)
@click.option(
    "--from", "name", type=click.Choice(["default", "strict"]), default="default", show_default=True, help="Which one."
)
@options.quiet
def init(*, file: Path, name: str, quiet: bool) -> None:
    """Make a policy (policy.toml) and its cases (policy.cases.toml), to be edited. Nothing is written over.

    The default observes, warns and caps by itself and leaves the rest to a person; strict asks members of high and
    critical campaigns to verify without one.

    \b
    Example:
      stillwatch policy init policy.toml
    """
    from stillwatch.response.policy.cases import beside
    from stillwatch.response.policy.policy import packaged

    for place in (file, beside(file)):
        if place.exists():
            raise ConfigError("is there already.", where=str(place), hint="Remove it, or name another file.")
    check_writable(file)
    for place, source in ((file, packaged(name)), (beside(file), beside(packaged(name)))):
        write_text(place, source.read_text(encoding="utf-8"))
        note(f"made {place}", quiet=quiet)


@command.command("show", short_help="Show what a policy says.")
@_policy
@options.config
@options.as_json
def show_policy(*, file: Path | None, config_file: Path | None, as_json: bool) -> None:
    """Show the rules of a policy, its rungs and its digest, which decisions name.

    \b
    Example:
      stillwatch policy show policy.toml
    """
    from stillwatch.response.policy.policy import load

    path = policy_file(file, config_file)
    policy = load(path)
    if as_json:
        click.echo(json.dumps(policy.model_dump(mode="json", by_alias=True) | {"digest": policy.digest}, indent=2))
        return
    show(_rules(policy), "", _rungs(policy), "")
    click.echo(f"{path or 'The policy that comes with stillwatch'}, digest {policy.digest[:12]}")


@command.command(short_help="Run the cases beside a policy.")
@_policy
@options.config
@options.as_json
@options.quiet
@click.pass_context
def test(ctx: click.Context, *, file: Path | None, config_file: Path | None, as_json: bool, quiet: bool) -> None:
    """Run the cases beside a policy (policy.cases.toml beside policy.toml): what it must do, whom it must not touch.

    Exits with 1 if a case fails.

    \b
    Example:
      stillwatch policy test policy.toml
    """
    from stillwatch.response.policy import cases
    from stillwatch.response.policy.policy import load, packaged

    path = policy_file(file, config_file) or packaged("default")
    results = cases.run(load(path), cases.load_cases(cases.beside(path)), datetime.now(UTC))
    failed = [result for result in results if not result.passed]
    if as_json:
        told = [{"name": r.case.name, "passed": r.passed, "says": "" if r.passed else r.says} for r in results]
        click.echo(json.dumps(told, indent=2))
    else:
        for result in failed:
            click.echo(f"failed: {result.case.name}: {result.says}.")
        note(f"{len(results) - len(failed)} of {len(results)} cases pass.", quiet=quiet)
    if failed:
        ctx.exit(1)


def policy_file(named: Path | None, config_file: Path | None) -> Path | None:
    """The policy that was named here or in the settings; None: the packaged one."""
    return named or options.load_settings(config_file).config.response.policy


def _rules(policy: "Policy") -> "Table":
    from rich.table import Table

    table = Table("", "if", "then", "rule", box=None, pad_edge=False, header_style="bold")
    for number, rule in enumerate(policy.rules, 1):
        table.add_row(str(number), ", ".join(_conditions(rule)) or "always", rule.then.word, rule.name)
    if policy.decider_table:
        table.add_row("", "as Cedar decides", "", policy.decider_table.cedar)
    return table


def _conditions(rule: "Rule") -> "Iterator[str]":
    from stillwatch.response.policy.rules import Span

    for name, condition in rule.conditions.items():
        word = name.replace("_", " ")
        if not isinstance(condition, Span):
            yield f"{word} {' or '.join(sorted(condition))}"
            continue
        least = [f"{condition.least:g} or more"] if condition.least > float("-inf") else []
        most = [f"{condition.most:g} or less"] if condition.most < float("inf") else []
        yield f"{word} {' and '.join(least + most)}"


def _rungs(policy: "Policy") -> "Table":
    from rich.table import Table

    from stillwatch.response.model import Rung

    table = Table("rung", "hours", "by itself, accounts an hour", box=None, pad_edge=False, header_style="bold")
    for rung, settings in sorted(policy.rungs.items()):
        free = "any number" if rung == Rung.OBSERVE else f"{settings.accounts_an_hour:,}"
        table.add_row(rung.word, f"{settings.hours:g}", "none: a person signs" if policy.needs_person(rung) else free)
    return table
