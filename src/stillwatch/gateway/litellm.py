"""LiteLLM's proxy, guarded from inside: a `CustomLogger` that judges before a call and remembers how it ended.

    litellm_settings:
      callbacks: [stillwatch.gateway.litellm.guard]

Settings come from `stillwatch.toml` in the proxy's working folder and from the environment. A denial is 429 or 403 with
its headers (LiteLLM overwrites `code` by the status: the reason, the decision and the appeal's address are in
`provider_specific_fields`), a cap changes the request before the model sees it, a warning is a header of the answer.

Hooks: https://docs.litellm.ai/docs/proxy/call_hooks. Streams are not touched. Whatever goes wrong here is counted and
lets the request pass, or answers 503, as `gateway.fail` says. Where `gateway.canaries` says so, answers to a campaign's
accounts get the campaign's choices.
"""

import copy
import os
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from fastapi import HTTPException
from litellm.integrations.custom_logger import CustomLogger

from stillwatch.config import Settings, load
from stillwatch.errors import InputError
from stillwatch.gateway.bodies import NO_PROMPT, OPT_OUT, Prompt, cap, prompt_of
from stillwatch.gateway.guarding import Guarding, Heard, Outcome
from stillwatch.gateway.guardrail import Customer
from stillwatch.response.decide import Verdict

#: Calls that ask for text; of all others only who asks is judged, and nothing is remembered.
TEXT = frozenset({
    "completion", "acompletion", "text_completion", "atext_completion", "responses", "aresponses",
    "anthropic_messages", "aanthropic_messages", "generate_content", "agenerate_content",
    "generate_content_stream", "agenerate_content_stream",
})  # fmt: skip

OPEN_CALLS = 4096  # whose end is waited for, at most; an older one is remembered without its end
OPEN_SECONDS = 1800.0  # for which it is waited

_NO_ANSWER = 499  # the client left before the end: nobody told how it ended


class _Open(NamedTuple):
    """A call that passed, and is at the model."""

    heard: Heard
    verdict: Verdict
    since: float  # seconds of a clock that does not jump


