import json
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.forensics.canaries.catalogue import load
from stillwatch.forensics.canaries.choosing import choice
from stillwatch.forensics.canaries.finding import found
from stillwatch.forensics.canaries.planting import plant
from stillwatch.forensics.canaries.prose import LONGEST

from .conftest import SIGNED

KEYS = st.integers(0, (1 << 64) - 1)
ASKED = "Tell me about bees."
PHRASES = ["for example,", "Moreover,", "in fact,", "In most cases", "ensure that", "on the whole,", "as a result of"]
WORDS = ["bees", "dance", "a", "an", "honey.", "The", "of", "and", "“quoted”", "`code`", "\n", "https://bees.example/"]
SENTENCES = st.lists(st.sampled_from(PHRASES + WORDS), max_size=12).map(" ".join)
ITEMS = st.lists(
    st.sampled_from(["Wax", "Honey, raw", "In fact, wings", "zinc.", "a `code`", "", "1. x", "Stings"]), max_size=5
)
BLOCKS = st.one_of(
    SENTENCES,
    st.tuples(ITEMS, st.sampled_from(["- ", "* ", "+ ", "1. ", "  - ", "-  "])).map(
        lambda given: "\n".join(given[1] + item for item in given[0])
    ),
    SENTENCES.map(lambda text: f"```\n{text}\n```"),
    SENTENCES.map(lambda text: "> " + text),
    SENTENCES.map(lambda text: "# " + text),
    SENTENCES.map(lambda text: "    " + text),
    st.sampled_from(
        ["---", "- [ ] task", "| a | b |\n|---|---|\n| in fact, | c |", '"', "<b>in fact,</b>", "- a\n\n  b"]
    ),
)
TEXTS = st.lists(BLOCKS, max_size=6).map("\n\n".join)


@settings(max_examples=300)
@given(TEXTS, KEYS)
def test_planting_changes_no_slot_and_twice_is_once(shipped, text, key):
    planted = plant(text, ASKED, shipped, key)
    assert plant(planted.text, ASKED, shipped, key) == planted
    before, after = found(text, ASKED, shipped), found(planted.text, ASKED, shipped)
    assert Counter(each.id for each in before) == Counter(each.id for each in after)
    assert {each.id for each in before} == set(planted.slots)
    assert all(each.variant == choice(key, each.id, each.slot.n) for each in after)


@settings(max_examples=200)
@given(TEXTS, KEYS)
def test_another_key_s_choices_leave_no_trace(shipped, text, key):
    assert (
        plant(plant(text, ASKED, shipped, key ^ 1).text, ASKED, shipped, key).text
        == plant(text, ASKED, shipped, key).text
    )


@given(st.text(max_size=300), KEYS)
def test_any_text_can_be_planted_and_without_a_phrase_it_stays(shipped, text, key):
    planted = plant(text, ASKED, shipped, key)
    assert planted.slots or planted.text == text


def changed(text, catalogue, prompt=ASKED, **more):
    """Whether any of many keys changes it."""
    return any(plant(text, prompt, catalogue, key, **more).text != text for key in range(40))


@pytest.mark.parametrize(
    "text",
    [
        "In fact, bees dance.",
        "We know, in fact, that bees dance.",
        "Bees dance.\n\n1. In fact, all do.\n2. None stings.",
        "Bees dance (in fact, all do) and “sing”.",
        "- In fact, bees dance\n- They sing",
    ],
)
def test_prose_is_planted(shipped, text):
    assert changed(text, shipped)


@pytest.mark.parametrize(
    "text",
    [
        "```\nIn fact, bees dance.\n```",
        "~~~python\nprint('in fact, bees dance')\n~~~",
        "    In fact, bees dance.",
        "> In fact, bees dance.",
        "- > In fact, bees dance.",
        "# In fact, bees dance",
        "| In fact, | bees |\n|---|---|\n| in fact, | dance |",
        "She said: “In fact, bees dance.”",
        'She said: "In fact, bees dance."',
        'A quotation that never ends: "In fact, bees dance.',
        "Sie sagt: „In fact, bees dance.“",
        "It prints `in fact, bees dance`.",
        "It prints `in fact, bees dance.",
        "See https://bees.example/?q=in+fact, or nothing.",
        "The formula $a in fact, b$ holds.",
        '{"text": "in fact, bees dance"}',
        '[\n  "In fact, bees dance."\n]',
        "title: bees\ntext: In fact, bees dance.",
        "print('In fact, bees dance.')\nx = f(1)",
        "def f():\n    return 'In fact, bees dance.'",
        "<p>In fact, bees dance.</p>",
        "--- a\n+++ b\n@@ -1 +1 @@\n-In fact, bees sing.",
        "In fact,bees dance.",
        "Chieftain fact, bees dance.",
        "IN FACT, bees dance.",
        "In  fact, bees dance.",
        "in-fact, bees dance",
        "An in fact, odd sentence.",
        "In fact, bees dance.\r\n\r\nThey do.",
        "Bees dance.",
        "",
        "In fact, bees dance. " * 20_000,
    ],
)
def test_what_is_not_certainly_prose_is_left_alone(shipped, text):
    assert not changed(text, shipped)


def test_case_is_kept(shipped):
    texts = {plant("In fact, bees dance; in fact, all do.", ASKED, shipped, key).text for key in range(60)}
    first, second = ("In fact,", "As a matter of fact,"), ("in fact,", "as a matter of fact,")
    assert texts == {f"{one} bees dance; {other} all do." for one in first for other in second}


