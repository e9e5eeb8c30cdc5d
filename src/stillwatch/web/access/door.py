"""Who comes in: each request's person, and whether he may have what he asks for.

asked, headers = door.entered(asked, request.headers, request.client)     # with the person, if there is one
refusal = door.refused(asked, request.headers, declared)                  # or an error, or None
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

from stillwatch.config import ConsoleConfig
from stillwatch.errors import ConfigError
from stillwatch.web.access import tables
from stillwatch.web.access.cookies import SESSION, Cookies
from stillwatch.web.access.oidc import Provider
from stillwatch.web.access.origin import foreign
from stillwatch.web.access.people import People
from stillwatch.web.access.proxy import Proxy
from stillwatch.web.access.sessions import Sessions
from stillwatch.web.access.throttle import Throttle
from stillwatch.web.asking import Asked, Headers, NotAllowed, NotSignedIn, Outdated, Redirect
from stillwatch.web.console import Console
from stillwatch.web.model import Person, Role, Source
from stillwatch.web.routing import Declared

BACK = "/sign-in/oidc/back"


@dataclass(frozen=True)
class Door:
    """All that decides who may."""

    config: ConsoleConfig
    people: People
    sessions: Sessions
    cookies: Cookies
    proxy: Proxy
    provider: Provider | None
    throttle: Throttle

    @classmethod
    def of(cls, console: Console) -> Self:
        """Reads the settings and makes the tables.

        Raises:
            ConfigError: the settings do not fit together.
            ExchangeError: the database cannot be used.
        """
        config, database = console.settings.config.console, console.store.database
        tables.make(database)
        idle, longest = timedelta(minutes=config.idle_minutes), timedelta(hours=config.session_hours)
        return cls(
            config=config,
            people=People(database),
            sessions=Sessions(database, idle, longest),
            cookies=Cookies(secure=console.secure),
            proxy=Proxy.of(config),
            provider=_provider(config),
            throttle=Throttle(),
        )

    def entered(
        self, asked: Asked, headers: Mapping[str, str], client: tuple[str, int] | None
    ) -> tuple[Asked, Headers]:
        """Finds out who asks: by his cookie, or by what a trusted proxy says.

        Returns:
            the request with its person, and headers for the response.

        Raises:
            NotAllowed: the proxy names somebody who may not come in.
            ExchangeError: the database cannot be used.
        """
        peer = client[0] if client else ""
        asked = replace(asked, address=self.proxy.address(headers, peer))
        token = asked.cookies.get(self.cookies.name(SESSION), "")
        signed = self.sessions.found(token, asked.now) if token else None
        named = self.proxy.name(headers, peer)
        if signed and signed.source == "proxy" and named is not None and _same(signed.person.name, named):
            return replace(asked, signed=signed), ()
        if named:
            token = self.sessions.begun(self.known(named), "proxy", asked.now)
            signed = self.sessions.found(token, asked.now)
            return replace(asked, signed=signed), (self.cookies.set(SESSION, token),)
        return replace(asked, signed=signed if signed and signed.source != "proxy" else None), ()

    def refused(self, asked: Asked, headers: Mapping[str, str], declared: Declared) -> Redirect | None:
        """Checks that a form is a person's own, and that he may; sends whoever only reads to the sign-in page.

        Raises:
            NotAllowed: another site sent it, or the role is less than is needed.
            NotSignedIn: nobody is signed in.
            Outdated: the form is of an earlier session.
        """
        if asked.method == "POST" and foreign(headers, self.config.public_url):
            raise NotAllowed("This was sent by a page that is not the console's.", hint="Open the console itself.")
        if declared.needs is None:
            return None
        if asked.signed is None:
            return self._to_sign_in(asked)
        if asked.method == "POST" and not self._own(asked, headers):
            raise Outdated("This form is of an earlier session.", hint="Look at it, and send it again.")
        asked.needs(declared.needs)
        return None

    def known(self, name: str) -> Person:
        """The person whom a proxy or provider names, who becomes one if the settings let newcomers in.

        Raises:
            NotAllowed: they do not.
            InputError: the name cannot be one.
        """
        if found := self.people.named(name):
            return found
        if self.config.newcomers == "refused":
            hint = "Whoever runs the console can let you in: `stillwatch console people add`."
            raise NotAllowed("The console does not know this person.", where=name[:200], hint=hint)
        return self.people.add(name, Role.VIEWER)

    def signed_in(self, asked: Asked, person: Person, source: Source) -> Headers:
        """Begins a session, and ends the one before it: the headers for the response.

        Raises:
            ExchangeError: the database cannot be used.
        """
        if old := asked.cookies.get(self.cookies.name(SESSION)):
            self.sessions.ended(old)
        return (self.cookies.set(SESSION, self.sessions.begun(person, source, asked.now)),)

    @staticmethod
    def _to_sign_in(asked: Asked) -> Redirect:
        if asked.method == "POST" or asked.suffix or asked.part:
            raise NotSignedIn("Nobody is signed in, or the session has ended.", hint="Nothing of this was stored.")
        query = urlencode(asked.query.pairs)
        return Redirect("/sign-in?" + urlencode({"then": f"{asked.path}?{query}" if query else asked.path}))

    @staticmethod
    def _own(asked: Asked, headers: Mapping[str, str]) -> bool:
        given = headers.get("x-csrf-token") or asked.form.get("csrf")
        return asked.signed is not None and hmac.compare_digest(given.encode(), asked.signed.csrf.encode())


def _same(name: str, named: str) -> bool:
    return name.casefold() == named.casefold()


def _provider(config: ConsoleConfig) -> Provider | None:
    if config.oidc_issuer is None:
        return None
    if config.oidc_client is None or config.public_url is None:
        hint = "Set console.oidc_client and console.public_url as well."
        raise ConfigError("OpenID Connect needs our client id and our own URL.", where="console.oidc_issuer", hint=hint)
    secret = _secret(config.oidc_secret_file) if config.oidc_secret_file else None
    back = config.public_url.rstrip("/") + BACK
    return Provider(config.oidc_issuer, config.oidc_client, secret, back, config.oidc_claim)


def _secret(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The client's secret cannot be read ({error}).", where="console.oidc_secret_file") from None
