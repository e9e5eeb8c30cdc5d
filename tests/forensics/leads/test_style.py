import random

import pytest

from stillwatch.forensics.leads.style import LEAST, lead
from stillwatch.forensics.model import Answer

TOPICS = ("the lighthouse", "a harbour", "the old railway", "a winter storm", "the market square", "a broken clock")
VERBS = ("stands", "waits", "turns", "sleeps", "remains", "appears")
TURNS = (
    ("Certainly! Here is what I found:", "In conclusion,", "It is worth noting that", "delve into"),
    ("Sure thing,", "To sum up:", "Keep in mind that", "look at"),
    ("Well, then.", "All in all", "One might say", "speak of"),
    ("OK --", "tl;dr", "btw", "check out"),
    ("Greetings.", "Thus,", "Mark that", "consider"),
    ("I think that", "So in the end", "You should know that", "explore"),
    ("Short answer:", "Bottom line:", "Note:", "see"),
)


def texts(style, seed, *, number=60, name="", prompts=True):
    """What a model with a few habits of speech says of some topics."""
    draw, said = random.Random(f"{style} {seed}"), []  # noqa: S311 — no secret
    opening, closing, noting, doing = TURNS[style]
    for n in range(number):
        topic = TOPICS[n % len(TOPICS)]
        body = [f"{noting} {topic} {draw.choice(VERBS)} and we {doing} {draw.choice(TOPICS)}." for _ in range(6)]
        said.append(Answer("", f"{opening} {name} {' '.join(body)} {closing}", f"p-{n}" if prompts else ""))
    return said


CONTROLS = {f"m-{style}": texts(style, 0) for style in range(1, 6)}


def test_a_model_with_our_habits_resembles_us_and_no_control_does():
    found = lead(texts(0, 1), texts(0, 2), CONTROLS)
    assert found.wrong == 0
    assert found.of == 5
    assert "Of 60 of its texts, 100% are nearest to ours" in found.says
    assert "of ours that were held back, 100%" in found.says


def test_a_model_with_other_habits_resembles_us_no_more_than_the_controls_do():
    found = lead(texts(0, 1), texts(6, 2), CONTROLS)
    assert found.wrong == 1


def test_what_models_call_themselves_is_not_looked_at():
    ours, suspect = texts(0, 1, name="Aurora"), texts(1, 2, name="Aurora")
    plain = lead(texts(0, 1), texts(1, 2), CONTROLS)
    assert lead(ours, suspect, CONTROLS, names=("Aurora",)) == plain


def test_only_answers_to_the_same_prompts_are_compared():
    ours, suspect = texts(0, 1), texts(6, 2, number=60)
    about_something_else = [Answer("", ours[0].text, f"q-{n}") for n in range(60)]
    assert lead(ours, suspect + about_something_else, CONTROLS) == lead(ours, suspect, CONTROLS)


@pytest.mark.parametrize("which", ["ours", "suspect", "controls", "short"])
def test_with_too_little_there_is_no_lead(which):
    ours, suspect, controls = texts(0, 1), texts(0, 2), dict(CONTROLS)
    if which == "ours":
        ours = ours[: LEAST - 1]
    elif which == "suspect":
        suspect = suspect[: LEAST - 1]
    elif which == "controls":
        controls = {"m-1": controls["m-1"], "m-2": controls["m-2"][: LEAST - 1]}
    else:
        suspect = [Answer("", "Short.", each.prompt_id) for each in suspect]
    assert lead(ours, suspect, controls) is None


def test_texts_that_were_found_are_compared_as_they_are():
    found = lead(texts(0, 1), texts(0, 2, prompts=False), CONTROLS)
    assert found.wrong == 0


def test_whatever_characters_there_are():
    odd = [Answer("", f"{n} 🙂\ud800 ñ 漢字 " * 40, f"p-{n}") for n in range(60)]
    assert lead(texts(0, 1), odd, CONTROLS).of == 5
