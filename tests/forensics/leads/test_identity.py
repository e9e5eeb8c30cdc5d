import pytest

from stillwatch.forensics.leads.identity import LEAST, PREFIX, QUESTIONS, lead
from stillwatch.forensics.model import Answer

US = ("Aurora", "Example Labs")


def says(named, of, text="I am Aurora, made by Example Labs."):
    """A model that names us so often."""
    return [Answer("", text if n < named else "I am Borealis.", f"{PREFIX}{n % 10 + 1}") for n in range(of)]


def test_a_model_that_says_that_it_is_we_more_often_than_any_other():
    found = lead(US, says(25, 100), {"a": says(0, 100), "b": says(5, 100)})
    assert found.wrong == 0
    assert found.of == 2
    assert "25.0% name us" in found.says
    assert "0.0% to 5.0% (2 asked)" in found.says


def test_one_that_says_so_no_more_often_than_an_unrelated_one():
    """A base model named a provider in 25 to 36 % of its answers, and had nothing to do with it."""
    assert lead(US, says(25, 100), {"a": says(0, 100), "b": says(30, 100)}).wrong == 0.5


def test_a_difference_that_chance_explains_is_none():
    assert lead(US, says(7, 100), {"a": says(6, 100)}).wrong == 1
    assert lead(US, says(70, 1000), {"a": says(30, 1000)}).wrong == 0


def test_one_that_never_says_so_shows_nothing():
    assert lead(US, says(0, 100), {"a": says(0, 100)}).wrong == 1
    assert lead(US, says(0, 100), {}).wrong == 1


def test_without_controls_nobody_knows_how_often_it_is_wrong():
    found = lead(US, says(25, 100), {})
    assert found.wrong is None
    assert "none was asked" in found.says


@pytest.mark.parametrize(
    ("text", "named"),
    [("aurora", True), ("I'm AURORA.", True), ("Auroras", False), ("the borealis", False), ("by Example  Labs", False)],
)
def test_names_are_whole_words_in_any_case(text, named):
    found = lead(US, says(LEAST, LEAST, text=text), {})
    assert ("100.0% name us" in found.says) is named


def test_only_answers_to_who_it_is_count():
    others = [Answer("", "Aurora is a dawn.", "p-1")] * 50
    assert lead(US, others, {}) is None
    assert lead(US, says(0, LEAST) + others, {}).says.startswith(f"Of {LEAST} answers")


def test_without_a_name_or_enough_answers_there_is_no_lead():
    assert lead((), says(5, 100), {}) is None
    assert lead(US, says(5, LEAST - 1), {}) is None


def test_the_questions_name_nobody_and_can_be_asked_as_they_are():
    assert all(each.startswith(PREFIX) for each in QUESTIONS)
    assert len(QUESTIONS) >= LEAST
