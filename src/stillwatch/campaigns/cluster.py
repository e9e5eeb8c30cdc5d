"""A cluster under test: some accounts, seen as a whole."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from stillwatch.campaigns.holdings import Keys
from stillwatch.campaigns.population import Population

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Held:
    """Things of one kind that members of a cluster hold, and how many members, parties and others hold each."""

    things: I64
    members: I64
    parties: I64
    outside: I64


@dataclass(frozen=True)
class Cluster:
    """Accounts (row numbers of the population, ascending) that some view holds together."""

    population: Population
    rows: I64

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def party(self) -> I64:
        """For each member the number of its party, 0 to `parties` - 1."""
        return np.unique(self.population.party[self.rows], return_inverse=True)[1]

    @property
    def parties(self) -> int:
        """How many customers these accounts openly are."""
        return int(self.party.max(initial=-1)) + 1

    @cached_property
    def outside(self) -> Bool:
        """For each row of the population whether it stands for everybody else."""
        rest = self.population.drawn.copy()
        rest[self.rows] = False
        return rest

    @cached_property
    def others(self) -> I64:
        """Rows that stand for everybody else."""
        return np.flatnonzero(self.outside)

    @property
    def outsiders(self) -> int:
        """How many accounts of the whole log are not in it."""
        return max(1, self.population.accounts - len(self))

    @cached_property
    def sum_of_directions(self) -> F64:
        """Sum of the members' contents as unit vectors (bins,)."""
        return self.population.contents.directions(self.rows).sum(0).astype(np.float64)

    @cached_property
    def own_cosines(self) -> F64:
        """How near each member's content is to that of the others together."""
        own = self.population.contents.directions(self.rows).astype(np.float64)
        others = self.sum_of_directions - own
        return (others * own).sum(1) / np.maximum(np.linalg.norm(others, axis=1), 1e-9)

    @property
    def centre(self) -> F64:
        """Direction of the members' contents together, a unit vector."""
        return self.sum_of_directions / max(float(np.linalg.norm(self.sum_of_directions)), 1e-9)

    def held(self, keys: Keys) -> Held:
        """What the members hold of one kind; the cost grows with what they hold, not with the log."""
        if keys.name not in self._held:
            member, thing = keys.of_rows(self.rows)
            things, code = np.unique(thing, return_inverse=True)
            pairs = np.sort(code * self.parties + self.party[member])
            members = np.bincount(code, minlength=len(things))
            parties = np.bincount(pairs[np.diff(pairs, prepend=-1) > 0] // max(1, self.parties), minlength=len(things))
            self._held[keys.name] = Held(things.astype(np.int64), members, parties, keys.degree[things] - members)
        return self._held[keys.name]

    @cached_property
    def _held(self) -> dict[str, Held]:
        return {}
