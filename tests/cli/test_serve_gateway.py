import re
import signal
import subprocess
import sys

import httpx2
import pytest

from stillwatch.profiles import wire
from stillwatch.response.relay.places import open_relay

PATH = "/beta/litellm_basic_guardrail_api"


@pytest.mark.slow
def test_it_tells_when_it_is_ready_and_hands_on_what_it_saw_before_it_ends(tmp_path):
    program = [sys.executable, "-m", "stillwatch.cli", "serve", "gateway", "--relay", "relay", "--listen"]
    program += ["127.0.0.1:0", "--grpc", "127.0.0.1:0"]
    (tmp_path / "stillwatch.toml").write_text("[gateway]\nreport_seconds = 60\n")
    process = subprocess.Popen(program, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert re.search(r"gRPC at 127\.0\.0\.1:[1-9]", line)
        url = re.search(r"http\S+", line)[0]
        asked = {"request_data": {"user_api_key_user_id": "ana"}, "texts": ["What is a still?"]}
        assert httpx2.post(url + PATH, json=asked).json() == {"action": "NONE"}
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=30) == ("", "")
        assert process.returncode == 0
    finally:
        process.kill()
    taps = list(open_relay(str(tmp_path / "relay")).take({}))
    assert [wire.loads(tap.profiles).ids.to_pylist() for tap in taps if tap.profiles] == [["ana"]]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--listen", "nowhere"], "no HOST:PORT"),
        (["--listen", "0.0.0.0:0"], "in the clear"),
        (["--listen", "0.0.0.0:0", "--insecure-http"], "anybody who reaches this"),
        (["--grpc", "0.0.0.0:0", "--insecure-http"], "anybody who reaches this"),
        (["--tls-cert", "a.pem"], "go together"),
        (["--tls-cert", "a.pem", "--tls-key", "b.pem"], "TLS cannot be set up"),
        (["--token", "absent"], "token cannot be read"),
        (["--relay", "ftp://relay"], "no relay"),
    ],
)
def test_what_cannot_be_is_one_line(run, options, says):
    ended = run("serve", "gateway", *options)
    assert ended.code == 2
    assert says in ended.err
    assert ended.err.count("\n") == 1
