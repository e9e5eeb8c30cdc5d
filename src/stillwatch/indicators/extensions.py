"""What STIX has no words for: our extensions, as strict models, as JSON schemas and as STIX extension definitions.

    obj["extensions"][SIGNATURE]         # on an indicator: how it was found, without a number that says too much
    obj["extensions"][FEEDBACK]          # on a sighting: was it right?
    obj["extensions"][RETRACTION]        # on a note: which object is withdrawn
    obj["extensions"][VERDICT]           # on a note: what forensic tests of a model found
    obj["extensions"][ACTIVITY]          # makes `model-api-activity` a type
    content(obj, FEEDBACK)               # the model, or None; ValueError where it breaks its schema

Consumers drop extensions, so nothing that a match needs stands in one. `model-api-activity` breaks strict readers
(stix2 among them): it belongs in a collection of its own. `python -m stillwatch.indicators.extensions` writes the
schemas (`schemas/*.json`); each definition carries its schema, so that a receiver needs nothing else.
"""

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stillwatch.errors import mistakes
from stillwatch.indicators import ids, markings
from stillwatch.indicators.buckets import Bucket
from stillwatch.indicators.patterns import Duration, Token

VERSION = "1.0.0"
SINCE = "2026-11-02T09:00:00.000Z"

#: Accounts that must have used a template before its tokens may leave.
LEAST_ACCOUNTS = 25

Kind = Literal["prompt-template", "vocabulary", "account-network", "cadence"]
Family = Literal["content", "text", "sign_up", "network", "time", "protocol", "client", "alliance"]
Outcome = Literal["true-positive", "false-positive", "unsure"]
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]+--[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
Time = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z$")]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Tested = Annotated[int, Field(ge=0, le=10_000)]
Grade = Literal["lead", "corroborated", "shown"]


class _Part(BaseModel):
    """Every part of an extension: nothing unknown, nothing changed, nothing converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Privacy(_Part):
    """Whom a signature could say something about."""

    least_accounts: Literal[2, 25] = Field(description="that many accounts at least share what the signature names")
    derived_from_customer_content: bool
    review: Literal["two-person", "one-person", "none"]


class Observed(_Part):
    """What it was found on, in orders of magnitude."""

    accounts_bucket: Bucket
    requests_bucket: Bucket
    last_seen: Day
    families: Annotated[tuple[Family, ...], Field(min_length=1)] = Field(description="the groups of evidence behind it")


class Evaluation(_Part):
    """How it did on the contributor's own traffic."""

    precision_lower_bound: Share
    recall_estimate: Share | None = None
    benign_bucket: Bucket = Field(description="benign accounts or requests that it was tried on")
    method: Literal["holdout", "whole-log", "scenario"]


class Signature(_Part):
    """On an indicator: what kind of signature it is and how it came about."""

    extension_type: Literal["property-extension"] = "property-extension"
    signature_kind: Kind
    privacy: Privacy
    evidence: Observed
    evaluation: Evaluation | None = None


class Noise(_Part):
    """What was added to counts before they were put into buckets."""

    mechanism: Literal["discrete-laplace"]
    epsilon: Annotated[float, Field(gt=0, le=10)]


class Feedback(_Part):
    """On a sighting: what came of looking at a match."""

    extension_type: Literal["property-extension"] = "property-extension"
    outcome: Outcome
    reviewed_by: Literal["human", "two-humans", "software"]
    accounts_bucket: Bucket | None = None
    requests_bucket: Bucket | None = None
    noise: Noise | None = None
    latency_to_review: Duration | None = None


class Retraction(_Part):
    """On a note in the retractions collection: which version withdrew which object."""

    extension_type: Literal["property-extension"] = "property-extension"
    retracted_ref: Id
    retracted_version: Time = Field(description="the version that revokes it")
    retracted_at: Time


class Verdict(_Part):
    """On a note: what forensic tests of a model found, as far as it is told."""

    extension_type: Literal["property-extension"] = "property-extension"
    suspect: Annotated[str, Field(pattern=r"^DM-[0-9]{4}-[0-9]{4}$")] = Field(description="the model, numbered")
    named: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._:/+-]{0,79}$")] | None = Field(
        default=None, description="the model's name, where its publisher chose to tell it; never with a lead"
    )
    grade: Grade
    alpha: Annotated[float, Field(gt=0, lt=0.05)]
    log10_p: Annotated[int, Field(ge=-9999, le=0)] = Field(
        description="of the strongest result, adjusted, rounded up: the probability of such a result or a stronger one"
        " if the model was trained without access to what was keyed; not the probability that it was copied"
    )
    tests: tuple[Literal["closed", "reading", "mass", "canaries", "rephrasings"], ...]
    keys: Tested
    innocent_controls: Tested
    positive_controls: Tested
    blinded_reruns: Tested
    committed: bool = Field(description="to keys and choices, before their first exposure")
    stamped: bool = Field(description="by an authority of time-stamps")
    plan_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

    @model_validator(mode="after")
    def _a_lead_names_nobody(self) -> Self:
        if self.grade == "lead" and self.named is not None:
            raise ValueError("a lead names nobody")
        return self


