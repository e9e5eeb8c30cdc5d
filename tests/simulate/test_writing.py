import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stillwatch.errors import InputError
from stillwatch.simulate import generate, write
from stillwatch.simulate.scenario import Benign, Campaign, Scenario
from stillwatch.traffic.schema import ACCOUNTS, REQUESTS

SCENARIO = Scenario(
    "two", days=3, providers=("alpha", "beta"), benign=Benign(people=30), campaigns=(Campaign("it", 5, 80),)
)


def test_the_files_hold_the_world_and_its_truth(tmp_path: Path) -> None:
    seen: list[tuple[str, float]] = []
    counted = write(SCENARIO, tmp_path / "out", seed=4, progress=lambda stage, share: seen.append((stage, share)))
    truth = pq.read_table(tmp_path / "out/truth/requests.parquet")
    assert truth.column_names == ["provider", "request_id", "account_id", "kind", "campaign"]
    assert len(truth) == sum(counted.values())
    for provider in SCENARIO.providers:
        requests = pq.read_table(tmp_path / f"out/{provider}/requests.parquet")
        assert requests.column_names == REQUESTS.names
        assert len(requests) == counted[provider]
        assert requests["request_id"].to_pylist() == [
            row["request_id"] for row in truth.to_pylist() if row["provider"] == provider
        ]
        accounts = pq.read_table(tmp_path / f"out/{provider}/accounts.parquet")
        assert accounts.schema.names == ACCOUNTS.names
        assert accounts.equals(generate(SCENARIO, seed=4).accounts(provider))
    told = json.loads((tmp_path / "out/truth/scenario.json").read_text("utf-8"))
    assert (told["seed"], told["scale"], told["campaigns"][0]["name"]) == (4, 1.0, "it")
    assert pq.read_table(tmp_path / "out/truth/accounts.parquet").column_names[2] == "organization_id"
    assert {stage for stage, _ in seen} == {"alpha", "beta"}
    assert all(0 < share <= 1 for _, share in seen)
    assert not list(tmp_path.rglob("*.part"))


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        write(SCENARIO, tmp_path / "file")


def test_nothing_is_left_of_a_run_that_breaks_off(tmp_path: Path) -> None:
    def breaks_off(stage: str, _share: float) -> None:
        if stage == "beta":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(SCENARIO, tmp_path, progress=breaks_off)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_requests() -> None:
    code = (
        "import resource, sys; from dataclasses import replace; from stillwatch.simulate import *;"
        "s = load('scale'); s = replace(s, benign=replace(s.benign, volume=float(sys.argv[1])));"
        "n = sum(len(b) for b in generate(s, scale=0.3).batches());"
        "print(n, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    told = [
        subprocess.run([sys.executable, "-c", code, volume], check=True, capture_output=True, text=True).stdout.split()
        for volume in ("1", "10")
    ]
    (few, small), (many, large) = ((int(n), float(mb)) for n, mb in told)
    assert many > 1_500_000 > 5 * few
    assert large < small + 120


@pytest.mark.slow
def test_the_demo_is_made_in_five_seconds(tmp_path: Path) -> None:
    code = (
        "import sys, time; t = time.time(); from stillwatch.simulate import *;"
        "write(load('demo'), sys.argv[1]); print(time.time() - t)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True, text=True)
        for _ in range(2)
    ]
    assert float(runs[-1].stdout) < 5.0
