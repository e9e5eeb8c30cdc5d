"""`stillwatch probe plan`: seal a plan before the first question."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options, probing
from stillwatch.cli.output import check_writable, note
from stillwatch.cli.probe_keys import ask_stamp
from stillwatch.cli.probing import Desk
from stillwatch.errors import InputError

if TYPE_CHECKING:
    from stillwatch.forensics.custody.keys import Keyring
    from stillwatch.forensics.plan import Plan, Test

ROLES = ("suspect", "control", "positive")


@click.command(short_help="Seal a plan: what is asked of whom, and how it is judged.")
@click.argument("file", metavar="PLAN.toml", type=options.FILE)
@probing.keys
@options.config
@options.as_json
@options.quiet
def plan(*, file: Path, keys: Path | None, config_file: Path | None, as_json: bool, quiet: bool) -> None:
    """Seal a plan: digests of its files and the commitment to its keys are put in, and it is written beside as JSON.

    What is asked and what is needed is shown, and nothing is asked. A plan that is sealed is not sealed again: delete
    the JSON, or name another file, if it was wrong. Have it time-stamped, and nobody can say that it came later.

    \b
    Example:
      stillwatch probe plan plan.toml
    """
    from stillwatch.forensics.custody.running import committed
    from stillwatch.forensics.custody.scoring import check
    from stillwatch.forensics.plan import load
    from stillwatch.writing import write_whole

    output = file.with_suffix(".json")
    check_writable(output)
    if output.exists():
        hint = "It stands. Delete it, or name another file, if nothing was asked by it yet."
        raise InputError("This plan is sealed already.", where=str(output), hint=hint)
    keyring = Desk.of(config_file, keys=keys).keyring
    sealed = committed(load(file), keyring)
    check(sealed, file.parent)
    warnings, questions = list(_warnings(sealed, keyring)), _questions(sealed, file.parent)
    write_whole(output, sealed.text, mode=0o644)
    query = ask_stamp(output, sealed.text)
    if as_json:
        click.echo(json.dumps(_told(sealed, questions) | {"plan": str(output), "warnings": warnings}, indent=2))
        return
    click.echo(sealed.digest)
    if not quiet:
        click.echo("\n".join(_worded(sealed, questions)))
    for warning in warnings:
        note(f"Note: {warning}", quiet=quiet)
    note(f"Sealed in {output}; {query} is what an authority is asked to stamp.", quiet=quiet)


def _questions(plan: "Plan", folder: Path) -> int:
    """How often each endpoint is asked."""
    from stillwatch.forensics.suspects import prompts

    return len(prompts.read(folder / plan.prompts.path)) * plan.sampling.answers if plan.prompts else 0


def _told(plan: "Plan", questions: int) -> dict[str, object]:
    """What will be asked, and how much is needed."""
    return {
        "digest": plan.digest,
        "alpha": plan.alpha,
        "subjects": {role: sum(each.role == role for each in plan.subjects) for role in ROLES},
        "asked": {each.id: each.endpoint.url for each in plan.subjects if each.endpoint},
        "questions_to_each": questions,
        "questions_per_minute": plan.sampling.per_minute,
        "tests": [
            {"name": each.name, "kind": each.kind, "keys": len(each.keys), "least": each.least}
            | {"needed": _needed(plan, each)}
            for each in plan.tests
        ],
    }


def _needed(plan: "Plan", test: "Test") -> int | None:
    """Scores from which a model five per cent above chance is found; None where only the answers tell."""
    from stillwatch.forensics import schemes
    from stillwatch.forensics.radioactivity.statistics import needed

    if test.scheme is None:
        return None
    return needed(schemes.of(test), log10_p=plan.log10_alpha)


def _worded(plan: "Plan", questions: int) -> "Iterator[str]":
    yield ", ".join(f"{sum(each.role == role for each in plan.subjects)} {role}" for role in ROLES) + "."
    for each in plan.subjects:
        if each.endpoint:
            pace = f"{questions:,} questions, at most {plan.sampling.per_minute:g} a minute"
            yield f"Asked: {each.id} at {each.endpoint.url}, {pace}."
    for test in plan.tests:
        needs = f" About {needed:,} scores find a model 5 % above chance." if (needed := _needed(plan, test)) else ""
        yield f"{test.name}: {test.kind}, {len(test.keys)} keys, at least {test.least:,}.{needs}"


def _warnings(plan: "Plan", keyring: "Keyring") -> Iterator[str]:
    """What a verdict by this plan would lack."""
    from stillwatch.forensics import requirements

    controls = sum(each.role == "control" for each in plan.subjects)
    if controls < requirements.LEAST_CONTROLS:
        yield f"{controls} innocent controls; the grade `shown` needs {requirements.LEAST_CONTROLS}."
    if not any(each.role == "positive" for each in plan.subjects):
        yield "no positive control: a test that finds nothing may find nothing ever."
    if plan.commitments is None:
        yield "no commitment covers its keys: the result cannot be more than a lead."
    for record in map(keyring.record, dict.fromkeys(key for test in plan.tests for key in test.keys)):
        if record.exposed is None:
            yield f"{record.id}: its first exposure is not known (stillwatch probe keys expose)."
        if record.warning:
            yield record.warning
    if all(len(each.keys) < requirements.LEAST_KEYS for each in plan.tests):
        fewer = f"fewer than {requirements.LEAST_KEYS} keys"
        yield f"{fewer}: only p below 1e-6 can show anything, for one key is one draw."
