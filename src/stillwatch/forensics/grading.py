"""From what was found, and how, to a grade: lead, corroborated, shown at alpha.

    graded = grade(facts)
    graded.grade, graded.requirements        # each with whether it is met, and in words

Every requirement is listed with every verdict, met or not: whoever reads it sees what is missing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import log10
from typing import Literal

from stillwatch.forensics.model import Grade, TestResult
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
class Lead:
    """A similarity that is no evidence, with how often it is wrong.

    Attributes:
        name: of the method.
        says: what was seen, in words.
        wrong: of models that have nothing to do with it, the share that shows as much; None if that is not known.
        of: how many such models were looked at.
    """

    name: str
    says: str
    wrong: float | None
    of: int


@dataclass(frozen=True)
class Rerun:
    """Somebody else scored the same answers, without knowing whose they were.

    Attributes:
        by: who; the short name of the key that signed it.
        blinded: whether the labels were drawn anew and the subjects unknown until the results were sealed.
        differs: which results differ from the first run's; empty if all agree.
    """

    by: str
    blinded: bool
    differs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facts:
    """All that a grade rests on.

    Attributes:
        alpha: the error rate of the plan.
        suspect: results of the suspect, one a test.
        controls: results of models that never saw what was keyed, by subject.
        positives: results of models that were trained on it, by subject.
        released_late: controls that were released after exposure, or without a date: they do not count.
        committed: whether the keys and choices were committed to before their first exposure.
        stamped: whether somebody else vouches for that time (RFC 3161).
        planned: whether the plan was sealed before the first question.
        departures: where the run did not follow the plan, in words.
        by: the short name of the key that signed the run.
        reruns: by others.
        leads: below evidence.
        campaigns: of detection's findings, whose answers the keys marked: id, and how many accounts.
    """

    alpha: float
    suspect: tuple[TestResult, ...]
    controls: dict[str, tuple[TestResult, ...]]
    positives: dict[str, tuple[TestResult, ...]]
    released_late: tuple[str, ...] = ()
    committed: bool = False
    stamped: bool = False
    planned: bool = False
    departures: tuple[str, ...] = ()
    by: str = ""
    reruns: tuple[Rerun, ...] = ()
    leads: tuple[Lead, ...] = ()
    campaigns: tuple[tuple[str, int], ...] = ()


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


@dataclass(frozen=True)
class Graded:
    """A grade, and why.

    Attributes:
        grade: `none` says that nothing was shown; it never says that a model is innocent.
        test: the test that comes furthest, which the requirements are told of; "" where none has a result.
        requirements: of the way by a test, in order; all of them, met or not.
        instead: of the other way to `corroborated`, without a test.
    """

    grade: Grade
    test: str
    requirements: tuple[Requirement, ...]
    instead: tuple[Requirement, ...]


def grade(facts: Facts) -> Graded:
    """Grade what was found.

    Each test of the suspect is held against all requirements, and the one that comes furthest gives the grade: their p
    are adjusted for one another (Holm 1979), so that choosing among them is paid for. A signal that lacks what
    corroborates is a lead, unless the controls or the wrong keys refute the test.

    Args:
        facts: all that was found, by the subjects' names.
    """
    instead = tuple(_without_test(facts))
    judged = [_Judged(facts, result) for result in facts.suspect if not result.problem and result.keys]
    best = max(judged, key=lambda each: each.rank, default=_Judged(facts, None))
    reached: Grade = best.grade
    if reached != "shown" and all(each.met for each in instead):
        reached = "corroborated"
    elif reached == "none" and any(_is_lead(each) for each in facts.leads):
        reached = "lead"
    return Graded(reached, best.result.test if best.result else "", best.requirements, instead)


class _Judged:
    """One test of the suspect, or none, held against all requirements."""

    def __init__(self, facts: Facts, result: TestResult | None) -> None:
        self.result = result
        self.requirements = (*_corroborates(facts, result), *_shows(facts, result))
        unmet = {each.grade for each in self.requirements if not each.met}
        self.grade: Grade = self._signal(facts) if "corroborated" in unmet else "corroborated"
        if not unmet:
            self.grade = "shown"

    def _signal(self, facts: Facts) -> Grade:
        """Without a commitment or a plan it is a lead; refuted by controls or wrong keys it is nothing."""
        if self.result is None or self.result.log10_p >= CORROBORATES:
            return "none"
        refuted = _too_many_reject(_controls(facts, self.result)) or not _calibrated(self.result)
        return "none" if refuted else "lead"

    @property
    def rank(self) -> tuple[int, int, float]:
        """How far the test comes, to be compared."""
        place = ("none", "lead", "corroborated", "shown").index(self.grade)
        return place, sum(each.met for each in self.requirements), -(self.result.log10_p if self.result else 0.0)


def _corroborates(facts: Facts, result: TestResult | None) -> Iterator[Requirement]:
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


def _shows(facts: Facts, result: TestResult | None) -> Iterator[Requirement]:
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


def _without_test(facts: Facts) -> Iterator[Requirement]:
    """The other way to `corroborated`: leads alone never lead there."""
    known = (each for each in facts.leads if each.wrong is not None and each.of >= LEAST_CONTROLS)
    sound = tuple(dict.fromkeys(each.name for each in known if _is_lead(each)))
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


def _is_lead(lead: Lead) -> bool:
    return lead.wrong is None or lead.wrong <= LEAD_WRONG
