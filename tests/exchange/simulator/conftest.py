"""The simulator is also a command (`bench/malicious.py`): its modules find each other as they do there."""

import sys
from pathlib import Path

HERE = str(Path(__file__).parent)
if HERE not in sys.path:
    sys.path.append(HERE)
