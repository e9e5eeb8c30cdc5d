import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import stillwatch

SIGN = """
import pyarrow as pa
from stillwatch.signatures.kernel import sign
print(len(sign(pa.array(["a b c"])).words))
"""


@pytest.mark.slow
def test_it_works_where_nothing_can_be_written(tmp_path):
    """A file where a folder should be made stops even root."""
    copy = tmp_path / "stillwatch"
    shutil.copytree(Path(stillwatch.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "signatures" / "__pycache__").write_text("")
    (tmp_path / "home").write_text("")
    home = str(tmp_path / "home")
    places = {"HOME": home, "XDG_CACHE_HOME": home, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA")} | places
    done = subprocess.run([sys.executable, "-c", SIGN], env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("3\n", "")
