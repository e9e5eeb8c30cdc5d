"""How numbers, times and names are worded, the same in the terminal and on the page."""

import unicodedata
from datetime import UTC, datetime

#: Names of MITRE ATLAS techniques (ATLAS data 5.6.1), for readers who do not know them by number.
TECHNIQUES = {
    "AML.T0005": "Create Proxy AI Model",
    "AML.T0005.001": "Train Proxy via Replication",
    "AML.T0008.005": "Acquire Infrastructure: AI Service Proxies",
    "AML.T0012": "Valid Accounts",
    "AML.T0021": "Establish Accounts",
    "AML.T0024": "Exfiltration via AI Inference API",
    "AML.T0024.002": "Extract AI Model",
    "AML.T0034": "Cost Harvesting",
    "AML.T0040": "AI Model Inference API Access",
    "AML.T0048.004": "AI Intellectual Property Theft",
    "AML.T0051": "LLM Prompt Injection",
    "AML.T0054": "LLM Jailbreak",
    "AML.T0065": "LLM Prompt Crafting",
}

#: Bidirectional overrides and isolates: they reorder what follows them on the line, so they are shown, not obeyed.
_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def label(name: str) -> str:
    """Word an identifier: `sign_up` is read "sign-up" and `work_list` "work list"."""
    return printable({"sign_up": "sign-up"}.get(name, name.replace("_", " ")))


def printable(text: str) -> str:
    """Replace what would steer a terminal or reorder a line: prompts and file names are written by others."""
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    steers = unicodedata.category(character) in {"Cc", "Cs"} and character not in "\n\t"
    return "\N{REPLACEMENT CHARACTER}" if steers or character in _REORDERING else character


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Word a number of things: "1 account", "1,204 accounts"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def quantity(number: float) -> str:
    """Word a measured value with about three significant digits."""
    if number == round(number) or abs(number) >= 1000:
        return f"{number:,.0f}"
    return f"{number:.3g}"


def share(part: float, whole: float) -> str:
    """Word a part of a whole in percent, never rounding something to nothing or a part to all."""
    if whole <= 0 or part <= 0:
        return "0%"
    percent = 100 * part / whole
    if percent < 1:
        return "<1%"
    return f"{min(round(percent), 99 if part < whole else 100)}%"


def tokens(number: int) -> str:
    """Word a number of tokens: "950", "12.3 k", "4.1 M", "2.0 G"."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return str(number)


def day(time: datetime) -> str:
    """Word a day: "3 Sep 2026"."""
    time = time.astimezone(UTC)
    return f"{time.day} {time:%b %Y}"


def minute(time: datetime) -> str:
    """Word a minute within the window: "3 Sep 04:10" (UTC)."""
    time = time.astimezone(UTC)
    return f"{time.day} {time:%b %H:%M}"


def span(start: datetime, end: datetime) -> str:
    """Word a window: "1 Sep 2026 to 30 Sep 2026"."""
    return day(start) if day(start) == day(end) else f"{day(start)} to {day(end)}"


def odds(log2: float) -> str:
    """Word log2 odds: "odds of about 1,000 to 1 for a campaign"; beyond a million a number would claim too much."""
    if abs(log2) < 0.5:
        return "about even odds"
    amount = "more than a million" if abs(log2) >= 20 else f"about {float(f'{2 ** abs(log2):.2g}'):,.0f}"
    return f"odds of {amount} to 1 {'for' if log2 > 0 else 'against'} a campaign"
