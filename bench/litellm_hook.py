"""What the callback adds to a request in LiteLLM's proxy: run by the environment that has LiteLLM.

    .venv-litellm/bin/python bench/litellm_hook.py

Measured is the hook alone, on what LiteLLM hands to it: reading, judging against a snapshot of a hundred campaigns and
ten thousand accounts, and remembering the call until its end.
"""

import asyncio
import os
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

from stillwatch.response.model import Decision, Rung
from stillwatch.response.relay.places import open_relay
from stillwatch.response.snapshot import Gate, snapshot_of

ROUNDS = 2500
WORDS = ["still", "copper", "column", "reflux", "vapour", "condense", "alembic", "liquor", "fermented", "botanical"]


def decisions() -> list[Decision]:
    """A hundred campaigns with templates, and ten thousand accounts."""
    now, draw = datetime.now(UTC), random.Random(7)  # noqa: S311 — nothing secret
    span = {"since": now - timedelta(hours=1), "until": now + timedelta(hours=1)}
    plain = {"reason": "unspecified", "evidence": (), "origin": "own", "simulated": False}
    made = []
    for n in range(100):
        template = tuple(draw.sample(range(2**28), 32))
        made.append(Decision(f"d-{n:012x}", "campaign", f"C-{n}", Rung.CAP, **span, **plain, template=template))
    return made + [
        Decision(f"d-a{n:011x}", "account", f"acct-{n}", Rung.CAP, **span, **plain, campaign=f"C-{n % 100}")
        for n in range(10_000)
    ]


def prompt(size: int, draw: random.Random) -> str:
    """A text of about so many bytes."""
    return " ".join(draw.choice(WORDS) for _ in range(size // 8))


async def measured(guard: object, size: int) -> list[float]:
    """Seconds that the hook took, by request."""
    draw, took = random.Random(size), []  # noqa: S311
    key = SimpleNamespace(api_key="0" * 64, user_id="", end_user_id=None, org_id="org-1", team_id=None)
    for n in range(ROUNDS):
        key.user_id = f"user-{n % 500}"
        call = f"call-{n}"
        messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": prompt(size, draw)}]
        data = {
            "model": "m",
            "messages": messages,
            "litellm_call_id": call,
            "metadata": {"requester_ip_address": "::1"},
        }
        started = time.perf_counter()
        await guard.async_pre_call_hook(key, None, data, "acompletion")
        took.append(time.perf_counter() - started)
        told = {"litellm_call_id": call, "standard_logging_object": {"prompt_tokens": 1, "completion_tokens": 1}}
        await guard.async_log_success_event(told, None, None, None)
        await asyncio.sleep(0.002)  # a worker of LiteLLM answers some hundred requests a second
    return took[200:]


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "STILLWATCH_RESPONSE__RELAY": folder,
            "XDG_CONFIG_HOME": folder,
        }
        open_relay(folder).publish(snapshot_of(decisions(), Gate(), version=1))
        from stillwatch.gateway.litellm import guard  # noqa: PLC0415 — it reads the environment

        for size in (1024, 8192):
            took = sorted(asyncio.run(measured(guard, size)))
            p50, p99 = statistics.median(took) * 1e6, took[int(len(took) * 0.99)] * 1e6
            print(f"LiteLLM hook, prompt of {size // 1024} KB: p50 {p50:.1f} µs, p99 {p99:.1f} µs")
        Path(folder, "snapshot.msgpack").unlink()


if __name__ == "__main__":
    main()
