"""What each grade needs, one requirement after the other: whether it is met, and in words.

for each in corroborates(facts, result): ...     # by a controlled test
for each in shows(facts, result): ...            # besides, to show at alpha
for each in without_test(facts): ...             # the other way to `corroborated`
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import log10
from typing import Literal

from stillwatch.forensics.facts import Facts, Lead
from stillwatch.forensics.model import TestResult
from stillwatch.forensics.radioactivity.statistics import binomial_interval
from stillwatch.forensics.wording import count, listed, probability

CORROBORATES = -3.0  # log10 of the adjusted p that corroborates
ONE_KEY = -6.0  # log10 of the adjusted p below which fewer than LEAST_KEYS will do: one key is one draw
LEAST_KEYS = 4
LEAST_CONTROLS = 20
CONTROL_LEVEL = 0.05  # at most this share of innocent models has an adjusted p below it
NULL_LEVELS = (0.05, 0.01)
SURE = 0.999  # a calibrated test is taken for a broken one less than once in a thousand
EXACT = ("canaries", "rephrasings")  # kinds of test in which chance is a draw among known choices
LEAD_WRONG = 0.05  # a similarity that a larger share of unrelated models shows is no lead


@dataclass(frozen=True)
class Requirement:
    """One thing that a grade needs.

    Attributes:
        name: of the requirement, the same from version to version.
        grade: the lowest grade that needs it.
        wants: what is needed, in words.
        met: whether it is.
        says: what there was, in words.
    """

    name: str
    grade: Literal["corroborated", "shown"]
    wants: str
    met: bool
    says: str


def corroborates(facts: Facts, result: TestResult | None) -> Iterator[Requirement]:
    """What a controlled test needs to corroborate."""
    yield Requirement(
        "randomness",
        "corroborated",
        "The test compares with chance that we drew: a secret key, or a secret choice.",
        result is not None,
        f"The test {result.test} does." if result else "No test has a result.",
    )
    stamp = "somebody else vouches for the time" if facts.stamped else "nobody else vouches for the time"
    yield Requirement(
        "committed",
        "corroborated",
        "Keys and choices were committed to before their first exposure.",
        facts.committed,
        f"They were; {stamp}." if facts.committed else "No commitment from before the exposure is in the evidence.",
    )
    yield Requirement(
        "planned",
        "corroborated",
        "The plan was sealed before the first question.",
        facts.planned,
        "It was." if facts.planned else "It cannot be shown that it was.",
    )
    yield Requirement(
        "found",
        "corroborated",
        "The result has p below 0.001, adjusted for all keys and tests.",
        result is not None and result.log10_p < CORROBORATES,
        f"p = {probability(result.log10_p)}." if result else "No test has a result.",
    )
    yield _clean_controls(facts, result)
    yield Requirement(
        "calibrated",
        "corroborated",
        "Keys that nobody used give false alarms no more often than they should.",
        result is not None and _calibrated(result),
        _null_says(result),
    )


def shows(facts: Facts, result: TestResult | None) -> Iterator[Requirement]:
    """What a corroborating test needs besides, to show at alpha."""
    tested = len(result.keys) if result else 0
    strong = result is not None and result.log10_p < log10(facts.alpha)
    yield Requirement(
        "alpha",
        "shown",
        f"The result has p below alpha = {probability(log10(facts.alpha))}, with at least {LEAST_KEYS} keys or p below"
        f" {probability(ONE_KEY)}.",
        result is not None and strong and (tested >= LEAST_KEYS or result.log10_p < ONE_KEY),
        f"p = {probability(result.log10_p)}, with {count(tested, 'key')}." if result else "No test has a result.",
    )
    yield Requirement(
        "followed",
        "shown",
        "The run followed the plan.",
        not facts.departures,
        "It did." if not facts.departures else " ".join(facts.departures),
    )
    yield _enough_controls(facts, result)
    yield _positive_control(facts, result)
    yield _rerun(facts)


def refuted(facts: Facts, result: TestResult) -> bool:
    """Whether innocent models or wrong keys show that the test accuses more often than it says."""
    return _too_many_reject(_controls(facts, result)) or not _calibrated(result)


def _controls(facts: Facts, result: TestResult | None) -> Mapping[str, TestResult]:
    """The results of innocent controls that count, in the same test, by subject."""
    counted = {name: found for name, found in facts.controls.items() if name not in facts.released_late}
    return _in_test(counted, result)


def _in_test(results: Mapping[str, tuple[TestResult, ...]], result: TestResult | None) -> Mapping[str, TestResult]:
    test = result.test if result else None
    return {
        name: each
        for name, found in results.items()
        for each in found
        if each.test == test and each.keys and not each.problem
    }


def _clean_controls(facts: Facts, result: TestResult | None) -> Requirement:
    controls = _controls(facts, result)
    rejecting = sum(each.log10_p < log10(CONTROL_LEVEL) for each in controls.values())
    strongest = min((each.log10_p for each in controls.values()), default=0.0)
    says = (
        f"Of {count(len(controls), 'control')}, {rejecting:,} {'has' if rejecting == 1 else 'have'} p below"
        f" {CONTROL_LEVEL:g} (chance explains up to {_most(len(controls), CONTROL_LEVEL)}); the smallest p is"
        f" {probability(strongest)}."
    )
    return Requirement(
        "clean controls",
        "corroborated",
        "Innocent models show nothing, beyond what chance explains.",
        bool(controls) and not _too_many_reject(controls),
        says if controls else "No innocent model has a result.",
    )


def _too_many_reject(controls: Mapping[str, TestResult]) -> bool:
    """More below the level than its binomial interval, or one so strong that so many controls do not explain it."""
    found = [each.log10_p for each in controls.values()]
    rejecting = sum(each < log10(CONTROL_LEVEL) for each in found)
    return rejecting > _most(len(found), CONTROL_LEVEL) or any(
        each + log10(len(found)) < log10(1 - SURE) for each in found
    )


def _most(number: int, level: float) -> int:
    """The upper end of the binomial interval of how many fall below a level by chance."""
    return binomial_interval(number, level, 2 * SURE - 1)[1] if number else 0


def _calibrated(result: TestResult) -> bool:
    """Whether wrong keys give no more false alarms than the level says; fewer harm nobody."""
    null = result.null
    if not null.keys:
        return result.kind in EXACT
    shares = zip(NULL_LEVELS, (null.share_05, null.share_01), strict=True)
    return all(round(share * null.keys) <= _most(null.keys, level) for level, share in shares)


def _null_says(result: TestResult | None) -> str:
    if result is None:
        return "No test has a result."
    null = result.null
    if not null.keys:
        known = "The chance of each choice is known exactly, so that no wrong keys are needed."
        return known if result.kind in EXACT else "No wrong keys were tried."
    return (
        f"Of {count(null.keys, 'wrong key')}, {null.share_05:.1%} have p below 0.05 and {null.share_01:.1%} below 0.01;"
        f" that their p are spread evenly has p = {null.ks_p:.2g} (Kolmogorov and Smirnov)."
    )


def _enough_controls(facts: Facts, result: TestResult | None) -> Requirement:
    counted = len(_controls(facts, result))
    late = f" {count(len(facts.released_late), 'other')} may have been trained later: not counted." * bool(
        facts.released_late
    )
    return Requirement(
        "enough controls",
        "shown",
        f"At least {LEAST_CONTROLS} innocent models, released before the exposure, were tested alike.",
        counted >= LEAST_CONTROLS,
        f"{counted:,} were.{late}" if counted != 1 else f"1 was.{late}",
    )


def _positive_control(facts: Facts, result: TestResult | None) -> Requirement:
    positives = _in_test(facts.positives, result)
    found = tuple(name for name, each in positives.items() if each.log10_p < log10(facts.alpha))
    missed = tuple(name for name in positives if name not in found)
    says = f"Found: {listed(found)}." if found else "None was found."
    if missed:
        says += f" Missed: {listed(missed)}."
    return Requirement(
        "positive control",
        "shown",
        "The test finds a model that was trained on keyed answers on purpose.",
        bool(found),
        says if positives else "No such model has a result.",
    )


def _rerun(facts: Facts) -> Requirement:
    others = [each for each in facts.reruns if each.by != facts.by]
    agree = tuple(each.by for each in others if each.blinded and not each.differs)
    differ = tuple(each.by for each in facts.reruns if each.differs)
    says = f"{listed(agree)} did, and agrees." if agree else "Nobody did."
    if differ:
        says = f"{listed(differ)} found other results."
    return Requirement(
        "re-run",
        "shown",
        "Somebody else scored the same answers again without knowing whose they were, and agrees.",
        bool(agree) and not differ,
        says,
    )


def without_test(facts: Facts) -> Iterator[Requirement]:
    """The other way to `corroborated`: leads alone never lead there."""
    known = (each for each in facts.leads if each.wrong is not None and each.of >= LEAST_CONTROLS)
    sound = tuple(dict.fromkeys(each.name for each in known if is_lead(each)))
    yield Requirement(
        "two leads",
        "corroborated",
        f"Two independent leads, each wrong of at most {LEAD_WRONG:.0%} of at least {LEAST_CONTROLS} unrelated models.",
        len(sound) >= 2,
        f"There {'is' if len(sound) == 1 else 'are'} {len(sound)}: {listed(sound)}." if sound else "There is none.",
    )
    accounts = sum(number for _, number in facts.campaigns)
    yield Requirement(
        "accounts",
        "corroborated",
        "A campaign among our own accounts took answers.",
        accounts > 0,
        f"{count(len(facts.campaigns), 'campaign')} of {count(accounts, 'account')}."
        if accounts
        else "No campaign is in the evidence.",
    )


def is_lead(lead: Lead) -> bool:
    """Whether few enough unrelated models show as much, as far as that is known."""
    return lead.wrong is None or lead.wrong <= LEAD_WRONG
