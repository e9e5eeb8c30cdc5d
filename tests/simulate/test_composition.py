import re

import numpy as np
import pytest

from stillwatch.simulate.composition import Texts, compose
from stillwatch.simulate.keys import below, mix
from stillwatch.simulate.vocabulary import vocabulary

WORDS = vocabulary()
ENGLISH = WORDS.fields.index("en/school")
TEMPLATES = ("plain", "fixed", "prefix", "suffix", "paraphrase", "nonce", "shuffled", "graded", "encoded")


def composed(root: str, n: int, **keys: object) -> list[str]:
    """Texts of one kind in all fields; a key that is given is the same for all of them."""
    own = mix(3, np.arange(n))
    field = np.full(n, keys["field"]) if "field" in keys else below(mix(own, 9), len(WORDS.fields))
    voice = np.full(n, keys["voice"], dtype=np.uint64) if "voice" in keys else mix(own, 1)
    group = np.full(n, keys["group"], dtype=np.uint64) if "group" in keys else mix(own, 2)
    symbols = (np.full(n, WORDS.symbols[name], dtype=np.int32) for name in (root, str(keys.get("hole", "instruct"))))
    texts: list[str] = compose(WORDS.grammar, Texts(*symbols, field.astype(np.int32), own, voice, group)).to_pylist()
    return texts


@pytest.mark.parametrize("phrase", sorted(WORDS.symbols))
def test_every_phrase_is_worded_in_every_field(phrase: str) -> None:
    for text in composed(phrase, 400):
        assert not re.search(r"\{[a-z_]+(:[a-z]+)?\}", text)


def test_a_text_depends_on_its_own_key_alone() -> None:
    assert composed("ask", 50) == composed("ask", 100)[:50]


def test_people_hardly_ever_say_the_same() -> None:
    assert len(set(composed("ask", 2000, field=ENGLISH))) > 1900


def test_wrappers_are_fixed_in_a_group_and_differ_between_groups() -> None:
    one, other = (composed("suffix", 30, group=g, field=ENGLISH) for g in (1, 2))
    assert len({text.split("\n\n")[-1] for text in one}) == 1
    assert one[0].split("\n\n")[-1] != other[0].split("\n\n")[-1]
    assert len(set(one)) == 30


def test_a_paraphrase_is_not_fixed() -> None:
    assert len({text[:25] for text in composed("paraphrase", 60, group=1, field=ENGLISH)}) > 30


def test_a_voice_has_one_habit_and_a_few_ways_to_begin() -> None:
    known = set(composed("habit", 300, field=ENGLISH))
    said = [phrase for text in composed("habit_ask", 300, voice=5, field=ENGLISH) for phrase in known if phrase in text]
    assert len(known) == 5
    assert len(set(said)) == 1
    assert len(said) > 150


def test_the_world_has_one_wording() -> None:
    assert len(set(composed("agent_system", 200))) == 1
    assert all(text.startswith("You are Fernwick") for text in composed("agent_system", 5))


@pytest.mark.parametrize("template", TEMPLATES)
def test_templates_hold_the_content(template: str) -> None:
    for whole, content in zip(composed(template, 40, hole="reason"), composed("plain", 40, hole="reason"), strict=True):
        assert (content in whole) == (template != "encoded")


def test_cjk_and_right_to_left_are_there() -> None:
    chinese = composed("ask", 30, field=WORDS.fields.index("zh/office"))
    assert all(re.search(r"[\u4e00-\u9fff]", text) for text in chinese)
    assert WORDS.of_language("ar", "hi", "ja", "ru")
