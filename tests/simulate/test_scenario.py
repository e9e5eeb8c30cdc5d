from datetime import date
from pathlib import Path

import pytest

from stillwatch.errors import ConfigError, InputError
from stillwatch.simulate.scenario import load, names, parse

OURS = sorted((Path(__file__).parents[1] / "scenarios").rglob("*.toml"))


def test_the_shipped_scenarios_load() -> None:
    assert {"attacks", "demo", "evasive", "innocent", "scale"} <= set(names())
    for name in names():
        assert load(name).name == name


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_every_scenario_of_the_tests_loads(path: Path) -> None:
    assert len(load(path).campaigns) == (path.parent.name != "innocent")


def test_values_have_the_types_of_their_fields() -> None:
    said = parse({"name": "x", "start": date(2026, 1, 2), "campaign": [{"name": "a", "accounts": 3, "requests": 9}]})
    assert said.campaigns[0].residential is None
    assert said.start == date(2026, 1, 2)


@pytest.mark.parametrize(
    ("table", "place", "hint"),
    [
        ({"dayz": 3}, "dayz", "`days`"),
        ({"benign": {"peple": 3}}, "benign.peple", "`people`"),
        ({"campaign": [{"name": "a", "accounts": 1, "requests": 1, "tempreture": 1}]}, "campaigns.0", "`temperature`"),
        ({"campaign": [{"name": "a", "accounts": 1, "requests": 1, "topics": ["scool"]}]}, "a", "`school`"),
        ({"campaign": [{"name": "a", "accounts": 1, "requests": 1, "languages": ["xx"]}]}, "a", "The nearest"),
        ({"campaign": [{"name": "a", "accounts": 1, "requests": 1, "providers": {"alpa": 1}}]}, "a", "`alpha`"),
    ],
)
def test_an_unknown_key_or_name_is_an_error_that_names_the_nearest(table: dict, place: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse({"name": "x", **table})
    assert place in str(caught.value)
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    "table",
    [
        {"days": 0},
        {"benign": {"people": -1}},
        {"campaign": [{"name": "a", "accounts": 0, "requests": 1}]},
        {"campaign": [{"name": "a", "accounts": 1, "requests": 1, "handoff": 1.5}]},
        {"campaign": [{"name": "a", "accounts": 1, "requests": 1, "route": "zigzag"}]},
        {"campaign": [{"name": "a", "accounts": 1, "requests": 1, "start_day": 5, "end_day": 4}]},
        {"campaign": [{"name": "a", "accounts": 1, "requests": 1, "victims": True}]},
        {"campaign": [{"name": "a", "accounts": 1, "requests": 1}] * 2},
    ],
)
def test_values_that_make_no_sense_are_errors(table: dict) -> None:
    with pytest.raises(ConfigError):
        parse({"name": "x", **table})


def test_a_file_that_cannot_be_read_is_an_input_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("days = [", encoding="utf-8")
    for path in (tmp_path / "none.toml", broken, tmp_path):
        with pytest.raises(InputError, match="demo"):
            load(path)
