import asyncio
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from stillwatch.errors import ConfigError, TrustError
from stillwatch.forensics.plan import Endpoint
from stillwatch.forensics.suspects import asking
from stillwatch.forensics.suspects.asking import EndpointError
from stillwatch.forensics.suspects.endpoint import Access, read, text_id, token
from stillwatch.forensics.suspects.transcript import predictions

SECRET = "sk-very-secret-0123456789"  # noqa: S105 — of no endpoint

KILLED = """
import sys
from pathlib import Path
from stillwatch.forensics.plan import Endpoint, Sampling
from stillwatch.forensics.suspects.endpoint import Access, ask
from stillwatch.forensics.suspects.prompts import Prompt
from stillwatch.forensics.suspects.recording import Transcript

url, path = sys.argv[1:]
prompts = tuple(Prompt(f"p-{n}", f"Tell me something about number {n}.") for n in range(200))
with Transcript(Path(path), plan="ab" * 32) as transcript:
    ask(Access(Endpoint(url=url, model="suspect-1")), prompts, Sampling(per_minute=60_000), transcript)
"""


def test_each_prompt_is_asked_as_often_as_planned(trial):
    suspect, shares = trial.serve(), []
    trial.run(progress=shares.append, answers=3, temperature=0.7, max_tokens=99)
    assert set(suspect.times.values()) == {3}
    assert len(suspect.times) == 12
    assert suspect.most_at_work <= 4
    assert suspect.asked[0]["temperature"] == 0.7
    assert suspect.asked[0]["max_tokens"] == 99
    assert shares[0] == 0
    assert shares[-1] == 1
    assert shares == sorted(shares)
    found = trial.answers()
    assert len(found) == 36
    assert all(each.text == f"You said {each.prompt}" for each in found)
    assert {each.prompt_id for each in found} == {each.id for each in trial.prompts}


def test_a_second_run_asks_nothing_again(trial):
    suspect = trial.serve()
    trial.run(prompts=trial.prompts[:5])
    trial.run()
    assert len(suspect.asked) == 12
    assert trial.summary.outcomes == (("answered", 12),)
    assert trial.summary.twice == 0


def test_after_being_killed_only_what_was_under_way_is_asked_again(trial):
    async def slow(_number, _body):
        await asyncio.sleep(0.01)
        return "So it is."

    suspect = trial.serve(slow)
    child = subprocess.Popen([sys.executable, "-c", KILLED, suspect.url, trial.path])
    while len(suspect.asked) < 60:
        assert child.poll() is None
        time.sleep(0.005)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    with trial.transcript() as transcript:
        settled = set(transcript.settled)
        assert 0 < len(settled) < 200
    while suspect.at_work:
        time.sleep(0.01)
    subprocess.run([sys.executable, "-c", KILLED, suspect.url, trial.path], check=True)
    again = {prompt for prompt, times in suspect.times.items() if times > 1}
    assert not again & {f"Tell me something about number {key.prompt_id[2:]}." for key in settled}
    assert len(suspect.times) == len(trial.answers()) == 200
    assert len(again) <= trial.summary.unfinished <= 4  # one may be written down and not yet sent


