"""Compile functions of plain loops to machine code that runs without the interpreter's lock.

    @compiled
    def total(octets: U8) -> int: ...

The machine code is kept on disk, beside the module or in the user's cache; where neither can be written, it is compiled
anew in every process. It is kept until the module that holds the function changes: who edits a function that compiled
functions of *other* modules call, removes their `__pycache__` too (`make clean`).
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba as nb
import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile on the first call with arguments of a type, or take what an earlier process compiled."""
    try:
        return cast("Function", nb.njit(nogil=True, cache=True)(function))
    except RuntimeError:  # no place to keep it
        return cast("Function", nb.njit(nogil=True)(function))
