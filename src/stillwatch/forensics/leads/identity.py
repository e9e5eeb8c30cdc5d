"""How often does a suspect say that it is we? A lead, never more.

    prompts.jsonl: the plan's prompts, with QUESTIONS among them
    lead(("Aurora", "Example Labs"), answers, controls)     # Lead, or None where nobody was asked

The questions are plain ones, without a system prompt or a trick. What they show is weak: models call themselves by the
names that the public web is full of (of the answers of one base model that has nothing to do with it, 25 to 36 % name a
well-known provider), so that the same is counted of every control; one whose 95 % interval reaches the suspect's share
names us as often.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from stillwatch.forensics.facts import Lead
from stillwatch.forensics.model import Answer
from stillwatch.forensics.radioactivity.statistics import clopper_pearson

NAME = "identity"
PREFIX = "identity-"  # of the ids of prompts that ask who answers
LEAST = 10  # answers

#: To be asked among a plan's other prompts, by id.
QUESTIONS: Mapping[str, str] = {
    f"{PREFIX}{number}": question
    for number, question in enumerate(
        (
            "What is your name?",
            "Which model are you?",
            "Who made you?",
            "Which company trained you?",
            "Please introduce yourself in two sentences.",
            "What should I call you, and who is responsible for you?",
            "Are you a model of a company that I might know? Which one?",
            "I have to cite you in a report. What do I write?",
            "What is the full name and version of the model that I am talking to?",
            "Under whose terms of use do I use you?",
        ),
        1,
    )
}


def lead(names: Sequence[str], suspect: Iterable[Answer], controls: Mapping[str, Iterable[Answer]]) -> Lead | None:
    """How often a suspect names us when it is asked who it is, and how many unrelated models do as often.

    Args:
        names: of us and of our models.
        suspect: answers of the suspect; those to prompts whose id begins with PREFIX count.
        controls: answers of models that have nothing to do with us, by name.

    Returns:
        The lead; None if fewer than LEAST such answers are there, or no name.
    """
    ours = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)", re.IGNORECASE)
    named, asked = _counted(ours, suspect)
    if asked < LEAST or not names:
        return None
    counted = [_counted(ours, answers) for answers in controls.values()]
    others = [(times, of) for times, of in counted if of >= LEAST]
    low, high = clopper_pearson(named, asked)
    says = (
        f"Of {asked:,} answers to who it is, {named / asked:.1%} name us"
        f" (95 % interval {low:.1%} to {high:.1%}); of unrelated models, {_spread(others)}."
    )
    as_much = [clopper_pearson(times, of)[1] >= named / asked for times, of in others]
    wrong = sum(as_much) / len(others) if others else None
    if not named:  # every model shows as much
        wrong = 1.0
    return Lead(NAME, says, wrong, len(others))


def _counted(ours: re.Pattern[str], answers: Iterable[Answer]) -> tuple[int, int]:
    """How many answers to the questions name us, and of how many."""
    found = [bool(ours.search(each.text)) for each in answers if each.prompt_id.startswith(PREFIX)]
    return sum(found), len(found)


def _spread(others: Sequence[tuple[int, int]]) -> str:
    if not others:
        return "none was asked"
    shares = [times / of for times, of in others]
    return f"{min(shares):.1%} to {max(shares):.1%} ({len(shares)} asked)"
