"""LiteLLM's generic guardrail API: the proxy asks over HTTP, and has nothing of stillwatch installed.

    POST /beta/litellm_basic_guardrail_api
    {"input_type": "request", "request_data": {"user_api_key_hash": ...}, "structured_messages": [...], "texts": [...]}
    → {"action": "NONE"} or {"action": "BLOCKED", "blocked_reason": "..."}

https://docs.litellm.ai/docs/adding_provider/generic_guardrail_api. LiteLLM answers what is BLOCKED with 400, whatever
the measure; a cap or a notice cannot be said here and is counted as `unenforced`. `gateway.litellm` can do all of it.
"""

from functools import partial
from typing import Any, Literal

import msgspec

from stillwatch.errors import InputError
from stillwatch.gateway import answers
from stillwatch.gateway.bodies import NO_PROMPT, Prompt, prompt_of
from stillwatch.gateway.guarding import Guarding, Heard, Outcome
from stillwatch.gateway.server import Answer, Call, Handler
from stillwatch.response.decide import Verdict
from stillwatch.response.model import Rung

PATH = "/beta/litellm_basic_guardrail_api"

Grain = Literal["user", "key"]

_HEADER = "header:"
_HIDDEN = "[present]"  # what LiteLLM tells of a header that it does not hand on
_JSON = (("content-type", "application/json"),)
_NONE = Answer(200, _JSON, b'{"action":"NONE"}')


class Customer(msgspec.Struct, frozen=True):
    """Who asks, as LiteLLM knows it; the names are those of its logs."""

    user_api_key_hash: str | None = None
    user_api_key_user_id: str | None = None
    user_api_key_end_user_id: str | None = None
    user_api_key_org_id: str | None = None
    user_api_key_team_id: str | None = None

    def account(self, grain: Grain) -> str:
        """The account's id: the one that `traffic.readers.litellm` reads from a log of this proxy."""
        user = self.user_api_key_user_id or self.user_api_key_end_user_id if grain == "user" else None
        return user or self.user_api_key_hash or ""

    @property
    def organization(self) -> str:
        """The organization's id, else the team's."""
        return self.user_api_key_org_id or self.user_api_key_team_id or ""


_NOBODY = Customer()


class _Asked(msgspec.Struct, frozen=True):
    input_type: str = "request"
    request_data: Customer = _NOBODY
    structured_messages: list[Any] | None = None
    texts: list[Any] | None = None
    model: str | None = None
    request_headers: dict[str, str] | None = None


_decoder = msgspec.json.Decoder(_Asked)


def routes(guarding: Guarding, grain: Grain = "user") -> dict[str, Handler]:
    """The one path of this API."""
    return {PATH: partial(_answered, guarding, grain)}


def _answered(guarding: Guarding, grain: Grain, call: Call) -> Answer:
    asked, fault = _Asked(), "too_large"
    if call.body is not None:
        try:
            asked, fault = _decoder.decode(call.body), ""
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            fault = "unreadable"
    if asked.input_type != "request":
        return _NONE  # an answer on its way to the client: nothing that we send back would make it better
    heard = _heard(guarding, grain, asked, len(call.body or b""), fault)
    verdict = guarding.judge(heard)
    guarding.heard(heard, verdict, Outcome(verdict.status or 200))  # how it ends is in LiteLLM's log, not here
    if verdict.status:
        return Answer(
            200, _JSON, msgspec.json.encode({"action": "BLOCKED", "blocked_reason": _reason(guarding, verdict)})
        )
    if verdict.action >= Rung.WARN and not verdict.simulated and not verdict.fault:
        guarding.count(f"unenforced.{verdict.action.word}")
    return _NONE


def _heard(guarding: Guarding, grain: Grain, asked: _Asked, size: int, fault: str) -> Heard:
    customer, prompt = asked.request_data, NO_PROMPT
    if not fault:
        try:
            prompt = _prompt(asked)
        except InputError:
            fault = "unreadable"
    return Heard(
        account=customer.account(grain),
        organization=customer.organization,
        api_key=customer.user_api_key_hash or "",
        address=_address(guarding.config.client_address, asked.request_headers or {}),
        prompt=prompt,
        size=size,
        fault=fault,
    )


def _prompt(asked: _Asked) -> Prompt:
    messages = asked.structured_messages or asked.texts
    return prompt_of({"model": asked.model, "messages": messages})


def _address(setting: str, headers: dict[str, str]) -> str:
    """The client's address, where LiteLLM was told to hand its header on (`extra_headers`); the peer is LiteLLM."""
    if not setting.startswith(_HEADER):
        return ""
    wanted = setting.removeprefix(_HEADER).strip().lower()
    value = next((value for name, value in headers.items() if name.lower() == wanted), "")
    return "" if value == _HIDDEN else value


def _reason(guarding: Guarding, verdict: Verdict) -> str:
    """One text is all that the client sees: the notice, the decision to quote, and where to turn to."""
    gate = guarding.state.snapshot.gate
    text, appeal = answers.notice(verdict, gate), answers.appeal_url(verdict, gate)
    more = [f"Reason: {verdict.reason}.", f"Decision: {verdict.decision}."] if verdict.decision else []
    if appeal and appeal not in text:
        more.append(f"Appeal: {appeal}")
    return " ".join([text, *more])
