"""The document on a terminal: the table of campaigns, and one campaign's waterfall of bits.

    console.print(summary(document))
    console.print(waterfall(document.campaign("c-3f9a")))

Renderables only; who prints them owns the console. Nothing depends on colour: a sign, a word or a different block says
the same, so it reads alike with NO_COLOR and in a pipe. Text is never read as markup, for prompts are others' words.
"""

from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from stillwatch.reports import wording
from stillwatch.reports.document import Account, Campaign, Evidence, FindingsDocument, Review
from stillwatch.reports.document import TextPart as Part
from stillwatch.reports.wording import count, label, minute, printable, share

SEVERITY_STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}
FOR, AGAINST = "blue", "yellow"
TOP_ACCOUNTS = 10
SHARED_TEXTS = 3
_TEXT_CHARACTERS = 600
_HEADINGS = ("campaign", "severity", "bits", "accounts", "requests", "leaked", "since", "crossed")
_WIDTHS = {"severity": 8, "bits": 6, "accounts": 8, "requests": 9, "leaked": 6, "since": 6, "crossed": 12}


def summary(document: FindingsDocument) -> RenderableType:
    """Show what a scan found: the campaigns, what was read, and what was absent."""
    table = [*_campaigns(document.campaigns), Text()] if document.campaigns else []
    return Group(*table, _sentence(document), _read(document), *(_note(note) for note in document.inputs.notes))


def _campaigns(campaigns: tuple[Campaign, ...]) -> Iterator[RenderableType]:
    width = min(20, max(8, *(len(campaign.id) for campaign in campaigns)))
    yield _line(width, map(Text, _HEADINGS), style="bold")
    for campaign in campaigns:
        style = "dim" if campaign.dismissed else ""
        yield _line(width, _cells(campaign), style=style)
        yield Text("  " + ", ".join(label(family) for family in campaign.families), style="dim")


def _line(first: int, cells: Iterable[Text], *, style: str) -> Table:
    """Lay out one line of the table; lines of their own let the families run below over the whole width."""
    line = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
    for heading in _HEADINGS:
        numeric = heading in {"bits", "accounts", "requests", "leaked"}
        line.add_column(
            width=_WIDTHS.get(heading, first), justify="right" if numeric else "left", overflow="fold", no_wrap=numeric
        )
    line.add_row(*cells, style=style)
    return line


def _cells(campaign: Campaign) -> Iterator[Text]:
    yield Text(printable(campaign.id), style="bold")
    yield Text("rejected") if campaign.dismissed else _severity(campaign)
    yield Text(f"{campaign.bits:.1f}")
    yield Text(f"{len(campaign.accounts):,}")
    yield Text(f"{campaign.requests:,}")
    yield Text(share(campaign.requests_before_crossing, campaign.requests))
    yield Text(minute(campaign.first_seen)[:-6])
    yield Text(minute(campaign.crossed_at))


def _severity(campaign: Campaign) -> Text:
    return Text(campaign.severity, style=SEVERITY_STYLES[campaign.severity])


def _sentence(document: FindingsDocument) -> Text:
    standing = document.standing
    dismissed = len(document.campaigns) - len(standing)
    aside = f" {count(dismissed, 'campaign')} rejected earlier, on the same evidence." if dismissed else ""
    if not standing:
        return Text(f"No campaign found: nothing in this log suggests that somebody copies the model.{aside}")
    accounts = len({account.account_id for campaign in standing for account in campaign.accounts})
    requests = sum(campaign.requests for campaign in standing)
    leaked = share(sum(campaign.requests_before_crossing for campaign in standing), requests)
    return Text.assemble(
        (count(len(standing), "campaign"), "bold"),
        f" of {count(accounts, 'account')} with {count(requests, 'request')};"
        f" {leaked} had been served before the evidence sufficed (leaked).{aside}",
    )


def _read(document: FindingsDocument) -> Text:
    inputs, window = document.inputs, document.window
    rejected = f", {inputs.rejected:,} rows rejected" if inputs.rejected else ""
    return Text(
        f"Read {count(inputs.requests, 'request')} of {count(inputs.accounts, 'account')}"
        f" in {count(inputs.files, 'file')}{rejected}; {wording.span(window.start, window.end)}, times in UTC."
    )


def _note(note: str) -> Text:
    return Text.assemble(("Note: ", "bold"), printable(note))


def waterfall(campaign: Campaign, *, top_accounts: int = TOP_ACCOUNTS) -> RenderableType:
    """Show why a campaign is one: every piece of evidence, and how it adds up to the score."""
    return Group(
        *_heading(campaign),
        Text(),
        *_evidence(campaign),
        *_lookalikes(campaign),
        *_shared_text(campaign),
        *_accounts(campaign, top_accounts),
    )


def _heading(campaign: Campaign) -> Iterator[Text]:
    yield Text.assemble(
        (printable(campaign.id), "bold"),
        "  ",
        _severity(campaign),
        f"  {campaign.bits:.1f} bits, {wording.odds(campaign.bits)}",
    )
    yield Text(
        f"{count(len(campaign.accounts), 'account')}, {count(campaign.requests, 'request')},"
        f" {wording.tokens(campaign.usage_output_tokens)} output tokens;"
        f" {minute(campaign.first_seen)} to {minute(campaign.last_seen)} UTC"
    )
    before = campaign.requests_before_crossing
    leaked = f"after {count(before, 'request')} ({share(before, campaign.requests)})"
    yield Text(f"Crossed the line on {minute(campaign.crossed_at)}, {leaked}")
    if campaign.review:
        yield _review(campaign.review)


