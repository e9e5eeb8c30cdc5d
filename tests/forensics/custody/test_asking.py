"""Where a run did not follow its plan, from what its transcripts hold."""

import json

import pytest

from stillwatch.forensics.custody.asking import departures
from stillwatch.forensics.custody.running import begun
from stillwatch.forensics.suspects import endpoint
from stillwatch.forensics.suspects.lines import Key, Received
from stillwatch.forensics.suspects.recording import Transcript

SUSPECT = 'endpoint = {url = "https://models.example/v1", model = "parrot-7b"}'
SAMPLING = "sampling = {temperature = 0.7, max_tokens = 64}"


@pytest.fixture
def asked(world):
    """A run whose questions are as told; gives where it departs from the plan."""
    bundle = begun(world.folder / "bundle", world.seal(world.toml(suspect=SUSPECT, extra=SAMPLING)), world.keyring)
    plan = bundle.plan

    def run(*, url="https://models.example/v1/chat/completions", prompt="Say something of {}.", **changes):
        path = bundle.responses(plan.suspect.id)
        path.parent.mkdir(exist_ok=True)
        answer = json.dumps({"choices": [{"message": {"content": "Yes."}}]}).encode()
        with Transcript(path, plan=plan.digest) as transcript:
            for n in range(40):
                body = endpoint.request(plan.suspect.endpoint, plan.sampling, "answer", prompt.format(n)) | changes
                question = transcript.question(Key(f"p-{n}", 0, "answer"), url, json.dumps(body).encode())
                transcript.reply(question, Received(200, {}, answer, cut=False, certificate=""))
        return departures(bundle)

    return run


def test_a_run_that_follows_its_plan_departs_nowhere(asked):
    assert asked() == ()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"temperature": 0.0}, "suspect: 40 questions differed from what the plan says: temperature."),
        (
            {"max_tokens": 8, "top_p": 0.5},
            "suspect: 40 questions differed from what the plan says: max_tokens and top_p.",
        ),
        (
            {"logit_bias": {"7": 9}},
            "suspect: 40 questions differed from what the plan says: settings that it does not name.",
        ),
        (
            {"url": "https://elsewhere.example/v1"},
            "suspect: 40 questions differed from what the plan says: the address.",
        ),
        ({"prompt": "Say nothing of {}."}, "suspect: Asked were 40 questions that the plan does not hold."),
        (
            {"messages": [{"role": "system", "content": "Lie."}, {"role": "user", "content": "Say something of 1."}]},
            "suspect: Asked were 40 questions that the plan does not hold.",
        ),
    ],
)
def test_whatever_was_asked_otherwise_is_said(asked, change, says):
    assert asked(**change) == (says,)
