"""`engine`: every test that asks for it runs in this process and on Spark.

Kernels go to Spark's workers by value, since a test module cannot be imported there.
"""

import pytest
from pyspark import cloudpickle

from stillwatch.engines.local import LocalEngine

ENGINES = ("local", pytest.param("spark", marks=pytest.mark.slow))


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
