"""Rendering: rows of keys become record batches in the request schema, texts and identifiers included.

Everything here is a column at a time; a batch of 16,384 rows is what is held at once.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.simulate.accounts import (
    CARRIER,
    CLIENTS,
    CLOUD,
    DAILY,
    HOUR,
    MODELS,
    OFFICE,
    OWN,
    POOL,
    Accounts,
)
from stillwatch.simulate.arrivals import Rows
from stillwatch.simulate.composition import Texts, compose
from stillwatch.simulate.keys import Keys, below, cumulated, mix, named, normal, pick, uniform
from stillwatch.simulate.streams import VOICES, Table
from stillwatch.simulate.strings import Column, addresses, identifiers, lengths, masked, numbers, taken
from stillwatch.simulate.vocabulary import vocabulary
from stillwatch.traffic.schema import REQUESTS, TIME

BATCH_ROWS = 16_384

_TOPIC_SHARES = cumulated((0.6, 0.25, 0.15))  # of an account's three topics
_BYTES_A_TOKEN = 4


@dataclass(frozen=True)
class Labels:
    """The names behind the truth's numbers."""

    provider: str
    kinds: tuple[str, ...]
    campaigns: tuple[str, ...]


@dataclass(frozen=True)
class Render:
    """What all batches of one provider have in common."""

    labels: Labels
    key: int
    start: int  # microseconds since 1970
    table: Table
    accounts: Accounts
    account_ids: pa.StringArray
    organization_ids: pa.StringArray

    def requests(self, rows: Rows) -> pa.RecordBatch:
        """The request log's rows."""
        column = _Columns(self, rows)
        return pa.RecordBatch.from_arrays([column.of(name) for name in REQUESTS.names], schema=REQUESTS)

    def truth(self, rows: Rows) -> pa.RecordBatch:
        """What each row is: `TRUTH_REQUESTS`."""
        kind = np.array([self.labels.kinds.index(s.kind) for s in self.table.streams])[rows["stream"]]
        campaign = self.table.values["campaign"][rows["stream"]]
        return pa.RecordBatch.from_arrays(
            [
                taken([self.labels.provider], np.zeros(len(rows), dtype=np.int64)),
                identifiers("req_", _row_keys(self, rows)),
                self.account_ids.take(pa.array(rows["account"])),
                taken(self.labels.kinds, kind),
                taken(self.labels.campaigns, campaign),
            ],
            schema=TRUTH_REQUESTS,
        )


TRUTH_REQUESTS = pa.schema(
    [(name, pa.string()) for name in ("provider", "request_id", "account_id", "kind", "campaign")]
)


def render(labels: Labels, key: int, start: int, table: Table, accounts: Accounts) -> Render:
    """A renderer for one provider's rows, from the key of its identifiers and its first microsecond since 1970."""
    organizations = masked(identifiers("org_", accounts.organization), accounts.organization != 0)
    ids = identifiers("acct_", mix(key, accounts.key))
    return Render(labels, key, start, table, accounts, ids, organizations)


def _row_keys(render: Render, rows: Rows) -> Keys:
    return mix(render.key, rows["unit"], rows["turn"], rows["attempt"])


