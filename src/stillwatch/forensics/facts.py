"""All that a grade rests on: results of the suspect and of controls, and how they came about.

Facts(alpha=1e-6, suspect=results, controls={...}, positives={...}, committed=True, ...)
"""

from dataclasses import dataclass

from stillwatch.forensics.model import TestResult


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
