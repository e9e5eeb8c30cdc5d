"""A bundle's plan and facts written by hand: a suspect, twenty-four innocent models, three positive controls."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np

from stillwatch.forensics import concluding, verdict
from stillwatch.forensics.facts import Facts, Lead, Rerun
from stillwatch.forensics.grading import grade
from stillwatch.forensics.model import KeyResult, Null, TestResult
from stillwatch.forensics.plan import Endpoint, File, Plan, Sampling, Subject, Test

MADE = datetime(2026, 11, 20, 16, 40, tzinfo=UTC)
KEYS = {"k-1f0c55aa9e01": "c-3f9a1b72", "k-22b8e07c4d02": "c-b07e55d1", "k-9d41f3205c03": "", "k-c07712be6604": ""}
MARKED = "marked-answers"
READ = "reading"
CHOICES = "choices"
SPREAD = (131, 74, 42, 24, 13, 8, 4, 2, 1, 0, 1)
DIGEST = "5d0c8f6a2b9e4c7d1f3a5b7c9d1e3f507192a3b4c5d6e7f8091a2b3c4d5e6f70"


def plan(**changes):
    """As it was sealed before the first question."""
    file = {"sha256": DIGEST}
    suspect = Subject(
        id="vireo-2",
        role="suspect",
        endpoint=Endpoint(url="https://models.example/v1", model="vireo-2-chat"),
    )
    controls = tuple(
        Subject(
            id=f"control-{i:02}",
            role="control",
            endpoint=Endpoint(url="http://127.0.0.1:8000/v1", model=f"open-model-{i:02}"),
            released=date(2026, 1 + i % 8, 1 + i),
            why="released before the first marked answer left",
        )
        for i in range(1, 25)
    )
    positives = tuple(
        Subject(
            id=f"ours-{share:g}",
            role="positive",
            texts=(File(path=f"positives/{share:g}.jsonl", **file),),
            why=f"a small open model that we tuned on a set with {share:g} % of marked answers",
            share=share / 100,
        )
        for share in (1, 5, 20)
    )
    tests = (
        Test(
            name=MARKED,
            kind="closed",
            keys=tuple(KEYS),
            scheme="vllm-gumbel-philox4x32-10-v1",
            width=2,
            tokenizer=File(path="tokenizer.json", **file),
            least=20_000,
        ),
        Test(
            name=READ,
            kind="reading",
            keys=tuple(KEYS),
            scheme="kgw-lefthash",
            width=1,
            gamma=0.25,
            tokenizer=File(path="tokenizer.json", **file),
            texts=File(path="marked.jsonl", **file),
            least=20_000,
        ),
        Test(
            name=CHOICES,
            kind="canaries",
            keys=tuple(KEYS)[:2],
            catalogue=File(path="catalogue.toml", **file),
            least=200,
        ),
    )
    content = {
        "title": "Is Vireo 2 trained on answers of ours?",
        "author": "J. Okafor, model security",
        "made": datetime(2026, 11, 9, 8, 0, tzinfo=UTC),
        "subjects": (suspect, *controls, *positives),
        "tests": tests,
        "prompts": File(path="prompts.jsonl", **file),
        "sampling": Sampling(answers=4),
        "commitments": "0b7e" * 16,
    }
    return Plan(**content | changes)


def key_results(n, chance, lifts, log10_ps, keys=KEYS):
    """One result a key: the rate lifted above chance, p as told."""
    return tuple(
        KeyResult(key, campaign, n, round(n * chance * (1 + lift)) * 1.0, n * chance, log10_p, min(0.0, log10_p + 0.9))
        for (key, campaign), lift, log10_p in zip(keys.items(), lifts, log10_ps, strict=False)
    )


def result(test, subject, keys, *, n=0, needed=0, null=None, problem=""):
    """A result of a test of the sample's plan."""
    kind, scheme, rule = {
        MARKED: ("closed", "vllm-gumbel-philox4x32-10-v1", "window"),
        READ: ("reading", "kgw-lefthash", "window"),
        CHOICES: ("canaries", "", ""),
    }[test]
    null = null or (Null(0, 0.0, 0.0, 1.0) if test == CHOICES else Null(300, 0.053, 0.01, 0.41, SPREAD))
    left_out = (("repeated", n // 7), ("in the prompt", n // 40)) if n else ()
    return TestResult(test, kind, subject, scheme, rule, n, needed, keys, null, left_out, problem)


def suspect():
    """Two tests with a result, and choices that were too few."""
    strong = key_results(61_240, 1.0, (0.0361, 0.0042, -0.0021, 0.0013), (-18.42, -0.83, -0.16, -0.42))
    read = key_results(88_300, 0.25, (0.0268, 0.0031, 0.0012, -0.0024), (-5.58, -0.53, -0.37, -0.22))
    return (
        result(MARKED, "vireo-2", strong, n=61_240, needed=48_000),
        result(READ, "vireo-2", read, n=88_300, needed=120_000),
        result(CHOICES, "vireo-2", (), n=83, problem="83 choices could be compared; at least 200 are needed."),
    )


def controls():
    """Innocent models: p spread evenly, but for the rounding of Holm."""
    rng = np.random.default_rng(7)
    drawn = np.log10(rng.random((24, 2, 4)))
    return {
        f"control-{i + 1:02}": tuple(
            result(
                test,
                f"control-{i + 1:02}",
                key_results(50_000 + 700 * i, chance, lifts(ps, chance), ps),
                n=50_000 + 700 * i,
            )
            for test, chance, ps in zip((MARKED, READ), (1.0, 0.25), drawn[i], strict=True)
        )
        for i in range(24)
    }


def lifts(log10_ps, chance):
    """About the lift that belongs to such a p."""
    return [(-each - 0.3) * 0.002 / chance**0.5 for each in log10_ps]


def positives():
    """Models that were tuned on 1, 5 and 20 % of marked answers: the first is missed."""
    found = {"ours-1": (0.008, -1.9), "ours-5": (0.041, -24.0), "ours-20": (0.148, -310.5)}
    return {
        name: (
            result(MARKED, name, key_results(61_000, 1.0, (lift,), (log10_p,)), n=61_000),
            result(READ, name, key_results(88_000, 0.25, (lift * 0.7,), (log10_p * 0.4,)), n=88_000),
        )
        for name, (lift, log10_p) in found.items()
    }


def facts(**changes):
    """All that the grade `shown` needs."""
    whole = Facts(
        alpha=1e-6,
        suspect=suspect(),
        controls=controls(),
        positives=positives(),
        committed=True,
        stamped=True,
        planned=True,
        by="6c1f02d97be4a810",
        reruns=(Rerun("e20b5f6a9c3d7784", blinded=True),),
        leads=(
            Lead(
                "style",
                "Its answers are told from those of 24 other models and taken for ours in 71 % of cases.",
                0.04,
                24,
            ),
            Lead("identity", "It names us in 3 of 200 answers about itself.", 0.25, 24),
        ),
        campaigns=(("c-3f9a1b72", 212), ("c-b07e55d1", 640)),
    )
    return replace(whole, **changes)


def timeline():
    """From the commitment to the second scoring."""
    told = (
        (datetime(2026, 9, 1, 9, 30, tzinfo=UTC), "4 keys were committed to.", "6c1f02d97be4a810", "0b7e" * 16),
        (datetime(2026, 9, 1, 9, 31, tzinfo=UTC), "The commitment was time-stamped.", "Example TSA", "0b7e" * 16),
        (datetime(2026, 9, 3, 0, 0, tzinfo=UTC), "The first marked answer left.", "", ""),
        (
            datetime(2026, 11, 9, 8, 4, tzinfo=UTC),
            "The plan was sealed and time-stamped.",
            "Example TSA",
            plan().digest,
        ),
        (datetime(2026, 11, 9, 9, 12, tzinfo=UTC), "The first question was asked.", "6c1f02d97be4a810", ""),
        (datetime(2026, 11, 12, 22, 51, tzinfo=UTC), "The last answer came.", "6c1f02d97be4a810", ""),
        (
            datetime(2026, 11, 13, 10, 2, tzinfo=UTC),
            "Blind results were sealed, then unsealed.",
            "6c1f02d97be4a810",
            DIGEST,
        ),
        (
            datetime(2026, 11, 20, 14, 20, tzinfo=UTC),
            "All answers were scored again under new labels.",
            "e20b5f6a9c3d7784",
            "",
        ),
    )
    return tuple(verdict.Event(at=at, says=says, by=by, digest=digest) for at, says, by, digest in told)


def document(**changes):
    """The verdict of the sample, or of one that lacks something."""
    found = facts(**changes)
    return concluding.build(plan(), found, grade(found), made=MADE, timeline=timeline())
