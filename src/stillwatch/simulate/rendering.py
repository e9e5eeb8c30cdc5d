"""Rendering: rows of keys become record batches in the request schema, texts and identifiers included.

Everything here is a column at a time; a batch of 16,384 rows is what is held at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
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
    PLANS,
    POOL,
    Accounts,
)
from stillwatch.simulate.arrivals import Rows
from stillwatch.simulate.composition import Texts, compose
from stillwatch.simulate.keys import Keys, addresses, below, cumulated, identifiers, mix, named, pick, uniform
from stillwatch.simulate.streams import TOPICS, VOICES, Table
from stillwatch.simulate.vocabulary import vocabulary
from stillwatch.traffic.schema import ACCOUNTS, REQUESTS, TIME

BATCH_ROWS = 16_384
_TOPIC_SHARES = cumulated((0.6, 0.25, 0.15))  # of an account's three topics
_BYTES_A_TOKEN = 4
_LARGE_MAIL = tuple(f"{name}.example" for name in (
    "postbox", "quickmail", "inbox", "letterbird", "mailhaus", "courier", "webpost", "netmail", "pigeon", "envelope", "stampmail", "dispatch",
))  # fmt: skip
_THROW_AWAY = tuple(f"{name}{i}.example" for name in ("tenminute", "trash", "burner") for i in range(10))


@dataclass(frozen=True)
class Render:
    """What all batches of one provider have in common."""

    provider: str
    key: int
    start: int  # microseconds since 1970
    table: Table
    accounts: Accounts
    account_ids: pa.StringArray
    organization_ids: pa.StringArray
    kinds: tuple[str, ...]
    campaigns: tuple[str, ...]

    def requests(self, rows: Rows) -> pa.RecordBatch:
        """The request log's rows."""
        column = _Columns(self, rows)
        return pa.RecordBatch.from_arrays([column.of(name) for name in REQUESTS.names], schema=REQUESTS)

    def truth(self, rows: Rows) -> pa.RecordBatch:
        """What each row is: `TRUTH_REQUESTS`."""
        kind = np.array([self.kinds.index(s.kind) for s in self.table.streams])[rows["stream"]]
        campaign = np.array([s.campaign for s in self.table.streams])[rows["stream"]]
        return pa.RecordBatch.from_arrays(
            [
                _taken([self.provider], np.zeros(len(rows), dtype=np.int64)),
                identifiers("req_", _row_keys(self, rows)),
                self.account_ids.take(pa.array(rows["account"])),
                _taken(self.kinds, kind),
                _taken(self.campaigns, campaign),
            ],
            schema=TRUTH_REQUESTS,
        )


TRUTH_REQUESTS = pa.schema(
    [(name, pa.string()) for name in ("provider", "request_id", "account_id", "kind", "campaign")]
)
TRUTH_ACCOUNTS = pa.schema(
    [(name, pa.string()) for name in ("provider", "account_id", "organization_id", "kind", "campaign")]
)


def render(
    provider: str, key: int, start: int, table: Table, accounts: Accounts, labels: tuple[Sequence[str], Sequence[str]]
) -> Render:
    """A renderer for one provider's rows; `labels` are the kinds and the campaigns by their numbers."""
    none = accounts.organization == 0
    organizations = pc.if_else(pa.array(none), pa.scalar(None, pa.string()), identifiers("org_", accounts.organization))
    ids = identifiers("acct_", mix(key, accounts.key))
    return Render(provider, key, start, table, accounts, ids, organizations, tuple(labels[0]), tuple(labels[1]))


def sign_ups(render: Render) -> pa.RecordBatch:
    """The accounts table, in the order of the identifiers so that the place tells nothing."""
    accounts = render.accounts
    columns = [
        render.account_ids,
        render.organization_ids,
        pa.array(render.start + accounts.created, pa.int64()).cast(TIME),
        _taken(PLANS, accounts.plan),
        _masked(identifiers("pm_", accounts.payment), accounts.payment != 0),
        _mail_domains(accounts),
        addresses(accounts.signup),
    ]
    batch = pa.RecordBatch.from_arrays(columns, schema=ACCOUNTS)
    return batch.take(pc.sort_indices(batch["account_id"]))


