"""Before Spark is started: no Java, the wrong one, no cluster. Each is one clear line."""

import socket

import pytest

from stillwatch.engines.spark import start
from stillwatch.engines.spark.session import check_java, check_master
from stillwatch.errors import ConfigError, EngineError


@pytest.fixture
def java(monkeypatch, tmp_path):
    """Puts a script in the place of Java."""

    def put(script):
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "java").write_text(script)
        (tmp_path / "bin" / "java").chmod(0o755)
        monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    return put


def test_without_java_it_says_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match=r"there is none.*openjdk-17"):
        start("local[2]")


@pytest.mark.parametrize(("version", "told"), [("11.0.22", "11"), ("1.8.0_402", "8")])
def test_an_old_java_is_named(java, version, told):
    java(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2024-01-16' >&2\n")
    with pytest.raises(ConfigError, match=f"17 or later, and this is {told}\\."):
        start("local[2]")


@pytest.mark.parametrize("version", ["17.0.15", "21", "25-ea"])
def test_a_new_java_will_do(java, version):
    java(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    check_java()


@pytest.mark.parametrize("script", ["#!/bin/sh\necho what >&2\n", "no program"])
def test_what_is_no_java_is_named(java, tmp_path, script):
    java(script)
    with pytest.raises(ConfigError, match=str(tmp_path)):
        check_java()


@pytest.mark.parametrize("master", ["spark://127.0.0.1:{}", "k8s://https://127.0.0.1:{}", "spark://no.such.invalid:{}"])
def test_a_cluster_that_does_not_answer(master):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(EngineError, match="No cluster answers there"):
        check_master(master.format(port))


def test_one_of_several_masters_is_enough():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        check_master(f"spark://127.0.0.1:1,127.0.0.1:{listening.getsockname()[1]}")


@pytest.mark.parametrize("master", ["local", "local[2]", "local[*]", "local[2, 3]", "local-cluster[2,1,1536]", "yarn"])
def test_masters_that_spark_knows(master):
    check_master(master)


@pytest.mark.parametrize("master", ["", "sparc://host", "host:7077", "sc://host", "local[", "local[two]"])
def test_what_is_no_master_is_told(master):
    with pytest.raises(ConfigError, match=r"no cluster that Spark knows\. Name local"):
        check_master(master)
