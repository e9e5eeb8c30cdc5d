"""Signing in and out, and a person's own page.

everything = (*pages.ALL, signing_in.pages_of(door))
"""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from stillwatch.web.access.cookies import SESSION, WAY
from stillwatch.web.access.door import BACK, Door
from stillwatch.web.asking import Answer, Asked, NotThere, Page, Redirect
from stillwatch.web.model import Role, Source
from stillwatch.web.routing import Pages

_WAY_SECONDS = 600  # for signing in at the provider


@dataclass(frozen=True)
class SignInView:
    """The page to sign in on."""

    then: str
    name: str
    failed: bool
    provider: bool


@dataclass(frozen=True)
class MeView:
    """A person's own page."""

    name: str
    role: str
    source: Source
    until: datetime


def pages_of(door: Door) -> Pages:
    """The pages."""
    pages = Pages()

    @pages.get("/sign-in", needs=None, formats=False)
    def sign_in(asked: Asked) -> Answer:
        return _sign_in_page(door, asked.query.get("then"))

    @pages.post("/sign-in", needs=None)
    def sign_in_with(asked: Asked) -> Answer:
        name, then = asked.form.get("name"), asked.form.get("then")
        door.throttle.attempt(name, asked.address)
        person = door.people.checked(name, dict(asked.form.pairs).get("password", ""))
        if person is None:
            return _sign_in_page(door, then, name=name, failed=True)
        door.throttle.passed(name, asked.address)
        return Redirect(local(then), door.signed_in(asked, person, "password"))

    @pages.get("/sign-in/oidc", needs=None, formats=False)
    def to_provider(asked: Asked) -> Answer:
        if door.provider is None:
            raise NotThere("Nobody signs in by OpenID Connect here.")
        way = door.provider.begin(local(asked.query.get("then")))
        return Redirect(way.address, (door.cookies.set(WAY, way.kept, _WAY_SECONDS),))

    @pages.get(BACK, needs=None, formats=False)
    def from_provider(asked: Asked) -> Answer:
        if door.provider is None:
            raise NotThere("Nobody signs in by OpenID Connect here.")
        name, then = door.provider.finish(asked.query, asked.cookies.get(door.cookies.name(WAY), ""))
        headers = door.signed_in(asked, door.known(name), "oidc")
        return Redirect(local(then), (*headers, door.cookies.gone(WAY)))

    @pages.post("/sign-out", needs=Role.VIEWER)
    def sign_out(asked: Asked) -> Answer:
        door.sessions.ended(asked.cookies.get(door.cookies.name(SESSION), ""))
        return Redirect("/sign-in", (door.cookies.gone(SESSION),))

    @pages.get("/me")
    def me(asked: Asked) -> Answer:
        person = asked.person
        source, until = (asked.signed.source, asked.signed.until) if asked.signed else ("password", asked.now)
        return Page("me.html", "You", MeView(person.name, person.role.word, source, until))

    return pages


def local(path: str) -> str:
    """A path of the console: what would lead elsewhere leads to the queue."""
    plain = unquote(path)
    inside = plain.startswith("/") and not plain.startswith("//") and "\\" not in plain
    return path if inside and path.isascii() and path.isprintable() else "/"


def _sign_in_page(door: Door, then: str, *, name: str = "", failed: bool = False) -> Page:
    view = SignInView(local(then), name[:200], failed, door.provider is not None)
    return Page("sign_in.html", "Sign in", view, status=422 if failed else 200)