class ActivityMark(_Part):
    """On a `model-api-activity`: says that the type is an extension."""

    extension_type: Literal["new-sco"] = "new-sco"


class Activity(_Part):
    """A cyber-observable object: what a cluster did in a window, in orders of magnitude."""

    type: Literal["model-api-activity"] = "model-api-activity"
    spec_version: Literal["2.1"] = "2.1"
    id: Annotated[str, Field(pattern=r"^model-api-activity--[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    cluster_token: Token = Field(description="names the cluster and nothing else: the UUID of its campaign object")
    window: Duration
    account_count_bucket: Bucket
    request_count_bucket: Bucket
    object_marking_refs: tuple[Id, ...] | None = None
    extensions: dict[str, ActivityMark]


def _id(name: str) -> str:
    return ids.derived("extension-definition", name, VERSION)


SIGNATURE, FEEDBACK, RETRACTION, ACTIVITY, VERDICT = (
    _id(name)
    for name in (
        "model-api-signature",
        "match-feedback",
        "retraction",
        "model-api-activity",
        "model-provenance-verdict",
    )
)

_MODELS: Mapping[str, tuple[str, type[BaseModel]]] = {
    SIGNATURE: ("model-api-signature", Signature),
    FEEDBACK: ("match-feedback", Feedback),
    RETRACTION: ("retraction", Retraction),
    ACTIVITY: ("model-api-activity", Activity),
    VERDICT: ("model-provenance-verdict", Verdict),
}

_SAYS: Mapping[str, str] = {
    SIGNATURE: "On an indicator whose pattern_type is model-api-sig: its kind, its privacy and what it was found on.",
    FEEDBACK: "On a sighting of such an indicator: whether it was right, and who looked.",
    RETRACTION: "On a note: the object that was withdrawn, and by which version.",
    VERDICT: "On a note: what forensic tests of a model found, at which grade and with which controls.",
    ACTIVITY: "A cyber-observable object: requests of a cluster to a model API, in orders of magnitude.",
}

#: Who publishes the extensions: the software, not a member.
PUBLISHER: Mapping[str, Any] = {
    "type": "identity",
    "spec_version": "2.1",
    "id": ids.derived("identity", "stillwatch"),
    "created": SINCE,
    "modified": SINCE,
    "name": "stillwatch",
    "description": "The open-source software that these definitions come with.",
    "identity_class": "system",
    "object_marking_refs": markings.refs(markings.TLP[markings.Level.CLEAR]),
}


def content(obj: Mapping[str, Any], extension: str) -> BaseModel | None:
    """Read one of our extensions of an object; None where it carries none.

    Raises:
        ValueError: it breaks its schema. The message names the property, not its value.
    """
    extensions = obj.get("extensions")
    if not isinstance(extensions, dict) or extension not in extensions:
        return None
    model = ActivityMark if extension == ACTIVITY else _MODELS[extension][1]
    return read(model, extensions[extension])


def read(model: type[BaseModel], value: object) -> BaseModel:
    """Read a JSON value as a strict model.

    Raises:
        ValueError: it breaks the schema.
    """
    try:
        return model.model_validate_json(ids.canonical(value))
    except ValidationError as error:
        first = mistakes(error)[0]
        raise ValueError(f"{ascii(first.place)[1:81]}: {first.says}") from None


def definition(extension: str) -> dict[str, Any]:
    """The STIX extension definition of one of ours, its JSON schema in it."""
    name, _ = _MODELS[extension]
    return {
        "type": "extension-definition",
        "spec_version": "2.1",
        "id": extension,
        "created_by_ref": PUBLISHER["id"],
        "created": SINCE,
        "modified": SINCE,
        "name": name,
        "description": _SAYS[extension],
        "schema": json.dumps(json.loads(published(extension)), separators=(",", ":")),
        "version": VERSION,
        "extension_types": ["new-sco" if extension == ACTIVITY else "property-extension"],
        "object_marking_refs": markings.refs(markings.TLP[markings.Level.CLEAR]),
    }


def published(extension: str) -> str:
    """The JSON schema of an extension, as it is published with the software."""
    return (resources.files(__package__) / "schemas" / _file(extension)).read_text(encoding="utf-8")


def schema(extension: str) -> str:
    """The JSON schema of an extension, as its model has it."""
    name, model = _MODELS[extension]
    described = model.model_json_schema() | {"title": name, "description": _SAYS[extension]}
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **described}, indent=2) + "\n"


def _file(extension: str) -> str:
    return f"{_MODELS[extension][0]}-{VERSION}.json"


#: All of our extensions.
ALL = tuple(_MODELS)

if __name__ == "__main__":
    folder = Path(__file__).parent / "schemas"
    folder.mkdir(exist_ok=True)
    for each in ALL:
        (folder / _file(each)).write_text(schema(each), encoding="utf-8")
