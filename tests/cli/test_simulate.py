import json
from pathlib import Path

import pyarrow.parquet as pq

from stillwatch.simulate import names


def test_a_scenario_becomes_a_log_with_its_labels_apart(run):
    ran = run("simulate", "demo", "--out", "made", "--seed", "3", "--scale", "0.02", "--json")
    said = json.loads(ran.out)
    (provider, requests), *_ = said["requests"].items()
    assert (ran.code, ran.err, said["scenario"]) == (0, "", "demo")
    assert pq.read_metadata(Path("made") / provider / "requests.parquet").num_rows == requests
    assert Path("made/truth/accounts.parquet").exists()


def test_the_help_names_every_scenario_that_is_shipped(run):
    shown = run("simulate", "--help").out
    assert [name for name in names() if name not in shown] == []


def test_an_unknown_scenario_is_an_input_error(run):
    ran = run("simulate", "dmo", "--out", "made")
    assert ran.code == 1
    assert ran.err.startswith("stillwatch: dmo: ")
    assert not Path("made").exists()
