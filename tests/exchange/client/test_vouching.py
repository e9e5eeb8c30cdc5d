import json

import pytest

from stillwatch.errors import TrustError
from stillwatch.exchange.client.checking import checked
from stillwatch.exchange.client.vouching import Vouching
from stillwatch.exchange.log.directory import EXCHANGE, Directory, Statement
from stillwatch.exchange.log.entries import Opening, Receipt, committed, object_hash
from stillwatch.signing import SigningKey, canonical, sign, to_base64

ALPHA, BETA = "identity--a712755f-6cac-44d5-99d5-269512e74f7b", "identity--ac8efe12-1c59-49f1-ba2d-de83458bfed0"
COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
KEYS = {EXCHANGE: SigningKey.generate(), ALPHA: SigningKey.generate(), BETA: SigningKey.generate()}
DIRECTORY = Directory(tuple(Statement(name, key.public, 0) for name, key in KEYS.items()))
NOTE = {
    "type": "note",
    "spec_version": "2.1",
    "id": "note--0b80a255-53a1-4945-a932-58ef7777682c",
    "created": "2026-11-02T09:00:00.000Z",
    "modified": "2026-11-02T09:00:00.000Z",
    "content": "said",
    "object_refs": ["campaign--0b80a255-53a1-4945-a932-58ef7777682c"],
}


def record(obj=NOTE, *, publisher=ALPHA, signer=ALPHA, collection=COLLECTION, exchange=EXCHANGE, **more):
    """What an exchange serves beside an object."""
    opening = Opening("add", object_hash(canonical(obj)), publisher, collection, "group")
    line = committed(opening, now=0)
    receipt = Receipt.of(line, opening, KEYS[exchange])
    told = {
        "id": obj["id"],
        "version": "2026-11-02T09:00:00.000000Z",
        "salt": to_base64(line.salt),
        "receipt": json.loads(receipt.body) | {"key_id": KEYS[EXCHANGE].key_id},
        "signature": to_base64(sign(KEYS[signer], obj)),
        "key_id": KEYS[signer].key_id,
    }
    return {name: value for name, value in (told | more).items() if value is not None}


def taken(records, obj=NOTE, publishers=None, **more):
    """Who is taken to have published the object, and why it is set aside."""
    imported, aside = checked([obj], Vouching.of(DIRECTORY, COLLECTION, records, **more), publishers or {})
    return [(each.publisher, each.assurance) for each in imported], [each.reason for each in aside]


def test_a_signature_and_a_receipt_that_hold_name_the_publisher():
    assert taken([record()]) == ([(ALPHA, "signed")], [])
    assert taken([record(signature=None, key_id=None)]) == ([(ALPHA, "logged")], [])


def test_what_the_exchange_signs_itself_is_signed_by_it():
    assert taken([record(signer=EXCHANGE)], signer=EXCHANGE)[0] == [(ALPHA, "signed")]
    assert taken([record(signer=EXCHANGE)])[0] == []


@pytest.mark.parametrize(
    "records",
    [
        [],
        [None, "x", {}],
        [record(receipt=None)],
        [record(salt=None)],
        [record(salt=to_base64(b"x" * 16))],
        [record(signer=BETA)],
        [record(signer=BETA, key_id=KEYS[ALPHA].key_id)],
        [record(exchange=BETA)],
        [record(collection="another")],
        [record(NOTE | {"content": "something else"})],
        [record(signature=to_base64(b"x" * 64))],
        [record(signature="no base 64")],
        [record(key_id="0" * 16)],
    ],
)
def test_what_does_not_hold_is_set_aside_with_a_reason(records):
    imported, reasons = taken(records)
    assert imported == []
    assert len(reasons) == 1
    assert reasons[0]


def test_nobody_makes_versions_of_what_is_anothers():
    assert taken([record()], publishers={NOTE["id"]: ALPHA})[1] == []
    imported, reasons = taken([record()], publishers={NOTE["id"]: BETA})
    assert (imported, len(reasons)) == ([], 1)


def test_a_directory_without_the_exchange_vouches_for_nothing():
    vouching = Vouching.of(Directory(()), COLLECTION, [record()])
    with pytest.raises(TrustError):
        vouching.check(NOTE, 1793610000000000)
