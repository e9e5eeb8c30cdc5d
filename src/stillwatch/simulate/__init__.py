"""Traffic that we make ourselves, for the demo, the tests and the benchmarks; no text of anybody else's is in it.

    >>> from stillwatch.simulate import load, write
    >>> write(load("demo"), "out/demo")

`scenario` reads what is wanted, `innocent` and `planted` draw the accounts and streams, `arrivals` the requests,
`rendering` and `sign_ups` their columns, `writing` the files. `keys`, `composition` and `vocabulary` make the texts.
"""

from stillwatch.simulate.scenario import Scenario, load, names
from stillwatch.simulate.world import World, generate
from stillwatch.simulate.writing import write

__all__ = ["Scenario", "World", "generate", "load", "names", "write"]
