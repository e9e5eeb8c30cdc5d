"""Very many accounts, looked at part by part: who is worth being judged together.

    candidates = gather(people, engine, everybody, accounts, settings)
    select(candidates.population, settings, proposals=candidates.proposals)

Nobody holds everybody at once. Accounts are dealt to shards twice: by what they ask for, and by what links them (a
community of shared means, one wrapper's words, another provider's signal). Each shard is judged where it lies, against
a sample that stands for everybody and with the degrees of the whole log. What passes the line there, and whoever is
near it or linked to it wherever they lie, is brought to one place, to be judged once more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.campaigns import linking
from stillwatch.campaigns.census import Census, Counts
from stillwatch.campaigns.holdings import KINDS, SEVERAL, TEXT, Holdings, Spread, holdings
from stillwatch.campaigns.nearby import NEARBY, Nearest, neighbourhoods
from stillwatch.campaigns.population import Background, Population
from stillwatch.campaigns.scope import Scope
from stillwatch.campaigns.shards import (
    FOUND,
    GROUPED,
    HELD,
    PLACED,
    SHARD,
    Cells,
    Grouping,
    Holding,
    Judging,
    held_by,
    places,
)
from stillwatch.campaigns.signals import Importer, Sought, Told
from stillwatch.campaigns.signed_up import SignedUp, key_of
from stillwatch.config import ScanConfig
from stillwatch.engines.contract import Engine, Table
from stillwatch.profiles import wire
from stillwatch.profiles.accounts import Profiles, together

I64 = npt.NDArray[np.int64]
Tell = Callable[[str, float], None]

HUB_SHARE = 8  # what more than an eighth of everybody holds is nobody's in particular
FEWEST = 8  # accounts with a word in common that are a group; fewer are found by what they ask for
MOST_NEAR = 65_536  # accounts that are brought along with clusters, the nearest first

DEGREES = """
SELECT kind, thing, count(*) AS degree FROM held GROUP BY kind, thing
HAVING count(*) BETWEEN 2 AND {most} AND max(counts) = 1"""
SPREADS = "SELECT kind, degree, count(*) AS things FROM degrees GROUP BY kind, degree"
SENT = "SELECT thing FROM degrees WHERE kind = {text} AND degree >= {several}"
LINKED = "SELECT h.shard, h.who, h.kind, h.thing, d.degree FROM held h JOIN degrees d USING (kind, thing)"
OF_SOME = "SELECT w.who, w.kind, w.thing, d.degree FROM wanted w JOIN degrees d USING (kind, thing)"
BY_MEANS = "SELECT who, kind, thing, degree FROM linked WHERE kind <> {text} AND degree <= {most}"
BY_WORD = """
SELECT who, max(degree * 4294967296 + thing) AS word FROM linked
WHERE kind = {text} AND degree BETWEEN {fewest} AND {most} GROUP BY who"""
OF_GROUPS = "SELECT g.shard, l.who, l.kind, l.thing, l.degree FROM linked l JOIN grouped g USING (who)"


@dataclass(frozen=True)
class Candidates:
    """Who is judged in one place.

    Attributes:
        population: the candidates, and the sample that stands for everybody else.
        proposals: clusters among them (rows).
        notes: what the reader should know.
    """

    population: Population
    proposals: list[I64]
    notes: tuple[str, ...]


def gather(  # noqa: PLR0913 — who, where, against what, and who is asked and told
    people: Table,
    engine: Engine,
    everybody: Census,
    accounts: pa.Table | None,
    settings: ScanConfig,
    *,
    known: Sequence[I64],
    scope: Scope,
    importer: Importer | None,
    tell: Tell,
) -> Candidates:
    """Find the candidates.

    Args:
        people: everybody's profiles (`wire.SCHEMA`).
        engine: where they lie.
        everybody: their census.
        accounts: the sign-up desk's table, or None.
        settings: where the line is.
        known: clusters (keys of accounts) that were found before.
        scope: of whom the views are asked besides.
        importer: asked what other providers say of campaigns.
        tell: told the stage and how far it is, 0 to 1.
    """
    desk = SignedUp.of(everybody.keys, *everybody.claims, accounts)
    placed = _placed(people, everybody)
    held = placed.map(Holding(desk), HELD)
    tell("counting", 0.0)
    most = everybody.accounts // HUB_SHARE
    degrees = engine.sql(DEGREES.format(most=most), held=held).kept()
    said = _said(engine, degrees, importer)
    sought = _heard(people, Sought.of(said.signals, accounts, desk.key))
    background = Background.of(everybody, _spreads(engine, degrees), desk, sought, signed_up=accounts is not None)
    sampled = _held(engine, degrees, everybody.sample, desk)
    judging = Judging(background, settings, everybody.sample, sampled, scope)
    look, found = _Look(people, engine, degrees, judging, tell), list(known)
    if scope.asks:
        tell("linking", 0.0)
        linked = engine.sql(LINKED, held=held, degrees=degrees).kept()
        found += look.cells(placed, linked) + look.groups(linked)
    return look.candidates(found, said.notes)


@dataclass(frozen=True)
class _Look:
    """The accounts, where they lie, and the kernels that judge some of them."""

    people: Table
    engine: Engine
    degrees: Table
    judging: Judging
    tell: Tell

    def cells(self, placed: Table, linked: Table) -> list[I64]:
        """The clusters (keys) that pass the line in the shards of the contents."""
        shards = 1 + self.judging.background.accounts // SHARD
        return self._found(self.engine.cogroup("shard", placed, linked, self.judging.of_cell, FOUND), shards)

    def groups(self, linked: Table) -> list[I64]:
        """The clusters (keys) that pass the line in groups that are linked, wherever they lie."""
        groups = self._by_means(linked) + self._by_words(linked) + self.judging.background.sought.groups()
        if not groups:
            return []
        dealt = _dealt(groups)
        people = self.people.map(dealt, GROUPED)
        pairs = np.unique(np.stack([dealt.who, dealt.shard]), axis=1)
        schema = pa.schema([("who", pa.int64()), ("shard", pa.int32())])
        of_whom = [pa.array(pairs[0]), pa.array(pairs[1].astype(np.int32))]
        grouped = self.engine.table([pa.RecordBatch.from_arrays(of_whom, schema=schema)], schema)
        some = self.engine.sql(OF_GROUPS, linked=linked, grouped=grouped)
        shards = int(dealt.shard.max()) + 1
        return self._found(self.engine.cogroup("shard", people, some, self.judging.of_groups, FOUND), shards)

    def candidates(self, found: Sequence[I64], notes: tuple[str, ...]) -> Candidates:
        """Clusters, with everybody who is near them or linked to them."""
        self.tell("gathering", 0.0)
        members = self._brought(np.unique(np.concatenate([np.zeros(0, np.int64), *found])))
        population, key = self._population(members)
        around = neighbourhoods(population, [np.sort(places(key, who)) for who in found], self.judging.background.desk)
        nearest = Nearest(MOST_NEAR, key_of(members.ids))
        for batch in self.people.map(around, NEARBY).batches() if len(found) else ():
            nearest.absorb(batch)
        population, key = self._population(together([members, *nearest.profiles()]).ordered())
        proposals = [np.sort(places(key, who)) for who in found]
        return Candidates(population, proposals, notes)

    def _population(self, profiles: Profiles) -> tuple[Population, I64]:
        held = _held(self.engine, self.degrees, profiles, self.judging.background.desk)
        return self.judging.population(profiles, held)

    def _brought(self, key: I64) -> Profiles:
        """These accounts, brought here."""
        batches = self.people.map(_Those(key), wire.SCHEMA).batches()
        return together([Profiles(), *(wire.profiles_of(batch) for batch in batches)]).ordered()

    def _found(self, table: Table, shards: int) -> list[I64]:
        found: list[I64] = []
        for i, batch in enumerate(table.batches()):
            self.tell("weighing", min(1.0, i / shards))
            found += [np.array(who, np.int64) for who in batch.column("who").to_pylist()]
        return sorted(found, key=lambda who: (-len(who), who.tolist()))

    def _asked(self, table: Table) -> dict[str, I64]:
        """The rows (who, ...) of those of whom views are asked."""
        rows = _rows(table)
        which = self.judging.scope.rows(rows["who"])
        return {name: column[which] for name, column in rows.items()}

    def _by_means(self, linked: Table) -> list[I64]:
        """Communities of accounts that share cards, domains, addresses or turns with other customers."""
        hub, desk = self.judging.settings.hub_accounts, self.judging.background.desk
        rows = self._asked(
            self.engine.sql(BY_MEANS.format(text=TEXT, most=linking.COMMON_PROPERTY * hub), linked=linked)
        )
        who, row = np.unique(rows["who"], return_inverse=True)
        code, thing = np.unique(rows["thing"] * len(KINDS) + rows["kind"], return_inverse=True)
        party = desk.taken(who).party
        strangers = np.unique(np.stack([thing, party[row]]), axis=1)[0]
        several = np.bincount(strangers, minlength=len(code))[thing] > 1
        edges = linking.edges_of_things(row[several], thing[several], rows["degree"][several], hub)
        graph, weights = linking.graph_of(len(who), [edges])
        found = (group for r in linking.SPARSE for group in linking.communities(graph, weights, len(who), r))
        least = self.judging.settings.min_parties
        return [who[group] for group in found if len(np.unique(party[group])) >= least]

    def _by_words(self, linked: Table) -> list[I64]:
        """Accounts with a word in common: of each, the one in most hands that is not in everybody's."""
        asked = BY_WORD.format(text=TEXT, fewest=FEWEST, most=self.judging.settings.hub_accounts)
        rows = self._asked(self.engine.sql(asked, linked=linked))
        order = np.lexsort((rows["who"], rows["word"]))
        groups = np.split(rows["who"][order], np.flatnonzero(np.diff(rows["word"][order])) + 1)
        return [group for group in groups if len(group) >= FEWEST]


