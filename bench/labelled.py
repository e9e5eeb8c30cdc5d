"""Labelled logs: traffic of which it is known who planted what.

The shipped scenarios are always there. Further ones come from a folder with a `generate.py` and `scenarios/*.toml`
(run as `generate.py SCENARIO --out FOLDER [--seed N]`), named by STILLWATCH_PROVING_GROUND. What was made is kept in
out/bench/logs until the scenario or its generator changes.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import stillwatch.simulate

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "out" / "bench" / "logs"
OWN = ("demo", "attacks", "evasive", "innocent", "spread")
SIMULATOR = Path(stillwatch.simulate.__file__).parent


@dataclass(frozen=True)
class Log:
    """One provider's log, and what is true of it."""

    scenario: str
    seed: int | None  # None: the scenario's own
    provider: str
    made: Path

    @property
    def name(self) -> str:
        """Scenario and provider."""
        return f"{self.scenario}/{self.provider}"

    @property
    def seeded(self) -> str:
        """The seed, in a table."""
        return "own" if self.seed is None else str(self.seed)

    @property
    def folder(self) -> Path:
        """With requests.parquet and accounts.parquet."""
        return self.made / self.provider

    @property
    def truth(self) -> Path:
        """The labels."""
        return self.made / "truth"


@dataclass(frozen=True)
class Scenario:
    """A scenario, and how its logs are made."""

    name: str
    version: str
    make: Callable[[Path, int | None], None]

    def logs(self, seed: int | None) -> list[Log]:
        """One log for each provider; made, if they are not kept from another time."""
        at = KEPT / f"{self.name}-{'own' if seed is None else seed}-{self.version}"
        if not at.exists():
            part = at.with_name(at.name + ".part")
            shutil.rmtree(part, ignore_errors=True)
            part.parent.mkdir(parents=True, exist_ok=True)
            self.make(part, seed)
            part.rename(at)
        return [
            Log(self.name, seed, p.parent.name, at)
            for p in sorted(at.glob("*/accounts.parquet"))
            if p.parent.name != "truth"
        ]


def own(name: str, scale: float = 1.0) -> Scenario:
    """A shipped scenario."""

    def make(to: Path, seed: int | None) -> None:
        stillwatch.simulate.write(stillwatch.simulate.load(name), to, seed=seed, scale=scale)

    sources = [p for pattern in ("*.py", "scenarios/*.toml", "vocabulary/*") for p in SIMULATOR.glob(pattern)]
    return Scenario(name if scale == 1 else f"{name}-x{scale:g}", _version(sources), make)


def proving_ground() -> list[Scenario]:
    """The further scenarios; none, and a line that says so, where there is no such folder."""
    named = os.environ.get("STILLWATCH_PROVING_GROUND", "")
    folder = Path(named).resolve()
    if not named or not (folder / "generate.py").is_file():
        print("No further scenarios: STILLWATCH_PROVING_GROUND names no folder with a generate.py.", file=sys.stderr)
        return []
    return [_further(folder / "generate.py", toml) for toml in sorted(folder.glob("scenarios/*.toml"))]


def _further(generator: Path, toml: Path) -> Scenario:
    def make(to: Path, seed: int | None) -> None:
        seeded = [] if seed is None else ["--seed", str(seed)]
        subprocess.run([sys.executable, generator, toml, "--out", to, *seeded], check=True, stdout=subprocess.DEVNULL)

    return Scenario(toml.stem, _version([generator, toml]), make)


def scenarios(names: Iterable[str] = ()) -> list[Scenario]:
    """Those of these names, or all.

    Raises:
        SystemExit: there is none of that name.
    """
    there = {s.name: s for s in (*map(own, OWN), *proving_ground())}
    wanted = list(names) or list(there)
    if unknown := [name for name in wanted if name not in there]:
        raise SystemExit(f"There is no scenario {', '.join(unknown)}; there are {', '.join(there)}.")
    return [there[name] for name in wanted]


def _version(sources: Iterable[Path]) -> str:
    digest = blake2b(digest_size=4)
    for path in sorted(sources):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
