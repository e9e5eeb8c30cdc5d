"""A rehearsal on disk: all that `stillwatch probe` needs to be tried from the plan to the verdict.

    write(Path("rehearsal"))

    keys/               four keys with the commitment to them: `--keys rehearsal/keys`
    tokenizer.json      of the teacher
    answers/            of a suspect, a positive control and twenty innocent ones, as JSON lines
    plan.toml           names all of it

A fifth of what the suspect was trained on was marked, with the key of the first campaign. The keys are secret and drawn
anew, so no two rehearsals are alike; the models follow from the seed.
"""

import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np

from stillwatch.errors import ConfigError
from stillwatch.forensics.custody.commitments import Commitments, commit
from stillwatch.forensics.custody.keys import Keyring
from stillwatch.forensics.model import Key, Role, Tokens
from stillwatch.forensics.rehearsal.experiment import CAMPAIGNS, RULE, SCHEME
from stillwatch.forensics.rehearsal.ngram import Ngram
from stillwatch.forensics.rehearsal.teacher import LENGTH, Teacher, said, trained
from stillwatch.writing import write_whole

SHARE = 0.2  # of the suspect's training that was marked
CONTROLS = 20
TAUGHT, SAID = 2000, 200  # answers that a student is trained on, and that it gives

_PLAN = """\
# A rehearsal: models that were made from nothing. Seal it, run it, look at the verdict:
#   stillwatch probe plan plan.toml --keys keys

title = "A rehearsal"
author = "stillwatch probe rehearse"
alpha = 1e-6
wrong_keys = 100
"""
_SUBJECT = """
[[subjects]]
id = "{id}"
role = "{role}"
{about}texts = [{{ path = "answers/{id}.jsonl" }}]
"""
_TEST = """
[[tests]]
name = "{kind}"
kind = "{kind}"
scheme = "{scheme.name}"
width = {scheme.width}
gamma = {scheme.gamma}
{about}keys = [{keys}]
tokenizer = {{ path = "tokenizer.json" }}
"""


_ABOUT: dict[Role, str] = {
    "suspect": "",
    "positive": 'why = "trained on marked answers alone"\n',
    "control": 'released = {before}\nwhy = "trained on text of people, before there were keys"\n',
}


def write(folder: Path, *, seed: int = 0, progress: Callable[[float], None] = lambda _: None) -> None:
    """Writes a rehearsal into a new folder, whole or not at all.

    Args:
        folder: must be new or empty.
        seed: of the models.
        progress: told the share that is done.

    Raises:
        ConfigError: the folder holds something, or what makes the models is missing (`experiment.run`).
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError("The folder holds something else.", where=str(folder), hint="Name a new one.")
    beside = folder.absolute().with_name(f".{folder.absolute().name}.{secrets.token_hex(4)}")
    try:
        _write(beside, np.random.default_rng(seed), progress)
        beside.replace(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _write(folder: Path, rng: np.random.Generator, progress: Callable[[float], None]) -> None:
    keys = _exposed_keys(Keyring(folder / "keys"))
    teacher = Teacher.made(rng)
    tokenizer = teacher.vocabulary.to_str().encode()
    write_whole(folder / "tokenizer.json", tokenizer, mode=0o644)
    (folder / "answers").mkdir()
    plan = [_PLAN]
    for done, (name, role, model) in enumerate(_models(teacher, keys[0], rng), 1):
        answers = said(model, teacher.openings(SAID, rng), rng)
        write_whole(folder / "answers" / f"{name}.jsonl", _lines(teacher, answers), mode=0o644)
        plan.append(_SUBJECT.format(id=name, role=role, about=_ABOUT[role].format(before=_the_day_before())))
        progress(done / (CONTROLS + 2))
    named = ", ".join(f'"{key.id}"' for key in keys)
    plan += [
        _TEST.format(kind=kind, scheme=SCHEME, about=about, keys=named)
        for kind, about in (("closed", f'rule = "{RULE}"\n'), ("mass", ""))
    ]
    write_whole(folder / "plan.toml", "".join(plan).encode(), mode=0o644)


def _exposed_keys(keyring: Keyring) -> tuple[Key, ...]:
    """Keys that were committed to, and of which the first has since marked answers."""
    parameters = {"width": SCHEME.width, "gamma": SCHEME.gamma}
    for campaign in range(1, CAMPAIGNS + 1):
        keyring.make(f"campaign-{campaign}", "rehearsal", SCHEME.name, parameters, datetime.now(UTC))
    records = keyring.records()
    Commitments(keyring.folder).add(commit(records, datetime.now(UTC)))
    for record in records:
        keyring.expose(record.id, datetime.now(UTC))
    return keyring.keys(record.id for record in records)


def _models(teacher: Teacher, key: Key, rng: np.random.Generator) -> Iterator[tuple[str, Role, Ngram]]:
    """Who is tested: name, role, model."""
    marked, plain = teacher.answers(TAUGHT, rng, SCHEME, key), teacher.answers(TAUGHT, rng)
    yield "suspect", "suspect", trained(marked, plain, SHARE)
    yield "our-student", "positive", trained(marked, plain, 1.0)
    texts = teacher.text[: len(teacher.text) // LENGTH * LENGTH].reshape(-1, LENGTH)
    for number in range(1, CONTROLS + 1):
        half = rng.choice(len(texts), len(texts) // 2, replace=False)
        yield f"control-{number:02}", "control", Ngram.learn([texts[half]], teacher.model.vocabulary)


def _lines(teacher: Teacher, answers: Iterable[Tokens]) -> Iterator[bytes]:
    for each in answers:
        prompt, text = (teacher.vocabulary.decode(ids.tolist()) for ids in (each.prompt, each.text))
        yield msgspec.json.encode({"prompt": prompt, "text": text}) + b"\n"


def _the_day_before() -> str:
    """When controls were released, as if: before anything was marked."""
    return f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
