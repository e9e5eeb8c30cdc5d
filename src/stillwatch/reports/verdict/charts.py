"""The charts of a verdict, as Vega-Lite specifications: values in, a dict out.

p is drawn as the number of its zeros: 0 is p = 1, 6 is one in a million, to the right is rarer. The axis is a square
root, so that one in ten and one in 10^300 both have room.
"""

from itertools import chain
from math import log10
from typing import Any

from stillwatch.forensics.radioactivity.null import SPREAD
from stillwatch.forensics.verdict import Figure, Result, VerdictDocument
from stillwatch.forensics.wording import probability
from stillwatch.reports.verdict.figures import alpha, of_suspect, reached

Spec = dict[str, Any]

_ROW = 46  # pixels
_LANES = 5  # of innocent models, which would lie on one another
_LANE = {"field": "lane", "type": "ordinal", "scale": {"domain": list(range(_LANES)), "padding": 0.5}}
_TICKS = (0, 1, 2, 3, 6, 10, 20, 50, 100, 300, 1000)
_SUSPECT, _POSITIVE, _CONTROL = "the suspect", "trained on keyed answers", "innocent"
_ROLES = {"suspect": _SUSPECT, "positive": _POSITIVE, "control": _CONTROL}
_COLOURS = {_SUSPECT: "var(--before)", _POSITIVE: "var(--for)", _CONTROL: "var(--muted)"}


def keys(document: VerdictDocument) -> Spec | None:
    """Show what each key says of the suspect, beside what keys that nobody used say of the same texts.

    p as it is, not adjusted: the line stands at alpha divided by the number of keys tested, which is where Holm's
    procedure begins to reject.
    """
    results = [each for each in of_suspect(document) if each.keys]
    if not results:
        return None
    tested = sum(len(each.keys) for each in results)
    line = log10(tested) - log10(document.alpha)
    dots = [_dot(document, result, key) for result in results for key in result.keys]
    end = _end(line, dots)
    layers = [
        _wrong_keys(results, end),
        _rule(line, f"alpha = {alpha(document)}, over {tested} keys and tests"),
        _dots(dots, {"ours": "var(--before)"}, end),
        _names([each for each in dots if each["reached"]], end),
    ]
    return {"height": _ROW * len(results), "data": {"values": []}, "layer": layers}


def _dot(document: VerdictDocument, result: Result, key: Figure) -> Spec:
    return {
        "row": result.test,
        "name": key.campaign or key.key,
        "key": key.key,
        "campaign": key.campaign or "everybody's answers",
        "zeros": _zeros(key.log10_p),
        "p": probability(key.log10_p),
        "adjusted": probability(key.log10_p_holm),
        "kind": "ours",
        "reached": reached(document, key.log10_p_holm),
    }


def _wrong_keys(results: list[Result], end: float) -> Spec:
    """The spread of wrong keys as bars; where it was not kept, where nine of ten of them must lie."""
    values = list(chain.from_iterable(_spread(each) for each in results if each.null.keys))
    return {
        "data": {"values": values},
        "mark": {"type": "bar", "color": "var(--muted)", "height": 26},
        "encoding": {
            "y": _row(results),
            "x": _axis(end) | {"field": "from"},
            "x2": {"field": "to"},
            "opacity": {"field": "share", "type": "quantitative", "scale": {"range": [0.08, 0.75]}, "legend": None},
            "tooltip": [_tip("says")],
        },
    }


def _spread(result: Result) -> list[Spec]:
    null = result.null
    if not null.spread:
        return [{"row": result.test, "from": 0.0, "to": 1.0, "share": 0.9, "says": "nine of ten keys by chance"}]
    return [
        {
            "row": result.test,
            "from": place * SPREAD,
            "to": (place + 1) * SPREAD,
            "share": number / null.keys,
            "says": f"{number} of {null.keys} wrong keys with p from {10 ** -((place + 1) * SPREAD):.2g} to"
            f" {10 ** -(place * SPREAD):.2g}",
        }
        for place, number in enumerate(null.spread)
        if number
    ]


def subjects(document: VerdictDocument, test: str) -> Spec:
    """Show all models in one test: the suspect, those that were trained on keyed answers, and the innocent ones."""
    results = [each for each in document.results if each.test == test and each.keys]
    dots = [
        {
            "row": _ROLES[each.role],
            "name": each.subject,
            "zeros": _zeros(each.log10_p),
            "p": probability(each.log10_p),
            "kind": _ROLES[each.role],
            "lane": place % _LANES if each.role == "control" else _LANES // 2,
        }
        for place, each in enumerate(results)
    ]
    end = _end(-log10(document.alpha), dots)
    rows = [role for role in _ROLES.values() if any(each["row"] == role for each in dots)]
    layers = [
        _rule(-log10(document.alpha), f"alpha = {alpha(document)}"),
        _dots(dots, _COLOURS, end, rows=rows),
        _names([each for each in dots if each["kind"] == _POSITIVE], end, rows=rows),
    ]
    return {"height": _ROW * len(rows), "data": {"values": []}, "layer": layers}


