"""Start Spark: look for Java and the cluster first, for Spark says neither in a way that helps.

What the Java process writes goes to a file that nobody needs, so that the terminal shows our lines only.
"""

import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from stillwatch.engines.spark.engine import SparkEngine
from stillwatch.engines.spark.faults import told
from stillwatch.errors import ConfigError, EngineError

OLDEST_JAVA = 17
_INSTALL = "Install Java 17 or later (apt-get install openjdk-17-jre-headless), or point JAVA_HOME to it."
_MASTERS = "Name local[*], local-cluster[2,1,1536], spark://HOST:7077, yarn or k8s://https://HOST:PORT."
_PATIENCE = 5.0  # seconds for a cluster to answer

#: What a scan needs; whatever the user sets wins.
SETTINGS = {
    "spark.app.name": "stillwatch",
    "spark.driver.maxResultSize": "0",  # what comes to the driver is small by design
    "spark.driver.memory": "2g",
    "spark.sql.adaptive.enabled": "true",  # as many partitions after a shuffle as there is data; skewed joins are split
    "spark.sql.ansi.enabled": "true",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.execution.arrow.maxBytesPerBatch": "64m",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "16384",
    "spark.sql.optimizer.canChangeCachedPlanOutputPartitioning": "true",  # else 200 tasks for what one could do
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}

#: Loggers that write what is raised to the terminal, too.
_LOUD = ("DataFrameQueryContextLogger", "py4j")

#: On this machine alone: nobody else can connect.
AT_HOME = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}


def start(master: str = "local[*]", settings: Mapping[str, str] | None = None) -> SparkEngine:
    """Start Spark here, with its executors where the master says.

    Args:
        master: `local[*]`, `spark://host:port`, `yarn`, `k8s://...`.
        settings: Spark's own, which win over ours.

    Raises:
        ConfigError: there is no Java, or too old a one; or the master is none.
        EngineError: the cluster does not answer.
    """
    given = dict(settings or {})
    check_java()
    check_master(master)
    conf = SparkConf(loadDefaults=False)
    for key, value in (SETTINGS | (AT_HOME if master.startswith("local") else {}) | given).items():
        conf.set(key, value)
    conf.setMaster(master)
    os.environ["PYSPARK_PYTHON"] = given.get("spark.pyspark.python") or os.environ.get("PYSPARK_PYTHON", sys.executable)
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    logging.getLogger().addFilter(_is_ours)  # py4j, interrupted, writes so to the root
    with told(master):
        return SparkEngine(SparkSession(_context(conf)), own=True)


def _is_ours(record: logging.LogRecord) -> bool:
    return "while sending command" not in str(record.msg)


def _context(conf: SparkConf) -> SparkContext:
    if SparkContext._gateway is not None:  # noqa: SLF001 — a process has one Java beside it
        return SparkContext(conf=conf)
    with tempfile.TemporaryFile(prefix="stillwatch-spark-") as log:
        gateway = launch_gateway(conf, {"stdout": log, "stderr": log})  # type: ignore[no-untyped-call]
    return SparkContext(conf=conf, gateway=gateway)


def check_java() -> None:
    """Look for Java.

    Raises:
        ConfigError: there is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if java is None:
        raise ConfigError("Spark needs Java, and there is none.", where="java", hint=_INSTALL)
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False, timeout=60).stderr  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigError("Spark needs Java, and this cannot be run.", where=java, hint=_INSTALL) from error
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    if found is None:
        raise ConfigError("Spark needs Java, and this is none.", where=java, hint=_INSTALL)
    if int(found[1]) < OLDEST_JAVA:
        raise ConfigError(
            f"Spark needs Java {OLDEST_JAVA} or later, and this is {found[1]}.", where=java, hint=_INSTALL
        )


def check_master(master: str) -> None:
    """Knock at the cluster, where its address says where it is.

    Raises:
        ConfigError: this is no master.
        EngineError: nothing answers there.
    """
    if re.fullmatch(r"yarn|local(\[(\*|\d+)(, *\d+)?\])?|local-cluster\[ *\d+ *, *\d+ *, *\d+ *\]", master):
        return
    found = re.fullmatch(r"spark://(?P<several>.+)|k8s://(?:https?://)?(?P<one>[^/]+)/?", master)
    if found is None:
        raise ConfigError(f"{master!r} is no cluster that Spark knows.", where="--master", hint=_MASTERS)
    places = (found["several"] or found["one"]).split(",")
    if not any(_answers(place, 7077 if found["several"] else 443) for place in places):
        raise EngineError("No cluster answers there.", where=master, hint="Check --master, and that the cluster runs.")


def _answers(place: str, usual: int) -> bool:
    host, _, port = place.rpartition(":") if re.search(r":\d+$", place) else (place, "", str(usual))
    try:
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
    except (OSError, ValueError, OverflowError):
        return False
    return True
