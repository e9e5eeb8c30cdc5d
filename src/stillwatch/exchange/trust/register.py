"""What the operator knows of members and tells nobody: which indicators are decoys, who is affiliated, who is pardoned.

It stands in a document of the store, one for each root, that no path of the server serves.

    change(store, "forum", lambda known: known.with_decoys("indicator--…"))
    roster = roster(store, "forum")                    # for judgement.judge
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stillwatch.exchange.store.store import Store
from stillwatch.exchange.trust.judgement import Roster

DOCUMENT = "trust"

Indicator = Annotated[str, Field(pattern=r"^indicator--[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Pseudonym = Annotated[str, Field(pattern=r"^identity--[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class Register(BaseModel):
    """The document."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decoys: tuple[Indicator, ...] = ()
    affiliates: tuple[tuple[Pseudonym, ...], ...] = ()  # groups of members under one roof
    pardons: Mapping[Pseudonym, int] = Field(default_factory=dict)  # microseconds: what was confirmed until then

    @model_validator(mode="after")
    def _disjoint(self) -> Self:
        everybody = [member for group in self.affiliates for member in group]
        if len(everybody) != len(set(everybody)):
            raise ValueError("a member is under two roofs: make them one group")
        return self

    def with_decoys(self, *indicators: str) -> "Register":
        """Remembers decoys; do it before they are published."""
        return self._with(decoys=sorted({*self.decoys, *indicators}))

    def with_affiliates(self, *members: str) -> "Register":
        """Puts members, and all who were affiliated with one of them, under one roof."""
        joined = {*members}.union(*(group for group in self.affiliates if {*group} & {*members}))
        others = [group for group in self.affiliates if not {*group} & joined]
        return self._with(affiliates=[*others, sorted(joined)])

    def without_affiliates(self, *members: str) -> "Register":
        """Takes members out from under their roofs; of a group of one nothing is left."""
        left = [[each for each in group if each not in members] for group in self.affiliates]
        return self._with(affiliates=[group for group in left if len(group) > 1])

    def with_pardon(self, member: str, now: int) -> "Register":
        """Forgives a member the decoys that it confirmed until now."""
        return self._with(pardons={**self.pardons, member: now})

    def _with(self, **changed: object) -> "Register":
        return Register.model_validate(self.model_dump() | changed)


def register(store: Store, root: str) -> Register:
    """What the operator knows of the members of a root."""
    return _read(store.get_document(root, DOCUMENT))


def change(store: Store, root: str, changed: Callable[[Register], Register]) -> None:
    """Changes what the operator knows, nobody else changing it meanwhile."""
    store.change_document(root, DOCUMENT, lambda old: changed(_read(old)).model_dump(mode="json"), secret=True)


def roster(store: Store, root: str) -> Roster:
    """All that decides whose word counts: the register, and who is admitted and suspended."""
    known, members = register(store, root), store.members()
    return Roster(
        admitted=frozenset(member.identity for member in members if not member.quarantined),
        suspended=frozenset(member.identity for member in members if member.suspended),
        affiliates=tuple(frozenset(group) for group in known.affiliates),
        decoys=frozenset(known.decoys),
        pardons=known.pardons,
    )


def _read(document: Any) -> Register:  # noqa: ANN401 — any JSON value
    return Register() if document is None else Register.model_validate(document)
