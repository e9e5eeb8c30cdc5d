import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from stillwatch.errors import ConfigError, TrustError
from stillwatch.forensics.custody.timestamps import request, stamped

CONTENT = b'{"root":"..."}'


def test_an_answer_says_when(authority):
    answer = authority.answer(request(CONTENT))

    at = stamped(answer, CONTENT, authority.certificates)
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=5)


def test_openssl_checks_the_same_answer(authority, tmp_path):
    (tmp_path / "answer.tsr").write_bytes(authority.answer(request(CONTENT)))
    (tmp_path / "content").write_bytes(CONTENT)
    (tmp_path / "ca.pem").write_bytes(authority.certificates)
    command = ["openssl", "ts", "-verify", "-data", "content", "-in", "answer.tsr", "-CAfile", "ca.pem"]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verification: OK" in done.stdout


def test_other_bytes_another_authority_and_a_cut_answer_do_not_hold(authority, other_authority):
    answer = authority.answer(request(CONTENT))

    for given in (
        (answer, CONTENT + b" ", authority.certificates),
        (answer, CONTENT, other_authority.certificates),
        (answer[:-40], CONTENT, authority.certificates),
        (b"", CONTENT, authority.certificates),
        (answer.replace(b"\x30", b"\x31", 1), CONTENT, authority.certificates),
    ):
        with pytest.raises(TrustError, match="time-stamp"):
            stamped(*given)


def test_an_authority_without_certificates(authority):
    with pytest.raises(ConfigError, match="no certificate"):
        stamped(authority.answer(request(CONTENT)), CONTENT, b"nothing")
