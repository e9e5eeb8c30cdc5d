import collections
import importlib.util
import secrets
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import TrustError
from stillwatch.exchange.tokens.prf import PRF, Evaluation, MalformedElement

_spec = importlib.util.spec_from_file_location("voprf_reference", Path(__file__).with_name("reference.py"))
reference = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference)

# RFC 9497, appendix A.1.2
SEED, INFO = bytes([0xA3] * 32), b"test key"
SECRET = "e6f73f344b79b379f1a0dd37e07ff62e38d9f71345ce62ae3a9bc60b04ccd909"
PUBLIC = "c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e"
NONCE = "222a5e897cf59db8145db8d16e597e8facb80ae7d4e26d9881aa6f61d645fc0e"
VECTORS = (
    (
        ("00",),
        ("64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706",),
        ("863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945",),
        ("aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e",),
        "ddef93772692e535d1a53903db24367355cc2cc78de93b3be5a8ffcc6985dd06"
        "6d4346421d17bf5117a2a1ff0fcb2a759f58a539dfbe857a40bce4cf49ec600d",
        (
            "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7d"
            "a4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c",
        ),
    ),
    (
        ("5a" * 17,),
        ("64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706",),
        ("cc0b2a350101881d8a4cba4c80241d74fb7dcbfde4a61fde2f91443c2bf9ef0c",),
        ("60a59a57208d48aca71e9e850d22674b611f752bed48b36f7a91b372bd7ad468",),
        "401a0da6264f8cf45bb2f5264bc31e109155600babb3cd4e5af7d181a2c9dc0a"
        "67154fabf031fd936051dec80b0b6ae29c9503493dde7393b722eafdf5a50b02",
        (
            "8a9a2f3c7f085b65933594309041fc1898d42d0858e59f90814ae90571a6df60"
            "356f4610bf816f27afdd84f47719e480906d27ecd994985890e5f539e7ea74b6",
        ),
    ),
    (
        ("00", "5a" * 17),
        (
            "64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706",
            "222a5e897cf59db8145db8d16e597e8facb80ae7d4e26d9881aa6f61d645fc0e",
        ),
        (
            "863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945",
            "90a0145ea9da29254c3a56be4fe185465ebb3bf2a1801f7124bbbadac751e654",
        ),
        (
            "aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e",
            "cc5ac221950a49ceaa73c8db41b82c20372a4c8d63e5dded2db920b7eee36a2a",
        ),
        "cc203910175d786927eeb44ea847328047892ddf8590e723c37205cb74600b0a"
        "5ab5337c8eb4ceae0494c2cf89529dcf94572ed267473d567aeed6ab873dee08",
        (
            "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7d"
            "a4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c",
            "8a9a2f3c7f085b65933594309041fc1898d42d0858e59f90814ae90571a6df60"
            "356f4610bf816f27afdd84f47719e480906d27ecd994985890e5f539e7ea74b6",
        ),
    ),
)
BATCH_NONCE = "419c4f4f5052c53c45f3da494d2b67b220d02118e0857cdbcf037f9ea84bbe0c"


def raw(texts):
    return [bytes.fromhex(text) for text in texts]


def test_the_reference_is_the_rfcs():
    secret, public = reference.derive(SEED, INFO)
    assert secret.to_bytes(32, "little").hex() == SECRET
    assert public.hex() == PUBLIC
    for inputs, blinds, blinded, evaluated, proof, outputs in VECTORS:
        scalars = [reference.scalar(blind) for blind in raw(blinds)]
        assert [reference.blind(*pair) for pair in zip(raw(inputs), scalars, strict=True)] == raw(blinded)
        nonce = reference.scalar(bytes.fromhex(NONCE if len(inputs) == 1 else BATCH_NONCE))
        assert reference.evaluate(secret, raw(blinded), nonce) == (raw(evaluated), bytes.fromhex(proof))
        assert reference.holds(public, raw(blinded), raw(evaluated), bytes.fromhex(proof))
        done = zip(raw(inputs), scalars, raw(evaluated), strict=True)
        assert [reference.finalize(*each) for each in done] == raw(outputs)


