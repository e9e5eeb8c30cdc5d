"""Spark's errors as one clear line each.

    with told("spark://host:7077"):
        frame.count()

Spark answers with stack traces of two languages. What users can act on is recognised by the words that Spark, Hadoop
and the system have for it; what workers say to users comes as they said it; the rest is a fault, told by its place in
the code, for messages may hold a piece of a log.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException

import stillwatch
from stillwatch import errors
from stillwatch.engines.spark.shipping import said
from stillwatch.errors import ConfigError, EngineError, InputError, StillwatchError

_SAME = (
    "Install it there, or send it along: --spark-conf spark.archives=environment.tar.gz#environment "
    "--spark-conf spark.pyspark.python=environment/bin/python."
)
_ROOM = "Make room, or name a larger disk: --spark-conf spark.local.dir=FOLDER."
_MEMORY = "Give them more memory: --spark-conf spark.executor.memory=4g (of Python: spark.executor.memoryOverhead)."
_STORE = "Name its connector, such as --spark-conf spark.jars.packages=org.apache.hadoop:hadoop-aws:3.4.2."
_CLUSTER = "Check --master, and that the cluster runs."

#: What Spark says, the error that it is, what happened, and what to do: the first that fits.
_KNOWN: tuple[tuple[str, type[StillwatchError], str, str], ...] = (
    (r"No module named 'stillwatch", EngineError, "A worker has no stillwatch.", _SAME),
    (r"No module named '(\w+)", EngineError, "A worker lacks the package {0}.", _SAME),
    (
        r"PYTHON_VERSION_MISMATCH",
        EngineError,
        "The workers run another version of Python.",
        "Name theirs and ours alike: --spark-conf spark.pyspark.python=PYTHON.",
    ),
    (
        r"Cannot run program \"([^\"]+)\"",
        EngineError,
        "A worker has no {0}.",
        "Name its Python: --spark-conf spark.pyspark.python=PYTHON.",
    ),
    (r"No space left on device|Disk quota exceeded|File too large", EngineError, "A disk is full.", _ROOM),
    (
        r"PATH_NOT_FOUND|Path does not exist|No such file or directory: ",
        InputError,
        "There is no such file.",
        "Name files, folders or globs that every worker can read.",
    ),
    (
        r"TABLE_OR_VIEW_NOT_FOUND|SCHEMA_NOT_FOUND",
        InputError,
        "There is no such table.",
        "Name it as table:CATALOG.DATABASE.NAME, and its catalog by --spark-conf spark.sql.catalog.CATALOG=CLASS.",
    ),
    (r"No FileSystem for scheme \"?(\w+)", ConfigError, "Spark is not set up to read {0}://.", _STORE),
    (r"ClassNotFoundException: (?:Class )?(org\.apache\.hadoop\.fs[\w.]+)", ConfigError, "Spark lacks {0}.", _STORE),
    (
        r"AccessDenied|Status Code: 403|Permission denied|NoAuthWithAWSException",
        InputError,
        "Spark may not read it.",
        "Check the credentials of the workers.",
    ),
    (
        r"CANNOT_READ_FILE|is not a Parquet file|CANNOT_MERGE_SCHEMAS|FAILED_READ_FILE|Malformed",
        InputError,
        "A file is corrupt, cut off or unlike the others.",
        "Copy or export it again.",
    ),
    (r"OutOfMemoryError|exit code 137|MemoryError", EngineError, "A worker ran out of memory.", _MEMORY),
    (
        r"ExecutorLostFailure|exited unexpectedly|Executor heartbeat timed out|MetadataFetchFailed",
        EngineError,
        "Executors were lost again and again.",
        _MEMORY,
    ),
    (
        r"All masters are unresponsive|Connection refused|UnknownHostException|was stopped|has been shut ?down",
        EngineError,
        "The cluster does not answer.",
        _CLUSTER,
    ),
)

#: What of a job is heard first, after Ctrl-C: Spark's handler cancels, and only then interrupts.
_INTERRUPTED = "cancelled as part of cancellation of all jobs"

_FRAME = re.compile(r'File "[^"]*stillwatch/([\w/]+\.py)", line (\d+)')
_RAISED = re.compile(r"^(?:\w+\.)*(\w+(?:Error|Exception|Interrupt))\b", re.MULTILINE)


@contextmanager
def told(place: str) -> Iterator[None]:
    """While it lasts, what Spark raises is raised as one clear line.

    Args:
        place: the cluster, or what is read: where it went wrong.

    Raises:
        StillwatchError: of the kind that it is.
        KeyboardInterrupt: the user has had enough.
    """
    try:
        with warnings.catch_warnings():
            # it looks for pandas, and warns of its version, where it uses none
            warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
            yield
    except (PySparkException, Py4JError, ConnectionError, EOFError) as error:
        text = str(error) or type(error).__name__
        if _INTERRUPTED in text:
            raise KeyboardInterrupt from error
        raise worded(text, place) from error


def worded(text: str, place: str) -> StillwatchError:
    """The error for what Spark says."""
    if heard := said(text):
        return _heard(heard, place)
    for pattern, kind, what, hint in _KNOWN:
        if found := re.search(pattern, text):
            return kind(what.format(*found.groups()), where=place, hint=hint)
    return _fault(text, place)


def _heard(heard: dict[str, str | None], place: str) -> StillwatchError:
    if "version" in heard:
        here = heard["version"]
        what = "A worker has no stillwatch." if here == "none" else f"A worker has stillwatch {here}."
        return EngineError(what, where=place, hint=f"It needs {stillwatch.__version__}, as here. {_SAME}")
    kind = getattr(errors, heard["error"] or "", EngineError)
    found: StillwatchError = kind(heard["what"] or "", where=heard["where"], hint=heard["hint"])
    return found


def _fault(text: str, place: str) -> EngineError:
    frames, raised = _FRAME.findall(text), _RAISED.findall(text)
    if frames:
        what = f"{raised[-1] if raised else 'An error'} in {frames[-1][0]}, line {frames[-1][1]}."
        return EngineError(what, where=place, hint="This is a fault of stillwatch: please report it.")
    return EngineError(f"Spark gave up: {text.strip().splitlines()[0][:200]}", where=place, hint="--debug shows more.")