class Guard(CustomLogger):  # type: ignore[misc]  # LiteLLM is not there where types are checked
    """The callback.

    Args:
        settings: left out, those of the working folder and the environment.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__()
        settings = settings or load(None, os.environ)
        self._grain = settings.config.input.grain
        self._guarding = Guarding.of(settings)
        self._open: dict[str, _Open] = {}  # by LiteLLM's call id, oldest first
        self._headers: dict[str, dict[str, str]] = {}  # likewise, for answers that have some to add
        self._planted: dict[str, _Open] = {}  # likewise, for answers that get a campaign's choices

    async def async_pre_call_hook(
        self,
        user_api_key_dict: Any,  # noqa: ANN401 — LiteLLM's UserAPIKeyAuth
        cache: object,  # noqa: ARG002 — LiteLLM's signature
        data: dict[str, Any],
        call_type: str,
    ) -> None:
        """Judge a call; what a measure withholds is taken out of `data`.

        Raises:
            HTTPException: the call is denied.
        """
        guarding = self._guarding
        guarding.start()
        heard = self._heard(user_api_key_dict, data, call_type)
        verdict = guarding.judge(heard)
        if verdict.status:
            if call_type in TEXT:
                guarding.heard(heard, verdict, Outcome(verdict.status))
            raise self._refusal(verdict)
        _strip(data, verdict)
        if call_type in TEXT:
            self._await(str(data.get("litellm_call_id")), heard, verdict)
            self._mark(data, heard, verdict)

    async def async_post_call_success_hook(
        self,
        data: dict[str, Any],
        user_api_key_dict: object,  # noqa: ARG002 — LiteLLM's signature
        response: Any,  # noqa: ANN401 — of every kind
    ) -> Any:  # noqa: ANN401
        """Plant a campaign's choices in an answer that is no stream; None: it is the one that the model gave."""
        call, canaries = self._planted.pop(str(data.get("litellm_call_id")), None), self._guarding.canaries
        if call is None or canaries is None:
            return None
        answer = _copied(response)
        return answer if answer is not None and await canaries.plant(call.heard, call.verdict, answer) else None

    async def async_post_call_response_headers_hook(
        self,
        data: dict[str, Any],
        user_api_key_dict: object,  # noqa: ARG002 — LiteLLM's signature
        response: object,  # noqa: ARG002
        request_headers: dict[str, str] | None = None,  # noqa: ARG002
        litellm_call_info: dict[str, object] | None = None,  # noqa: ARG002
    ) -> dict[str, str] | None:
        """What a measure adds to the answer: the decision's id, a warning's notice."""
        return self._headers.pop(str(data.get("litellm_call_id")), None)

    async def async_log_success_event(
        self,
        kwargs: dict[str, Any],
        response_obj: object,  # noqa: ARG002 — LiteLLM's signature
        start_time: object,  # noqa: ARG002
        end_time: object,  # noqa: ARG002
    ) -> None:
        """A call ended, a stream to its end."""
        told = kwargs.get("standard_logging_object") or {}
        outcome = Outcome(200, told.get("prompt_tokens"), told.get("completion_tokens"))
        self._close(str(kwargs.get("litellm_call_id")), outcome)

    async def async_post_call_failure_hook(
        self,
        request_data: dict[str, Any],
        original_exception: Exception,
        user_api_key_dict: object,  # noqa: ARG002 — LiteLLM's signature
        traceback_str: str | None = None,  # noqa: ARG002
    ) -> None:
        """A call failed for good, after all retries."""
        said = getattr(original_exception, "status_code", None) or getattr(original_exception, "code", None)
        status = str(said)
        self._close(str(request_data.get("litellm_call_id")), Outcome(int(status) if status.isdecimal() else 500))

    def _heard(self, key: Any, data: dict[str, Any], call_type: str) -> Heard:  # noqa: ANN401
        """A call that cannot be read has a fault, and `judge` says what becomes of it."""
        customer, address, fault = Customer(), "", ""
        prompt = NO_PROMPT
        try:
            customer = Customer(key.api_key, key.user_id, key.end_user_id, key.org_id, key.team_id)
            address = _address(data)
            prompt = prompt_of(data) if call_type in TEXT else NO_PROMPT
        except InputError:
            fault = "unreadable"
        except Exception:  # noqa: BLE001 — another version of LiteLLM must not stop anybody
            fault = "failed"
        return Heard(
            account=customer.account(self._grain),
            organization=customer.organization,
            api_key=customer.user_api_key_hash or "",
            address=address,
            prompt=prompt,
            size=_size(prompt),
            fault=fault,
        )

    def _refusal(self, verdict: Verdict) -> HTTPException:
        status, headers, body = self._guarding.answer(verdict, "openai")
        error = msgspec.json.decode(body)["error"]
        headers = {name: value for name, value in headers.items() if name != "content-type"}
        refusal = HTTPException(status, detail=error, headers=headers)
        refusal.type = error["type"]  # type: ignore[attr-defined]  # LiteLLM reads it, else it guesses from the status
        return refusal

    def _await(self, call_id: str, heard: Heard, verdict: Verdict) -> None:
        now = time.monotonic()
        self._open[call_id] = _Open(heard, verdict, now)
        if headers := self._guarding.headers(verdict):
            self._headers[call_id] = headers
            if len(self._headers) > OPEN_CALLS:  # not every route of LiteLLM asks for them
                del self._headers[next(iter(self._headers))]
        oldest = next(iter(self._open))
        if len(self._open) > OPEN_CALLS or now - self._open[oldest].since > OPEN_SECONDS:
            self._guarding.count("end_unknown")
            self._close(oldest, Outcome(_NO_ANSWER))

    def _mark(self, data: Mapping[str, Any], heard: Heard, verdict: Verdict) -> None:
        """Remember that the answer gets choices."""
        canaries = self._guarding.canaries
        if canaries is None or not canaries.concern(verdict):
            return
        if data.get("stream"):
            self._guarding.count("canaries.streamed")
            return
        self._planted[str(data.get("litellm_call_id"))] = _Open(heard, verdict, time.monotonic())
        if len(self._planted) > OPEN_CALLS:  # a call that fails has no answer
            del self._planted[next(iter(self._planted))]

    def _close(self, call_id: str, outcome: Outcome) -> None:
        if call := self._open.pop(call_id, None):
            self._guarding.heard(call.heard, call.verdict, outcome)


def _address(data: Mapping[str, Any]) -> str:
    """The client's address, where LiteLLM wrote it: under one name or the other, as the route wants it."""
    for name in ("litellm_metadata", "metadata"):
        metadata = data.get(name)
        if isinstance(metadata, Mapping) and (address := metadata.get("requester_ip_address")):
            return str(address)
    return ""


def _strip(data: dict[str, Any], verdict: Verdict) -> None:
    """Take out what turns a watermark off, always, and what a cap withholds."""
    for name in OPT_OUT:
        data.pop(name, None)
    if verdict.capped:
        cap(data, verdict.limits)


def _copied(response: object) -> object | None:
    """An answer of our own: LiteLLM may keep the other one in its cache, for everybody. None: it cannot be had."""
    try:
        return copy.deepcopy(response)
    except Exception:  # noqa: BLE001 — an answer of another kind goes as it is
        return None


def _size(prompt: Prompt) -> int:
    return len(prompt.system) + sum(len(text or "") for _, text in prompt.messages)


guard = Guard()
