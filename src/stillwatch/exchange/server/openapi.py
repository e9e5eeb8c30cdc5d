"""The OpenAPI document: every endpoint, parameter, media type, status and body, as they are.

An endpoint of TAXII says with `resource` or `paged` what it takes and gives; `describe` puts the whole together. The
document is open to everybody: it tells how one asks, and of nothing that is there.
"""

from typing import Annotated, Any

from fastapi import FastAPI, Path, Response
from fastapi.openapi.utils import get_openapi

from stillwatch import __version__
from stillwatch.exchange.server.errors import MEDIA_TYPE
from stillwatch.exchange.server.query import KNOWN, Kind
from stillwatch.exchange.server.schemas import ID, SCHEMAS, UUID, Schema

RootName = Annotated[str, Path(description="An API root: one trust group.", json_schema_extra={"maxLength": 250})]
CollectionName = Annotated[str, Path(description="The id of a collection, or its alias.")]
ObjectId = Annotated[str, Path(description="The id of a STIX object.", json_schema_extra=ID)]
StatusId = Annotated[str, Path(description="The id in the answer to an addition.", json_schema_extra=UUID)]

_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,18})?Z"
_DATE = SCHEMAS["manifest"]["properties"]["objects"]["items"]["properties"]["date_added"]
_DATES = {
    f"X-TAXII-Date-Added-{which}": {
        "description": f"When the {which.lower()} item of this page was added.",
        "schema": _DATE,
        "required": True,
    }
    for which in ("First", "Last")
}
_ERRORS = {
    400: "A parameter, a cursor or the body is malformed.",
    401: "There are no valid credentials.",
    403: "The member may not do this here.",
    404: "There is nothing here for this member.",
    406: "The client does not take this media type.",
    408: "The body did not arrive.",
    413: "The body is longer than max_content_length.",
    415: "The body is of a type or encoding that is not taken.",
    422: "The body is understood, and cannot be taken; nothing of it is stored.",
    429: "The member asks too much at a time.",
    500: "A fault of the exchange, found in its log by error_id.",
    503: "The exchange is busy, or its database is.",
}
_ALWAYS = (401, 406, 429, 500, 503)
_RETRY = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}}}
_CHALLENGE = {"WWW-Authenticate": {"description": "How to authenticate.", "schema": {"type": "string"}}}

_SEVERAL = {"style": "form", "explode": False}
_PARAMETERS: dict[str, Schema] = {
    "limit": {
        "description": "At most so many items; the server gives fewer where its page is smaller.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 2**53 - 1},
    },
    "next": {
        "description": "The `next` of the page before, with the same filters.",
        "schema": {"type": "string"},
    },
    "added_after": {
        "description": "Only what was added after this time.",
        "schema": {"type": "string", "format": "date-time", "pattern": f"^{_TIME}$"},
    },
    "match[id]": {
        "description": "Ids, with commas between them.",
        "schema": {"type": "array", "minItems": 1, "maxItems": 1000, "items": ID},
        **_SEVERAL,
    },
    "match[type]": {
        "description": "Types, with commas between them.",
        "schema": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1000,
            "items": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,250}$"},
        },
        **_SEVERAL,
    },
    "match[spec_version]": {
        "description": "Versions of STIX, with commas between them. Left out: the newest that each object has.",
        "schema": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1000,
            "items": {"type": "string", "pattern": r"^[0-9]{1,3}\.[0-9]{1,3}$"},
        },
        **_SEVERAL,
    },
    "match[version]": {
        "description": "`all`; or `last` (if left out), `first` and times of modification, with commas between them.",
        "schema": {"type": "string", "pattern": f"^(all|(last|first|{_TIME})(,(last|first|{_TIME}))*)$"},
    },
}


def resource(schema: str, *errors: int) -> dict[str, Any]:
    """What the decorator of an endpoint takes that answers with one resource.

    Args:
        schema: the name of the resource in `schemas`.
        errors: statuses beyond those that every endpoint may have.
    """
    return {"response_class": Response, "responses": {200: _answer(schema)} | problems(404, *errors)}


def paged(kind: Kind, schema: str) -> dict[str, Any]:
    """What the decorator of an endpoint takes that answers with pages."""
    described = resource(schema, 400, 403)
    described["responses"][200]["headers"] = _DATES
    return described | {"openapi_extra": {"parameters": parameters(kind)}}