def _placed(people: Table, everybody: Census) -> Table:
    cells = Cells.around(everybody.sample, everybody.usual, everybody.accounts)
    sizes = people.fold(cells.sizes, partial(Counts, cells.centres.shape[1]))
    return people.map(cells.dealt(sizes.counts).placed, PLACED).kept()


def _said(engine: Engine, degrees: Table, importer: Importer | None) -> Told:
    """What other providers say of words that several accounts sent."""
    if importer is None:
        return Told()
    words = _rows(engine.sql(SENT.format(text=TEXT, several=SEVERAL), degrees=degrees))["thing"]
    return importer(np.sort(words).astype(np.uint32))


def _heard(people: Table, sought: Sought) -> Sought:
    """With the number of accounts that sent each signal's words."""
    if not sought.signals:
        return sought
    return sought.heard(people.fold(_Senders(sought), partial(Counts, len(sought.signals))).counts)


@dataclass(frozen=True)
class _Senders:
    sought: Sought

    def __call__(self, batch: pa.RecordBatch) -> I64:
        return np.array([len(rows) for rows in self.sought.sent_by(wire.profiles_of(batch))], np.int64)


def _spreads(engine: Engine, degrees: Table) -> dict[str, Spread]:
    rows = _rows(engine.sql(SPREADS, degrees=degrees))
    out = {}
    for number, name in enumerate(KINDS):
        own = np.flatnonzero(rows["kind"] == number)
        own = own[np.argsort(rows["degree"][own])]
        out[name] = (rows["degree"][own], rows["things"][own])
    return out


