"""How serving engines mark text, as far as a verifier needs it: a token's score under a key, and the null's law.

    scheme = of(plan.tests[0])
    scheme.law.log10_tail(scheme.scores(key.value, windows, tokens).sum(), len(tokens))

`laws` says how sums of scores are distributed without the mark, `philox` draws uniform numbers from keys, and every
other module is one engine's scheme. Nothing here marks text in production: the engines do.
"""

import difflib
from collections.abc import Callable
from inspect import Parameter, signature

from stillwatch.errors import ConfigError
from stillwatch.forensics.model import Scheme
from stillwatch.forensics.plan import Test
from stillwatch.forensics.schemes import greenlist, kgw, sglang, vllm

_PARAMETERS = ("width", "gamma", "mixing", "vocabulary")


def of(test: Test) -> Scheme:
    """The scheme that a test names, with its parameters.

    Raises:
        ConfigError: there is none of that name, a parameter is missing, or one is given that the scheme does not have.
    """
    where, make = f"test {test.name}", _MADE.get(test.scheme or "")
    if make is None:
        nearest = difflib.get_close_matches(test.scheme or "", SCHEMES, n=1, cutoff=0)[0]
        raise ConfigError(f"there is no scheme {test.scheme or ''!r}.", where=where, hint=f"Did you mean {nearest}?")
    given = {name: getattr(test, name) for name in _PARAMETERS if getattr(test, name) is not None}
    known = signature(make).parameters
    for name in given.keys() - known.keys():
        raise ConfigError(f"{test.scheme} has no {name}.", where=where, hint="Leave it out.")
    for name in known.keys() - given.keys():
        if known[name].default is Parameter.empty:
            raise ConfigError(f"{test.scheme} needs {name}.", where=where)
    return make(**given)


def _vllm(width: int, mixing: float | None = None) -> Scheme:
    return vllm.Gumbel(width) if mixing is None else vllm.DualKey(width, mixing)


_MADE: dict[str, Callable[..., Scheme]] = {
    vllm.Gumbel.name: _vllm,
    sglang.Gumbel.name: sglang.Gumbel,
    kgw.LeftHash.name: kgw.LeftHash,
    kgw.SelfHash.name: kgw.SelfHash,
    greenlist.GreenList.name: greenlist.GreenList,
}
SCHEMES = tuple(_MADE)
