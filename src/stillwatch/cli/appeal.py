"""`stillwatch appeal`: somebody objects to a measure, and a person who did not decide it answers."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli import measures, options
from stillwatch.cli.output import note, show
from stillwatch.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from stillwatch.reports.document import Campaign
    from stillwatch.response.appeals import Appeal
    from stillwatch.response.model import Decision

_FIRST = 1 << 20  # bytes of a text that are read at most


def _text(_context: click.Context, _parameter: click.Parameter, given: str) -> str:
    """The words themselves, or with an @ the file that holds them; @- is standard input."""
    if not given.startswith("@"):
        return given
    with click.open_file(given[1:], encoding="utf-8", errors="replace") as file:
        return str(file.read(_FIRST))


def _words(what: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    text = f"{what}; @FILE or @- (standard input) to read it."
    return click.option("--text", required=True, metavar="TEXT", callback=_text, help=text)


@click.group(short_help="Appeals against measures: open, answer, reverse.")
def command() -> None:
    """Appeals. Whoever decided or signed a measure cannot answer one.

    \b
    Example:
      stillwatch appeal open d-3f9a0c1b2d4e --text @mail.txt --contact ann@example.com
      stillwatch appeal list
      stillwatch appeal reverse a-51c09b7de2f0 --as bob --text "You are right, and we are sorry."
    """


@command.command(name="open", short_help="Write down that somebody objects.")
@click.argument("decision")
@_words("What the person writes")
@click.option("--contact", default="", metavar="TEXT", help="Where the person is answered.")
@click.option("--account", default="", metavar="ID", help="Whose it is, where the decision does not say.")
@options.quiet
@measures.placed
def open_(
    *,
    decision: str,
    text: str,
    contact: str,
    account: str,
    ledger: str | None,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write down an appeal of DECISION, the id that the person was told. The measure goes on until it is answered.

    \b
    Example:
      stillwatch appeal open d-3f9a0c1b2d4e --text "It is my class." --contact ann@example.com
    """
    from stillwatch.response.appeals import open_appeal

    with measures.opened(config_file, ledger) as at:
        due = timedelta(days=at.settings.config.response.appeal_days)
        appeal = open_appeal(at.ledger, decision, text, contact, at.now, account=account, due=due)
    if as_json:
        click.echo(json.dumps(_document(appeal, at.now), indent=2))
    else:
        click.echo(appeal.id)
        note(f"To be answered by {appeal.due:%d %B %Y}, by somebody who did not decide it.", quiet=quiet)


@command.command(name="list", short_help="List appeals, those that wait first.")
@click.option("--open", "waiting", is_flag=True, help="Only those that nobody answered.")
@measures.placed
def list_appeals(*, waiting: bool, ledger: str | None, config_file: Path | None, as_json: bool) -> None:
    """List appeals.

    \b
    Example:
      stillwatch appeal list --open
    """
    from stillwatch.response.appeals import appeals

    with measures.opened(config_file, ledger) as at:
        found = [each for each in appeals(at.ledger) if not waiting or each.status == "open"]
    found.sort(key=lambda each: (each.status != "open", each.due))
    if as_json:
        click.echo(json.dumps([_document(each, at.now) for each in found], indent=2))
    elif found:
        show(_table(found, at.now))
    else:
        note("There is no appeal.")


@command.command(name="show", short_help="Show an appeal, and the measure that it is about.")
@click.argument("name")
@measures.placed
def show_appeal(*, name: str, ledger: str | None, config_file: Path | None, as_json: bool) -> None:
    """Show what was written, and the decision with its evidence.

    \b
    Example:
      stillwatch appeal show a-51c09b7de2f0
    """
    from stillwatch.reports.wording import printable
    from stillwatch.response.appeals import appeal
    from stillwatch.response.model import told

    with measures.opened(config_file, ledger) as at:
        found = appeal(at.ledger, name)
        about = at.ledger.decision(found.decision)
    document = _document(found, at.now) | {"measure": told(about)}
    if as_json:
        click.echo(json.dumps(document, indent=2))
        return
    measure = document.pop("measure")
    shown = document | {key: measure[key] for key in ("action", "since", "until", "reason", "campaign", "evidence")}
    lines = [f"{key:9} {_shown(value, printable)}" for key, value in shown.items() if value not in (None, "", False)]
    show(*lines)


@command.command(short_help="Answer an appeal; the measure stays.")
@click.argument("name")
@_words("What the person is told")
@measures.person
@options.quiet
@measures.placed
def answer(
    *, name: str, text: str, person: str, ledger: str | None, config_file: Path | None, as_json: bool, quiet: bool
) -> None:
    """Answer an appeal and leave the measure as it is. Send the person the text yourself.

    \b
    Example:
      stillwatch appeal answer a-51c09b7de2f0 --as bob --text @answer.txt
    """
    from stillwatch.response.appeals import answer as answered

    with measures.opened(config_file, ledger, person) as at:
        _tell(answered(at.ledger, name, text, at.by, at.now), (), at.now, as_json=as_json, quiet=quiet)