def _held(engine: Engine, degrees: Table, profiles: Profiles, desk: SignedUp) -> Holdings:
    """What these accounts hold that others hold as well; `row` is the account's key."""
    key = key_of(profiles.ids)
    held = holdings(profiles, desk.taken(key))
    schema = pa.schema([(name, HELD.field(name).type) for name in ("who", "kind", "thing")])
    columns = [pa.array(key[held.row]), pa.array(held.kind), pa.array(held.thing)]
    wanted = engine.table([pa.RecordBatch.from_arrays(columns, schema=schema)], schema)
    linked = engine.sql(OF_SOME, wanted=wanted, degrees=degrees)
    return held_by(pa.Table.from_batches(linked.batches(), linked.schema))


def _dealt(groups: Sequence[I64]) -> Grouping:
    """Groups in shards of about SHARD accounts."""
    sizes = np.array([len(group) for group in groups])
    shard = (np.cumsum(sizes) // SHARD).astype(np.int32)
    who, number = np.concatenate(groups), np.repeat(np.arange(len(groups), dtype=np.int32), sizes)
    order = np.argsort(who, kind="stable")
    return Grouping(who[order], number[order], shard[number[order]])


@dataclass(frozen=True)
class _Those:
    """The kernel that picks some accounts."""

    key: I64  # ascending

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch.filter(pa.array(np.isin(key_of(batch.column("account_id")), self.key)))


def _rows(table: Table) -> dict[str, I64]:
    """A table's columns, all of whole numbers."""
    rows = pa.Table.from_batches(table.batches(), table.schema)
    return {name: rows[name].to_numpy().astype(np.int64) for name in rows.column_names}
