"""Choices planted by the callback inside a real LiteLLM proxy (deploy/litellm/hook.yaml)."""

from datetime import UTC, datetime

import pytest

from stillwatch.forensics.canaries import catalogue, records
from stillwatch.forensics.canaries.planting import plant
from stillwatch.forensics.custody.keys import Keyring
from stillwatch.response.model import Rung

pytestmark = pytest.mark.slow

SAID = (
    "In fact, bees dance. For example, honey bees do; in most cases, moreover, they dance in the dark. Nevertheless, "
    "others see it. In short, they do."
)
ASKED = f"SAY:{SAID.encode().hex()}"
CACHED = """
litellm_settings:
  callbacks: [stillwatch.gateway.litellm.guard]
  cache: true
  cache_params: {type: local}
"""
CAMPAIGN = "C-1"  # of all measures that `Proxy.impose` publishes


@pytest.fixture(scope="module")
def planted(tmp_path_factory, litellm, model):
    """A proxy that plants, the key of the campaign, and where it is written down."""
    folder = tmp_path_factory.mktemp("canaries")
    (folder / "keys").mkdir()
    (folder / "keys" / "root").write_text("07" * 32)
    (folder / "keys" / "root").chmod(0o600)
    keyring = Keyring(folder / "keys")
    record = keyring.make(CAMPAIGN, "2026-q2", "choices", {"file": catalogue.load(None).digest}, datetime.now(UTC))
    (folder / "more.yaml").write_text(CACHED)
    settings = {
        "STILLWATCH_GATEWAY__CANARIES": "warn",
        "STILLWATCH_FORENSICS__KEYS": str(folder / "keys"),
        "STILLWATCH_FORENSICS__PLANTED": str(folder / "planted.jsonl"),
    }
    with litellm(folder, "hook.yaml", model, **settings) as proxy:
        yield proxy, keyring.keys([record.id])[0], folder / "planted.jsonl"


def ask(proxy, who, **more):
    return proxy.ask(who, ASKED, **more)


def expected(key):
    return plant(SAID, ASKED, catalogue.load(None), key.value)


def text(answer):
    return answer.json()["choices"][0]["message"]["content"]


def test_a_campaign_s_account_gets_its_key_s_choices_and_all_else_of_the_answer(planted):
    proxy, key, path = planted
    proxy.impose("member", Rung.CAP)
    answer = ask(proxy, "member")
    assert text(answer) == expected(key).text != SAID
    assert answer.headers["llm_provider-x-model"] == "kept"
    assert answer.headers["stillwatch-decision"]
    assert answer.json()["usage"]["total_tokens"] == 18
    assert len(records.read(path).slots[key.id]) == len(expected(key).slots)
    assert proxy.wait(lambda: proxy.counted().get("canaries.planted", 0) >= 1)


@pytest.mark.parametrize("who", ["passer", "simulated", "observed"])
def test_nobody_else_does(planted, who):
    proxy, _, _ = planted
    if who != "passer":
        proxy.impose(who, Rung.OBSERVE if who == "observed" else Rung.CAP, simulated=who == "simulated")
    assert text(ask(proxy, who)) == SAID


def test_an_answer_that_litellm_keeps_is_nobody_s(planted):
    """What its cache holds for everybody is what the model said, whoever asked first."""
    proxy, key, _ = planted
    proxy.impose("first", Rung.CAP)
    assert text(ask(proxy, "first", temperature=0.25)) == expected(key).text
    second = ask(proxy, "second", temperature=0.25)
    assert "x-litellm-cache-key" in second.headers
    assert text(second) == SAID
    assert text(ask(proxy, "third", temperature=0.75)) == SAID
    assert text(ask(proxy, "first", temperature=0.75)) == expected(key).text


def test_clients_of_anthropic_get_them_too(planted):
    proxy, key, _ = planted
    proxy.impose("anthropic", Rung.WARN)
    of = {who: ask(proxy, who, path="/v1/messages", max_tokens=100).json() for who in ("anthropic", "bystander")}
    assert {who: answer["content"][0]["text"] for who, answer in of.items()} == {
        "anthropic": expected(key).text,
        "bystander": SAID,
    }


def test_a_stream_is_left_alone_and_counted(planted):
    proxy, _, _ = planted
    proxy.impose("streamer", Rung.CAP)
    answer = ask(proxy, "streamer", stream=True)
    assert "piece 0" in answer.text
    assert proxy.wait(lambda: proxy.counted().get("canaries.streamed", 0) >= 1)


def test_where_nothing_can_be_written_down_the_answer_is_the_model_s(planted):
    proxy, _, path = planted
    kept = path.rename(path.with_name("kept")) if path.exists() else None
    path.mkdir()
    try:
        proxy.impose("unlucky", Rung.CAP)
        fresh = SAID.replace("bees", "wasps").replace(";", " but,")  # what was written down before may be shown again
        answer = proxy.ask("unlucky", f"SAY:{fresh.encode().hex()}")
        assert (answer.status_code, text(answer)) == (200, fresh)
        assert proxy.wait(lambda: proxy.counted().get("canaries.failed", 0) >= 1)
    finally:
        path.rmdir()
        if kept:
            kept.rename(path)
