"""The resources of TAXII 2.1 as JSON Schema, for the OpenAPI document: names and rules are the standard's own."""

from typing import Any

Schema = dict[str, Any]

_TIMESTAMP: Schema = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$",
    "examples": ["2026-11-02T09:00:00.000000Z"],
}
_UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_TEXT: Schema = {"type": "string"}
_BASE64: Schema = {"type": "string", "contentEncoding": "base64"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
ID: Schema = {"type": "string", "pattern": rf"^[a-z0-9][a-z0-9-]{{1,248}}[a-z0-9]--{_UUID}$"}
UUID: Schema = {"type": "string", "pattern": rf"^{_UUID}$"}


def _listed(items: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": items}


def _record(required: tuple[str, ...], **properties: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": properties}


_REPORTED = _listed(_record(("id", "version"), id=ID, version=_TIMESTAMP, message=_TEXT))

_OBJECT: Schema = {
    "type": "object",
    "required": ["type", "id"],
    "properties": {
        "type": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{1,248}[a-z0-9]$"},
        "id": ID,
        "spec_version": {"enum": ["2.0", "2.1"]},
    },
}

_OBJECTS = _listed({"$ref": "#/components/schemas/object"})
_SIGNATURE = _record(
    ("id", "version", "key_id", "signature"),
    id=ID,
    version=_TEXT,
    key_id=_TEXT,
    signature=_BASE64,
)

SCHEMAS: dict[str, Schema] = {
    "error": _record(
        ("title", "error_id", "http_status"),
        title=_TEXT,
        description=_TEXT,
        error_id=_TEXT,
        error_code=_TEXT,
        http_status={"type": "string", "pattern": "^[45][0-9]{2}$"},
    ),
    "discovery": _record(
        ("title",),
        title=_TEXT,
        default={"type": "string", "format": "uri"},
        api_roots=_listed({"type": "string", "format": "uri"}),
    ),
    "api-root": _record(
        ("title", "versions", "max_content_length"),
        title=_TEXT,
        description=_TEXT,
        versions=_listed({"const": "application/taxii+json;version=2.1"}),
        max_content_length={"type": "integer", "exclusiveMinimum": 0},
    ),
    "collection": _record(
        ("id", "title", "can_read", "can_write"),
        id=_TEXT,
        title=_TEXT,
        description=_TEXT,
        alias=_TEXT,
        can_read={"type": "boolean"},
        can_write={"type": "boolean"},
        media_types=_listed({"const": "application/stix+json;version=2.1"}),
    ),
    "collections": _record((), collections=_listed({"$ref": "#/components/schemas/collection"})),
    "manifest": _record(
        (),
        more={"type": "boolean"},
        next=_TEXT,
        objects=_listed(
            _record(("id", "date_added", "version"), id=ID, date_added=_TIMESTAMP, version=_TIMESTAMP, media_type=_TEXT)
        ),
    ),
    "object": _OBJECT,
    "envelope": _record((), more={"type": "boolean"}, next=_TEXT, objects=_OBJECTS),
    "addition": _record(
        ("objects",),
        objects=_OBJECTS,
        x_stillwatch_signatures={"type": ["array", "null"], "items": _SIGNATURE},
    ),
    "signatures": _record(
        (),
        more={"type": "boolean"},
        next=_TEXT,
        signatures=_listed(
            _record(
                ("id", "version", "date_added"),
                id=ID,
                version=_TIMESTAMP,
                date_added=_TIMESTAMP,
                signature=_BASE64,
                key_id=_TEXT,
                receipt={"type": "object"},
                log_index=_COUNT,
                salt=_BASE64,
            )
        ),
    ),
    "versions": _record((), more={"type": "boolean"}, next=_TEXT, versions=_listed(_TIMESTAMP)),
    "status": _record(
        ("id", "status", "total_count", "success_count", "failure_count", "pending_count"),
        id=UUID,
        status={"enum": ["complete", "pending"]},
        request_timestamp=_TIMESTAMP,
        total_count=_COUNT,
        success_count=_COUNT,
        failure_count=_COUNT,
        pending_count=_COUNT,
        successes=_REPORTED,
        failures=_REPORTED,
        pendings=_REPORTED,
    ),
    "credentials": _record(
        ("grant_type",), grant_type={"const": "client_credentials"}, client_id=_TEXT, client_secret=_TEXT
    ),
    "token": _record(
        ("access_token", "token_type", "expires_in"),
        access_token=_TEXT,
        token_type={"const": "Bearer"},
        expires_in={"type": "integer", "minimum": 1},
    ),
}
