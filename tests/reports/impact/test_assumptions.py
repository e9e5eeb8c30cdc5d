import numpy as np
import pytest

from stillwatch.errors import InputError
from stillwatch.reports.impact.assumptions import load, packaged, parameters

OWN = """
[models."large".price_output]
law = "fixed"
value = 60
unit = "US dollars a million tokens"
source = "our list"
"""


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "ours.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_what_is_printed_is_what_is_read(file):
    assert load(file(packaged())) == load(None)


def test_every_number_has_a_unit_and_a_source():
    for name, law in load(None).laws.items():
        assert law.unit, name
        assert len(law.source) > 20, name
        assert parameters(law), name


def test_enough_draws_for_the_tails():
    assert load(None).draws >= 100_000


def test_a_file_may_change_one_number(file):
    changed = load(file('[peak]\nlaw = "fixed"\nvalue = 2e15\nunit = "FLOP/s"\nsource = "ours"\n'))
    assert changed.peak.value == 2e15
    assert changed.price_input == load(None).price_input


def test_a_models_own_number_has_a_name_of_its_own(file):
    assert load(file(OWN)).laws["price_output of large"].value == 60


def test_the_draws_of_a_number_do_not_depend_on_what_else_is_assumed(file):
    ours, theirs = load(file(OWN)).drawn(), load(None).drawn()
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
    other = load(file("seed = 2")).drawn()
    assert not np.array_equal(other["recall"], theirs["recall"])
    assert np.median(other["recall"]) == pytest.approx(np.median(theirs["recall"]), rel=0.01)


def test_no_two_numbers_are_drawn_together():
    draws = [values for name, values in load(None).drawn().items() if name != "peak"]
    assert np.abs(np.corrcoef(draws) - np.eye(len(draws))).max() < 0.02


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[price_outptu]\nlaw = 'fixed'", "There is no assumption price_outptu. The nearest is price_output."),
        ("[models.m.usful_share]\nlaw='fixed'", "The nearest is useful_share."),
        ("[peak]\nlaw = 'fixed'\nvalue = 1\nunit = 'x'", "The assumption peak.fixed.source is wrong: Field required."),
        ("[peak]\nlaw = 'normal'", "The assumption peak is wrong"),
        ("draws = 10", "The assumption draws is wrong"),
        ("peak = ", "not TOML"),
        ("version = '2'", "The assumption version is wrong"),
        ("['\\u001b[31m']\na = 1", "There is no assumption"),
    ],
)
def test_a_wrong_file_is_one_clear_line(file, text, complaint):
    with pytest.raises(InputError) as raised:
        load(file(text))
    line = str(raised.value)
    assert complaint in line
    assert "ours.toml" in line
    assert "\n" not in line
    assert "\x1b" not in line


def test_no_file_says_how_to_get_one(tmp_path):
    with pytest.raises(InputError, match="--print-assumptions"):
        load(tmp_path / "none.toml")
