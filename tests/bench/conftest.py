"""The benchmarks are scripts that stand beside each other: they find each other as they do when they are run."""

import sys
from pathlib import Path

BENCH = str(Path(__file__).parents[2] / "bench")
if BENCH not in sys.path:
    sys.path.append(BENCH)