def test_a_completions_endpoint_is_asked_for_completions(trial):
    suspect = trial.serve(lambda *_: (200, {}, b'{"choices": [{"text": " and so on"}]}'))
    trial.run(prompts=trial.prompts[:1], access=trial.access(api="completions"))
    assert suspect.paths == ["/v1/completions"]
    assert suspect.asked[0]["prompt"] == trial.prompts[0].text
    assert [each.text for each in trial.answers()] == [" and so on"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
def test_what_passes_is_asked_again(trial, status):
    suspect = trial.serve(lambda number, _: (status, {}, b"later") if number % 3 == 0 else "Well.")
    trial.run()
    assert len(trial.answers()) == 12
    assert trial.outcomes["tried again"] == len(suspect.asked) - 12 > 0
    assert trial.summary.twice == 0


def test_while_an_endpoint_wants_peace_nobody_asks(trial):
    came = []

    def behave(number, _body):
        came.append(time.monotonic())
        return (429, {"retry-after": "1"}, b"") if number == 0 else "Well."

    suspect = trial.serve(behave)
    trial.run(prompts=trial.prompts[:3], at_once=1)
    assert came[1] - came[0] > 0.9
    assert len(suspect.asked) == 4


def test_whoever_asks_too_fast_slows_down(trial):
    trial.serve(lambda number, _: (429, {}, b"") if number < 6 else "Well.")
    began = time.monotonic()
    trial.run(per_minute=6000, at_once=3)
    assert time.monotonic() - began > 12 * 0.01 * 1.5**6 * 0.9  # twelve questions at the slower pace


def test_an_endpoint_that_wants_an_hour_ends_the_run(trial):
    trial.serve(lambda *_: (429, {"retry-after": "3600"}, b""))
    with pytest.raises(EndpointError, match=r"3,600 seconds of peace\. Nothing is lost"):
        trial.run()


def test_questions_go_out_at_the_planned_pace(trial):
    began = time.monotonic()
    trial.serve()
    trial.run(per_minute=1200)
    assert time.monotonic() - began > 11 * 0.05 * 0.9


@pytest.mark.parametrize(
    ("status", "says"),
    [(401, "valid token"), (403, "does not let us in"), (404, "no such address"), (307, "redirects"), (418, "418")],
)
def test_an_endpoint_that_refuses_us_ends_the_run_in_words(trial, status, says):
    trial.serve(lambda *_: (status, {"location": "http://127.0.0.1:1/"}, b"no"))
    with pytest.raises(EndpointError, match=says) as caught:
        trial.run(access=trial.access(token=SECRET))
    assert caught.value.exit_code == 3
    assert SECRET not in str(caught.value)
    with trial.transcript() as transcript:
        assert not transcript.settled
    assert not trial.answers()


def test_a_prompt_that_is_refused_is_counted_and_the_others_are_asked(trial):
    suspect = trial.serve(lambda _, body: (400, {}, b"{}") if "number 7" in str(body) else "Well.")
    trial.run()
    assert len(trial.answers()) == 11
    assert trial.cleaning.left_out == {"refused": 1}
    assert len(suspect.asked) == 12


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [((400, {}, b'{"error": "no such model"}'), "refused"), ((200, {}, b"<html>"), "unreadable"), ("", "empty")],
)
def test_an_endpoint_that_answers_nothing_ends_the_run(trial, reply, outcome):
    suspect = trial.serve(lambda *_: reply)
    with pytest.raises(EndpointError, match=rf"no answer to any of 10 questions \({outcome}\)"):
        trial.run()
    assert len(suspect.asked) < 12 + 4


def test_empty_answers_are_kept_and_counted(trial):
    suspect = trial.serve(lambda number, _: "" if number % 2 else "Well.")
    trial.run()
    trial.run()
    assert len(trial.answers()) == trial.cleaning.left_out["empty"] == 6
    assert len(suspect.asked) == 12


def test_five_megabytes_are_not_taken(trial):
    suspect = trial.serve(lambda number, _: "x" * (5 << 20) if number == 3 else "Well.")
    trial.run()
    assert len(trial.answers()) == 11
    assert trial.cleaning.left_out == {"too large": 1}
    assert trial.path.stat().st_size < 2 * asking.KEPT
    assert len(suspect.asked) == 12


def test_an_endpoint_that_becomes_another_is_said_to(trial):
    trial.serve(lambda number, _: (200, {}, trial.chat("Well.", fingerprint="fp-1" if number < 6 else "fp-2")))
    trial.run(at_once=1)
    assert trial.summary.models == (("suspect-1", "fp-1"), ("suspect-1", "fp-2"))
    assert trial.summary.says == (
        "The endpoint changed during the run: it called itself suspect-1 fp-1, suspect-1 fp-2.",
    )


def test_an_endpoint_that_dies_in_the_middle_is_gone_on_with(trial):
    sick = [True]

    def behave(number, _body):
        if number >= 5 and sick[0]:
            return 200, {"content-length": "1000"}, b'{"choices": ['  # and no more
        return "Well."

    suspect = trial.serve(behave)
    with pytest.raises(EndpointError, match=r"does not answer: \w+\. Nothing is lost"):
        trial.run(at_once=1)
    assert len(trial.answers()) == 5
    assert trial.outcomes["tried again"] == asking.ATTEMPTS
    sick[0] = False
    trial.run()
    assert len(trial.answers()) == 12
    assert [suspect.times[each.text] for each in trial.prompts[:5]] == [1] * 5


def test_an_endpoint_that_is_not_there_is_soon_given_up(trial):
    suspect = trial.serve()
    suspect.url = "http://127.0.0.1:1/v1"
    with pytest.raises(EndpointError, match=r"http://127\.0\.0\.1:1/v1/chat/completions: .*ConnectError"):
        trial.run()