def _review(review: Review) -> Text:
    until = f" until {wording.day(review.until)}" if review.until else ""
    return Text.assemble(
        (f"{review.verdict.capitalize()} by {printable(review.people)}", "bold"),
        f" on {wording.day(review.at)}{until}: {printable(review.reason)}",
        f" {printable(review.says)}" if review.says else "",
    )


def _evidence(campaign: Campaign) -> Iterator[RenderableType]:
    sums = list(accumulate((evidence.bits for evidence in campaign.evidence), initial=campaign.prior))
    scale = (min(0.0, *sums), max(0.0, *sums))
    names = [f"{label(evidence.family)}: {label(evidence.name)}" for evidence in campaign.evidence]
    width = min(36, max(12, *map(len, names), 0))
    yield _step(width, "", "", "bits", "sum", style="bold")
    yield _step(width, "prior", Bar(0.0, campaign.prior, scale), f"{campaign.prior:+.1f}", f"{campaign.prior:.1f}")
    for name, evidence, (before, after) in zip(names, campaign.evidence, pairwise(sums), strict=True):
        yield _step(width, name, Bar(before, after, scale), f"{evidence.bits:+.1f}", f"{after:.1f}")
        yield Padding(_says(evidence), (0, 0, 0, 2))
    yield _step(width, "score", Bar(0.0, campaign.bits, scale), "", f"{campaign.bits:.1f}", style="bold")


def _says(evidence: Evidence) -> Text:
    figures = f"observed {wording.quantity(evidence.observed)}, expected {wording.quantity(evidence.expected)}"
    return Text.assemble(printable(evidence.says), (f" ({figures}; {printable(evidence.technique)})", "dim"))


def _step(width: int, name: str, bar: "Bar | str", bits: str, total: str, *, style: str = "") -> Table:  # noqa: PLR0913  one row
    row = Table.grid(padding=(0, 1), expand=True)
    row.add_column(width=width, no_wrap=True, overflow="ellipsis")
    row.add_column(ratio=1)
    row.add_column(width=6, justify="right")
    row.add_column(width=6, justify="right")
    row.add_row(Text(name), bar, Text(bits), Text(total), style=style)
    return row


class Bar:
    """A bar from one sum to the next on a scale common to the whole waterfall, with a line at even odds (0 bits)."""

    def __init__(self, start: float, end: float, scale: tuple[float, float]) -> None:
        self.start, self.end, self.scale = start, end, scale

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(2, min(options.max_width, 60))
        low, high = self.scale
        step = (high - low or 1.0) / (width - 1)
        first, last, even = (round((value - low) / step) for value in (*sorted((self.start, self.end)), 0.0))
        speaks_for = self.end >= self.start
        cells = [" "] * width
        cells[even] = "│"
        cells[first : max(last, first + 1)] = ("█" if speaks_for else "▒") * max(last - first, 1)
        yield Segment("".join(cells), Style.parse(FOR if speaks_for else AGAINST))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(min(10, options.max_width), min(options.max_width, 60))


def _lookalikes(campaign: Campaign) -> Iterator[RenderableType]:
    if campaign.lookalikes_considered:
        yield Text("\nInnocent explanations considered", style="bold")
    for lookalike in campaign.lookalikes_considered:
        verdict = "fits" if lookalike.fits else "does not fit"
        yield Padding(Text(f"{label(lookalike.name)} {verdict}: {printable(lookalike.says)}"), (0, 0, 0, 2))


def _shared_text(campaign: Campaign) -> Iterator[RenderableType]:
    texts = campaign.shared_text
    if texts:
        yield Text("\nShared text (what changes is in « »)", style="bold")
    for text in texts[:SHARED_TEXTS]:
        yield Padding(_text(text), (0, 0, 0, 2))
    if len(texts) > SHARED_TEXTS:
        yield Text(f"  and {count(len(texts) - SHARED_TEXTS, 'more text', 'more texts')}", style="dim")


def _text(parts: tuple[Part, ...]) -> Text:
    text = Text()
    for part in parts:
        words = printable(part.text)
        text.append(f"«{words or '…'}»" if part.slot else words, style="reverse" if part.slot else "")
    text.truncate(_TEXT_CHARACTERS, overflow="ellipsis")
    return text


def _accounts(campaign: Campaign, top: int) -> Iterator[RenderableType]:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    table.add_column("account", overflow="fold")
    for heading in ("bits", "requests"):
        table.add_column(heading, justify="right")
    table.add_column("first seen", no_wrap=True)
    table.add_column("last seen", no_wrap=True)
    for account in campaign.accounts[:top]:
        table.add_row(*_account(account))
    yield Text()
    yield table
    if len(campaign.accounts) > top:
        yield Text(f"and {count(len(campaign.accounts) - top, 'more account')}", style="dim")


def _account(account: Account) -> Iterator[Text]:
    yield Text(printable(account.account_id))
    yield Text(f"{account.bits:.1f}")
    yield Text(f"{account.requests:,}")
    yield Text(minute(account.first_seen))
    yield Text(minute(account.last_seen))
