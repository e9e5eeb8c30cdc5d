import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stillwatch.config import Config, ScanConfig, declared, load, template, toml
from stillwatch.errors import ConfigError


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def written(text, name="stillwatch.toml"):
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def test_without_anything_every_setting_is_at_its_default():
    settings = load(None, {})
    assert settings.config == Config()
    assert set(settings.origins.values()) == {"default"}


def test_flag_wins_over_environment_over_file_over_default():
    written("[scan]\nthreads = 2\nmin_accounts = 4\nhub_accounts = 50\n")
    environ = {"STILLWATCH_SCAN__THREADS": "3", "STILLWATCH_SCAN__MIN_ACCOUNTS": "5"}
    settings = load(None, environ, {"scan.threads": 4, "input.format": None})
    scan = settings.config.scan
    assert (scan.threads, scan.min_accounts, scan.hub_accounts, scan.high_bits) == (4, 5, 50, 8.0)
    origins = settings.origins
    assert origins["scan.threads"] == "flag"
    assert origins["scan.min_accounts"] == "STILLWATCH_SCAN__MIN_ACCOUNTS"
    assert origins["scan.hub_accounts"] == "stillwatch.toml"
    assert origins["input.format"] == "default"


def test_an_empty_variable_is_one_that_is_not_set():
    assert load(None, {"STILLWATCH_KEY_FILE": "", "STILLWATCH_SCAN__THREADS": ""}).config == Config()


def test_other_peoples_variables_are_left_alone():
    assert load(None, {"STILLWATCH_SERVICE_HOST": "10.0.0.1", "STILLWATCH_DEBUG": "1"}).config == Config()


def test_the_key_file_has_a_variable_of_its_own():
    settings = load(None, {"STILLWATCH_KEY_FILE": "~/k", "XDG_CONFIG_HOME": "/elsewhere"})
    assert settings.config.pseudonyms.key_file == Path.home() / "k"
    assert settings.origins["pseudonyms.key_file"] == "STILLWATCH_KEY_FILE"


def test_a_list_in_the_environment_has_commas():
    assert load(None, {"STILLWATCH_SCAN__LEAVE_OUT": "time, sign_up"}).config.scan.leave_out == ("time", "sign_up")
    with pytest.raises(ConfigError, match=r"^STILLWATCH_SCAN__LEAVE_OUT: scan.leave_out.1: "):
        load(None, {"STILLWATCH_SCAN__LEAVE_OUT": "time,origin"})


def test_xdg_moves_the_default_places_only():
    written('[reviews]\npath = "reviews.sqlite"\n')
    settings = load(None, {"XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "/d"})
    assert settings.config.pseudonyms.key_file == Path("/c/stillwatch/key")
    assert settings.config.reviews.path == Path("reviews.sqlite")


def test_a_path_in_the_file_is_meant_from_the_files_folder():
    Path("deep").mkdir()
    file = written('[pseudonyms]\nkey_file = "k"\n[input]\nmapping = "~/m.toml"\n', "deep/other.toml")
    config = load(file, {}).config
    assert config.pseudonyms.key_file == Path("deep/k")
    assert config.input.mapping == Path.home() / "m.toml"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[scan]\nthread = 1\n", "stillwatch.toml: unknown setting scan.thread. Did you mean scan.threads?"),
        ("[scna]\nthreads = 1\n", "stillwatch.toml: unknown setting scna. Did you mean scan?"),
        ("threads = 1\n", "stillwatch.toml: threads stands outside of a section"),
        ("[scan\n", "stillwatch.toml: is not TOML"),
        ("[scan]\nthreads = 'many'\n", "stillwatch.toml: scan.threads: input should be a valid integer"),
        ("[scan]\nthreads = -1\n", "stillwatch.toml: scan.threads: input should be greater than or equal to 0"),
        ("[scan]\nhigh_bits = nan\n", "scan.high_bits: input should be a finite number"),
        ("[scan]\nhigh_bits = 30\n", "scan: report_bits <= medium_bits <= high_bits <= critical_bits must hold"),
        ("[scan]\nthreads = 'a'\nmin_accounts = 'b'\n", "; scan.min_accounts: "),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, says):
    written(text)
    with pytest.raises(ConfigError) as caught:
        load(None, {})
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_wrong_in_the_environment_names_the_variable():
    with pytest.raises(
        ConfigError, match=r"^STILLWATCH_SCAN__THREDS: unknown setting scan.threds. Did you mean scan.threads"
    ):
        load(None, {"STILLWATCH_SCAN__THREDS": "4"})


def test_bytes_that_are_no_text_are_a_config_error():
    Path("stillwatch.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not TOML"):
        load(None, {})


def test_a_file_that_was_named_must_be_there():
    with pytest.raises(ConfigError, match=r"^gone.toml: cannot be read"):
        load(Path("gone.toml"), {})


def test_a_configuration_does_not_change():
    with pytest.raises(ValueError, match="frozen"):
        ScanConfig().threads = 3


def test_every_setting_has_its_reason():
    assert all(len(setting.reason) > 20 for setting in declared())


def test_the_commented_file_changes_nothing():
    written(template())
    assert load(None, {}).config == Config()


def test_the_commented_file_holds_what_it_says():
    uncommented = "\n".join(
        line.removeprefix("# ") if " = " in line and line.startswith("# ") else line for line in template().splitlines()
    )
    held = tomllib.loads(uncommented)
    for setting in declared():
        assert toml(held[setting.section][setting.name]) == toml(setting.example)


@given(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=40), st.integers(-(2**62), 2**62), st.booleans()
    )
)
@example("\x7f")
def test_a_value_written_as_toml_reads_back(value):
    assert tomllib.loads(f"x = {toml(value)}")["x"] == value


def test_the_process_environment_is_not_read_behind_the_callers_back(monkeypatch):
    monkeypatch.setitem(os.environ, "STILLWATCH_SCAN__THREADS", "7")
    assert load(None, {}).config.scan.threads == 0