def test_a_phrase_that_was_asked_for_or_quoted_is_left_alone(shipped):
    text = "In fact, bees dance."
    assert not changed(text, shipped, "Translate: in fact, ...")
    assert not changed(text, shipped, history="As a matter of fact, bees dance.")
    assert changed(text, shipped, history="As a rule, bees dance.")


@pytest.mark.parametrize(
    ("text", "prompt", "does"),
    [
        ("Bees make:\n\n- Wax\n- Honey", ASKED, True),
        ("Bees make:\n\n* Wax\n* Honey\n\nAnd more.", ASKED, True),
        ("Bees make:\n\n- Wax\n- Honey", "Make a bulleted list.", False),
        ("Bees make:\n\n- Wax\n- Honey", "Answer in YAML.", False),
        ("Bees make:\n\n+ Wax\n+ Honey", ASKED, False),
        ("- Wax\n\n* Honey", ASKED, False),
        ("- Wax\n  - Yellow\n- Honey", ASKED, False),
        ("- Wax\n\n  It is yellow.\n- Honey", ASKED, False),
        ("bees:\n- Wax\n- Honey", ASKED, False),
        ("- [ ] Wax\n- [x] `Honey", ASKED, False),
    ],
)
def test_the_mark_of_a_plain_list_is_a_choice(written, text, prompt, does):
    mark = 'id = "mark"\nkind = "format"\nvariants = ["-", "*"]\nunless_asked = ["bullet", "yaml"]\n'
    catalogue = load(written(mark + SIGNED))
    assert changed(text, catalogue, prompt) == does
    planted = {plant(text, prompt, catalogue, key).text for key in range(20)}
    assert len(planted) == 1 + does


@pytest.mark.parametrize(
    ("text", "prompt", "does"),
    [
        ("Bees make:\n\n- Wax\n- Honey\n- Brood", ASKED, True),
        ("Bees make:\n\n- Wax\n- Honey\n- Brood", "Rank what bees make.", False),
        ("Bees make:\n\n1. Wax\n2. Honey\n3. Brood", ASKED, False),
        ("Bees make:\n\n- Wax\n- Honey", ASKED, False),
        ("The steps:\n\n- Wax\n- Honey\n- Brood", ASKED, False),
        ("Bees make:\n\n- Wax\n- Honey\n- Brood\n\nThe first is yellow.", ASKED, False),
        ("Bees make:\n\n- Wax\n- Also honey\n- Brood", ASKED, False),
        ("Bees make:\n\n- Wax in 1 day\n- Honey\n- Brood", ASKED, False),
        ("Bees make:\n\n- wax,\n- honey,\n- and brood.", ASKED, False),
        ("Bees make:\n\n- Wax\n- Honey\n- Wax", ASKED, False),
    ],
)
def test_the_order_of_a_list_that_has_none_is_a_choice(written, text, prompt, does):
    order = 'id = "order"\nkind = "order"\nvariants = ["rising", "falling"]\nunless_asked = ["rank"]\n'
    catalogue = load(written(order + SIGNED))
    planted = {plant(text, prompt, catalogue, key).text for key in range(20)}
    assert len(planted) == 1 + does
    assert {tuple(sorted(each.split("\n"))) for each in planted} == {tuple(sorted(text.split("\n")))}


def test_a_choice_by_prompt_is_the_same_for_a_prompt_and_needs_one(written):
    slot = 'id = "fact"\nkind = "wording"\nvariants = ["in fact,", "as a matter of fact,"]\ncontext = "prompt"\n'
    catalogue = load(written(slot + SIGNED))
    text = "In fact, bees dance. We know, in fact, why."
    one, other = (plant(text, prompt, catalogue, 7) for prompt in ("Why do bees dance?", "What is a still?"))
    assert len(one.slots) == 1
    assert one.slots != other.slots
    assert one.slots == plant(text, "why do  bees dance?", catalogue, 7).slots
    assert plant(text, "", catalogue, 7) == (text, ())


def test_slots_that_are_not_in_use_are_not_planted_and_still_no_context(written):
    unsigned = 'id = "fact"\nkind = "wording"\nvariants = ["in fact,", "as a matter of fact,"]\n'
    signed = 'id = "short"\nkind = "wording"\nvariants = ["in short,", "in brief,"]\n' + SIGNED
    catalogue = load(written(unsigned, signed))
    assert not changed("In fact, bees dance.", catalogue)
    texts = ["In fact, in short, bees dance.", "As a matter of fact, in short, bees dance."]
    assert len({plant(text, ASKED, catalogue, 1).slots for text in texts}) == 1


def test_json_that_holds_prose_stays_json(shipped):
    text = json.dumps({"answer": "In fact, bees dance. For example, honey bees do."}, indent=1)
    assert not changed(text, shipped)


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "\n",
        "“ ",
        "](x ",
        "- a\n",
        "- a\n- b\n- c\n\nz z\n\n",
        "In fact, x. ",
        "In fact, x.\n\n",
        "a@",
        "[a",
        " ",
        "> ",
    ],
)
def test_no_answer_takes_long_however_it_was_asked_for(shipped, piece):
    """A pattern that goes back over what it has read takes minutes for one of these."""
    started = time.process_time()
    plant(piece * (LONGEST // len(piece)), ASKED, shipped, 1)
    assert time.process_time() - started < 20
