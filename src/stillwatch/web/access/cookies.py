"""The two cookies: of a session, and of a way to the OpenID provider and back.

No script can read them, other sites' forms do not carry them, and behind TLS nothing else does.
"""

from dataclasses import dataclass

SESSION, WAY = "session", "way"


@dataclass(frozen=True)
class Cookies:
    """Makes Set-Cookie headers."""

    secure: bool

    def name(self, what: str) -> str:
        """Its name; behind TLS with the prefix that keeps other hosts and plain HTTP from setting it (RFC 6265bis)."""
        return f"{'__Host-' if self.secure else ''}stillwatch-{what}"

    def set(self, what: str, value: str, seconds: int | None = None) -> tuple[str, str]:
        """A header that sets it; without seconds it is gone when the browser ends."""
        age = "" if seconds is None else f"; Max-Age={seconds}"
        rest = f"; Path=/; HttpOnly; SameSite=Lax{'; Secure' if self.secure else ''}{age}"
        return "set-cookie", f"{self.name(what)}={value}{rest}"

    def gone(self, what: str) -> tuple[str, str]:
        """A header that takes it away."""
        return self.set(what, "", 0)