def rates(document: VerdictDocument, test: str) -> Spec | None:
    """Show how large the effect is: each key's rate with its interval, and the controls' strongest keys' below."""
    results = [each for each in document.results if each.test == test and each.role != "control"]
    values = [value for each in results for value in _intervals(each)]
    if not values:
        return None
    share = {"format": ".1%", "title": "share"} if values[0]["chance"] < 1 else {"title": "mean score"}
    x = {"type": "quantitative", "scale": {"zero": False, "nice": True}, "axis": {"tickCount": 6, **share}}
    y = {"field": "row", "type": "nominal", "sort": None, "axis": {"title": None, "labelLimit": 220}}
    colour = {
        "field": "kind",
        "type": "nominal",
        "scale": {"domain": list(_COLOURS), "range": list(_COLOURS.values())},
        "legend": None,
    }
    tips = [_tip("row"), _tip("rate"), _tip("interval")]
    return {
        "height": 24 * len(values),
        "data": {"values": values},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {"y": y, "x": x | {"field": "low"}, "x2": {"field": "high"}, "color": colour},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
                "encoding": {"y": y, "x": x | {"field": "value"}, "color": colour, "tooltip": tips},
            },
            {
                "mark": {"type": "rule", "strokeDash": [4, 3], "color": "var(--ink)"},
                "encoding": {"x": {"datum": values[0]["chance"]}},
            },
        ],
    }


def _intervals(result: Result) -> list[Spec]:
    """All keys of the suspect; of a control the strongest."""
    shown = result.keys if result.role == "suspect" else sorted(result.keys, key=lambda key: key.log10_p)[:1]
    return [
        {
            "row": f"{result.subject}, {key.campaign or key.key}" if result.role == "suspect" else result.subject,
            "kind": _ROLES[result.role],
            "low": key.low,
            "high": key.high,
            "value": key.rate,
            "chance": key.chance,
            "rate": f"{key.rate:.4g}",
            "interval": f"{key.low:.4g} to {key.high:.4g}",
        }
        for key in shown
        if key.rate is not None
    ]


def _dots(values: list[Spec], colours: dict[str, str], end: float, *, rows: list[str] | None = None) -> Spec:
    y = {"field": "row", "type": "nominal", "sort": rows, "axis": {"title": None, "labelLimit": 220}}
    scale = {"domain": list(colours), "range": list(colours.values())}
    named = [_tip(field) for field in ("name", "key", "campaign", "p", "adjusted") if field in values[0]]
    return {
        "data": {"values": values},
        "mark": {"type": "point", "filled": True, "size": 90, "opacity": 0.75},
        "encoding": {
            "y": y,
            "x": _axis(end) | {"field": "zeros"},
            "color": {"field": "kind", "type": "nominal", "scale": scale, "legend": None},
            "tooltip": named,
            **({"yOffset": _LANE} if rows else {}),
        },
    }


def _names(values: list[Spec], end: float, *, rows: list[str] | None = None) -> Spec:
    y = {"field": "row", "type": "nominal", "sort": rows}
    return {
        "data": {"values": values},
        "mark": {"type": "text", "dy": -13, "fontSize": 11, "color": "var(--ink)"},
        "encoding": {"y": y, "x": _axis(end) | {"field": "zeros"}, "text": {"field": "name"}},
    }


def _rule(at: float, says: str) -> Spec:
    return {
        "data": {"values": [{"at": round(at, 3), "says": says}]},
        "mark": {"type": "rule", "strokeDash": [4, 3], "color": "var(--ink)"},
        "encoding": {"x": {"field": "at", "type": "quantitative"}, "tooltip": [_tip("says")]},
    }


def _row(results: list[Result]) -> Spec:
    names = [each.test for each in results]
    return {"field": "row", "type": "nominal", "sort": names, "axis": {"title": None, "labelLimit": 220}}


def _axis(end: float) -> Spec:
    """From p = 1 to the rarest, each tick worded as a p."""
    ticks = [tick for tick in _TICKS if tick <= end]
    words = ["1", "0.1", "0.01", *(probability(-tick) for tick in ticks[3:])]
    return {
        "type": "quantitative",
        "scale": {"type": "sqrt", "domain": [0, end], "nice": False, "clamp": True},
        "axis": {
            "title": "p: to the right, rarer by chance",
            "values": ticks,
            "labelExpr": f"{words!r}[indexof({ticks!r}, datum.value)]",
            "labelOverlap": "greedy",
        },
    }


def _end(line: float, dots: list[Spec]) -> float:
    return round(1.15 * max(line, *(float(each["zeros"]) for each in dots)) + 0.5, 2)


def _zeros(log10_p: float) -> float:
    return round(-log10_p, 3) + 0.0


def _tip(field: str) -> Spec:
    return {"field": field, "type": "nominal"}
