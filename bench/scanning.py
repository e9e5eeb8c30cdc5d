"""Run `stillwatch` as its users do, with default settings, and tell what it took.

scanned = scan(log)
scanned.findings, scanned.seconds, scanned.peak
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = str(Path(sys.executable).with_name("stillwatch"))


@dataclass(frozen=True)
class Ran:
    """A process that has ended well."""

    seconds: float  # wall
    processor: float  # seconds, all threads
    peak: int  # bytes of memory


@dataclass(frozen=True)
class Scanned:
    """A scan: its findings document, and what it took."""

    findings: dict[str, Any]
    ran: Ran


def run(*arguments: str, settings: Mapping[str, str] | None = None) -> Ran:
    """Run the command, away from any configuration of the user's.

    The peak counts from when the process was made, as a copy of this one: it is right as long as this one is smaller.

    Raises:
        RuntimeError: it failed.
    """
    with tempfile.TemporaryDirectory() as empty:
        own = {name: value for name, value in os.environ.items() if not name.startswith("STILLWATCH_")}
        own |= {"XDG_CONFIG_HOME": empty, "XDG_DATA_HOME": empty, **(settings or {})}
        started = time.perf_counter()
        process = subprocess.Popen([COMMAND, *arguments], cwd=empty, env=own, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"stillwatch {arguments[0]} ended with {process.returncode}.")
    return Ran(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def scan(folder: Path, *given: str, until: str | None = None, settings: Mapping[str, str] | None = None) -> Scanned:
    """Scan a provider's folder (requests.parquet, accounts.parquet); `given`: further options."""
    folder = folder.resolve()
    options = ["--accounts", str(folder / "accounts.parquet"), *given, *(["--until", until] if until else [])]
    return scan_files([folder / "requests.parquet"], *options, settings=settings)


def scan_files(logs: Sequence[Path], *given: str, settings: Mapping[str, str] | None = None) -> Scanned:
    """Scan logs; `given`: further options."""
    with tempfile.TemporaryDirectory() as kept:
        findings = Path(kept) / "findings.json"
        ran = run("scan", *(str(log) for log in logs), "-o", str(findings), "--quiet", *given, settings=settings)
        return Scanned(json.loads(findings.read_bytes()), ran)
