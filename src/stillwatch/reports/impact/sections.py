"""What a reader is told, in order: sentences and tables, the same in the terminal, in Markdown and on a page.

for section in sections(document): ...
"""

from collections.abc import Iterator

from stillwatch.reports import wording
from stillwatch.reports.impact.charts import tornado
from stillwatch.reports.impact.document import Estimate, ImpactDocument, Scope
from stillwatch.reports.sections import Section
from stillwatch.reports.strain import strain
from stillwatch.reports.wording import count, label, printable, share

TOP_SWINGS = 3  # of each estimate, in the table; a page draws more
SHOWN_OF_EACH = ("answers", "list_price", "replacement_cost", "teacher_hours")  # campaign; impact.json has the others


def title(document: ImpactDocument) -> str:
    """The report's title."""
    campaigns = sum(scope.id not in {"all", "found"} for scope in document.scopes)
    found = count(campaigns, "campaign") if campaigns else "no campaign"
    return f"Impact of {found}, {wording.span(document.window.start, document.window.end)}"


def sections(document: ImpactDocument) -> Iterator[Section]:
    """Everything, in the order in which it is read."""
    if document.scopes:
        yield _taken(document)
        yield _kinds(_scope(document, "found"))
        yield _estimates(document)
        yield _formulas(document)
        yield _by_campaign(document)
        yield _moved(_scope(document, "all"))
    yield from strain(document.load)
    if document.scopes:
        yield _assumptions(document)
    yield Section("What this does not say", points=_limits(document))


def _scope(document: ImpactDocument, name: str) -> Scope:
    return next(scope for scope in document.scopes if scope.id == name)


def _taken(document: ImpactDocument) -> Section:
    rows = [_counts(scope) for scope in document.scopes if scope.id != "all"]
    return Section(
        "What was taken, as the log has it",
        (
            "Counted, not estimated.",
            "An answer is a request that did not fail; leaked is what was asked before the evidence sufficed.",
        ),
        ("campaign", "requests", "leaked", "answers", "input tokens", "output tokens"),
        tuple(rows if len(rows) > 2 else rows[1:]),
        frozenset(range(1, 6)),
    )


def _counts(scope: Scope) -> tuple[str, ...]:
    answers = sum(row.answers for row in scope.taken)
    tokens = [sum(getattr(row, f"usage_{way}_tokens") for row in scope.taken) for way in ("input", "output")]
    leaked = share(scope.requests_before_crossing, scope.requests)
    return (printable(scope.title), f"{scope.requests:,}", leaked, f"{answers:,}", *map(wording.tokens, tokens))


def _kinds(found: Scope) -> Section:
    answers = sum(row.answers for row in found.taken)
    return Section(
        "By model and kind of answer",
        ("The kind is read off the form of the request, never off its words.",),
        ("model", "kind", "answers", "share", "input tokens", "output tokens"),
        tuple(
            (
                printable(row.model or "(no name)"),
                row.kind or "(not told)",
                f"{row.answers:,}",
                share(row.answers, answers),
                wording.tokens(row.usage_input_tokens),
                wording.tokens(row.usage_output_tokens),
            )
            for row in found.taken
        ),
        frozenset(range(2, 6)),
    )


def _estimates(document: ImpactDocument) -> Section:
    found, everything = _scope(document, "found"), _scope(document, "all")
    pairs = zip(found.estimates, everything.estimates, strict=True)
    return Section(
        "What it comes to",
        (
            f"Each figure is the 5 %, 50 % and 95 % quantile of {document.draws:,} draws (seed {document.seed}).",
            f"First what was taken by the {found.title}, then by all such campaigns, {everything.title}.",
            "They measure different things: they are not added up, and no one of them is the damage.",
        ),
        ("estimate", "found: 5 %", "50 %", "95 %", "all: 5 %", "50 %", "95 %"),
        (
            *((one.title, *_interval(one), *_interval(other)) for one, other in pairs),
            *((each.title, *["-"] * 6) for each in document.not_estimated),
        ),
        frozenset(range(1, 7)),
    )


def _formulas(document: ImpactDocument) -> Section:
    made = [(each.title, each.formula) for each in _scope(document, "all").estimates]
    nothing = [(each.title, each.says) for each in document.not_estimated]
    return Section("How each is made", (), ("estimate", "how"), (*made, *nothing))


def _by_campaign(document: ImpactDocument) -> Section:
    campaigns = [scope for scope in document.scopes if scope.id not in {"all", "found"}]
    shown = [[each for each in scope.estimates if each.name in SHOWN_OF_EACH] for scope in campaigns]
    return Section(
        "By campaign",
        (
            "From the 5 % to the 95 % quantile, of what was found.",
            "Quantiles of parts do not add up to those of the whole.",
        ),
        ("campaign", *(estimate.title for estimate in shown[0])),
        tuple((printable(scope.id), *map(_range, of)) for scope, of in zip(campaigns, shown, strict=True)),
        frozenset(range(1, len(SHOWN_OF_EACH) + 1)),
    )


def _moved(scope: Scope) -> Section:
    return Section(
        "What moves the estimates",
        (
            "One assumption at a time goes from its 5 % to its 95 % quantile, the others stand at their medians.",
            "What stands first is what is most worth knowing better.",
        ),
        ("estimate", "assumption", "at its 5 %", "at its 95 %"),
        tuple(
            (
                estimate.title,
                label(swing.assumption),
                amount(swing.at_low, estimate.unit),
                amount(swing.at_high, estimate.unit),
            )
            for estimate in scope.estimates
            for swing in estimate.moved_by[:TOP_SWINGS]
        ),
        frozenset({2, 3}),
        tuple((tornado(each), f"What moves the estimate: {each.title}.") for each in scope.estimates),
    )


def _assumptions(document: ImpactDocument) -> Section:
    return Section(
        "Assumptions",
        ("stillwatch report --impact --print-assumptions writes them to be changed; --assumptions FILE takes yours.",),
        ("assumption", "5 %", "50 %", "95 %", "of what, and where it is from"),
        tuple(
            (
                printable(label(each.name)),
                *(_number(value) for value in (each.interval.low, each.interval.middle, each.interval.high)),
                printable(f"{each.unit}. {each.source}"),
            )
            for each in document.assumptions
        ),
        frozenset({1, 2, 3}),
    )


def _limits(document: ImpactDocument) -> tuple[str, ...]:
    return (
        *map(printable, document.notes),
        "An answer that was taken need not have been trained on: whether a model learned from it, forensics can test.",
    )


def _interval(estimate: Estimate) -> tuple[str, str, str]:
    interval = estimate.interval
    low, middle, high = (amount(value, estimate.unit) for value in (interval.low, interval.middle, interval.high))
    return low, middle, high


def _range(estimate: Estimate) -> str:
    return f"{amount(estimate.interval.low, estimate.unit)} to {amount(estimate.interval.high, estimate.unit)}"


def amount(value: float, unit: str) -> str:
    """Word a figure: "$620 k", "1.1e22 FLOP", "24.0 G"."""
    if unit == "FLOP":
        return f"{value:.1e}".replace("e+", "e")
    return ("$" if unit == "US dollars" else "") + _number(value) + (" h" if unit == "hours" else "")


def _number(value: float) -> str:
    if value >= 1e12:
        return f"{value:.3g}".replace("e+", "e")
    return wording.tokens(round(value)) if value >= 1000 else wording.quantity(float(f"{value:.3g}"))
