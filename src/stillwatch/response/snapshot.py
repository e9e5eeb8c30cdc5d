"""What gateways hold: every measure in force, by account, in one immutable value that is swapped as a whole.

    snapshot = snapshot_of(ledger.standing(now), gate, version=ledger.head().number, now=now)
    relay.publish(snapshot)              # and every gateway has it within a second

It is written as MessagePack (`dumps`, `loads`) and holds no prompt: a template is 32-bit hashes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import msgspec
import numpy as np
import numpy.typing as npt

from stillwatch.errors import InputError
from stillwatch.response.model import NO_LIMITS, Decision, Limits, Reason, Rung


class Measure(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A decision, as far as a request needs it. Times are seconds since 1970.

    Gateways hold a million: the garbage collector need not look at them, and what is not set is not written.
    """

    decision: str
    action: Rung
    since: float
    until: float
    reason: Reason
    campaign: str
    simulated: bool = False
    limits: Limits = NO_LIMITS
    spares: bool = False


@dataclass(frozen=True)
class Gate:
    """What of the policy matters to a request.

    Attributes:
        recognised: the highest rung for an account that a gateway recognised by itself.
        least_shingles: of a template, that one request must hold to be recognised by it.
        appeal_url: where to turn to; a decision's id is appended to it.
        terms_url: the terms of service that a warning cites.
        verify_url: where a customer says who he is.
        notices: by rung, the text that a client sees; {why}, {decision}, {until}, {appeal_url}, {terms_url},
            {verify_url} are filled in by `policy.notices.text`.
        most: by account or organization, the highest rung that may touch it: the allow list and declared uses.
    """

    recognised: Rung = Rung.VERIFY
    least_shingles: int = 2
    appeal_url: str = ""
    terms_url: str = ""
    verify_url: str = ""
    notices: dict[str, str] = field(default_factory=dict)
    most: dict[str, Rung] = field(default_factory=dict)


OPEN_GATE = Gate()
_BITS = 16  # of the sieve for each shingle, at least: one name in sixteen that is nobody's is searched for


@dataclass(frozen=True)
class Snapshot:
    """All that is in force.

    Attributes:
        version: grows with every snapshot.
        enabled: False: the switch is off, and no measure acts.
        accounts, organizations, api_keys, campaigns: measures by id.
        exempt: accounts and organizations that nothing may touch (an appeal that was granted, the allow list).
        shingles: uint32, little-endian, ascending: those of all templates.
        owners: int32, beside them: an index into `names`.
        names: campaigns that have a template.
    """

    version: int = 0
    enabled: bool = True
    accounts: dict[str, Measure] = field(default_factory=dict)
    organizations: dict[str, Measure] = field(default_factory=dict)
    api_keys: dict[str, Measure] = field(default_factory=dict)
    campaigns: dict[str, Measure] = field(default_factory=dict)
    exempt: frozenset[str] = frozenset()
    gate: Gate = OPEN_GATE
    shingles: bytes = b""
    owners: bytes = b""
    names: tuple[str, ...] = ()

    @cached_property
    def templates(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint32], npt.NDArray[np.int32]]:
        """A sieve (a bit for each remainder that a shingle has, a power of two of them), shingles and owners."""
        shingles = np.frombuffer(self.shingles, "<u4")
        bits = np.zeros(max(1 << 13, 1 << (_BITS * len(shingles)).bit_length()), np.uint8)
        bits[shingles & np.uint32(len(bits) - 1)] = 1
        return np.packbits(bits, bitorder="little"), shingles, np.frombuffer(self.owners, "<i4")


def snapshot_of(
    decisions: Iterable[Decision],
    gate: Gate,
    *,
    version: int,
    enabled: bool = True,
    exempt: Iterable[str] = (),
) -> Snapshot:
    """What gateways are to do, from the decisions that stand; of two for one value the higher rung counts."""
    untouched = {name for name, most in gate.most.items() if most == Rung.OBSERVE}
    tables: dict[str, dict[str, Measure]] = {"account": {}, "organization": {}, "api_key": {}, "campaign": {}}
    templates: dict[str, tuple[int, ...]] = {}
    for decision in sorted(decisions, key=lambda d: (not d.simulated, d.action, d.until)):
        tables[decision.scope][decision.value] = _measure(decision)
        if decision.scope == "campaign" and decision.template:
            templates[decision.value] = decision.template
    shingles, owners = _sorted(templates)
    return Snapshot(
        version,
        enabled,
        tables["account"],
        tables["organization"],
        tables["api_key"],
        tables["campaign"],
        frozenset(exempt) | untouched,
        gate,
        shingles.astype("<u4").tobytes(),
        owners.astype("<i4").tobytes(),
        tuple(templates),
    )


def _measure(decision: Decision) -> Measure:
    return Measure(
        decision.id,
        decision.action,
        decision.since.timestamp(),
        decision.until.timestamp(),
        decision.reason,
        decision.campaign,
        decision.simulated,
        decision.limits,
        decision.spares,
    )


def _sorted(templates: Mapping[str, tuple[int, ...]]) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32]]:
    """Every shingle with its owner, ascending; one that two campaigns have tells neither and is left out."""
    shingles = np.array([s for own in templates.values() for s in set(own)], np.uint32)
    owners = np.repeat(np.arange(len(templates)), [len(set(own)) for own in templates.values()]).astype(np.int32)
    values, first, counts = np.unique(shingles, return_index=True, return_counts=True)
    return values[counts == 1], owners[first[counts == 1]]


def dumps(snapshot: Snapshot) -> bytes:
    """As MessagePack."""
    return msgspec.msgpack.encode(snapshot)


def loads(content: bytes) -> Snapshot:
    """From MessagePack.

    Raises:
        InputError: it is no snapshot, or one of another version of stillwatch.
    """
    try:
        return msgspec.msgpack.decode(content, type=Snapshot)
    except (msgspec.MsgspecError, ValueError) as error:
        hint = "Gateways and the watch must be of one version of stillwatch."
        raise InputError("This is no snapshot of measures.", where="relay", hint=hint) from error