@command.command(short_help="Grant an appeal: the measure ends, and does not come back by itself.")
@click.argument("name")
@_words("What the person is told")
@click.option("--campaign-wrong", is_flag=True, help="The whole campaign is a mistake: its measures end, too.")
@click.option(
    "--second", default="", metavar="NAME", help="Who else says that, where reviews.two_persons asks for two."
)
@options.findings
@measures.person
@options.quiet
@measures.placed
def reverse(
    *,
    name: str,
    text: str,
    campaign_wrong: bool,
    second: str,
    findings: Path,
    person: str,
    ledger: str | None,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Grant an appeal: all that stands against the account ends.

    For response.exempt_days nothing touches it on the same kinds of evidence. With --campaign-wrong the campaign is
    also remembered as rejected, like `stillwatch review` does; `stillwatch sync` sends that to the exchange where
    others' indicators led to it.

    \b
    Example:
      stillwatch appeal reverse a-51c09b7de2f0 --as bob --text "You are right, and we are sorry."
      stillwatch appeal reverse a-51c09b7de2f0 --as bob --text @answer.txt --campaign-wrong
    """
    from stillwatch.reports.reviews import check_second
    from stillwatch.response.appeals import reverse as reversed_

    with measures.opened(config_file, ledger, person) as at:
        exempt = timedelta(days=at.settings.config.response.exempt_days)
        campaign = _campaign(at, name, findings) if campaign_wrong else None
        if campaign is not None:
            check_second("rejected", at.by, second, at.settings.config.reviews.two_persons)
        done, ended = reversed_(at.ledger, name, text, at.by, at.now, campaign_wrong=campaign_wrong, exempt=exempt)
        if campaign is not None:
            _reject(at, campaign, name, second)
        _tell(done, ended, at.now, as_json=as_json, quiet=quiet)
        at.tell_gateways(quiet=quiet)


@command.command(short_help="Erase what was written in an appeal; that there was one stays.")
@click.argument("name")
@measures.person
@options.quiet
@measures.placed
def erase(*, name: str, person: str, ledger: str | None, config_file: Path | None, as_json: bool, quiet: bool) -> None:
    """Erase the texts and the contact of an appeal, as the law may ask. The ledger's chain holds.

    \b
    Example:
      stillwatch appeal erase a-51c09b7de2f0 --as bob
    """
    from stillwatch.response.appeals import erase as erased

    with measures.opened(config_file, ledger, person) as at:
        erased(at.ledger, name, at.by, at.now)
    if as_json:
        click.echo(json.dumps({"erased": name, "by": at.by}))
    else:
        note(f"The words of {name} are erased.", quiet=quiet)


def _campaign(at: measures.Opened, name: str, findings: Path) -> "Campaign":
    """The campaign of the last scan that the measure was about: by its id, or by the account, for ids change."""
    from stillwatch.response.appeals import appeal

    about = appeal(at.ledger, name)
    known = at.ledger.decision(about.decision).campaign
    campaigns = options.load_findings(findings, at.settings).campaigns
    members = [each for each in campaigns if about.value in {member.account_id for member in each.accounts}]
    found = next((each for each in campaigns if each.id == known), members[0] if members else None)
    if found is None:
        hint = "Name the findings that do with --findings, or leave --campaign-wrong away."
        raise InputError("These findings know no campaign with this account.", where=str(findings), hint=hint)
    return found


def _reject(at: measures.Opened, campaign: "Campaign", name: str, second: str) -> None:
    store, reason = options.load_reviews(at.settings), f"The appeal {name} was granted."
    store.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    store.add(campaign, verdict="rejected", author=at.by, reason=reason, at=at.now, second=second)


def _tell(appeal: "Appeal", ended: "tuple[Decision, ...]", now: datetime, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        click.echo(json.dumps(_document(appeal, now) | {"ended": [each.id for each in ended]}, indent=2))
        return
    number = f"{len(ended):,} decision{'s' * (len(ended) != 1)}"
    says = f"{number} ended, and the account is exempt" if appeal.status == "reversed" else "the measure stays"
    note(f"{appeal.id} is {appeal.status} by {appeal.by}: {says}.", quiet=quiet)


def _document(appeal: "Appeal", now: datetime) -> dict[str, Any]:
    times = {key: moment.isoformat() for key, moment in asdict(appeal).items() if isinstance(moment, datetime)}
    return asdict(appeal) | times | {"overdue": appeal.overdue(now)}


def _shown(value: object, printable: Callable[[str], str]) -> str:
    """Texts with their lines, and nothing that a terminal would obey."""
    text = "\n".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return "\n          ".join(printable(line) for line in text.splitlines())


def _table(found: "list[Appeal]", now: datetime) -> "Table":
    from rich import box
    from rich.table import Table

    from stillwatch.reports.wording import day, printable

    table = Table("appeal", "decision", "of", "opened", "due", "status", box=box.SIMPLE_HEAD)
    for each in found:
        status = "overdue" if each.overdue(now) else f"{each.status}{f' by {each.by}' if each.by else ''}"
        table.add_row(each.id, each.decision, printable(each.value), day(each.opened), day(each.due), status)
    return table
