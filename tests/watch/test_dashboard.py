"""deploy/grafana/stillwatch.json shows what there is."""

import json
import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, ProcessCollector

from stillwatch.watch.metrics import PREFIX, SERIES, Metrics

DASHBOARD = json.loads(Path(__file__).parents[2].joinpath("deploy/grafana/stillwatch.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
SOURCES = Path(__file__).parents[2].joinpath("src/stillwatch/gateway")


def series():
    """Every name that the page serves, with its labels."""
    registry = CollectorRegistry()
    registry.register(Metrics())
    ProcessCollector(registry=registry)
    names = {metric.name: () for metric in registry.collect()}
    return names | {f"{PREFIX}{name}{'_total' * grows}": labels for name, (_, labels, grows) in SERIES.items()}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_and_label_exists(expression):
    known = series()
    selectors = re.findall(r"([a-z_]+)\{([^}]*)\}", expression)
    assert selectors
    for name, matchers in selectors:
        assert name in known
        asked = set(re.findall(r"(\w+)=~?\"", matchers))
        assert asked - {"instance"} <= set(known[name])
    for labels in re.findall(r"by \(([^)]*)\)", expression):
        assert {label.strip() for label in labels.split(",")} <= set(known[selectors[0][0]])


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_brackets_close(expression):
    outside = re.sub(r'"[^"]*"', "", expression)
    for opening, closing in ("()", "[]", "{}"):
        assert outside.count(opening) == outside.count(closing)


def test_every_series_of_the_watch_is_shown():
    shown = " ".join(EXPRESSIONS)
    assert [name for name in SERIES if PREFIX + name not in shown] == []


def test_gateways_count_what_is_shown_of_them():
    counted = "".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py"))
    asked = re.findall(r'event=~"([^"]*)"', " ".join(EXPRESSIONS))
    words = {word for pattern in asked for word in re.findall(r"[a-z_]{5,}", pattern)}
    assert {"decided", "denied", "failed_", "fault"} <= words
    assert [word for word in words if f'"{word}' not in counted] == []


def test_panels_have_ids_of_their_own_and_do_not_overlap():
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (place["x"] + dx, place["y"] + dy)
        for place in (panel["gridPos"] for panel in panels)
        for dx in range(place["w"])
        for dy in range(place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_it_names_no_data_source_of_anybody():
    sources = [panel["datasource"] for panel in PANELS] + [t["datasource"] for p in PANELS for t in p["targets"]]
    assert {source["uid"] for source in sources} == {"${datasource}"}
    assert {variable["name"] for variable in DASHBOARD["templating"]["list"]} == {"datasource", "instance"}
    for panel in PANELS:
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)
