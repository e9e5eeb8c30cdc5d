"""Asks an OpenAI-compatible endpoint that the operator names and may query.

    access = Access(subject.endpoint, token=token(path))
    with Transcript(path, plan=plan.digest) as transcript:
        ask(access, prompts, plan.sampling, transcript, progress=lambda share: ...)     # each prompt, n answers
        read(access, texts, plan.sampling, transcript)                                  # what it would write in texts

Both go on where the transcript ends and return when everything is settled; the answers are in the transcript
(`transcript.answers`, `transcript.predictions`). Reading needs the completions API with `echo` and `logprobs`, as vLLM
and SGLang have it.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from stillwatch.errors import ConfigError
from stillwatch.forensics.suspects.lines import Key, Wants
from stillwatch.forensics.suspects.prompts import Prompt
from stillwatch.forensics.suspects.recording import Transcript

if TYPE_CHECKING:
    from stillwatch.forensics.plan import Endpoint, Sampling

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_EXAMPLE = "Write one such as https://models.example/v1."

Progress = Callable[[float], None]  # how much is settled, 0 to 1


@dataclass(frozen=True)
class Access:
    """Where a suspect is, and how it lets us in.

    Attributes:
        endpoint: of the plan.
        token: the API key, if it wants one; it is sent to this endpoint alone and written down nowhere.
        ca_file: authorities to trust instead of the system's.

    Raises:
        ConfigError: the address is none, would send the token in the clear, or the extra is not installed.
    """

    endpoint: "Endpoint"
    token: str | None = field(default=None, repr=False)
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        try:
            import httpx2  # noqa: PLC0415 — the extra may be missing
        except ModuleNotFoundError:
            hint = "Install it: pip install 'stillwatch[forensics]'."
            raise ConfigError("Questions to an endpoint need httpx2.", hint=hint) from None
        try:
            url = httpx2.URL(self.endpoint.url)
        except httpx2.InvalidURL:
            url = httpx2.URL("")
        if not url.host:
            raise ConfigError("This is no address of an endpoint.", where="endpoint.url", hint=_EXAMPLE)
        if self.token and url.scheme == "http" and url.host not in _LOOPBACK:
            raise ConfigError("Without TLS the token would be readable on its way.", where="endpoint.url")


def token(path: Path) -> str:
    """An API key from its file.

    Raises:
        ConfigError: it cannot be read, or holds no key.
    """
    try:
        found = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigError("The endpoint's token cannot be read.", where=str(path)) from None
    if not found or not found.isprintable() or " " in found:
        raise ConfigError("The file holds no token.", where=str(path), hint="It has one line, and nothing else.")
    return found


def ask(
    access: Access,
    prompts: Iterable[Prompt],
    sampling: "Sampling",
    transcript: Transcript,
    *,
    progress: Progress = lambda _: None,
) -> None:
    """Asks each prompt for `sampling.answers` answers, each once.

    Args:
        access: where, and as whom.
        prompts: what is asked.
        sampling: how.
        transcript: what is settled there is not asked; all that is asked and answered goes there.
        progress: told how much is settled, 0 to 1.

    Raises:
        EndpointError: the endpoint refuses us, or answers no more; what was answered is kept.
        TranscriptError: the transcript cannot be written.
    """
    every = tuple(prompts)
    keys = [(Key(each.id, n, "answer"), each.text) for n in range(sampling.answers) for each in every]
    _run(access, sampling, transcript, "answer", keys, progress)


def read(
    access: Access,
    texts: Iterable[str],
    sampling: "Sampling",
    transcript: Transcript,
    *,
    progress: Progress = lambda _: None,
) -> None:
    """Gives texts to read, each once, to learn the most probable next token at each of their places.

    Args:
        access: where, and as whom.
        texts: that were marked.
        sampling: the pace; temperature and length say nothing here.
        transcript: as for `ask`.
        progress: likewise.

    Raises:
        EndpointError: as for `ask`.
        TranscriptError: as for `ask`.
    """
    keys = [(Key(text_id(each), 0, "predictions"), each) for each in dict.fromkeys(texts)]
    _run(access, sampling, transcript, "predictions", keys, progress)


def text_id(text: str) -> str:
    """The name of a text that is read, in transcripts."""
    return f"text-{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def address(endpoint: "Endpoint", wants: Wants) -> str:
    """Where questions go."""
    chat = wants == "answer" and endpoint.api == "chat"
    return f"{endpoint.url.rstrip('/')}/{'chat/completions' if chat else 'completions'}"


def request(endpoint: "Endpoint", sampling: "Sampling", wants: Wants, text: str) -> dict[str, Any]:
    """The body of a question: a prompt that is to be answered, or a text that is to be read."""
    if wants == "predictions":
        settings = {"model": endpoint.model, "temperature": 0, "max_tokens": 1, "echo": True, "logprobs": 1}
        return {"prompt": text} | settings
    asked = {"messages": [{"role": "user", "content": text}]} if endpoint.api == "chat" else {"prompt": text}
    return asked | {
        "model": endpoint.model,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "stream": False,
    }


def _run(  # noqa: PLR0913, PLR0917 -- what `ask` and `read` are given
    access: Access,
    sampling: "Sampling",
    transcript: Transcript,
    wants: Wants,
    keys: list[tuple[Key, str]],
    progress: Progress,
) -> None:
    from stillwatch.forensics.suspects.asking import Asking  # noqa: PLC0415 — needs httpx2

    total, left = max(1, len(keys)), [(key, text) for key, text in keys if key not in transcript.settled]
    done = len(keys) - len(left)

    def settled() -> None:
        nonlocal done
        done += 1
        progress(done / total)

    progress(done / total)
    asking = Asking(access, sampling, transcript, address(access.endpoint, wants), settled)
    bodies = ((key, msgspec.json.encode(request(access.endpoint, sampling, wants, text))) for key, text in left)
    asyncio.run(asking.ask_all(bodies))
