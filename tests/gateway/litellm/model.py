"""A model that speaks OpenAI's protocol and says what it was asked: run by uvicorn, as `model:app`, in a process.

The answer's text is the request's body as JSON, so that a test sees what arrived. Of a stream that is asked for as
"held" each piece but the first waits until a request to /release lets it go.
"""

import asyncio
import json
import os

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
        said = json.dumps({"body": asked, "headers": heard})
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}
        await _send(send, 200, json.dumps(_whole(asked, "chat.completion", choices=[choice], usage=_USAGE)).encode())


_USAGE = {"prompt_tokens": 7, "completion_tokens": 11, "total_tokens": 18}


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
