"""A forum's quarter: figures over all members with differential privacy, and what may be read from them.

    answers = loads(path.read_bytes())        # what `stillwatch exchange statistics --json`, or the exchange, printed
    brief(answers)                            # the newest quarter in it

The mechanism is the exchange's (`stillwatch.exchange.statistics`); nothing here sees what a member published.
"""

import json
from collections.abc import Iterator

from pydantic import TypeAdapter, ValidationError

from stillwatch import __version__
from stillwatch.errors import ConfigError, InputError
from stillwatch.exchange.statistics.ledger import BUDGET, Answer
from stillwatch.exchange.statistics.periods import period
from stillwatch.exchange.statistics.topics import TOPICS
from stillwatch.indicators import buckets
from stillwatch.reports.briefs.model import Brief
from stillwatch.reports.briefs.phrases import magnitude
from stillwatch.reports.sections import Section, Spec
from stillwatch.reports.wording import TECHNIQUES, count, label, printable

_HINT = "`stillwatch exchange statistics --root NAME --period 2026Q3 --json` prints them."
_TITLES = {
    "campaigns": "Campaigns that members published",
    "indicators": "Indicators, by kind",
    "sightings": "Sightings, by what came of them",
    "techniques": "Techniques of MITRE ATLAS that campaigns use",
}
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip


def loads(text: str | bytes, *, where: str) -> tuple[Answer, ...]:
    """Read the answers of a forum's statistics.

    Raises:
        InputError: they are none.
    """
    try:
        content = json.loads(text)
        found = content.get("answers", content.get("reports", content)) if isinstance(content, dict) else content
        listed = found if isinstance(found, list) else [found]
        answers = TypeAdapter(tuple[Answer, ...]).validate_python(listed)
        periods = [period(each.period) for each in answers]
    except (ValueError, RecursionError, ValidationError, ConfigError):
        raise InputError("These are no statistics of a forum.", where=where, hint=_HINT) from None
    if not periods:
        raise InputError("These statistics hold no report.", where=where, hint=_HINT)
    return answers


def brief(answers: tuple[Answer, ...], quarter: str | None = None) -> Brief:
    """Write it.

    Args:
        answers: of the exchange; those of other quarters are left out.
        quarter: such as 2026Q3; None: the newest that there is.

    Raises:
        InputError: nothing was answered of this quarter.
    """
    asked = quarter or max(period(each.period).quarter for each in answers)
    told = tuple(each for each in answers if period(each.period).quarter == asked)
    if not told:
        known = ", ".join(sorted({period(each.period).quarter for each in answers}))
        raise InputError("Nothing was answered of this quarter.", where=printable(asked), hint=f"There are: {known}.")
    return Brief(
        reader="forum",
        title=f"What the forum saw in {_worded(asked)}",
        about=f"Figures over all members, {asked}, with noise; none tells anything of one member.",
        lead=tuple(_lead(told)),
        figures=(),
        sections=tuple(_sections(told, asked)),
        handling="May be published: the figures are differentially private for each member.",
        generator=f"stillwatch {__version__}",
    )


def _lead(told: tuple[Answer, ...]) -> Iterator[str]:
    yield (
        "Each figure is an order of magnitude of a count to which noise was added before anybody saw it. What fewer "
        "than three members have anything to is not told."
    )
    missing = [topic for topic in TOPICS if all(each.topic != topic for each in told)]
    if missing:
        yield f"Not told at all: {', '.join(map(label, missing))}."


def _sections(told: tuple[Answer, ...], quarter: str) -> Iterator[Section]:
    for topic in TOPICS:
        found = sorted((each for each in told if each.topic == topic), key=lambda each: each.period)
        if found:
            yield _section(topic, found)
    yield Section("How to read these figures", points=tuple(_reading(told, quarter)))


def _section(topic: str, found: list[Answer]) -> Section:
    rows = [(each, cell) for each in found for cell in each.cells]
    many = len({each.period for each in found}) > 1
    shown = [(each, cell) for each, cell in rows if each.cells[cell] is not None]
    hidden = len(rows) - len(shown)
    says = (f"Fewer than three members have anything to {count(hidden, 'other row')}.",) if hidden else ()
    return Section(
        _TITLES.get(topic, printable(topic)),
        (*says, f"Off by {found[0].within:,} at most in 95 of 100 rows, because of the noise."),
        ("", *(("when",) if many else ()), "how many"),
        tuple((_cell(cell), *((each.period,) if many else ()), _many(each.cells[cell])) for each, cell in shown),
        frozenset({2 if many else 1}),
        ((_chart(shown, many=many), "How many, as a range from the least to the most of the order of magnitude."),)
        if any(each.cells[cell] != "0" for each, cell in shown)
        else (),
    )


def _cell(cell: str) -> str:
    return f"{cell} {TECHNIQUES[cell]}" if cell in TECHNIQUES else label(cell.replace("-", " "))


def _many(bucket: str | None) -> str:
    return "none, or too few to tell" if bucket in {None, "0"} else magnitude(_bounds(bucket)[0])


def _bounds(bucket: str | None) -> tuple[int, int]:
    """The least and the greatest count of an order of magnitude."""
    if bucket in {None, "0"}:
        return 0, 0
    low, high = buckets.bounds(bucket)  # type: ignore[arg-type]  # of `noise.magnitude`
    return low, high or 10 * low


def _chart(shown: list[tuple[Answer, str]], *, many: bool) -> Spec:
    """Each row as a bar from the least to the most of its order of magnitude, on a scale of tens."""
    values = [
        {"what": f"{_cell(cell)}{f', {each.period}' if many else ''}", "from": low, "to": high}
        for each, cell in shown
        for low, high in (_bounds(each.cells[cell]),)
        if high
    ]
    most = max(_bounds(each.cells[cell])[1] for each, cell in shown)
    scale = {"type": "log", "domain": [1, most], "nice": False}
    return {
        "height": 20 * len(values),
        "data": {"values": values},
        "mark": {"type": "bar", "height": 11, "color": "var(--for)"},
        "encoding": {
            "y": {"field": "what", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 320}},
            "x": {
                "field": "from",
                "type": "quantitative",
                "scale": scale,
                "axis": {"title": None, "tickCount": 6, "format": "~s"},
            },
            "x2": {"field": "to"},
        },
    }


def _reading(told: tuple[Answer, ...], quarter: str) -> Iterator[str]:
    spent = sum(each.epsilon for each in told)
    yield (
        "What one member published of a topic in the time is one unit, cut to a largest number of objects; noise of "
        "the discrete Laplace distribution is added to each count (differential privacy, by OpenDP)."
    )
    yield (
        f"The reports shown here cost epsilon = {spent:g} of the {BUDGET:g} that may ever be spent on {quarter}. A "
        "report is drawn once: asking again gives the same answer."
    )
    yield "The load that campaigns put on members' services is not told: it is in no object that members publish."
    yield "Members that belong together count as one. What passed between two members alone is counted nowhere."
    yield "That a row is not told says that fewer than three members had anything to it, and no more."
    yield (
        "Counts are of objects that members published. They follow what members look for and care to tell, and are no "
        "measure of how much model extraction there is."
    )


def _worded(quarter: str) -> str:
    found = period(quarter)
    return f"{_MONTHS[3 * found.number - 3]} to {_MONTHS[3 * found.number - 1]} {found.year}"
