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
from stillwatch.gateway.bodies import inflated, without
from stillwatch.gateway.guarding import Guarding

_OVERWRITE = HeaderValueOption.HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD
_GO_ON = CommonResponse(status=CommonResponse.ResponseStatus.CONTINUE)


async def process(guarding: Guarding, messages: AsyncIterator[ProcessingRequest]) -> AsyncIterator[ProcessingResponse]:
    """Answers what Envoy says of one request; a body that cannot be read is left as it is, and counted."""
    headers: dict[str, str] = {}
    async for message in messages:
        if message.HasField("request_headers"):
            headers = _read(message.request_headers)
            yield ProcessingResponse(request_headers=HeadersResponse(response=_GO_ON))
        elif message.HasField("request_body"):
            response = _without(guarding, message.request_body.body, headers)
            yield ProcessingResponse(request_body=BodyResponse(response=response))


def _read(headers: HttpHeaders) -> dict[str, str]:
    return {h.key: h.value or h.raw_value.decode("latin-1") for h in headers.headers.headers}


def _without(guarding: Guarding, body: bytes, headers: dict[str, str]) -> CommonResponse:
    capped, limits = told.stripped(headers.get(told.STRIP, ""))
    encoding = headers.get("content-encoding", "").strip().lower()
    try:
        plain = inflated(body, encoding, guarding.config.most_body_bytes)
        changed = without(plain, capped=capped, limits=limits)
    except InputError:
        guarding.count("uncapped")
        return _GO_ON
    guarding.count("stripped")
    # Envoy checks the length that is said, and does not correct it
    length = HeaderValue(key="content-length", raw_value=b"%d" % len(changed))
    mutation = HeaderMutation(
        set_headers=[HeaderValueOption(header=length, append_action=_OVERWRITE)], remove_headers=["content-encoding"]
    )
    return CommonResponse(
        status=CommonResponse.ResponseStatus.CONTINUE,
        header_mutation=mutation,
        body_mutation=BodyMutation(body=changed),
    )
