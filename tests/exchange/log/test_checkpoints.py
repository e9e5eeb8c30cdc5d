import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import TrustError
from stillwatch.exchange.log.checkpoints import (
    Checkpoint,
    check_cosignature,
    check_growth,
    cosignatures,
    cosigned,
    opened,
    origin,
    signed,
    witness,
)
from stillwatch.exchange.log.notes import Note, NoteSignature
from stillwatch.exchange.log.tiles import consistency_proof, root_hash
from stillwatch.merkle import EMPTY_ROOT
from stillwatch.signing import SigningKey

ORIGIN = "exchange.example/alpha"
WHEN = 1_790_000_000
KEY, OTHER, ANA, BEN = (SigningKey.generate() for _ in range(4))


def head(shelf, size, name=ORIGIN):
    return Checkpoint(name, size, root_hash(shelf, size))


def test_a_checkpoint_is_a_signed_note(filled, entries):
    checkpoint = head(filled(entries(300)), 300)
    note = signed(checkpoint, KEY)
    assert note.startswith(f"{ORIGIN}\n300\n")
    assert f"\n\n— {ORIGIN} " in note
    assert opened(note, ORIGIN, KEY.public) == checkpoint


def test_a_checkpoint_of_another_log_or_key_is_none(filled, entries):
    note = signed(head(filled(entries(3)), 3), KEY)
    with pytest.raises(TrustError, match=r"of the log exchange\.example/alpha"):
        opened(note, "exchange.example/beta", KEY.public)
    with pytest.raises(TrustError, match="not signed by"):
        opened(note, ORIGIN, OTHER.public)
    with pytest.raises(TrustError, match="what it signs was changed"):
        opened(note.replace("\n3\n", "\n4\n"), ORIGIN, KEY.public)


ROOT = "A" * 43 + "="


@pytest.mark.parametrize(
    "text",
    [
        *("", "a\n1\n", "a\n01\nAAAA\n", "a\n1\nAAAA\n", f"a\n1\n{ROOT}\nextension\n", f"a\n-1\n{ROOT}\n"),
        *(f"\n1\n{ROOT}\n", f"a\n1\n{ROOT}", f"a\n\u0661\n{ROOT}\n", f"a\n{'9' * 5000}\n{ROOT}\n"),
    ],
)
def test_what_is_no_checkpoint(text):
    with pytest.raises(TrustError):
        Checkpoint.parse(text)


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_is_read_as_it_was_written(size, root):
    checkpoint = Checkpoint(ORIGIN, size, root)
    assert Checkpoint.parse(checkpoint.text) == checkpoint


@pytest.mark.parametrize("base", ["https://exchange.example", "https://exchange.example/", "exchange.example"])
def test_the_origin_has_no_scheme(base):
    assert origin(base, "alpha") == ORIGIN


def test_growth_is_seen(filled, entries):
    shelf = filled(entries(500))
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    check_growth(empty, head(shelf, 500), [])
    for old in (1, 255, 256, 300, 500):
        check_growth(head(shelf, old), head(shelf, 500), consistency_proof(shelf, old, 500))


def test_a_log_that_was_changed_cut_or_exchanged_has_not_grown(filled, entries):
    honest, forged = filled(entries(500)), filled([*entries(100), b"forged", *entries(399)])
    for proof in (consistency_proof(forged, 300, 500), consistency_proof(honest, 300, 500)):
        with pytest.raises(TrustError, match="does not hold"):
            check_growth(head(honest, 300), head(forged, 500), proof)
    with pytest.raises(TrustError, match="become shorter"):
        check_growth(head(honest, 500), head(honest, 300), [])
    with pytest.raises(TrustError, match="of two logs"):
        check_growth(head(honest, 300), head(honest, 300, "exchange.example/beta"), [])
    with pytest.raises(TrustError, match="does not hold"):
        check_growth(head(honest, 300), head(forged, 300), [])


def cosign(note, key, name, time=WHEN):
    return note + cosigned(Checkpoint.parse(Note.parse(note).text), key, name=name, time=time) + "\n"


def test_members_cosign(filled, entries):
    checkpoint = head(filled(entries(20)), 20)
    note = cosign(cosign(signed(checkpoint, KEY), ANA, "identity--ana"), BEN, "identity--ben", WHEN + 5)
    assert opened(note, ORIGIN, KEY.public) == checkpoint
    both = [witness("identity--ana", ANA.public), witness("identity--ben", BEN.public)]
    assert cosignatures(note, both) == {"identity--ana": WHEN, "identity--ben": WHEN + 5}
    assert cosignatures(note, [witness("identity--ben", ANA.public)]) == {}


def test_a_cosignature_is_of_one_head_one_time_and_one_witness(filled, entries):
    shelf = filled(entries(20))
    checkpoint, ana = head(shelf, 20), witness("identity--ana", ANA.public)
    line = NoteSignature.parse(cosigned(checkpoint, ANA, name=ana.name, time=WHEN))
    assert check_cosignature(line, checkpoint, ana) == WHEN
    later = NoteSignature(line.name, line.hint, b"\0" * 7 + b"\1" + line.signature[8:])
    for attempt in [
        (line, head(shelf, 19), ana),
        (line, head(shelf, 20, "exchange.example/beta"), ana),
        (line, checkpoint, witness("identity--ben", ANA.public)),
        (line, checkpoint, witness("identity--ana", BEN.public)),
        (later, checkpoint, ana),
        (NoteSignature(line.name, line.hint, line.signature[:-1]), checkpoint, ana),
    ]:
        with pytest.raises(TrustError):
            check_cosignature(*attempt)
    with pytest.raises(TrustError, match="seconds since 1970"):
        cosigned(checkpoint, ANA, name=ana.name, time=2**63)


def test_the_log_cannot_sign_as_a_witness(filled, entries):
    """A signature of the note's text is no cosignature, nor the other way round: their messages differ."""
    note = signed(head(filled(entries(5)), 5), KEY)
    assert cosignatures(note, [witness(ORIGIN, KEY.public)]) == {}
    as_log = cosign(note, KEY, ORIGIN).splitlines(keepends=True)
    with pytest.raises(TrustError, match="not signed by"):
        opened("".join(as_log[:4] + as_log[5:]), ORIGIN, KEY.public)


def test_a_fork_shown_to_two_witnesses_is_noticed(filled, entries):
    """The exchange shows each of two members a log of its own, both signed and both only grown."""
    common = entries(40)
    for_ana, for_ben = filled([*common, b"for ana", *common]), filled([*common, b"for ben", *common])
    start = head(for_ana, 40)
    notes = {}
    for name, key, shelf in (("identity--ana", ANA, for_ana), ("identity--ben", BEN, for_ben)):
        check_growth(start, head(shelf, 81), consistency_proof(shelf, 40, 81))
        notes[name] = cosign(signed(head(shelf, 81), KEY), key, name)
    # whoever sees both has the proof: two heads of one size, both signed by the exchange
    heads = [opened(note, ORIGIN, KEY.public) for note in notes.values()]
    with pytest.raises(TrustError, match="does not hold"):
        check_growth(heads[0], heads[1], [])
    # and no proof of consistency can join them later
    shelf = for_ben
    later = head(shelf, 81)
    for proof in (consistency_proof(for_ana, 41, 81), consistency_proof(for_ben, 41, 81), []):
        with pytest.raises(TrustError):
            check_growth(head(for_ana, 41), later, proof)