@pytest.mark.parametrize("vector", VECTORS)
def test_the_vectors_of_the_rfc(vector):
    inputs, _, blinded, evaluated, _, outputs = vector
    assert PRF.public_key(SEED, INFO).hex() == PUBLIC
    answer = PRF.evaluate(SEED, INFO, raw(blinded))
    assert list(answer.elements) == raw(evaluated)
    assert reference.holds(bytes.fromhex(PUBLIC), raw(blinded), raw(evaluated), answer.proof)
    asked = PRF.blind(raw(inputs))
    assert asked.finalize(PRF.evaluate(SEED, INFO, asked.elements), bytes.fromhex(PUBLIC)) == raw(outputs)


@settings(max_examples=5, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=3), st.binary(min_size=32, max_size=32))
def test_another_implementation_answers_what_ours_asks(values, seed):
    secret, public = reference.derive(seed, b"info")
    assert PRF.public_key(seed, b"info") == public
    asked = PRF.blind(values)
    elements, proof = reference.evaluate(secret, list(asked.elements))
    ours = PRF.blind(values)
    theirs = asked.finalize(Evaluation(tuple(elements), proof), public)
    assert theirs == ours.finalize(PRF.evaluate(seed, b"info", ours.elements), public)


def test_ours_answers_what_another_implementation_asks():
    secret, public = reference.derive(SEED, b"x")
    blind = secrets.randbelow(reference.ORDER - 1) + 1
    answer = PRF.evaluate(SEED, b"x", [reference.blind(b"value", blind)])
    assert reference.holds(public, [reference.blind(b"value", blind)], list(answer.elements), answer.proof)
    asked = PRF.blind([b"value"])
    ours = asked.finalize(PRF.evaluate(SEED, b"x", asked.elements), public)
    assert ours == [reference.finalize(b"value", blind, answer.elements[0])]


def test_a_value_is_blinded_anew_each_time_and_every_request_has_one_length():
    values = [b"a", b"a" * 1000, b"203.0.113.7", b"a"]
    elements = [element for _ in range(50) for element in PRF.blind(values).elements]
    assert len(set(elements)) == len(elements)
    assert {len(element) for element in elements} == {32}


def test_blinded_bytes_look_random_however_alike_the_values_are():
    # an encoding is a number under 2^255 - 19 and even: its first bit and its last tell nothing
    elements = [element for _ in range(64) for element in PRF.blind([b"same"] * 64).elements]
    counts = collections.Counter(byte for element in elements for byte in element[1:31])
    expected = len(elements) * 30 / 256
    chi_square = sum((counts[byte] - expected) ** 2 / expected for byte in range(256))
    assert chi_square < 400, "255 degrees of freedom: more than 400 happens once in a hundred million times"


@pytest.mark.parametrize(
    "element",
    [
        bytes(32),  # the identity
        b"\xff" * 32,  # not canonical
        b"\x01" + bytes(31),  # negative
        b"",
        b"short",
        PRF.blind([b"x"]).elements[0] + b"\0",
    ],
)
def test_bytes_that_are_no_element_are_refused(element):
    good = PRF.blind([b"x"]).elements[0]
    with pytest.raises(MalformedElement):
        PRF.evaluate(SEED, INFO, [good, element])


def _tampered(answer):
    flipped = bytes([answer.proof[0] ^ 1]) + answer.proof[1:]
    one, other = answer.elements
    foreign = PRF.blind([b"y"]).elements[0]
    yield "another proof", Evaluation(answer.elements, flipped)
    yield "answers exchanged", Evaluation((other, one), answer.proof)
    yield "another element", Evaluation((one, foreign), answer.proof)
    yield "the identity", Evaluation((one, bytes(32)), answer.proof)
    yield "one too few", Evaluation((one,), answer.proof)
    yield "one too many", Evaluation((one, other, one), answer.proof)
    yield "none", Evaluation((), answer.proof)
    yield "no proof", Evaluation(answer.elements, b"")


def test_an_answer_made_otherwise_is_noticed():
    asked = PRF.blind([b"a", b"b"])
    public = PRF.public_key(SEED, INFO)
    honest = PRF.evaluate(SEED, INFO, asked.elements)
    lies = dict(_tampered(honest)) | {"another key": PRF.evaluate(bytes(32), INFO, asked.elements)}
    for lie, answer in lies.items():
        with pytest.raises(TrustError, match="not made with the key"):
            asked.finalize(answer, public)
            pytest.fail(lie)
    with pytest.raises(TrustError):
        asked.finalize(honest, PRF.public_key(SEED, b"other"))
    with pytest.raises(TrustError):
        asked.finalize(honest, bytes(32))
    assert len(asked.finalize(honest, public)) == 2
