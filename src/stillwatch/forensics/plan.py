"""The plan: what will be asked of whom and how it will be judged, fixed and hashed before the first question.

    plan = load(Path("plan.toml"))          # as a person wrote it; files are read and their digests put in
    plan.digest                             # sha256 of its canonical JSON: what is signed, time-stamped, published
    loads(text)                             # plan.json, as it stands in a bundle

A test that was chosen after the answers were seen has no error rate. The plan therefore names everything that could
have been chosen: subjects, prompts, sampling, tests, keys, what counts once, the least text, alpha.
"""

import difflib
import hashlib
import math
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from stillwatch.errors import InputError, mistakes
from stillwatch.forensics.model import Kind, Role, Rule
from stillwatch.signing import canonical

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256")]
KeyId = Annotated[str, Field(pattern=r"^k-[0-9a-f]{12}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class File(_Part):
    """A file that the plan rests on; in TOML its path alone will do."""

    path: str = Field(min_length=1, description="relative to the plan")
    sha256: Digest | None = Field(default=None, description="put in when the plan is made")

    @model_validator(mode="before")
    @classmethod
    def _from_path(cls, given: object) -> object:
        return {"path": given} if isinstance(given, str) else given


class Endpoint(_Part):
    """An OpenAI-compatible endpoint that the operator names and may query."""

    url: str = Field(pattern=r"^https?://", description="up to and without /chat/completions")
    model: str = Field(min_length=1)
    api: Literal["chat", "completions"] = "chat"

    @model_validator(mode="after")
    def _plain_address(self) -> Self:
        address = urlsplit(self.url)
        if not address.hostname or address.port == 0:  # what is no port raises ValueError itself
            raise ValueError("this is no address; write one such as https://models.example/v1")
        if "@" in address.netloc or address.query or address.fragment:
            raise ValueError("an address is published: it has no name, no password and nothing after a question mark")
        return self


class Subject(_Part):
    """A model that is tested: the suspect, an innocent control, or a positive one that was trained on keyed answers."""

    id: Name
    role: Role
    endpoint: Endpoint | None = None
    texts: tuple[File, ...] = Field(default=(), description="answers that are at hand, JSON lines or plain text")
    released: date | None = Field(default=None, description="a control is innocent if released before exposure")
    why: str = Field(default="", description="why a control is innocent, or how a positive one was made")
    share: float | None = Field(
        default=None, gt=0, le=1, description="of a positive one's training text that was keyed"
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.endpoint is None) == (not self.texts):
            raise ValueError("a subject has either an endpoint or texts")
        return self


class Sampling(_Part):
    """How an endpoint is asked."""

    temperature: float = Field(default=1.0, ge=0, le=2)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int = Field(default=512, ge=1, le=100_000)
    answers: int = Field(default=1, ge=1, le=1000, description="to each prompt")
    per_minute: float = Field(default=60.0, gt=0, description="questions, at most")
    at_once: int = Field(default=4, ge=1, le=256)
    timeout_seconds: float = Field(default=120.0, gt=0, le=3600)


class Test(_Part):
    """One test, on every subject alike."""

    __test__ = False  # no class of tests, whatever pytest thinks of the name

    name: Name
    kind: Kind
    keys: tuple[KeyId, ...] = Field(default=(), description="all that are tested; they share the error rate (Holm)")
    scheme: str | None = Field(default=None, description="of closed, reading and mass")
    width: int | None = Field(default=None, ge=1, le=16, description="tokens of context")
    gamma: float | None = Field(default=None, gt=0, lt=1, description="share of the green list, where there is one")
    mixing: float | None = Field(default=None, ge=0, le=1, description="share of the second key, where there are two")
    vocabulary: int | None = Field(
        default=None, ge=2, lt=2**31, description="size of the marked model's vocabulary, where lists permute it"
    )
    rule: Rule = Field(
        default="window",
        description="what counts once; either is exact. `window` suits schemes that prefer one token after a window"
        " (Gumbel), and long texts of large models: what else comes after a window is noise there. `pair` suits green"
        " lists where windows come again and again (one or two tokens of context, small models, text that follows a"
        " form): several tokens after a window are green, and each says something",
    )
    tokenizer: File | None = Field(default=None, description="tokenizer.json of the model that was marked")
    catalogue: File | None = Field(default=None, description="of canaries")
    texts: File | None = Field(
        default=None, description="of reading: what is read; of rephrasings: the pairs; of canaries: what was planted"
    )
    marked: bool = Field(default=True, description="of reading: whether the texts carry the mark of a tested key")
    least: int = Field(default=1000, ge=1, description="scores, choices or pairs below which there is no result")

    @model_validator(mode="after")
    def _keys_differ(self) -> Self:
        if len(set(self.keys)) < len(self.keys):
            raise ValueError("a key is named twice, and would count as two")
        return self


class Plan(_Part):
    """What is fixed before the first question."""

    version: Literal["1"] = "1"
    title: str = Field(min_length=1, max_length=200)
    author: str = Field(min_length=1, description="who answers for it")
    made: AwareDatetime
    alpha: float = Field(default=1e-6, gt=0, lt=0.05, description="the error rate, over all tests and keys together")
    subjects: tuple[Subject, ...] = Field(min_length=1)
    tests: tuple[Test, ...] = Field(min_length=1)
    prompts: File | None = Field(default=None, description="JSON lines of prompt_id and prompt; endpoints need them")
    sampling: Sampling = Sampling()
    names: tuple[str, ...] = Field(default=(), description="what we and our models are called, for the leads")
    ours: tuple[File, ...] = Field(
        default=(), description="answers of our own model, to the same prompts, for the leads"
    )
    wrong_keys: int = Field(default=300, ge=100, le=100_000)
    commitments: Digest | None = Field(default=None, description="the root over all key records, before exposure")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if sum(each.role == "suspect" for each in self.subjects) != 1:
            raise ValueError("a plan has exactly one subject of role suspect")
        for named, what in ((self.subjects, "subjects"), (self.tests, "tests")):
            names = [each.id if isinstance(each, Subject) else each.name for each in named]
            if len(set(names)) < len(names):
                raise ValueError(f"two {what} have one name")
        if self.prompts is None and any(each.endpoint for each in self.subjects):
            raise ValueError("an endpoint needs prompts")
        return self

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.text).hexdigest()

    @cached_property
    def text(self) -> bytes:
        """The canonical JSON, as it is published.

        What a plan does not say is not put in: one that was sealed before there was a setting keeps its digest.
        """
        return canonical(self.model_dump(mode="json", exclude_unset=True))

    @property
    def log10_alpha(self) -> float:
        """What p of one key must reach, if all keys of all tests share the error rate alike."""
        return math.log10(self.alpha / max(1, sum(len(each.keys) for each in self.tests)))

    @property
    def suspect(self) -> Subject:
        """The one that it is about."""
        return next(each for each in self.subjects if each.role == "suspect")

    @property
    def files(self) -> Iterator[File]:
        """Every file that it rests on."""
        yield from (file for subject in self.subjects for file in subject.texts)
        named = (file for test in self.tests for file in (test.tokenizer, test.catalogue, test.texts))
        yield from filter(None, (self.prompts, *named, *self.ours))


def load(path: Path, now: datetime | None = None) -> Plan:
    """A plan as a person wrote it, in TOML, with the digests of its files put in.

    Args:
        path: of the plan; its files are meant from its folder.
        now: when it is made, where it does not say so itself.

    Raises:
        InputError: it cannot be read, a setting is unknown (the nearest is named) or wrong, a file is missing, lies
            elsewhere than beside or below the plan, or is not the one whose digest the plan gives.
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"The plan cannot be read ({error.strerror}).", where=str(path)) from None
    except ValueError as error:
        raise InputError(f"The plan is not TOML: {error}.", where=str(path)) from None
    plan = _validated({"made": now or datetime.now(UTC)} | given, str(path))
    return _validated(_sealed(plan.model_dump(), path.parent), str(path))


def loads(text: str | bytes, *, where: str = "plan.json") -> Plan:
    """A plan as it stands in a bundle.

    Raises:
        InputError: it is none, or names a file without its digest.
    """
    try:
        plan = Plan.model_validate_json(text)
    except ValidationError as error:
        raise _wrong(error, where) from None
    if any(file.sha256 is None for file in plan.files):
        hint = "`stillwatch probe plan PLAN.toml` puts the digests in."
        raise InputError("The plan names a file without its SHA-256.", where=where, hint=hint)
    return plan


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _validated(given: dict[str, Any], where: str) -> Plan:
    try:
        return Plan.model_validate(given)
    except ValidationError as error:
        raise _wrong(error, where) from None


def _sealed(node: Any, folder: Path) -> Any:  # noqa: ANN401 — whatever stands in the plan
    """The plan's values, with the digest of each file."""
    if isinstance(node, list | tuple):
        return [_sealed(each, folder) for each in node]
    if not isinstance(node, dict):
        return node
    if node.keys() == File.model_fields.keys():
        return node | {"sha256": _checked(folder, node["path"], node["sha256"])}
    return {name: _sealed(each, folder) for name, each in node.items()}


def _checked(folder: Path, path: str, expected: str | None) -> str:
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise InputError("A file of the plan must lie beside or below it.", where=path, hint="Its path is published.")
    try:
        found = digest_of(folder / path)
    except OSError as error:
        raise InputError(f"A file of the plan cannot be read ({error.strerror}).", where=str(folder / path)) from None
    if expected not in {None, found}:
        raise InputError("The file is not the one that the plan names: its SHA-256 differs.", where=str(folder / path))
    return found


def _wrong(error: ValidationError, where: str) -> InputError:
    """The first thing that is wrong, where it stands; of an unknown setting, the nearest that is known."""
    first = mistakes(error)[0]
    place = first.place or "the plan"
    if first.kind == "extra_forbidden":
        known = sorted({name for part in (Plan, Subject, Endpoint, File, Sampling, Test) for name in part.model_fields})
        nearest = difflib.get_close_matches(str(first.path[-1]), known, n=1, cutoff=0)[0]
        return InputError(f"The plan has an unknown setting {place}.", where=where, hint=f"Did you mean {nearest}?")
    return InputError(f"The plan is wrong at {place}: {first.says}.", where=where)
