"""Asks what the plan says of whom it says; and how that went, for whoever reads the verdict.

ask(bundle, tokens)            # goes on where it stopped: what was answered is not asked again
span(bundle)                   # the first question and the last answer
departures(bundle)             # where the run did not follow the plan
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from stillwatch.forensics import rephrasings
from stillwatch.forensics.custody.bundle import Bundle
from stillwatch.forensics.custody.scoring import Progress, asked, quietly, texts_of
from stillwatch.forensics.model import Kind
from stillwatch.forensics.plan import Endpoint, Sampling, Subject
from stillwatch.forensics.suspects import endpoint, prompts, replies, transcript
from stillwatch.forensics.suspects.lines import Key, Question, exchanges
from stillwatch.forensics.suspects.recording import Transcript
from stillwatch.forensics.wording import count, listed


def ask(
    bundle: Bundle, tokens: Mapping[str, str], *, ca_file: Path | None = None, progress: Progress = quietly
) -> None:
    """Asks every endpoint of the plan what the plan says, each question once.

    Args:
        bundle: with the plan and its files; transcripts go into it as answers come.
        tokens: of the endpoints that want one, by subject.
        ca_file: authorities to trust instead of the system's.
        progress: told how much is done.

    Raises:
        EndpointError: an endpoint refuses us, or answers no more; what was answered is kept.
        TranscriptError: an answer cannot be written down.
    """
    plan = bundle.plan
    for subject, place in _asked(bundle):
        access = endpoint.Access(place, tokens.get(subject.id), ca_file)
        path = bundle.responses(subject.id)
        path.parent.mkdir(exist_ok=True)
        with Transcript(path, plan=plan.digest) as written:
            if plan.prompts and _speaks(bundle):
                stage = _stage(progress, f"asking {subject.id}")
                endpoint.ask(access, prompts.read(bundle.file(plan.prompts)), plan.sampling, written, progress=stage)
            if texts := _read(bundle):
                stage = _stage(progress, f"{subject.id} reads")
                endpoint.read(access, texts, plan.sampling, written, progress=stage)


def span(bundle: Bundle) -> tuple[datetime, datetime] | None:
    """When the first question was asked and the last answer came; None if nobody is asked.

    Raises:
        InputError: a transcript is missing or damaged.
    """
    found = [transcript.summary(bundle.responses(subject.id)) for subject, _ in _asked(bundle)]
    return (min(each.begun for each in found), max(each.ended for each in found)) if found else None


def departures(bundle: Bundle) -> tuple[str, ...]:
    """Where the run did not follow the plan, in words; empty if it did.

    Raises:
        InputError: a transcript is missing or damaged.
    """
    return tuple(
        f"{subject.id}: {says}" for subject, place in _asked(bundle) for says in _departed(bundle, subject, place)
    )


def _departed(bundle: Bundle, subject: Subject, place: Endpoint) -> Iterator[str]:
    path, plan = bundle.responses(subject.id), bundle.plan
    found = transcript.summary(path)
    if found.plan != plan.digest:
        yield "It was asked under another plan."
    yield from found.says
    planned = _planned(bundle)
    expected = len(planned)
    settled = sum(number for outcome, number in found.outcomes if outcome != "tried again") - found.twice
    if settled < expected:
        yield f"Of {expected:,} questions, {expected - settled:,} have no answer."
    others: set[Key] = set()
    otherwise: dict[Key, set[str]] = {}
    for question, _ in exchanges(path):
        text = planned.get(question.key)
        if text is None or replies.asked(question.body) != text:
            others.add(question.key)
        elif differs := set(_differs(question, place, plan.sampling, text)):
            otherwise.setdefault(question.key, set()).update(differs)
    if others:
        yield f"Asked were {len(others):,} questions that the plan does not hold."
    if otherwise:
        names = listed(tuple(sorted(set.union(*otherwise.values()))))
        yield f"{count(len(otherwise), 'question')} differed from what the plan says: {names}."


def _planned(bundle: Bundle) -> dict[Key, str]:
    """What an endpoint is asked: prompts to be answered and texts to be read."""
    answers = range(bundle.plan.sampling.answers * _speaks(bundle))
    prompted = {Key(name, n, "answer"): text for name, text in asked(bundle).items() for n in answers}
    return prompted | {Key(endpoint.text_id(text), 0, "predictions"): text for text in _read(bundle)}


def _differs(question: Question, place: Endpoint, sampling: Sampling, text: str) -> Iterator[str]:
    """The settings that a question did not have as the plan says; names of others are not repeated."""
    made, body = endpoint.request(place, sampling, question.wants, text), replies.content_of(question.body)
    yield from (name for name, value in made.items() if body.get(name) != value)
    if body.keys() - made.keys():
        yield "settings that it does not name"
    if question.url != endpoint.address(place, question.wants):
        yield "the address"


def _asked(bundle: Bundle) -> Iterator[tuple[Subject, Endpoint]]:
    for subject in bundle.plan.subjects:
        if subject.endpoint:
            yield subject, subject.endpoint


def _speaks(bundle: Bundle) -> bool:
    """Whether a test needs what a suspect says, not only what it would write in texts that it reads."""
    return any(test.kind in {"closed", "mass", "canaries"} for test in bundle.plan.tests)


def _read(bundle: Bundle) -> list[str]:
    """The texts that suspects are given to read."""
    named = [(_TEXTS[test.kind], test.texts) for test in bundle.plan.tests if test.kind in _TEXTS and test.texts]
    return list(dict.fromkeys(text for texts, file in named for text in texts(bundle.file(file))))


_TEXTS: dict[Kind, Callable[[Path], list[str]]] = {
    "reading": texts_of,
    "rephrasings": lambda path: rephrasings.texts_of(rephrasings.read(path)),
}


def _stage(progress: Progress, name: str) -> endpoint.Progress:
    return lambda fraction: progress(name, fraction)
