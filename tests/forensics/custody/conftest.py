import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

CONFIG = """
[tsa]
default_tsa = ours
[ours]
serial = {folder}/serial
signer_cert = {folder}/signer.pem
signer_key = {folder}/signer.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
accuracy = secs:1
[signer]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
"""


@dataclass(frozen=True)
class Authority:
    """An authority for time-stamps, made of openssl."""

    certificates: bytes
    answer: Callable[[bytes], bytes]


def _authority(folder: Path) -> Authority:
    folder.mkdir()
    (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
    (folder / "serial").write_text("01\n")

    def openssl(*args: object) -> None:
        subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, cwd=folder)

    key = ("-newkey", "rsa:2048", "-nodes", "-days", 30)
    openssl("req", "-x509", *key, "-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=Root of time")
    openssl("req", *key[:3], "-keyout", "signer.key", "-out", "signer.csr", "-subj", "/CN=Time")
    signing = ("-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", 30, "-out", "signer.pem")
    openssl("x509", "-req", "-in", "signer.csr", *signing, "-extfile", "tsa.cnf", "-extensions", "signer")

    def answer(query: bytes) -> bytes:
        (folder / "query.tsq").write_bytes(query)
        openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-out", "answer.tsr")
        return (folder / "answer.tsr").read_bytes()

    return Authority((folder / "root.pem").read_bytes(), answer)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """Somebody who vouches for times."""
    return _authority(tmp_path_factory.mktemp("authority") / "ours")


@pytest.fixture(scope="session")
def other_authority(tmp_path_factory):
    """Somebody else who does."""
    return _authority(tmp_path_factory.mktemp("authority") / "other")
