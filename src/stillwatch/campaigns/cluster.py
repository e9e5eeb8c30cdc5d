"""A cluster under test: some accounts, seen as a whole."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from stillwatch.campaigns.population import Keys, Population

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]


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

    def holders(self, keys: Keys) -> I64:
        """How many members hold each thing."""
        return np.asarray(keys.held[self.rows].sum(0)).ravel().astype(np.int64)

    def holding_parties(self, keys: Keys) -> I64:
        """How many of the members' parties hold each thing."""
        held = keys.held[self.rows].tocoo()
        pairs = np.unique(self.party[held.row] * keys.held.shape[1] + held.col)
        return np.bincount(pairs % max(1, keys.held.shape[1]), minlength=keys.held.shape[1])
