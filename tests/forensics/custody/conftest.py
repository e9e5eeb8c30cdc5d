import json
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from stillwatch.forensics.custody.commitments import Commitments, commit
from stillwatch.forensics.custody.keys import Keyring
from stillwatch.forensics.custody.running import committed
from stillwatch.forensics.model import Key
from stillwatch.forensics.plan import load
from stillwatch.forensics.schemes.greenlist import GreenList

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


SCHEME, WIDTH, GAMMA, VOCABULARY = "greenlist-philox-v1", 2, 0.25, 400
ROWS, LENGTH = 40, 120  # answers of a subject, tokens of an answer
CONTROLS = [f"control-{n:02}" for n in range(1, 21)]
NOW = datetime(2026, 11, 2, tzinfo=UTC)


def _words(ids: np.ndarray) -> str:
    return " ".join(f"w{each}" for each in ids)


def answers(key: int | None, seed: int, share: float = 0.3) -> list[str]:
    """Texts of a model that draws its words at random, and in a share of places one that the key prefers."""
    random = np.random.default_rng(seed)
    scheme = GreenList(WIDTH, GAMMA)
    rows = random.integers(0, VOCABULARY, (ROWS, WIDTH), dtype=np.int32)
    while rows.shape[1] < LENGTH:
        drawn = random.integers(0, VOCABULARY, (ROWS, 8), dtype=np.int32)
        chosen = drawn[:, 0]
        if key is not None:
            windows = np.repeat(rows[:, -WIDTH:], 8, axis=0)
            green = scheme.scores(key, windows, drawn.ravel()).reshape(ROWS, 8)
            follows = random.random(ROWS) < share
            chosen = np.where(follows, drawn[np.arange(ROWS), green.argmax(axis=1)], chosen)
        rows = np.column_stack([rows, chosen]).astype(np.int32)
    return [_words(row) for row in rows]


def written(path: Path, texts: Iterable[str]) -> None:
    path.write_text("".join(json.dumps({"prompt_id": f"p-{n}", "text": text}) + "\n" for n, text in enumerate(texts)))


@dataclass(frozen=True)
class World:
    """A folder with keys, answers and a plan; the suspect was trained on what the second campaign got."""

    folder: Path
    keyring: Keyring
    keys: tuple[Key, ...]

    @property
    def plan(self) -> Path:
        return self.folder / "plan.json"

    def seal(self, text: str | None = None) -> Path:
        """Writes and seals the plan; returns plan.json."""
        (self.folder / "plan.toml").write_text(text or self.toml())
        self.plan.write_bytes(committed(load(self.folder / "plan.toml", NOW + timedelta(days=60)), self.keyring).text)
        return self.plan

    def toml(self, *, suspect: str = 'texts = ["suspect.jsonl"]', extra: str = "") -> str:
        subjects = [("suspect", "suspect", suspect), ("student", "positive", 'texts = ["student.jsonl"]')]
        subjects += [(name, "control", f'texts = ["{name}.jsonl"]\nreleased = 2025-01-01') for name in CONTROLS]
        parts = [f'[[subjects]]\nid = "{name}"\nrole = "{role}"\n{rest}' for name, role, rest in subjects]
        keys = ", ".join(f'"{key.id}"' for key in self.keys)
        return "\n".join(
            [
                'title = "Is it ours?"\nauthor = "A. Examiner"\nwrong_keys = 100\nprompts = "prompts.jsonl"',
                extra,
                *parts,
                f'[[tests]]\nname = "prose"\nkind = "closed"\nscheme = "{SCHEME}"\nwidth = {WIDTH}\ngamma = {GAMMA}',
                f'keys = [{keys}]\ntokenizer = "tokenizer.json"\nleast = 1000',
            ]
        )


def keyring_in(folder: Path) -> Keyring:
    """A folder of keys that are the same in every run, so that a test fails by its code alone."""
    (folder / "keys").mkdir()
    (folder / "keys" / "root").write_text("5e" * 32)
    (folder / "keys" / "root").chmod(0o600)
    return Keyring(folder / "keys")


def _tokenizer() -> str:
    words = {f"w{n}": n for n in range(VOCABULARY)} | {"[UNK]": VOCABULARY}
    vocabulary = Tokenizer(WordLevel(words, unk_token="[UNK]"))  # noqa: S106 — no password
    vocabulary.pre_tokenizer = Whitespace()
    return vocabulary.to_str()


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A world for whoever leaves it as it is."""
    folder = tmp_path_factory.mktemp("world")
    keyring = keyring_in(folder)
    parameters = {"width": WIDTH, "gamma": GAMMA}
    records = [keyring.make(f"c-{n}", "2026-q4", SCHEME, parameters, NOW) for n in range(4)]
    Commitments(keyring.folder).add(commit(keyring.records(), NOW + timedelta(hours=1)))
    keys = keyring.keys([each.id for each in records])
    for each in records:
        keyring.expose(each.id, NOW + timedelta(days=1))
    (folder / "tokenizer.json").write_text(_tokenizer())
    asked = [json.dumps({"prompt_id": f"p-{n}", "prompt": f"Say something of {n}."}) for n in range(ROWS)]
    (folder / "prompts.jsonl").write_text("\n".join(asked))
    written(folder / "suspect.jsonl", answers(keys[1].value, 1))
    written(folder / "student.jsonl", answers(keys[0].value, 2))
    for number, name in enumerate(CONTROLS):
        written(folder / f"{name}.jsonl", answers(None, 10 + number))
    return World(folder, keyring, keys)


@pytest.fixture
def world(made, tmp_path):
    """A world of one's own."""
    folder = tmp_path / "world"
    shutil.copytree(made.folder, folder, ignore=shutil.ignore_patterns("plan.*"))
    keyring = Keyring(folder / "keys")
    return World(folder, keyring, made.keys)
