"""A page's function under its address: as HTML, and as .json and .csv beside it.

    pages = Pages("Queue", "/cases")                       # its place in the menu, if it has one

    @pages.get("/cases/{case}")                            # whoever is signed in; .json and .csv come by themselves
    def campaign(asked: Asked) -> Page: ...

    @pages.post("/cases/{case}/notes", needs=Role.ANALYST)
    def note(asked: Asked) -> Redirect: ...

What stands in braces is in `asked.places`. A name that others chose (an account's) may hold anything, also slashes and
".json": it belongs into the query, `/accounts?id=…` (`asking.Form.get`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from stillwatch.web.asking import Answer, Asked
from stillwatch.web.model import Role

Function = Callable[[Asked], Answer]


@dataclass(frozen=True)
class Declared:
    """One function and its address."""

    method: str
    path: str
    function: Function
    needs: Role | None  # None: anybody, signed in or not
    formats: bool  # also as .json and .csv


@dataclass
class Pages:
    """The pages of one module, and their entry in the menu."""

    label: str = ""  # of the menu; empty: not in it
    at: str = ""  # where the menu leads
    declared: list[Declared] = field(default_factory=list)

    def get(
        self, path: str, *, needs: Role | None = Role.VIEWER, formats: bool = True
    ) -> Callable[[Function], Function]:
        """Declares a page that is read."""
        return self._declare("GET", path, needs, formats=formats)

    def post(self, path: str, *, needs: Role | None = Role.ANALYST) -> Callable[[Function], Function]:
        """Declares what a form is sent to; the form must bring its person's `csrf`."""
        return self._declare("POST", path, needs, formats=False)

    def _declare(self, method: str, path: str, needs: Role | None, *, formats: bool) -> Callable[[Function], Function]:
        def declare(function: Function) -> Function:
            self.declared.append(Declared(method, path, function, needs, formats))
            return function

        return declare
