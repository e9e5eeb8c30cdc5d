"""What a verdict has to say beside its figures: what was tested, what was not, its limits, other explanations.

Every verdict carries all of it, whatever its grade. The words are those of a report that will be read by somebody who
looks for what it leaves out.
"""

from collections.abc import Iterator, Mapping

from stillwatch.forensics.facts import Facts
from stillwatch.forensics.grading import Graded
from stillwatch.forensics.model import Kind, TestResult
from stillwatch.forensics.plan import Plan
from stillwatch.forensics.wording import count, listed

_NAMED = 5  # more controls than these are counted, not listed

#: What a test of each kind asks.
ASKS: Mapping[Kind, str] = {
    "closed": "Do the suspect's own answers prefer the tokens that our key would have preferred?",
    "reading": "Does the suspect, reading a text of ours, expect next the tokens that our key would have preferred?",
    "mass": "How much probability does the suspect give, window by window, to the tokens that our key prefers?",
    "canaries": "Among wordings that are equally right, does the suspect choose those that our key chose?",
    "rephrasings": "Of two rephrasings of one text, does the suspect prefer the one that was published by our draw?",
}

_LEFT_OUT: Mapping[Kind, str] = {
    "closed": "The suspect's own answers were not tested for our marks.",
    "reading": "What the suspect expects while it reads was not tested: that needs its probabilities.",
    "mass": "The suspect's probabilities were not weighed: that needs them, or many answers to each prompt.",
    "canaries": "No keyed choices were looked for: none were planted, or the plan leaves them out.",
    "rephrasings": "No pairs of published and private rephrasings were compared.",
}

#: Other explanations of a positive result, for which no test here can tell.
ALTERNATIVES: Mapping[str, str] = {
    "public text": "Marked answers were published by those who got them and were collected from the public web with"
    " everything else. The suspect then learned from our outputs without anybody asking our model for it.",
    "somebody else's set": "The suspect was trained on examples that somebody else collected and passed on. The"
    " keys tell which accounts the answers went to, not who trained on them.",
    "another model in between": "The suspect was trained on the outputs of a model that was trained on ours.",
    "spoofing": "Somebody who learned our marks from many answers wrote text that carries them, to have the suspect"
    " accused. A watermark alone is forgeable; several keys, other kinds of tests and secret keys make it harder.",
}


def tested(plan: Plan, facts: Facts) -> Iterator[str]:
    """What was tested, on how much."""
    for result in facts.suspect:
        if not result.problem:
            test = next(each for each in plan.tests if each.name == result.test)
            yield f"{result.test}: {ASKS[test.kind]} {_amount(result)}"


def _amount(result: TestResult) -> str:
    noun = {"canaries": "choice", "rephrasings": "pair"}.get(result.kind, "score")
    return f"On {count(result.n, noun)}, with {count(len(result.keys), 'key')}."


def not_tested(plan: Plan, facts: Facts) -> Iterator[str]:
    """What was not tested: tests without a result, subjects without one, kinds that the plan leaves out."""
    for result in facts.suspect:
        if result.problem:
            yield f"{result.test} has no result: {result.problem}"
    answered = {each.test for each in facts.suspect}
    yield from (f"{each.name} was planned and not run." for each in plan.tests if each.name not in answered)
    yield from _without_controls(facts)
    kinds = {each.kind for each in plan.tests}
    yield from (says for kind, says in _LEFT_OUT.items() if kind not in kinds)
    yield "The suspect's training data, its weights and its makers' records were not seen."
    yield "Whether it learned from answers that carried no key was not tested, and cannot be by these tests."


def _without_controls(facts: Facts) -> Iterator[str]:
    """Which controls have no result in a test of which the suspect has one."""
    others = {**facts.controls, **facts.positives}
    for test in (each.test for each in facts.suspect if not each.problem):
        missing = tuple(
            name for name, found in others.items() if not any(each.test == test and each.keys for each in found)
        )
        if missing:
            named = listed(missing) if len(missing) <= _NAMED else f"{len(missing):,} of the {len(others):,} controls"
            yield f"{test} has no result for {named}."


def limits(plan: Plan, facts: Facts, graded: Graded) -> Iterator[str]:
    """What the result cannot carry."""
    if graded.grade in ("none", "lead"):
        yield (
            "That nothing was shown is no finding of innocence: little keyed text, a faint mark, paraphrase or"
            " mixing with other text hide what there was."
        )
    yield "A result tells that the suspect learned from keyed answers, not who took them, or on whose order."
    yield (
        "The rate of false alarms holds as long as the keys were secret and drawn at random. It does not depend on what"
        " kind of model the suspect is."
    )
    yield "The suspect was tested as it answered then. A service may answer with another model tomorrow, or to others."
    yield from _limits_of_tests(plan, facts)
    if any(each.texts for each in plan.subjects if each.role == "suspect"):
        yield "The suspect's answers were at hand as files: that they are the suspect's is not shown by the tests."
    if not facts.stamped:
        yield "Nobody else vouches for the time of the commitment: whoever doubts it has our word only."
    if facts.released_late:
        late = listed(facts.released_late)
        yield f"Of {late} it is not known that they were released before the exposure: they do not count as controls."
    if facts.leads:
        yield "Leads are similarities. They raise no grade by themselves, however many there are."


def _limits_of_tests(plan: Plan, facts: Facts) -> Iterator[str]:
    wide = tuple(each.name for each in plan.tests if (each.width or 0) >= 4)
    if wide:
        yield (
            f"{listed(wide)}: with windows of four tokens or more a mark is hardly learned; a model that was trained on"
            " few keyed answers is missed."
        )
    for result in facts.suspect:
        if not result.problem and result.n < result.needed:
            yield (
                f"{result.test}: {result.n:,} of the {result.needed:,} that were planned could be scored; the chance to"
                " miss an effect is larger than planned."
            )
