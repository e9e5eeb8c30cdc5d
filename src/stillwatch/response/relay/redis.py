"""A relay over Redis or Valkey: any number of gateways, one watch.

    stillwatch:version, stillwatch:snapshot    what is in force; written together
    stillwatch:taps                            a stream, bounded: the oldest goes where nobody takes them
    stillwatch:spent:<hour>                    a hash of requests and tokens by campaign; gone after two hours

A gateway's report is one pipeline, hence one round trip. Nothing is tried twice: a Redis that is gone or slow costs a
quarter of a second and a RelayError, and the next call connects anew. One that comes back empty is given the snapshot
again by whoever published it, with its next `take`.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from redis import Redis
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.exceptions import AuthenticationError, ConnectionError, RedisError, TimeoutError  # noqa: A004
from redis.retry import Retry

from stillwatch.errors import ConfigError, InputError
from stillwatch.response import snapshot as snapshots
from stillwatch.response.model import Spent, Tap
from stillwatch.response.relay.protocol import RelayError, Told
from stillwatch.response.relay.taps import dumps, loads, most_taps
from stillwatch.response.snapshot import Snapshot

TIME_LIMIT = 0.25  # seconds, for a connection and for each answer

_VERSION, _SNAPSHOT, _TAPS, _SPENT = (f"stillwatch:{name}" for name in ("version", "snapshot", "taps", "spent"))
_FIELD = b"tap"
_KEPT_SECONDS = 7200  # of an hour's budgets
_FIRST = b"0"
_PAGE = 64  # taps at a time


class RedisRelay:
    """See `response.relay.protocol.Relay`.

    Args:
        url: redis://, rediss:// or unix://, with user and password where they are needed.

    Raises:
        ConfigError: the address cannot be read.
    """

    def __init__(self, url: str) -> None:
        try:
            self._redis: Redis = Redis.from_url(
                url,
                socket_timeout=TIME_LIMIT,
                socket_connect_timeout=TIME_LIMIT,
                retry=Retry(NoBackoff(), 0),
                health_check_interval=0,
            )
        except (ValueError, TypeError) as error:
            raise ConfigError("The relay's address cannot be read.", hint="redis://user@host:port/0") from error
        self._where = _place(self._redis)
        self._published: Snapshot | None = None
        self._publishing = threading.RLock()  # who publishes need not be the thread that takes
        self._last = _FIRST  # of the stream, what was read last
        self._unreleased: list[tuple[bytes, str, int]] = []  # of the stream, with gateway and number

    def report(self, tap: Tap | None, known: int | None, hour: int, deltas: Mapping[str, Spent]) -> Told:
        """All that a gateway does each second: one pipeline."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.get(_VERSION)
        if tap:
            content = dumps(tap)
            pipe.xadd(_TAPS, {_FIELD: content}, maxlen=most_taps(len(content)), approximate=False)
        if deltas:
            _spend(pipe, f"{_SPENT}:{hour}", deltas)
        with self._told():
            version, *others = pipe.execute(raise_on_error=False)
            if isinstance(version, Exception):
                raise version
        spent = _totals(deltas, others[-1]) if deltas and not isinstance(others[-1], Exception) else {}
        refusal = next((self._fault(answer) for answer in others if isinstance(answer, RedisError)), None)
        if known is None or version is None or version == b"%d" % known:
            return Told(None, spent, refusal)
        try:
            return Told(self._read(), spent, refusal)
        except RelayError as error:  # what was spent is added by now
            return Told(None, spent, error)

    def snapshot(self, known: int) -> Snapshot | None:
        """The snapshot in force, if its version is not the known one; None also where nobody published any."""
        told = self.report(None, known, 0, {})
        if told.fault:
            raise told.fault
        return told.snapshot

    def take(self, taken: Mapping[str, int]) -> Iterator[Tap]:
        """What was not taken yet."""
        if any(number > taken.get(gateway, 0) for _, gateway, number in self._unreleased):
            self._begin_anew()  # whoever took them did not keep them
        while True:
            with self._publishing, self._told():
                pipe = self._redis.pipeline(transaction=False)
                pipe.get(_VERSION)
                pipe.xlen(_TAPS)
                pipe.xrange(_TAPS, min=b"(" + self._last, count=_PAGE)
                version, waiting, entries = pipe.execute()
                self._renew(version)
            if not entries and waiting > len(self._unreleased) and self._last != _FIRST:
                self._begin_anew()  # a stream that began again, while the clock went back
                continue
            for entry, fields in entries:
                tap = loads(fields.get(_FIELD, b""))
                self._last = entry
                self._unreleased.append((entry, tap.gateway, tap.number))
                if tap.number > taken.get(tap.gateway, 0) or not tap.number:
                    yield tap
            if len(entries) < _PAGE:
                return

    def release(self, taken: Mapping[str, int]) -> None:
        """Deletes these."""
        done = [entry for entry, gateway, number in self._unreleased if number <= taken.get(gateway, 0)]
        for start in range(0, len(done), _PAGE):
            with self._told():
                self._redis.xdel(_TAPS, *done[start : start + _PAGE])
        gone = set(done)
        self._unreleased = [entry for entry in self._unreleased if entry[0] not in gone]

    def publish(self, snapshot: Snapshot) -> None:
        """Tell every gateway."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.set(_VERSION, snapshot.version)
        pipe.set(_SNAPSHOT, snapshots.dumps(snapshot))
        with self._publishing, self._told():
            self._published = snapshot
            pipe.execute()

    def close(self) -> None:
        """Ends the connections."""
        self._redis.close()

    def _read(self) -> Snapshot | None:
        with self._told():
            content = self._redis.get(_SNAPSHOT)
            return snapshots.loads(content) if isinstance(content, bytes) else None

    def _renew(self, version: bytes | None) -> None:
        """Publish again what a restart took away, unless somebody else published since."""
        if self._published and version is None:
            self.publish(self._published)
        elif self._published and version != b"%d" % self._published.version:
            self._published = None

    def _begin_anew(self) -> None:
        self._last, self._unreleased = _FIRST, []

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except RedisError as error:
            self._begin_anew()
            raise self._fault(error) from error
        except InputError as error:
            raise RelayError(error.what, where=self._where, hint=error.hint) from error

    def _fault(self, error: RedisError) -> RelayError:
        """Which error; not Redis's own words, for they may quote what it was sent."""
        if isinstance(error, AuthenticationError):
            return RelayError("Redis refuses the password.", where=self._where, hint="It stands in the address.")
        if isinstance(error, TimeoutError):
            return RelayError(f"Redis does not answer within {TIME_LIMIT} s.", where=self._where)
        if isinstance(error, ConnectionError):
            return RelayError("Redis cannot be reached.", where=self._where)
        return RelayError(f"Redis refuses ({type(error).__name__}).", where=self._where)


def _spend(pipe: Pipeline, key: str, deltas: Mapping[str, Spent]) -> None:
    for campaign, delta in deltas.items():
        if delta.requests:
            pipe.hincrby(key, f"{campaign}:requests", delta.requests)
        if delta.tokens:
            pipe.hincrby(key, f"{campaign}:tokens", delta.tokens)
    pipe.expire(key, _KEPT_SECONDS)
    pipe.hmget(key, [f"{campaign}:{of}" for campaign in deltas for of in ("requests", "tokens")])


def _totals(campaigns: Iterable[str], values: Sequence[bytes | None]) -> dict[str, Spent]:
    pairs = zip(values[::2], values[1::2], strict=True)
    return {
        campaign: Spent(int(requests or 0), int(tokens or 0))
        for campaign, (requests, tokens) in zip(campaigns, pairs, strict=True)
    }


def _place(redis: Redis) -> str:
    """The address without user and password."""
    given = redis.get_connection_kwargs()
    return str(given.get("path") or f"{given.get('host', 'localhost')}:{given.get('port', 6379)}/{given.get('db', 0)}")