def events() -> dict[str, Any]:
    """What the decorator of the event stream takes."""
    described = resource("object", 400, 403)
    described["responses"][200] = {
        "description": "One event for each object: its id is the date it was added, its data the object.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
    last = {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "The id of the last event received.",
        "schema": {"type": "string", "format": "date-time", "pattern": f"^{_TIME}$"},
    }
    return described | {"openapi_extra": {"parameters": [*parameters("stream"), last]}}


def addition() -> dict[str, Any]:
    """What the decorator of the endpoint takes where objects are added."""
    described = resource("status", 400, 403, 408, 413, 415, 422)
    described["responses"][202] = described["responses"].pop(200)
    taken = {"schema": {"$ref": "#/components/schemas/addition"}}
    says = "An envelope or a STIX bundle; what it has beside its objects and their signatures is ignored."
    content = {MEDIA_TYPE: taken, "application/stix+json;version=2.1": taken}
    body = {"required": True, "description": says, "content": content}
    return described | {"status_code": 202, "openapi_extra": {"requestBody": body}}


def deletion() -> dict[str, Any]:
    """What the decorator of the endpoint takes where an object is deleted."""
    described = resource("object", 400, 403)
    described["responses"][200] = {"description": "It is gone."}
    return described | {"openapi_extra": {"parameters": parameters("delete")}}


def token_endpoint() -> dict[str, Any]:
    """What the decorator of the endpoint takes that gives access tokens."""
    described = resource("token", 400, 401, 408, 413, 415)
    described["responses"][200]["content"] = {"application/json": {"schema": {"$ref": "#/components/schemas/token"}}}
    form = {"schema": {"$ref": "#/components/schemas/credentials"}}
    body = {"required": True, "content": {"application/x-www-form-urlencoded": form}}
    extra = {"requestBody": body, "security": [{"basic": []}, {}]}
    return described | {"openapi_extra": extra}


def opened(media_type: str, says: str) -> dict[str, Any]:
    """What the decorator of an endpoint takes that is no member's."""
    answer = {"description": says, "content": {media_type: {}}}
    return {"response_class": Response, "responses": {200: answer} | problems(404), "openapi_extra": {"security": []}}


def parameters(kind: Kind) -> list[Schema]:
    """The parameters of a query that this kind of endpoint knows."""
    return [{"name": name, "in": "query"} | said for name, said in _PARAMETERS.items() if name in KNOWN[kind]]


def problems(*statuses: int) -> dict[int | str, Any]:
    """The error responses of an endpoint, with those that all have."""
    return {status: _problem(status) for status in sorted({*statuses, *_ALWAYS})}


def describe(app: FastAPI) -> Schema:
    """The document of the whole application."""
    document = get_openapi(
        title="stillwatch exchange",
        version=__version__,
        description="TAXII 2.1, and under `/{root}/ext/` what it has no word for.",
        routes=app.routes,
    )
    components = document.setdefault("components", {})
    components["schemas"] = components.get("schemas", {}) | SCHEMAS
    components["securitySchemes"] = _SECURITY
    document["security"] = [{name: []} for name in _SECURITY]
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    for path in document["paths"].values():
        for operation in path.values():
            _correct(operation)
    return document


def _correct(operation: Schema) -> None:
    """FastAPI announces a 422 of its own wherever there are parameters; ours are TAXII's error messages."""
    announced = operation["responses"].get("422", {})
    if "HTTPValidationError" in str(announced):
        del operation["responses"]["422"]
    for status, said in problems().items():
        operation["responses"].setdefault(str(status), said)


def _answer(schema: str) -> Schema:
    return {"description": "As asked.", "content": {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}


def _problem(status: int) -> Schema:
    said = _answer("error") | {"description": _ERRORS[status]}
    headers = {401: _CHALLENGE, 429: _RETRY, 503: _RETRY}.get(status)
    return said | {"headers": headers} if headers else said


_SECURITY: dict[str, Schema] = {
    "clientCredentials": {
        "type": "oauth2",
        "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {}}},
    },
    "token": {"type": "http", "scheme": "bearer"},
    "clientCertificate": {"type": "mutualTLS"},
    "basic": {"type": "http", "scheme": "basic", "description": "Where the operator has it switched on."},
}
