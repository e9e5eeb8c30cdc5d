"""Scores the answers of all subjects, each under a blind label, and seals the results before the labels are opened.

    results, opening = score_blind(bundle, keys, now)

What is random here follows from the plan's digest: whoever has the answers and the keys computes the same figures.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from stillwatch.errors import ConfigError, InputError
from stillwatch.forensics import rephrasings, schemes
from stillwatch.forensics.canaries import catalogue, planning, records
from stillwatch.forensics.canaries import testing as choices
from stillwatch.forensics.custody.blinding import Opening, Results, draw
from stillwatch.forensics.custody.bundle import Bundle
from stillwatch.forensics.model import DRAWS, Answer, Key, Kind, Reading, TestResult, Tokens
from stillwatch.forensics.plan import File, Plan, Subject, Test
from stillwatch.forensics.radioactivity import closed, mass, null, reading
from stillwatch.forensics.radioactivity.statistics import holm_results
from stillwatch.forensics.suspects import files, prompts, transcript
from stillwatch.forensics.suspects.cleaning import Cleaning
from stillwatch.forensics.suspects.endpoint import text_id
from stillwatch.forensics.text.alignment import align_all
from stillwatch.forensics.text.tokenizing import Tokenizer
from stillwatch.forensics.text.windows import gather

FOLLOWED = 0.2  # of its choices in which a suspect follows a key: what a test of canaries should find, to say how many

Progress = Callable[[str, float], None]  # the stage, and how much of it is done, 0 to 1


def quietly(_stage: str, _fraction: float) -> None:
    """Tells nobody how much is done."""


def check(plan: Plan, folder: Path) -> None:
    """Whether all that the tests of a plan need is there and can be read, before the plan is sealed.

    Raises:
        ConfigError: a test lacks keys, a scheme or a file, or a catalogue breaks a law.
        InputError: a file cannot be read.
    """
    if plan.prompts:
        prompts.read(folder / plan.prompts.path)
    for test in plan.tests:
        where = f"test {test.name}"
        if not test.keys:
            raise ConfigError("It has no keys to test with.", where=where, hint="Name them in the plan.")
        if test.kind not in DRAWS:
            schemes.of(test)
        for name, read in _READERS[test.kind].items():
            file: File | None = getattr(test, name)
            if file is None:
                raise ConfigError(f"The test names no {name}.", where=where)
            read(folder / file.path)


def score_blind(
    bundle: Bundle, keys: Mapping[str, Key], now: datetime, *, progress: Progress = quietly
) -> tuple[Results, Opening]:
    """Scores every test on every subject.

    Args:
        bundle: with the plan, its files and the answers.
        keys: by id.
        now: when.
        progress: told how much is done.

    Returns:
        The results by label, sealed, and the labels, opened after it.

    Raises:
        ConfigError: a key, a scheme or a file that a test needs is missing.
    """
    plan = bundle.plan
    labels, by_name = draw(each.id for each in plan.subjects), {each.id: each for each in plan.subjects}
    found: list[TestResult] = []
    total = len(labels.labels) * len(plan.tests)
    for label in sorted(labels.labels):
        for test in plan.tests:
            progress("scoring", len(found) / total)
            found.append(_scored(_Job(bundle, by_name[labels.labels[label]], label, test, _keys(test, keys))))
    results = Results(plan=plan.digest, seal=labels.seal, scored=now, results=holm_results(found))
    return results, Opening(**labels.model_dump(), results=results.digest)


@dataclass(frozen=True)
class _Job:
    """One test on one subject."""

    bundle: Bundle
    subject: Subject
    label: str
    test: Test
    keys: tuple[Key, ...]
    cleaning: Cleaning = field(default_factory=Cleaning)

    @property
    def fixed(self) -> dict[str, int]:
        """What the plan fixes of every test; the seed of the wrong keys follows from it, alike for all subjects."""
        drawn = hashlib.sha256(f"{self.bundle.plan.digest} {self.test.name}".encode()).digest()
        seed = int.from_bytes(drawn[:8])
        return {"least": self.test.least, "wrong_keys": self.bundle.plan.wrong_keys, "seed": seed}

    @property
    def log10_alpha(self) -> float:
        """What p of one key is to reach, for the number of scores that are needed."""
        return self.bundle.plan.log10_alpha

    def file(self, file: File | None, what: str) -> Path:
        """A file that the test needs."""
        if file is None:
            raise ConfigError(f"The test names no {what}.", where=f"test {self.test.name}")
        return self.bundle.file(file)

    def answers(self) -> Iterator[Answer]:
        """What the subject said."""
        return answers_of(self.bundle, self.subject, self.cleaning)

    def tokens(self) -> Iterator[Tokens]:
        """What it said, in our tokens."""
        return self.tokenizer.read(self.answers())

    @property
    def tokenizer(self) -> Tokenizer:
        """Of the model that was marked."""
        return _tokenizer(self.file(self.test.tokenizer, "tokenizer"))

    def readings(self) -> Iterator[Reading]:
        """What it would have written in the texts of the test, in our tokens."""
        wanted = {text_id(text) for text in texts_of(self.file(self.test.texts, "texts"))}
        heard = transcript.predictions(self.bundle.responses(self.subject.id), self.cleaning)
        said = ((each.text, each.places, each.tokens) for each in heard if each.text_id in wanted)
        return align_all(self.tokenizer, said, marked=self.test.marked)


def answers_of(bundle: Bundle, subject: Subject, cleaning: Cleaning | None = None) -> Iterator[Answer]:
    """What a subject said: from the transcript of its endpoint, or from its files.

    Raises:
        InputError: nothing is there, or it cannot be read.
    """
    if subject.endpoint:
        return transcript.answers(bundle.responses(subject.id), cleaning)
    return files.read([bundle.file(file) for file in subject.texts], cleaning, asked(bundle))


def asked(bundle: Bundle) -> dict[str, str]:
    """The prompts of the plan, by id."""
    file = bundle.plan.prompts
    return {each.id: each.text for each in prompts.read(bundle.file(file))} if file else {}


def texts_of(path: Path) -> list[str]:
    """The texts of a file that suspects are given to read."""
    return [answer.text for answer in files.read([path]) if answer.text]


def _keys(test: Test, keys: Mapping[str, Key]) -> tuple[Key, ...]:
    if missing := [key for key in test.keys if key not in keys]:
        hint = "Score where the keys are: `stillwatch probe score`, or disclose them."
        raise ConfigError("The key is not at hand.", where=missing[0], hint=hint)
    return tuple(keys[key] for key in test.keys)


def _scored(job: _Job) -> TestResult:
    try:
        result = _KINDS[job.test.kind](job)
    except InputError as error:  # of this subject's answers: the others have their results all the same
        result = _without(job, f"{error.what} {error.hint or ''}".strip())
    left = [(f"answers: {why}", count) for why, count in sorted(job.cleaning.left_out.items())]
    if job.cleaning.echoes:
        left.append(("answers: began with our prompt, which was cut off", job.cleaning.echoes))
    return replace(result, left_out=(*result.left_out, *left))


def _without(job: _Job, problem: str) -> TestResult:
    test = job.test
    return TestResult(test.name, test.kind, job.label, test.scheme or "", "", 0, 0, (), null.NONE, (), problem)


def _closed(job: _Job) -> TestResult:
    test, scheme = job.test, schemes.of(job.test)
    scorable = gather(job.tokens(), scheme.width, test.rule, history=scheme.history)
    return closed.test(
        test.name,
        job.label,
        scorable,
        scheme,
        job.keys,
        kind="closed",
        rule=test.rule,
        log10_alpha=job.log10_alpha,
        **job.fixed,
    )


def _reading(job: _Job) -> TestResult:
    test, scheme = job.test, schemes.of(job.test)
    if job.subject.endpoint is None:
        return _without(job, "Its answers are files: what it would write next, in texts of ours, is not known.")
    scorable = reading.gather(job.readings(), scheme.width, test.rule)
    return closed.test(
        test.name,
        job.label,
        scorable,
        scheme,
        job.keys,
        kind="reading",
        rule=test.rule,
        log10_alpha=job.log10_alpha,
        **job.fixed,
    )


def _mass(job: _Job) -> TestResult:
    scheme = schemes.of(job.test)
    masses = mass.gather(job.tokens(), scheme.width, history=scheme.history)
    return mass.test(job.test.name, job.label, masses, scheme, job.keys, log10_alpha=job.log10_alpha, **job.fixed)


def _canaries(job: _Job) -> TestResult:
    test, slots = job.test, catalogue.load(job.file(job.test.catalogue, "catalogue"))
    chosen = choices.gather(job.answers(), slots)
    planted = records.read(job.bundle.file(test.texts)).slots if test.texts else None
    needed = _choices_needed(job, min(slot.n for slot in slots.slots))
    return choices.test(test.name, job.label, chosen, job.keys, needed=needed, planted=planted, **job.fixed)


def _rephrasings(job: _Job) -> TestResult:
    test, pairs = job.test, rephrasings.read(job.file(job.test.texts, "pairs"))
    if job.subject.endpoint:
        likelihoods = rephrasings.heard(job.bundle.responses(job.subject.id), pairs, job.cleaning)
    else:
        told = [rephrasings.told(job.bundle.file(file)) for file in job.subject.texts]
        likelihoods = {pair: both for each in told for pair, both in each.items()}
    needed = _choices_needed(job, 2)
    return rephrasings.test(test.name, job.label, pairs, likelihoods, job.keys, needed=needed, **job.fixed)


def _choices_needed(job: _Job, n: int) -> int:
    return planning.needed(n, planning.match_rate(n, FOLLOWED), log10_alpha=job.log10_alpha)


_KINDS: dict[Kind, Callable[[_Job], TestResult]] = {
    "closed": _closed,
    "reading": _reading,
    "mass": _mass,
    "canaries": _canaries,
    "rephrasings": _rephrasings,
}


#: What each kind of test reads, by the setting that names it.
_READERS: dict[Kind, dict[str, Callable[[Path], object]]] = {
    "closed": {"tokenizer": Tokenizer.load},
    "mass": {"tokenizer": Tokenizer.load},
    "reading": {"tokenizer": Tokenizer.load, "texts": texts_of},
    "canaries": {"catalogue": catalogue.load},
    "rephrasings": {"texts": rephrasings.read},
}


@lru_cache(maxsize=4)
def _tokenizer(path: Path) -> Tokenizer:
    return Tokenizer.load(path)
