"""`envoy.service.ext_proc.v3.ExternalProcessor`: the body of a request, without what a measure withholds.

It decides nothing: the header `x-stillwatch-strip`, which only stillwatch can set, says what to take out. Envoy's route
sends nothing but such requests here (`processing_mode`: request headers and the whole request body).
"""

from collections.abc import AsyncIterator

from envoy.config.core.v3.base_pb2 import HeaderValue, HeaderValueOption
from envoy.service.ext_proc.v3.external_processor_pb2 import (
    BodyMutation,
    BodyResponse,
    CommonResponse,
    HeaderMutation,
    HeadersResponse,
    HttpHeaders,
    ProcessingRequest,
    ProcessingResponse,
)

from stillwatch.errors import InputError
from stillwatch.gateway import told
from stillwatch.gateway.bodies import without

_OVERWRITE = HeaderValueOption.HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD
_GO_ON = CommonResponse(status=CommonResponse.ResponseStatus.CONTINUE)


async def process(messages: AsyncIterator[ProcessingRequest]) -> AsyncIterator[ProcessingResponse]:
    """Answers what Envoy says of one request; what is not JSON is left as it is."""
    wanted = ""
    async for message in messages:
        if message.HasField("request_headers"):
            wanted = _header(message.request_headers)
            yield ProcessingResponse(request_headers=HeadersResponse(response=_GO_ON))
        elif message.HasField("request_body"):
            yield ProcessingResponse(request_body=BodyResponse(response=_without(message.request_body.body, wanted)))


def _header(headers: HttpHeaders) -> str:
    named = (h for h in headers.headers.headers if h.key == told.STRIP)
    return next((h.value or h.raw_value.decode("latin-1") for h in named), "")


def _without(body: bytes, wanted: str) -> CommonResponse:
    capped, limits = told.stripped(wanted)
    try:
        changed = without(body, capped=capped, limits=limits)
    except InputError:
        return _GO_ON
    length = HeaderValueOption(
        header=HeaderValue(key="content-length", raw_value=b"%d" % len(changed)), append_action=_OVERWRITE
    )
    return CommonResponse(
        status=CommonResponse.ResponseStatus.CONTINUE,
        header_mutation=HeaderMutation(set_headers=[length]),  # Envoy checks it, and does not correct it
        body_mutation=BodyMutation(body=changed),
    )
