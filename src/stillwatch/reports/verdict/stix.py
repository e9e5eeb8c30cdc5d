"""A verdict as what may be told of it to other providers (`stillwatch.indicators.verdicts`).

    objects = verdicts.objects(told(document), contributor=identity_id, now=now)
    told(document, named=True)      # with the name that the suspect has in the plan

This is the border: counts of keys and controls, a power of ten, and nothing that was asked or answered.
"""

from stillwatch.forensics.verdict import VerdictDocument
from stillwatch.indicators.verdicts import Told


def told(document: VerdictDocument, *, named: bool = False) -> Told:
    """Reduce a verdict to what may leave.

    Args:
        document: the verdict.
        named: whether the suspect's name goes with it; otherwise it is a number.
    """
    found = [each for each in document.results if each.keys]
    suspect = [each for each in found if each.role == "suspect"]
    tests = {each.name: each.kind for each in document.tests}
    return Told(
        plan=document.plan,
        made=document.made.date(),
        grade=document.grade,
        alpha=document.alpha,
        log10_p=min((each.log10_p for each in suspect), default=0.0),
        tests=tuple(sorted({tests[each.test] for each in suspect})),
        keys=len({key.key for each in suspect for key in each.keys}),
        innocent=len({each.subject for each in found if each.role == "control"} - _not_counted(document)),
        positive=len({each.subject for each in found if each.role == "positive"}),
        reruns=sum(each.blinded and not each.differs and each.by != document.by for each in document.reruns),
        committed=_met(document, "committed"),
        stamped=document.stamped,
        campaigns=tuple(each.id for each in document.campaigns if each.reached),
        named=document.suspect if named else None,
    )


def _not_counted(document: VerdictDocument) -> set[str]:
    return {each.id for each in document.subjects if not each.counted}


def _met(document: VerdictDocument, name: str) -> bool:
    return any(each.met for each in document.requirements if each.name == name)
