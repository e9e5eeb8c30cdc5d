"""The engine on Spark 4, where one machine is outgrown: the same verbs, the same kernels, the same findings.

    with closing(start("spark://host:7077", {"spark.executor.memory": "4g"})) as engine:
        people = requests_table.gather("account_id", profiled, Heaped, SCHEMA)

What a kernel does is shipped to the workers, which need the same version of stillwatch; batches reach it as Arrow
(`mapInArrow`). It needs the extra `spark` and Java 17 or later. `SparkEngine(session)` takes a session that is there
already, as in a notebook.
"""

from stillwatch.engines.spark.engine import SparkEngine
from stillwatch.engines.spark.session import start
from stillwatch.engines.spark.table import SparkTable

__all__ = ["SparkEngine", "SparkTable", "start"]
