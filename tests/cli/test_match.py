import json
import os
from pathlib import Path

import click
import pytest

from stillwatch.cli import match
from stillwatch.cli.boundary import run as run_command

STEPS = ("offer", "request", "respond", "reveal")


@pytest.fixture
def matched(capsys):
    """Runs `stillwatch match ...` as one of the members, each with a folder of its own."""
    group = click.Group("stillwatch", {"match": match.command})

    def run(member, *args):
        capsys.readouterr()
        ledger = ("--ledger", f"{member}-ledger") if args[0] in STEPS else ()
        code = run_command(group, ["match", *(str(arg) for arg in (*args, *ledger))])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def sets():
    Path("alpha.txt").write_text("".join(f"acct-{n}\n" for n in range(60)))
    lines = "".join(f"{n},acct-{n}\n" for n in range(45, 105))
    Path("beta.csv").write_text(f"row,account_id\n{lines}")


def steps(matched, *reveal):
    yield matched("alpha", "offer", "alpha.txt", "--with", "beta", "-o", "setup.bin", *reveal)
    own = ("beta.csv", "--column", "account_id")
    yield matched("beta", "request", "setup.bin", *own, "--with", "alpha", "-o", "request.bin")
    yield matched("alpha", "respond", "request.bin", "-o", "response.bin")
    yield matched("beta", "reveal", "response.bin", *own, "--setup", "setup.bin")


@pytest.mark.usefixtures("sets")
def test_four_steps_tell_how_many_values_both_have(matched):
    told = list(steps(matched))
    assert [code for code, _, _ in told] == [0, 0, 0, 0]
    assert told[2][2] == "Send response.bin to beta, who asked about 60 values.\n"
    assert told[3][1:] == ("", "15 of these 60 values are alpha's too.\n")


@pytest.mark.usefixtures("sets")
def test_four_steps_tell_which_values_both_have(matched):
    told = list(steps(matched, "--reveal", "values"))
    assert [code for code, _, _ in told] == [0, 0, 0, 0]
    assert set(told[3][1].split()) == {f"acct-{n}" for n in range(45, 60)}


@pytest.mark.usefixtures("sets")
def test_common_values_go_into_a_file_for_the_owner(matched):
    made = steps(matched, "--reveal", "values")
    for _ in range(3):
        next(made)
    own = ("beta.csv", "--column", "account_id")
    code, out, _ = matched("beta", "reveal", "response.bin", *own, "--setup", "setup.bin", "-o", "both.txt", "--json")
    assert code == 0
    assert set(Path("both.txt").read_text().split()) == {f"acct-{n}" for n in range(45, 60)}
    assert Path("both.txt").stat().st_mode & 0o777 == 0o600
    transcript = json.loads(out)
    assert (transcript["result"], transcript["partner"], transcript["role"]) == (15, "alpha", "asked")
    assert "acct-" not in out


@pytest.mark.usefixtures("sets")
def test_a_second_run_within_a_day_needs_a_reason(matched):
    list(steps(matched))
    again = ("offer", "alpha.txt", "--with", "beta", "-o", "again.bin")
    code, _, err = matched("alpha", *again)
    assert code == 4
    assert "--override" in err
    assert not Path("again.bin").exists()
    code, out, _ = matched("alpha", *again, "--override", "The first list was wrong", "--json")
    assert code == 0
    assert json.loads(out)["override"] == "The first list was wrong"


@pytest.mark.usefixtures("sets")
def test_mistakes_are_one_line(matched):
    Path("few.txt").write_text("a\nb\n")
    for code, args, says in (
        (4, ("offer", "few.txt", "--with", "beta", "-o", "setup.bin"), "Your set has 2 values"),
        (1, ("offer", "nothing.txt", "--with", "beta", "-o", "setup.bin"), "nothing.txt: cannot be read"),
        (1, ("offer", "alpha.txt", "--with", "beta", "-o", "no/setup.bin"), "does not exist"),
        (3, ("respond", "alpha.txt", "-o", "response.bin"), "no message of a private set intersection"),
        (1, ("request", "nothing.bin", "alpha.txt", "--with", "x", "-o", "request.bin"), "nothing.bin"),
        (2, ("offer", "alpha.txt", "-o", "setup.bin"), "--with"),
    ):
        found, out, err = matched("alpha", *args)
        assert (found, out) == (code, "")
        assert says in err
        assert err.count("\n") == 1
    assert not any(Path(name).exists() for name in ("setup.bin", "request.bin", "response.bin"))


@pytest.mark.usefixtures("sets")
def test_transcripts_are_kept_in_the_users_data_folder(capsys):
    group = click.Group("stillwatch", {"match": match.command})
    args = ["match", "offer", "alpha.txt", "--with", "beta", "-o", "setup.bin", "-q"]
    assert run_command(group, args) == 0
    assert capsys.readouterr() == ("", "")
    (folder,) = Path(os.environ["XDG_DATA_HOME"]).glob("stillwatch/matching")
    assert sorted(path.suffix for path in folder.iterdir()) == [".json", ".key"]


@pytest.mark.usefixtures("sets")
def test_without_an_exchange_tokens_says_what_is_missing(matched):
    code, _, err = matched("alpha", "tokens", "--values", "alpha.txt", "--class", "payment")
    assert code == 2
    assert "exchange.url" in err


@pytest.mark.slow
def test_ten_thousand_by_ten_thousand(matched):
    """What more take is measured by bench/exchange.py."""
    Path("alpha.txt").write_text("".join(f"acct-{n}\n" for n in range(10_000)))
    Path("beta.csv").write_text("account_id\n" + "".join(f"acct-{n}\n" for n in range(9_000, 19_000)))
    told = list(steps(matched))
    assert told[3][2] == "1000 of these 10,000 values are alpha's too.\n"