def test_an_answer_that_drips_has_no_more_time_than_any_other(trial):
    async def stuck(number, _body):
        if number == 0:
            await asyncio.sleep(1.5)
        return "Well."

    trial.serve(stuck)
    trial.run(prompts=trial.prompts[:2], timeout_seconds=0.5)
    assert len(trial.answers()) == 2
    assert trial.outcomes["tried again"] >= 1


def test_the_token_is_sent_and_written_down_nowhere(trial):
    suspect = trial.serve()
    access = trial.access(token=SECRET)
    trial.run(access=access)
    assert suspect.headers[0]["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in trial.path.read_text()
    assert SECRET not in repr(access)


def test_a_text_is_given_to_read_and_its_next_tokens_come_back(trial):
    text = "The cat sat down."
    tokens = ["<s>", "The", " cat", " sat", " down", "."]
    tops = [None, {"The": -1.0}, {" cat": -2.0, " dog": -1.0}, {" sat": -0.1}, {" up": -0.5, " down": -1}, {".": -1}]

    def behave(_number, body):
        assert body["echo"]
        assert body["logprobs"] == 1
        logprobs = {"tokens": [*tokens, " Then"], "top_logprobs": [*tops, {" Then": -1}]}
        choice = {"text": f"{text} Then", "logprobs": logprobs}
        return 200, {}, json.dumps({"model": "m", "choices": [choice]}).encode()

    suspect = trial.serve(behave)
    for _ in range(2):
        with trial.transcript() as transcript:
            read(trial.access(), [text, text], trial.sampling(), transcript)
    assert len(suspect.asked) == 1
    (found,) = predictions(trial.path)
    assert found.text == text
    assert found.text_id == text_id(text)
    assert [text[:place] for place in found.places] == ["The", "The cat", "The cat sat", "The cat sat down"]
    assert found.tokens == (" dog", " sat", " up", ".")
    assert not trial.answers()


def test_an_endpoint_without_logprobs_is_left_after_ten_texts(trial):
    trial.serve(lambda *_: (400, {}, b'{"error": "echo is not supported"}'))
    with trial.transcript() as transcript, pytest.raises(EndpointError, match="no answer to any of 10"):
        read(trial.access(), [f"Text {n}" for n in range(30)], trial.sampling(), transcript)


@pytest.mark.parametrize("url", ["https://host\x7f/v1", "https://\u00fc" + "a" * 70])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ConfigError, match="no address of an endpoint"):
        Access(Endpoint(url=url, model="m"))


def test_a_token_is_not_sent_in_the_clear():
    with pytest.raises(ConfigError, match="Without TLS"):
        Access(Endpoint(url="http://models.example/v1", model="m"), token=SECRET)


@pytest.mark.parametrize("content", ["", "two words", "line\nline"])
def test_what_is_no_token_is_refused(tmp_path, content):
    (tmp_path / "token").write_text(content)
    with pytest.raises(ConfigError, match="holds no token"):
        token(tmp_path / "token")


def test_a_token_is_read_from_its_file(tmp_path):
    (tmp_path / "token").write_text(f"{SECRET}\n")
    assert token(tmp_path / "token") == SECRET
    with pytest.raises(ConfigError, match="cannot be read"):
        token(tmp_path / "absent")


@pytest.fixture
def certified(tmp_path):
    """A server's TLS, the file of its certificate, and the certificate's digest."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "suspect")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    return context, tmp_path / "cert.pem", certificate.fingerprint(hashes.SHA256()).hex()


def test_the_certificate_is_written_down(trial, certified):
    context, ca_file, digest = certified
    trial.serve(tls=context)
    trial.run(access=trial.access(token=SECRET, ca_file=ca_file))
    assert trial.summary.certificates == (digest,)


def test_a_certificate_that_does_not_hold_ends_the_run(trial, certified):
    suspect = trial.serve(tls=certified[0])
    with pytest.raises(TrustError, match="certificate does not hold"):
        trial.run()
    assert not suspect.asked


def test_authorities_that_cannot_be_read_are_named(trial, tmp_path):
    trial.serve()
    with pytest.raises(ConfigError, match=re.escape(str(tmp_path / "absent.pem"))):
        trial.run(access=trial.access(ca_file=tmp_path / "absent.pem"))
