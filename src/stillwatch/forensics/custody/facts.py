"""What a grade rests on, from what a bundle holds; and what happened to the evidence, in the order of time.

    found = facts(bundle, authority)          # Facts
    document = verdict(bundle, authority)     # graded, as verdict.json

Both follow from the bundle alone, so that whoever holds one can make them anew and compare.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from pydantic import NonNegativeInt, TypeAdapter

from stillwatch.errors import InputError, TrustError
from stillwatch.forensics import concluding
from stillwatch.forensics import verdict as verdicts
from stillwatch.forensics.custody import asking, commitments
from stillwatch.forensics.custody.blinding import Opening, Results, unsealed
from stillwatch.forensics.custody.bundle import (
    AUTHORITY,
    BLINDING,
    CAMPAIGNS,
    COMMITMENTS,
    MANIFEST,
    PLAN,
    RERUNS,
    RESULTS,
    Bundle,
    signed_by,
)
from stillwatch.forensics.custody.leads import told
from stillwatch.forensics.custody.rerunning import Repeated, differences
from stillwatch.forensics.custody.timestamps import stamped
from stillwatch.forensics.facts import Facts, Rerun
from stillwatch.forensics.grading import grade
from stillwatch.forensics.model import Role, TestResult

_CAMPAIGNS = TypeAdapter(dict[str, NonNegativeInt])


def facts(bundle: Bundle, authority: bytes | None = None) -> Facts:
    """All that a grade rests on.

    Args:
        bundle: whose files are unaltered (`bundle.unaltered`).
        authority: certificates in PEM whose time-stamps are believed; those in the bundle by default.

    Raises:
        TrustError: a commitment, a time-stamp, a label or a signature does not hold.
        InputError: a file is missing, or not what it should be.
    """
    return _Evidence(bundle, authority).facts


def verdict(bundle: Bundle, authority: bytes | None = None) -> verdicts.VerdictDocument:
    """The verdict that follows from a bundle; raises as `facts` does."""
    evidence = _Evidence(bundle, authority)
    timeline = tuple(evidence.timeline())
    found = evidence.facts
    graded = grade(found)
    made = max(event.at for event in timeline)
    return concluding.build(bundle.plan, found, graded, made=made, timeline=timeline)


@dataclass(frozen=True)
class _Evidence:
    bundle: Bundle
    authority: bytes | None

    @cached_property
    def facts(self) -> Facts:
        bundle = self.bundle
        return Facts(
            alpha=bundle.plan.alpha,
            suspect=self._of("suspect")[bundle.plan.suspect.id],
            controls=self._of("control"),
            positives=self._of("positive"),
            released_late=tuple(self._released_late()),
            committed=self._committed(),
            stamped=self._stamp(COMMITMENTS) is not None,
            planned=self._sealed() <= self._begun(),
            departures=asking.departures(bundle),
            by=signed_by(bundle.path(MANIFEST)),
            reruns=tuple(self._reruns()),
            leads=told(bundle),
            campaigns=tuple(self._campaigns().items()),
        )

    def timeline(self) -> Iterator[verdicts.Event]:
        bundle, plan, by = self.bundle, self.bundle.plan, self.facts.by
        if bundle.head:
            yield verdicts.Event(
                at=bundle.head.made, says="The keys were committed to.", by=plan.author, digest=bundle.head.root
            )
        for name, says in ((COMMITMENTS, "The commitment was time-stamped."), (PLAN, "The plan was time-stamped.")):
            if at := self._stamp(name):
                digest = hashlib.sha256(bundle.read(name)).hexdigest()
                yield verdicts.Event(at=at, says=says, by="the authority in authority.pem", digest=digest)
        for each in bundle.keys:
            if each.record.exposed:
                yield verdicts.Event(
                    at=each.record.exposed, says=f"First answer that was marked with {each.record.id}.", by=plan.author
                )
        yield verdicts.Event(at=plan.made, says="The plan was made.", by=plan.author, digest=plan.digest)
        if asked := asking.span(bundle):
            yield verdicts.Event(at=asked[0], says="The first question was asked.", by=plan.author)
            yield verdicts.Event(at=asked[1], says="The last answer came.", by=plan.author)
        scored = f"All answers were scored under blind labels ({self._results.seal[:16]})."
        yield verdicts.Event(at=self._results.scored, says=scored, by=by, digest=self._results.digest)
        yield verdicts.Event(at=bundle.manifest.made, says="The labels were opened and the bundle signed.", by=by)
        for name in bundle.reruns:
            again = bundle.document(name, Repeated)
            yield verdicts.Event(
                at=again.results.scored,
                says="Somebody else scored the answers under labels of their own.",
                by=signed_by(bundle.path(name)),
                digest=again.results.digest,
            )

    @cached_property
    def _results(self) -> Results:
        return self.bundle.document(RESULTS, Results)

    @cached_property
    def _found(self) -> tuple[TestResult, ...]:
        if self._results.plan != self.bundle.plan.digest:
            raise TrustError("The results are of another plan.", where=RESULTS)
        return unsealed(self._results, self.bundle.document(BLINDING, Opening), where=BLINDING)

    def _campaigns(self) -> dict[str, int]:
        try:
            return _CAMPAIGNS.validate_json(self.bundle.optional(CAMPAIGNS) or b"{}")
        except ValueError:
            raise InputError("The file is not what it should be.", where=CAMPAIGNS) from None

    def _of(self, role: Role) -> dict[str, tuple[TestResult, ...]]:
        return {
            subject.id: tuple(each for each in self._found if each.subject == subject.id)
            for subject in self.bundle.plan.subjects
            if subject.role == role
        }

    def _stamp(self, name: str) -> datetime | None:
        """When somebody else saw a file; None where nobody vouches for it."""
        answer = self.bundle.optional(name.replace(".json", ".tsr"))
        trusted = self.authority or self.bundle.optional(AUTHORITY)
        if answer is None or trusted is None:
            return None
        try:
            return stamped(answer, self.bundle.read(name), trusted)
        except TrustError as error:
            raise TrustError(error.what, where=name.replace(".json", ".tsr"), hint=error.hint) from None

    def _committed(self) -> bool:
        """Whether all keys were committed to before the first answer was marked with them."""
        head, tested = self.bundle.head, self.bundle.keys
        if head is None:
            return False
        if self.bundle.plan.commitments != head.root:
            raise TrustError("The commitment is not the one that the plan names.", where=COMMITMENTS)
        for each in tested:
            if each.proof is not None:
                commitments.check(head, each.record, each.proof)
        at, by_id = self._stamp(COMMITMENTS) or head.made, {each.record.id: each.record for each in tested}
        in_time = all(each.proof and each.record.exposed and at <= each.record.exposed for each in tested)
        fitting = all(by_id[key].serves(test) for test in self.bundle.plan.tests for key in test.keys)
        return bool(tested) and in_time and fitting

    def _sealed(self) -> datetime:
        return self._stamp(PLAN) or self.bundle.plan.made

    def _begun(self) -> datetime:
        """The first question; where none was asked, the scoring."""
        asked = asking.span(self.bundle)
        return asked[0] if asked else self._results.scored

    def _released_late(self) -> Iterator[str]:
        exposed = min((each.record.exposed for each in self.bundle.keys if each.record.exposed), default=None)
        for subject in self.bundle.plan.subjects:
            late = subject.released is None or (exposed is not None and subject.released >= exposed.date())
            if subject.role == "control" and late:
                yield subject.id

    def _reruns(self) -> Iterator[Rerun]:
        seals = [self._results.seal]
        for name in self.bundle.reruns:
            by, again = signed_by(self.bundle.path(name)), self.bundle.document(name, Repeated)
            if name != f"{RERUNS}/{by}.json":
                raise TrustError(f"It is signed by {by}, and its name says otherwise.", where=name)
            if again.manifest != hashlib.sha256(self.bundle.read(MANIFEST)).hexdigest():
                raise TrustError("It repeats another run than this one.", where=name)
            found = unsealed(again.results, again.opening, where=name)
            fresh = again.results.seal not in seals
            seals.append(again.results.seal)
            yield Rerun(by=by, blinded=fresh, differs=tuple(differences(self._found, found)))
