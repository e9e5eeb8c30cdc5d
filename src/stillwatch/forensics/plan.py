"""The plan: what will be asked of whom and how it will be judged, fixed and hashed before the first question.

    plan = load(Path("plan.toml"))          # as a person wrote it; files are read and their digests put in
    plan.digest                             # sha256 of its canonical JSON: what is signed, time-stamped, published
    loads(text)                             # plan.json, as it stands in a bundle

A test that was chosen after the answers were seen has no error rate. The plan therefore names everything that could
have been chosen: subjects, prompts, sampling, tests, keys, what counts once, the least text, alpha.
"""

import hashlib
from datetime import date
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from stillwatch.forensics.model import Kind, Role, Rule
from stillwatch.signing import canonical

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256")]
KeyId = Annotated[str, Field(pattern=r"^k-[0-9a-f]{12}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class File(_Part):
    """A file that the plan rests on."""

    path: str = Field(min_length=1, description="relative to the plan")
    sha256: Digest | None = Field(default=None, description="put in when the plan is made")


class Endpoint(_Part):
    """An OpenAI-compatible endpoint that the operator names and may query."""

    url: str = Field(pattern=r"^https?://", description="up to and without /chat/completions")
    model: str = Field(min_length=1)
    api: Literal["chat", "completions"] = "chat"
    token_file: str | None = Field(default=None, description="holds the API key; neither path nor key is published")


class Subject(_Part):
    """A model that is tested: the suspect, an innocent control, or a positive one that was trained on keyed answers."""

    id: Name
    role: Role
    endpoint: Endpoint | None = None
    texts: tuple[File, ...] = Field(default=(), description="answers that are at hand, JSON lines or plain text")
    released: date | None = Field(default=None, description="a control is innocent if released before exposure")
    why: str = Field(default="", description="why a control is innocent, or how a positive one was made")

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
    rule: Rule = "window"
    tokenizer: File | None = Field(default=None, description="tokenizer.json of the model that was marked")
    catalogue: File | None = Field(default=None, description="of canaries")
    texts: File | None = Field(default=None, description="of reading: marked answers; of rephrasings: the pairs")
    least: int = Field(default=1000, ge=1, description="scores, choices or pairs below which there is no result")


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
        """The canonical JSON, as it is published: without what names files of secrets."""
        left_out = {"subjects": {"__all__": {"endpoint": {"token_file"}}}}
        return canonical(self.model_dump(mode="json", exclude=left_out))

    @property
    def suspect(self) -> Subject:
        """The one that it is about."""
        return next(each for each in self.subjects if each.role == "suspect")
