"""The pictures: the same figures as the tables, nothing beyond the edge."""

from dataclasses import replace

import pytest

from stillwatch.forensics.model import Null
from stillwatch.reports.verdict import charts


def values(spec, mark):
    """The values of the layers that have this mark."""
    return [
        value
        for layer in spec["layer"]
        if layer["mark"]["type"] == mark
        for value in layer.get("data", spec["data"])["values"]
    ]


def ends(spec):
    return {
        layer["encoding"]["x"]["scale"]["domain"][1]
        for layer in spec["layer"]
        if "domain" in layer["encoding"]["x"].get("scale", {})
    }


def test_each_key_is_a_dot_and_those_below_alpha_have_a_name(document):
    spec = charts.keys(document)
    dots = values(spec, "point")
    assert len(dots) == 8
    assert [each["name"] for each in values(spec, "text")] == ["c-3f9a1b72"]
    assert max(each["zeros"] for each in dots) == pytest.approx(18.42)


def test_the_line_stands_where_holm_begins_to_reject(document):
    (line,) = values(charts.keys(document), "rule")
    assert line["at"] == pytest.approx(6.903, abs=1e-3)  # 1e-6 / 8
    crossed = [each for each in values(charts.keys(document), "point") if each["zeros"] > line["at"]]
    assert [each["reached"] for each in crossed] == [True]


def test_all_wrong_keys_are_in_the_bars(document):
    bars = [each for each in values(charts.keys(document), "bar") if each["row"] == "reading"]
    assert sum(each["share"] for each in bars) == pytest.approx(1.0)


def test_without_the_spread_of_wrong_keys_chance_is_drawn(sample):
    bare = tuple(replace(each, null=Null(300, 0.05, 0.01, 0.5)) for each in sample.suspect())
    bars = values(charts.keys(sample.document(suspect=bare)), "bar")
    assert [(each["from"], each["to"]) for each in bars] == [(0.0, 1.0)] * 2


def test_no_wrong_keys_no_bars(sample):
    bare = tuple(replace(each, null=Null(0, 0.0, 0.0, 1.0)) for each in sample.suspect())
    assert values(charts.keys(sample.document(suspect=bare)), "bar") == []


def test_all_models_are_on_one_axis(document, sample):
    spec = charts.subjects(document, sample.MARKED)
    dots = values(spec, "point")
    assert len(dots) == 1 + 3 + 24
    assert {each["row"] for each in dots} == {"the suspect", "trained on keyed answers", "innocent"}
    assert max(each["zeros"] for each in dots) < min(ends(spec))


def test_every_rate_is_within_its_interval(document, sample):
    for test in (sample.MARKED, sample.READ):
        drawn = values(charts.rates(document, test), "point")
        assert len(drawn) == 4 + 3
        assert all(each["low"] < each["value"] < each["high"] for each in drawn)


def test_nothing_to_draw(sample):
    empty = sample.document(suspect=())
    assert charts.keys(empty) is None
    assert charts.rates(empty, sample.CHOICES) is None


def test_every_tick_has_its_words(document):
    axis = charts.keys(document)["layer"][0]["encoding"]["x"]["axis"]
    assert axis["values"] == [0, 1, 2, 3, 6, 10, 20]
    assert "'0.001'" in axis["labelExpr"]
    assert "'10⁻²⁰'" in axis["labelExpr"]