def account_truth(render: Render) -> pa.RecordBatch:
    """What each account is: `TRUTH_ACCOUNTS`."""
    accounts = render.accounts
    columns = [
        _taken([render.provider], np.zeros(len(accounts), dtype=np.int64)),
        render.account_ids,
        render.organization_ids,
        _taken(render.kinds, accounts.kind),
        _taken(render.campaigns, accounts.campaign),
    ]
    batch = pa.RecordBatch.from_arrays(columns, schema=TRUTH_ACCOUNTS)
    return batch.take(pc.sort_indices(batch["account_id"]))


def _taken(values: Sequence[str], where: NDArray[np.integer]) -> pa.StringArray:
    """Values by their places; null where the place is negative."""
    return pa.array(values, pa.string()).take(pa.array(where, mask=where < 0))


def _masked(values: pa.Array, valid: NDArray[np.bool_]) -> pa.Array:
    return pc.if_else(pa.array(valid), values, pa.scalar(None, values.type))


def _mail_domains(accounts: Accounts) -> pa.StringArray:
    listed = pa.array(_LARGE_MAIL + ("",) * (100 - len(_LARGE_MAIL)) + _THROW_AWAY)
    known = accounts.mail < 200  # noqa: PLR2004 -- see Accounts.mail
    own = identifiers("mx", accounts.mail)
    short = pc.binary_join_element_wise(pc.utf8_slice_codeunits(own, 2, 9), "example", ".")
    return pc.if_else(pa.array(known), listed.take(pa.array(np.where(known, accounts.mail, 0).astype(np.int64))), short)


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
        self.ok = (rows["status"] == 200) & ~rows["refused"]  # noqa: PLR2004
        self.answer = self._answer()

    def of(self, name: str) -> pa.Array:
        """The column of this name."""
        array: pa.Array = getattr(self, f"_{name}")()
        return array

    def _is(self, name: str) -> NDArray[np.generic]:
        return self.r.table.column(name, self.stream)

    # --- texts -------------------------------------------------------------------------------------------------------
    def _field(self) -> NDArray[np.int32]:
        table, item = self.r.table, self.rows["item"]
        topics = np.array([TOPICS.index(s.topics) for s in table.streams])[self.stream]
        own = self.r.accounts.topics[self.account, pick(mix(item, 101), _TOPIC_SHARES)]
        listed = table.fields[self.stream, below(mix(item, 102), table.n_fields[self.stream])]
        anyone = pick(mix(self.rows["unit"], 103), cumulated(vocabulary().shares))
        return np.choose(topics, [own, anyone, listed]).astype(np.int32)

    def _voice(self) -> Keys:
        by_unit = np.array([VOICES.index(s.voice) for s in self.r.table.streams])[self.stream] == 1
        return np.where(by_unit, mix(self.rows["unit"], 104), self.r.accounts.voice[self.account])

    def _group(self) -> Keys:
        given = self.r.table.group[self.stream]
        group = np.where(given != 0, given, self.r.accounts.group[self.account])
        every = np.asarray(self._is("adapt_hours"), dtype=np.float64)
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
        streams = self.r.table.streams
        listed = np.array([len(s.fields) > 0 for s in streams])[self.stream]
        return np.where(listed, self.r.table.fields[self.stream, 0], self.r.accounts.topics[self.account, 0]).astype(
            np.int32
        )

    def _answer(self) -> pa.StringArray:
        root = self.r.table.symbols["answer"][self.stream]
        text = mix(self.rows["unit"], self.rows["turn"], 105)
        return _masked(self._texts(root, np.arange(len(root)), text), self.ok)

    # --- columns -----------------------------------------------------------------------------------------------------
    def _request_id(self) -> pa.Array:
        return identifiers("req_", self.key)

    def _time(self) -> pa.Array:
        return pa.array(self.r.start + self.rows["time"], pa.int64()).cast(TIME)

    def _account_id(self) -> pa.Array:
        return self.r.account_ids.take(self.at)

    def _organization_id(self) -> pa.Array:
        return self.r.organization_ids.take(self.at)

    def _api_key_id(self) -> pa.Array:
        return identifiers("key_", mix(self.r.accounts.key[self.account], below(mix(self.rows["unit"], 111), 1.2)))

    def _conversation_id(self) -> pa.Array:
        """The provider's: a conversation that goes on under another account is another one to it."""
        told = identifiers("conv_", mix(self.r.key, self.rows["unit"], self.r.accounts.key[self.account]))
        return _masked(told, np.asarray(self._is("conversations"), dtype=np.bool_))

    def _operation_name(self) -> pa.Array:
        return _taken(["chat"], np.zeros(len(self.rows), dtype=np.int64))

    def _request_model(self) -> pa.Array:
        return _taken(MODELS, self.rows["model"])

    def _system_instructions(self) -> pa.Array:
        return self.system

    def _input_messages(self) -> pa.Array:
        roles = _taken(["user", "assistant"], self.answers.astype(np.int64))
        kind = REQUESTS.field("input_messages").type
        pairs = pa.StructArray.from_arrays([roles, self.messages], fields=list(kind.value_type))
        return pa.ListArray.from_arrays(pa.array(self.offsets), pairs, type=kind)

    def _request_temperature(self) -> pa.Array:
        fixed = np.array([np.nan if s.temperature is None else s.temperature for s in self.r.table.streams])[
            self.stream
        ]
        sent = np.where(np.isnan(fixed), self.r.accounts.temperature[self.account], fixed)
        return pa.array(sent, mask=np.isnan(sent))

    def _request_max_tokens(self) -> pa.Array:
        fixed = np.asarray(self._is("max_tokens"), dtype=np.int64)
        sent = np.where(fixed > 0, fixed, self.r.accounts.max_tokens[self.account])
        return pa.array(sent, mask=sent == 0)

    def _request_choice_count(self) -> pa.Array:
        return pa.array(np.asarray(self._is("choices"), dtype=np.int64))

    def _usage_input_tokens(self) -> pa.Array:
        ends = np.frombuffer(self.messages.buffers()[1], dtype=np.int32)[self.offsets]
        system = pc.fill_null(pc.binary_length(self.system), 0).to_numpy(zero_copy_only=False)
        return pa.array((np.diff(ends).astype(np.int64) + system) // _BYTES_A_TOKEN + 4)

    def _usage_output_tokens(self) -> pa.Array:
        """What is kept of an answer is its beginning: the whole is several times longer, with the thinking more so."""
        kept = pc.fill_null(pc.binary_length(self.answer), 0).to_numpy(zero_copy_only=False)
        longer = 1.5 + 4.0 * uniform(mix(self.key, 112)) ** 2 + 3.0 * (self.rows["model"] == 2)  # noqa: PLR2004
        return pa.array((kept / _BYTES_A_TOKEN * longer).astype(np.int64) + self.ok)

    def _response_finish_reason(self) -> pa.Array:
        reason = np.where(self.rows["refused"], 2, (uniform(mix(self.key, 113)) < 0.05).astype(np.int64))
        return _taken(["stop", "length", "content_filter"], np.where(self.rows["status"] == 200, reason, -1))  # noqa: PLR2004

    def _output_text(self) -> pa.Array:
        return self.answer

    def _response_status(self) -> pa.Array:
        return pa.array(self.rows["status"].astype(np.int64))

    def _client_address(self) -> pa.Array:
        accounts, account = self.r.accounts, self.account
        said = np.asarray(self._is("address"), dtype=np.int64)
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
        sanitized = np.asarray(self._is("sanitized"), dtype=np.bool_)
        return np.where(sanitized, 8, self.r.accounts.client[self.account])

    def _user_agent(self) -> pa.Array:
        return _taken([agent for agent, _ in CLIENTS], self._client())

    def _tls_fingerprint(self) -> pa.Array:
        sanitized = np.asarray(self._is("sanitized"), dtype=np.bool_)
        return _taken([tls for _, tls in CLIENTS], np.where(sanitized, -1, self._client()))
