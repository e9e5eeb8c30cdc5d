"""What went over the wire between us and a suspect's endpoint, read again from the raw bytes.

    for answer in answers(path, cleaning): ...                  # as anybody else would compute them
    summary(path).says                                          # what a reader must know of the run

A transcript (`recording` writes it) is JSON lines: a head, then each question (the body of the request, before it is
sent) and what came of it: a reply (status, headers, body, the digest of the certificate) or a failure. Bodies are base
64 of the raw bytes. Nothing else is believed: what was said, which model said it and whether a question is settled is
computed from the raw bytes (`replies`).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from stillwatch.forensics.model import Answer
from stillwatch.forensics.suspects import replies
from stillwatch.forensics.suspects.cleaning import Cleaning
from stillwatch.forensics.suspects.lines import Failure, Key, Question, Reply, Wants, exchanges, head
from stillwatch.forensics.suspects.replies import Predictions


def answers(path: Path, cleaning: Cleaning | None = None) -> Iterator[Answer]:
    """What was said, from the raw bytes, in the order in which it came; each question counts once.

    Args:
        path: of the transcript.
        cleaning: cuts echoes off and counts what is left out; without it nothing is counted.

    Raises:
        InputError: it cannot be read, or a line is damaged.
    """
    cleaning = cleaning or Cleaning()
    for question, reply in _settled(path, "answer"):
        said = replies.read(reply.status, reply.body, cut=reply.cut)
        if said.outcome != "answered":
            cleaning.leave_out(said.outcome)
        elif answer := cleaning.cut(Answer(replies.asked(question.body), said.text, question.prompt_id)):
            yield answer


def predictions(path: Path, cleaning: Cleaning | None = None) -> Iterator[Predictions]:
    """What the suspect would have written at each place of the texts that it was given to read, from the raw bytes.

    Args:
        path: of the transcript.
        cleaning: counts what is left out.

    Raises:
        InputError: it cannot be read, or a line is damaged.
    """
    cleaning = cleaning or Cleaning()
    for question, reply in _settled(path, "predictions"):
        found = replies.predictions(question.prompt_id, replies.asked(question.body), reply.status, reply.body)
        if found.places:
            yield found
        else:
            cleaning.leave_out("too large" if reply.cut else "without predictions")


def likelihoods(path: Path, cleaning: Cleaning | None = None) -> Iterator[tuple[str, float]]:
    """How likely each text is that the suspect was given to read, by the text's id, from the raw bytes.

    Args:
        path: of the transcript.
        cleaning: counts what is left out.

    Raises:
        InputError: it cannot be read, or a line is damaged.
    """
    cleaning = cleaning or Cleaning()
    for question, reply in _settled(path, "predictions"):
        found = None if reply.cut else replies.likelihood(reply.status, reply.body)
        if found is None:
            cleaning.leave_out("too large" if reply.cut else "without likelihood")
        else:
            yield question.prompt_id, found


@dataclass(frozen=True)
class Summary:
    """A run, as its transcript shows it.

    Attributes:
        plan: the digest of the plan.
        begun, ended: the first and last line.
        outcomes: of questions, by kind: "answered", "empty", "refused", "too large", "unreadable", "tried again".
        unfinished: questions with nothing after them: the run ended while they were under way.
        twice: questions that were asked again after they were settled; a run does not do that.
        models: what the endpoint said that it is (the model, the fingerprint), in the order in which it said so.
        certificates: SHA-256 of the certificates that it showed, likewise.
    """

    plan: str
    begun: datetime
    ended: datetime
    outcomes: tuple[tuple[str, int], ...]
    unfinished: int
    twice: int
    models: tuple[tuple[str, str], ...]
    certificates: tuple[str, ...]

    @property
    def says(self) -> tuple[str, ...]:
        """What a reader must know: how the endpoint, or the run, was not the same throughout."""
        said = []
        if len(self.models) > 1:
            named = ", ".join(" ".join(filter(None, each)) or "nothing" for each in self.models)
            said.append(f"The endpoint changed during the run: it called itself {named}.")
        if len(self.certificates) > 1:
            said.append(f"The endpoint showed {len(self.certificates)} certificates during the run.")
        if self.twice:
            said.append(f"Questions that were answered were asked again: {self.twice:,}.")
        return tuple(said)


def summary(path: Path) -> Summary:
    """How a run went.

    Raises:
        InputError: it cannot be read, or a line is damaged.
    """
    first = head(path)
    outcomes: Counter[str] = Counter()
    models: dict[tuple[str, str], None] = {}
    certificates: dict[str, None] = {}
    seen: set[Key] = set()
    twice, unfinished, ended = 0, 0, first.at
    for question, outcome in exchanges(path):
        ended = max(ended, question.at if outcome is None else outcome.at)
        unfinished += outcome is None
        if isinstance(outcome, Failure) or (outcome and not replies.settles(outcome.status)):
            outcomes["tried again"] += 1
        elif outcome:
            said = replies.read(outcome.status, outcome.body, cut=outcome.cut)
            outcomes[_outcome(question, said)] += 1
            twice += question.key in seen
            seen.add(question.key)
            if said.outcome in {"answered", "empty"}:
                models[said.model, said.fingerprint] = None
            if outcome.certificate:
                certificates[outcome.certificate] = None
    return Summary(
        first.plan,
        first.at,
        ended,
        tuple(sorted(outcomes.items())),
        unfinished,
        twice,
        tuple(models),
        tuple(certificates),
    )


def _outcome(question: Question, said: replies.Said) -> str:
    """A text that was read needs no answer besides."""
    return "answered" if question.wants == "predictions" and said.outcome == "empty" else said.outcome


def _settled(path: Path, wants: Wants) -> Iterator[tuple[Question, Reply]]:
    """The first reply that settles each question."""
    seen: set[Key] = set()
    for question, outcome in exchanges(path):
        if question.wants == wants and isinstance(outcome, Reply) and replies.settles(outcome.status):
            if question.key not in seen:
                yield question, outcome
            seen.add(question.key)
