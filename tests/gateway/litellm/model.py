"""A model that speaks OpenAI's protocol and says what it was asked: run by uvicorn, as `model:app`, in a process.

The answer's text is the request's body as JSON, so that a test sees what arrived; or what stands after "SAY:" in what
was asked, in hexadecimal digits. Of a stream that is asked for as "held" each piece but the first waits until a request
to /release lets it go.
"""

import asyncio
import json
import os
import re

_GO = asyncio.Semaphore(0)


async def app(scope, receive, send):
    """The ASGI application."""
    if scope["type"] != "http":
        return
    body = b""
    more = True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    if scope["path"] == "/release":
        _GO.release()
        await _send(send, 200, b"{}")
    elif scope["path"] == "/healthz":
        await _send(send, 200, b"{}")
    else:
        await _complete(json.loads(body), scope, send)


async def _complete(asked, scope, send):
    if "fail with 400" in json.dumps(asked):
        await _send(send, 400, b'{"error": {"message": "the model refuses", "type": "invalid_request_error"}}')
    elif asked.get("stream"):
        await _stream(asked, send)
    else:
        heard = {name.decode(): value.decode() for name, value in scope["headers"]}
        said = _wanted(asked) or json.dumps({"body": asked, "headers": heard})
        if scope["path"].endswith("/responses"):
            await _send(send, 200, json.dumps(_response(asked, said)).encode())
            return
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}
        await _send(send, 200, json.dumps(_whole(asked, "chat.completion", choices=[choice], usage=_USAGE)).encode())


def _wanted(asked):
    found = re.search(r"SAY:([0-9a-f]+)", json.dumps(asked))
    return bytes.fromhex(found[1]).decode() if found else ""


_USAGE = {"prompt_tokens": 7, "completion_tokens": 11, "total_tokens": 18}


def _response(asked, said):
    """As the responses API answers: LiteLLM asks for one where its client speaks Anthropic's protocol."""
    text = {"type": "output_text", "text": said, "annotations": []}
    message = {"type": "message", "id": "m-1", "role": "assistant", "status": "completed", "content": [text]}
    usage = {"input_tokens": 7, "output_tokens": 11, "total_tokens": 18}
    return _whole(asked, "response", created_at=1, status="completed", output=[message], usage=usage)


def _whole(asked, kind, **more):
    return {"id": "answer-1", "object": kind, "created": 1, "model": asked["model"], **more}


async def _stream(asked, send):
    head = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    for number in range(3):
        if "held" in json.dumps(asked) and number:
            await _GO.acquire()
        choice = {"index": 0, "delta": {"role": "assistant", "content": f"piece {number}"}, "finish_reason": None}
        await _event(send, _whole(asked, "chat.completion.chunk", choices=[choice]))
    end = {"index": 0, "delta": {}, "finish_reason": "stop"}
    await _event(send, _whole(asked, "chat.completion.chunk", choices=[end]))
    await _event(send, _whole(asked, "chat.completion.chunk", choices=[], usage=_USAGE))
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


async def _event(send, content):
    line = f"data: {json.dumps(content)}\n\n".encode()
    await send({"type": "http.response.body", "body": line, "more_body": True})


async def _send(send, status, body):
    head = [(b"content-type", b"application/json"), (b"x-model", b"kept"), (b"x-worker", str(os.getpid()).encode())]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})
