"""Who of us may draft, approve and withdraw what leaves: two persons for every word."""

from dataclasses import dataclass

from stillwatch.errors import ConfigError, TrustError


@dataclass(frozen=True)
class People:
    """Who of us may do what."""

    publishers: frozenset[str]
    approvers: frozenset[str]

    def check_publisher(self, person: str) -> None:
        """Raises TrustError unless the person may draft and withdraw."""
        _check(person, self.publishers, "publishers", "draft or withdraw")

    def check_approver(self, person: str, drafted_by: str) -> None:
        """Raises TrustError unless the person may approve what another one drafted."""
        _check(person, self.approvers, "approvers", "approve")
        if person.casefold() == drafted_by.casefold():
            hint = "What leaves is looked at by two persons: ask another one of exchange.approvers."
            raise TrustError(f"{person} drafted it, and nobody approves his own draft.", hint=hint)

    def check_refuser(self, person: str) -> None:
        """Raises TrustError unless the person may keep a draft from being sent: who drafts may, and who approves."""
        _check(person, self.publishers | self.approvers, "publishers", "withdraw or refuse drafts")


def _check(person: str, allowed: frozenset[str], setting: str, what: str) -> None:
    if not allowed:
        example = f'{setting} = ["{person}"]'
        raise ConfigError(f"Nobody may {what} yet.", where=f"exchange.{setting}", hint=f"Name who may: {example}.")
    if person not in allowed:
        raise TrustError(f"{person} may not {what}.", where=f"exchange.{setting}")
