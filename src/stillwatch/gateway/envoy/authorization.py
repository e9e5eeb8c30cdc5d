"""`envoy.service.auth.v3.Authorization`: may this request pass?

A denial is answered as the model's provider would (status, body, Retry-After); a request that passes gets headers that
say under which measure, and dynamic metadata with the budget that Envoy's rate limits read.
"""

from collections.abc import Mapping

from envoy.config.core.v3.base_pb2 import HeaderValue, HeaderValueOption
from envoy.service.auth.v3.attribute_context_pb2 import AttributeContext
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest, CheckResponse, DeniedHttpResponse, OkHttpResponse
from envoy.type.v3.http_status_pb2 import HttpStatus
from google.protobuf.struct_pb2 import Struct
from google.rpc.status_pb2 import Status

from stillwatch.gateway import told
from stillwatch.gateway.answers import style_of
from stillwatch.gateway.checks import Checked, Checks
from stillwatch.gateway.envoy.over_http import whole
from stillwatch.gateway.server import Call

_OK, _PERMISSION_DENIED = 0, 7  # google.rpc.Code
_OVERWRITE = HeaderValueOption.HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD


def check(checks: Checks, asked: CheckRequest) -> CheckResponse:
    """Answers one question of Envoy's."""
    call = _call(asked.attributes)
    checked = checks.check(call)
    if checked is None:
        return _passed({}, {}, {})
    if checked.verdict.status:
        return _denied(checks, checked, call.path)
    headers = checks.guarding.headers(checked.verdict)
    return _passed(told.upstream(*checked), headers, told.metadata(checked.verdict))


def _call(attributes: AttributeContext) -> Call:
    http = attributes.request.http
    body = http.raw_body or http.body.encode()
    peer = attributes.source.address.socket_address.address
    return whole(Call(http.method, http.path.partition("?")[0], http.headers, body, peer))


def _passed(upstream: Mapping[str, str], client: Mapping[str, str], metadata: dict[str, object]) -> CheckResponse:
    ok = OkHttpResponse(
        headers=_headers(upstream),
        headers_to_remove=[name for name in told.OWN if name not in upstream],
        response_headers_to_add=_headers(client),
    )
    return CheckResponse(status=Status(code=_OK), ok_response=ok, dynamic_metadata=_struct(metadata))


def _denied(checks: Checks, checked: Checked, path: str) -> CheckResponse:
    status, headers, body = checks.guarding.answer(checked.verdict, style_of(path))
    denied = DeniedHttpResponse(status=HttpStatus(code=status), headers=_headers(headers), body=body)
    metadata = _struct(told.metadata(checked.verdict))
    return CheckResponse(status=Status(code=_PERMISSION_DENIED), denied_response=denied, dynamic_metadata=metadata)


def _headers(headers: Mapping[str, str]) -> list[HeaderValueOption]:
    return [
        HeaderValueOption(header=HeaderValue(key=name, value=value), append_action=_OVERWRITE)
        for name, value in headers.items()
    ]


def _struct(fields: dict[str, object]) -> Struct | None:
    if not fields:
        return None
    struct = Struct()
    struct.update(fields)
    return struct
