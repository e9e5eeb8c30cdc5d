"""What a malicious member of ten attempts at a running exchange, what stops it and what it costs the others.

    python bench/malicious.py [--json] [--markdown docs/exchange/malicious.md]

The server is a process of its own, the members are real clients; the attacks are those of tests/exchange/simulator.
"""

import argparse
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tables import Table, add_options, publish

sys.path.append(str(Path(__file__).parents[1] / "tests" / "exchange" / "simulator"))

from forum import Forum
from scenario import run, settled


def main() -> None:
    """Runs all attacks."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(options)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, Forum.opened(Path(folder)) as forum:
        findings = []
        for finding in run(forum):
            print(f"{finding.attack}: {'contained' if finding.contained else 'OPEN'}", file=sys.stderr)
            findings.append(finding)
        wrong = settled(forum)
    columns = "attack", "attempted", "what stopped it", "what it cost the others", "contained"
    rows = [(each.attack, each.attempted, each.stopped, each.cost, each.contained) for each in findings]
    after = (
        "the nine honest mirrors are complete and equal, and the server had no fault" if not wrong else "; ".join(wrong)
    )
    table = Table(f"One malicious member of ten. Afterwards: {after}.", columns, rows)
    publish(given, "malicious", [table], {"attacks": [asdict(each) for each in findings], "wrong": wrong})
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