class _Columns:
    """The columns of one batch, each by the name that it has in the schema."""

    def __init__(self, render: Render, rows: Rows) -> None:
        self.r, self.rows = render, rows
        self.account, self.stream = rows["account"], rows["stream"]
        self.at = pa.array(self.account)
        self.key = _row_keys(render, rows)
        self.day = rows["time"] // (24 * HOUR)
        self.messages = self._messages()
        self.system = self._system()
        self.ok = (rows["status"] == 200) & ~rows["refused"]
        self.answer = self._answer()

    def of(self, name: str) -> Column:
        """The column of this name."""
        array: Column = getattr(self, f"_{name}")()
        return array

    def _is(self, name: str) -> NDArray[Any]:
        """A property of each row's stream."""
        values: NDArray[Any] = self.r.table.values[name][self.stream]
        return values

    # --- texts -------------------------------------------------------------------------------------------------------
    def _field(self) -> NDArray[np.int32]:
        table, item = self.r.table, self.rows["item"]
        own = self.r.accounts.topics[self.account, pick(mix(item, 101), _TOPIC_SHARES)]
        listed = table.fields[self.stream, below(mix(item, 102), table.n_fields[self.stream].clip(1))]
        anyone = pick(mix(self.rows["unit"], 103), cumulated(vocabulary().shares))
        return np.choose(self._is("topics"), (own, anyone, listed)).astype(np.int32, copy=False)

    def _voice(self) -> Keys:
        by_unit = self._is("voice") == VOICES.index("unit")
        return np.where(by_unit, mix(self.rows["unit"], 104), self.r.accounts.voice[self.account])

    def _group(self) -> Keys:
        given = self.r.table.group[self.stream]
        group = np.where(given != 0, given, self.r.accounts.group[self.account])
        every = self._is("adapt_hours")
        period = np.where(every > 0, self.rows["time"] / HOUR // np.maximum(every, 1.0), 0).astype(np.int64)
        return np.where(period > 0, mix(group, period), group)

    def _texts(self, root: NDArray[np.int32], which: NDArray[np.int64], text: Keys) -> pa.StringArray:
        hole = self.r.table.symbols["hole"][self.stream]
        columns = (hole[which], self.field[which], text, self.voice[which], self.group[which])
        return compose(vocabulary().grammar, Texts(root, *columns))

    def _messages(self) -> pa.StringArray:
        """All the messages of all rows: the turns so far, the answers between them."""
        self.field, self.voice, self.group = self._field(), self._voice(), self._group()
        sizes = 2 * self.rows["turn"].astype(np.int64) + 1
        self.offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
        which = np.repeat(np.arange(len(self.rows)), sizes)
        place = np.arange(len(which)) - self.offsets[which]
        self.answers, turn = place % 2 == 1, place // 2
        names = self.r.table.symbols
        stream = self.stream[which]
        asked = np.where(turn == 0, names["user"][stream], names["follow"][stream])
        root = np.where(self.answers, names["answer"][stream], asked).astype(np.int32)
        item, unit = self.rows["item"][which], self.rows["unit"][which]
        text = np.where(self.answers, mix(unit, turn, 105), np.where(turn == 0, item, mix(unit, turn, 106)))
        return self._texts(root, which, text)

    def _system(self) -> pa.StringArray:
        """The account's words, not those of whom it serves."""
        root = self.r.table.symbols["system"][self.stream]
        which = np.flatnonzero(root >= 0)
        voice = self.r.accounts.voice[self.account[which]]
        columns = (
            self.r.table.symbols["hole"][self.stream[which]],
            self._home_field()[which],
            voice,
            voice,
            self.group[which],
        )
        written = compose(vocabulary().grammar, Texts(root[which], *columns))
        place = np.full(len(root), -1)
        place[which] = np.arange(len(which))
        return written.take(pa.array(place, mask=place < 0))

    def _home_field(self) -> NDArray[np.int32]:
        """A text that stays the same is in one field: the stream's first, or the account's."""
        table = self.r.table
        listed = table.n_fields[self.stream] > 0
        field: NDArray[np.int32] = np.where(
            listed, table.fields[self.stream, 0], self.r.accounts.topics[self.account, 0]
        )
        return field.astype(np.int32, copy=False)

    def _answer(self) -> pa.StringArray:
        root = self.r.table.symbols["answer"][self.stream]
        text = mix(self.rows["unit"], self.rows["turn"], 105)
        texts: pa.StringArray = masked(self._texts(root, np.arange(len(root)), text), self.ok)
        return texts

    # --- columns -----------------------------------------------------------------------------------------------------
    def _request_id(self) -> Column:
        return identifiers("req_", self.key)

    def _time(self) -> Column:
        return pa.array(self.r.start + self.rows["time"], pa.int64()).cast(TIME)

    def _account_id(self) -> Column:
        return self.r.account_ids.take(self.at)

    def _organization_id(self) -> Column:
        return self.r.organization_ids.take(self.at)

    def _api_key_id(self) -> Column:
        return identifiers("key_", mix(self.r.accounts.key[self.account], below(mix(self.rows["unit"], 111), 1.2)))

    def _conversation_id(self) -> Column:
        """The provider's: a conversation that goes on under another account is another one to it."""
        told = identifiers("conv_", mix(self.r.key, self.rows["unit"], self.r.accounts.key[self.account]))
        ids: Column = masked(told, self._is("conversations"))
        return ids

    def _operation_name(self) -> Column:
        return taken(["chat"], np.zeros(len(self.rows), dtype=np.int64))

    def _request_model(self) -> Column:
        return taken(MODELS, self.rows["model"])

    def _system_instructions(self) -> Column:
        return self.system

    def _input_messages(self) -> Column:
        roles = taken(["user", "assistant"], self.answers.astype(np.int64))
        kind = REQUESTS.field("input_messages").type
        pairs = pa.StructArray.from_arrays([roles, self.messages], fields=list(kind.value_type))
        offsets: Any = pa.array(self.offsets)
        lists: Column = pa.ListArray.from_arrays(offsets, pairs, type=kind)
        return lists

    def _request_temperature(self) -> Column:
        fixed = self._is("temperature")
        sent = np.where(np.isnan(fixed), self.r.accounts.temperature[self.account], fixed)
        return numbers(sent, ~np.isnan(sent))

    def _request_max_tokens(self) -> Column:
        fixed = self._is("max_tokens")
        sent = np.where(fixed > 0, fixed, self.r.accounts.max_tokens[self.account])
        return numbers(sent, sent > 0)

    def _request_choice_count(self) -> Column:
        return numbers(self._is("choices"))

    def _usage_input_tokens(self) -> Column:
        asked = np.add.reduceat(lengths(self.messages), self.offsets[:-1])
        return numbers((asked + lengths(self.system)) // _BYTES_A_TOKEN + 4)

    def _usage_output_tokens(self) -> Column:
        """What is kept of an answer is its beginning: the whole is several times longer, with the thinking more so."""
        kept = lengths(self.answer)
        own = self.r.accounts.voice[self.account]
        longer = 3.0 * np.exp(0.8 * normal(mix(own, 112)) + 0.6 * normal(mix(self.key, 112)))
        longer *= np.where(self.rows["model"] == MODELS.index("heron-3-think"), 2.5, 1.0)
        return numbers((kept / _BYTES_A_TOKEN * longer).astype(np.int64) + self.ok)

    def _response_finish_reason(self) -> Column:
        reason = np.where(self.rows["refused"], 2, (uniform(mix(self.key, 113)) < 0.05).astype(np.int64))
        return taken(["stop", "length", "content_filter"], np.where(self.rows["status"] == 200, reason, -1))

    def _output_text(self) -> Column:
        return self.answer

    def _response_status(self) -> Column:
        return numbers(self.rows["status"].astype(np.int64))

    def _operation_duration(self) -> Column:
        """The wait for the first token, longer for a longer prompt, then the others; an error comes at once.

        The speeds are plausible, no provider's: what matters is that they are the same for everybody.
        """
        asked, answered = (column.to_numpy() for column in (self._usage_input_tokens(), self._usage_output_tokens()))
        thinks = self.rows["model"] == MODELS.index("heron-3-think")
        first = 0.4 * np.exp(0.5 * normal(mix(self.key, 114))) + asked / 8_000
        speed = np.where(thinks, 45.0, 80.0) * np.exp(0.25 * normal(mix(self.key, 115)))
        error = 0.02 + 0.05 * uniform(mix(self.key, 116))
        return numbers(np.round(np.where(self.rows["status"] == 200, first + answered / speed, error), 3))

    def _client_address(self) -> Column:
        accounts, account = self.r.accounts, self.account
        said = self._is("address")
        mode = np.where(said >= 0, said, accounts.address[account])
        key, home, group = accounts.key[account], accounts.home[account], self.group
        of_day = mix(key, self.day, 121)
        moved = (uniform(of_day) > 0.8) & (mode == OWN)
        from_ = np.where(moved, mix(home, below(of_day, 3)), home)
        region = mix(named("carrier"), home % np.uint64(40))
        choices = {
            OFFICE: mix(group, 122),
            CARRIER: mix(region, below(mix(of_day, self.rows["unit"] % np.uint64(3)), 60)),
            CLOUD: mix(named("cloud"), below(mix(self.rows["unit"], 123), 6000)),
            DAILY: of_day,
            POOL: mix(group, 124, below(mix(self.rows["unit"], 125), 4)),
        }
        for wanted, address in choices.items():
            from_ = np.where(mode == wanted, address, from_)
        return addresses(from_)

    def _client(self) -> NDArray[np.int64]:
        sanitized = self._is("sanitized")
        return np.where(sanitized, 8, self.r.accounts.client[self.account])

    def _user_agent(self) -> Column:
        return taken([agent for agent, _ in CLIENTS], self._client())

    def _reasoning_presented(self) -> Column:
        return pa.nulls(len(self.rows), pa.string())

    def _reasoning_received(self) -> Column:
        return pa.nulls(len(self.rows), pa.string())

    def _tls_fingerprint(self) -> Column:
        sanitized = self._is("sanitized")
        return taken([tls for _, tls in CLIENTS], np.where(sanitized, -1, self._client()))
