"""A bundle whose test is of private rephrasings: from the key's choice to the verdict, and verified again."""

import hashlib
import json
from datetime import timedelta

import numpy as np
import pytest

from stillwatch.forensics.custody.commitments import Commitments, commit
from stillwatch.forensics.custody.running import begun, committed, scored
from stillwatch.forensics.custody.verification import verify
from stillwatch.forensics.plan import load
from stillwatch.forensics.rephrasings import published, read
from stillwatch.signing import SigningKey

from .conftest import CONTROLS, NOW, keyring_in

N = 150


def _likelihoods(path, pairs, seed, key=None):
    draw = np.random.default_rng(seed)
    with path.open("w") as out:
        for pair in pairs:
            both = draw.normal(-3, 1, 2)
            if key is not None:
                both[published(key, pair)] += 1.5
            sizes = [len(text.encode()) for text in (pair.first, pair.second)]
            first, second = (both * sizes).tolist()
            out.write(json.dumps({"pair_id": pair.pair_id, "first": first, "second": second}) + "\n")


@pytest.fixture
def sealed(tmp_path):
    """A plan for pairs that were published under one key, and the likelihoods of all subjects."""
    rows = [{"pair_id": f"p-{i}", "first": f"Item {i} is such.", "second": f"Such is item {i}."} for i in range(N)]
    text = "\n".join(map(json.dumps, rows))
    (tmp_path / "pairs.jsonl").write_text(text)
    keyring = keyring_in(tmp_path)
    parameters = {"file": hashlib.sha256(text.encode()).hexdigest()}
    record = keyring.make("", "2026-q4", "rephrasings", parameters, NOW)
    Commitments(keyring.folder).add(commit(keyring.records(), NOW + timedelta(hours=1)))
    keyring.expose(record.id, NOW + timedelta(days=1))
    (key,) = keyring.keys([record.id])
    pairs = read(tmp_path / "pairs.jsonl")
    for number, name in enumerate(["suspect", "student", *CONTROLS]):
        _likelihoods(tmp_path / f"{name}.jsonl", pairs, number, key.value if number < 2 else None)
    roles = {"suspect": "suspect", "student": "positive"}
    parts = ['title = "Did it read our benchmark?"\nauthor = "A. Examiner"\nwrong_keys = 100']
    for name in ["suspect", "student", *CONTROLS]:
        released = "" if name in roles else "released = 2025-01-01\n"
        role = roles.get(name, "control")
        parts.append(f'[[subjects]]\nid = "{name}"\nrole = "{role}"\ntexts = ["{name}.jsonl"]\n{released}')
    parts.append(
        f'[[tests]]\nname = "pairs"\nkind = "rephrasings"\nkeys = ["{key.id}"]\ntexts = "pairs.jsonl"\nleast = 100'
    )
    (tmp_path / "plan.toml").write_text("\n".join(parts))
    made = load(tmp_path / "plan.toml", NOW + timedelta(days=60))
    (tmp_path / "plan.json").write_bytes(committed(made, keyring).text)
    return tmp_path / "plan.json", keyring, key


def test_what_was_published_is_found_again(sealed, tmp_path):
    plan, keyring, key = sealed
    bundle = begun(tmp_path / "bundle", plan, keyring)
    scored(bundle, {key.id: key}, SigningKey.generate(), bundle.plan.made + timedelta(hours=1))
    document = verify(bundle, keyring).document
    assert document.grade == "corroborated"
    results = json.loads(bundle.read("results.json"))["results"]
    assert len(results) == 2 + len(CONTROLS)
    found = [each["keys"][0]["log10_p"] for each in results]
    assert sorted(found)[1] < -6 < -3.5 < sorted(found)[2], "the suspect and the student, and no control"
