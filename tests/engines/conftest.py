"""`engine`: every test that asks for it runs in this process and on Spark. Spark is started once for each worker.

Kernels go to Spark's workers by value, since a test module cannot be imported there.
"""

import shutil

import pytest
from pyspark import cloudpickle

from stillwatch.engines.local import LocalEngine
from stillwatch.engines.spark import start

ENGINES = ("local", pytest.param("spark", marks=pytest.mark.slow))


def need_spark():
    """Skip where Spark cannot run."""
    if shutil.which("java") is None:
        pytest.skip("Java is not installed: apt-get install openjdk-17-jre-headless")


@pytest.fixture(scope="session")
def spark():
    """Spark in this process, with two threads."""
    need_spark()
    engine = start("local[2]", {"spark.driver.memory": "1g"})
    yield engine
    engine.close()


@pytest.fixture
def by_value(request):
    """What the test's module defines is sent to workers as it is."""
    cloudpickle.register_pickle_by_value(request.module)
    yield
    cloudpickle.unregister_pickle_by_value(request.module)


@pytest.fixture(params=ENGINES)
def engine(request):
    """Each engine, one after the other."""
    if request.param == "local":
        with LocalEngine(threads=2) as local:
            yield local
    else:
        request.getfixturevalue("by_value")
        yield request.getfixturevalue("spark")
