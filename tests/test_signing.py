import json
import struct
import subprocess

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from stillwatch.errors import ConfigError, TrustError
from stillwatch.signing import (
    SigningKey,
    canonical,
    check_public,
    from_base64,
    key_id,
    sign,
    to_base64,
    verify,
    verify_bytes,
)

SAFE = 2**53 - 1
NUMBERS = st.integers(-SAFE, SAFE) | st.floats(-SAFE, SAFE) | st.floats(min_value=1e21, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
@example({"a": 1.0})
@example([1e21, 1e-7, 1e-5, -0.0, 12345678901234.56])
@example({"\ufb33": 1, "\U0001f600": 2})
@example({"text": ":1.0, 1e+5 \x7f\x1f\u2028"})
@example([2.0, {"x": 3.0}])
def test_the_canonical_form_is_that_of_the_library(value):
    assert canonical(value) == rfc8785.dumps(value)


@given(st.binary(min_size=8, max_size=8).map(lambda raw: struct.unpack(">d", raw)[0]))
def test_every_double_is_written_as_ecmascript_does(number):
    if abs(number) < 2**53 or 1e21 <= abs(number) < float("inf"):
        assert canonical([number]) == rfc8785.dumps([number])
        assert json.loads(canonical([number])) == [number]
    else:
        with pytest.raises(TrustError):
            canonical([number])


# RFC 8785, section 3.2.3 and appendix B
@pytest.mark.parametrize(
    ("bits", "text"),
    [
        ("0000000000000001", "5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("41b3de4355555553", "333333333.3333332"),
        ("8000000000000000", "0"),
    ],
)
def test_vectors_of_numbers(bits, text):
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical([number]) == f"[{text}]".encode()


def test_vector_of_sorting():
    names = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\u00f6": 7}
    assert list(json.loads(canonical(names)).values()) == [2, 4, 6, 7, 1, 5, 3]


def _nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        [1e16],
        {"n": SAFE + 1},
        [-SAFE - 1],
        ["\ud800"],
        {"\udfff": 1},
        [float("nan")],
        _nested(100_000),
        [{1}],
        {"a": b""},
    ],
)
def test_what_has_no_canonical_form_is_an_error(value):
    with pytest.raises(TrustError, match="no canonical form"):
        canonical(value)


def test_a_signature_holds_for_its_value_its_key_and_nothing_else():
    key, other = SigningKey.generate(), SigningKey.generate()
    signature = sign(key, {"b": 2, "a": 1})
    verify(key.public, {"a": 1, "b": 2}, signature)
    for public, value, forged in [
        (key.public, {"a": 1, "b": 3}, signature),
        (other.public, {"a": 1, "b": 2}, signature),
        (key.public, {"a": 1, "b": 2}, signature[:-1] + bytes([signature[-1] ^ 1])),
        (key.public, {"a": 1, "b": 2}, b""),
        (key.public, {"a": 1, "b": 2}, signature + b"\0"),
    ]:
        with pytest.raises(TrustError, match="signature is not by the key"):
            verify(public, value, forged)


def test_openssl_reads_the_key_and_confirms_the_signature(tmp_path):
    key = SigningKey.generate()
    value = {"type": "indicator", "confidence": 75, "name": "Vorlage \u00e4"}
    key.save(tmp_path / "key.pem")
    (tmp_path / "message").write_bytes(canonical(value))
    (tmp_path / "signature").write_bytes(sign(key, value))
    command = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-rawin",
        "-inkey",
        "key.pem",
        "-in",
        "message",
        "-sigfile",
        "signature",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verified Successfully" in done.stdout, done.stderr
    (tmp_path / "message").write_bytes(canonical(value | {"confidence": 76}))
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0


def test_a_key_of_openssl_is_read(tmp_path):
    path = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True, capture_output=True)
    path.chmod(0o600)
    der = subprocess.run(
        ["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"], check=True, capture_output=True
    ).stdout
    assert SigningKey.load(path).public == der[-32:]


def test_a_key_is_kept_for_its_owner_alone_and_never_replaced(tmp_path):
    path, key = tmp_path / "key.pem", SigningKey.generate()
    key.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert SigningKey.load(path).public == key.public
    with pytest.raises(ConfigError, match="there already"):
        SigningKey.generate().save(path)
    assert SigningKey.load(path).public == key.public
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        SigningKey.load(path)


@pytest.mark.parametrize(
    "content", [b"", b"no key", b"\0" * 32, b"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----"]
)
def test_what_is_no_key_is_said(tmp_path, content):
    path = tmp_path / "key.pem"
    path.touch(mode=0o600)
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"key\.pem: The file holds no signing key"):
        SigningKey.load(path)


def test_a_key_of_another_kind_is_said(tmp_path):
    path = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "x25519", "-out", path], check=True, capture_output=True)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="no signing key"):
        SigningKey.load(path)


def test_a_key_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        SigningKey.load(tmp_path / "absent")
    with pytest.raises(ConfigError, match="cannot be written"):
        SigningKey.generate().save(tmp_path / "absent" / "key")


def test_the_private_key_is_in_no_text():
    key = SigningKey.generate()
    assert repr(key) == "SigningKey()"
    assert key.key_id == key_id(key.public)
    assert len(key.key_id) == 16
    assert key.secret("a") != key.secret("b") != key.public


SMALL = [
    "00" * 32,
    "01" + "00" * 31,
    "01" + "00" * 30 + "80",
    "ec" + "ff" * 30 + "7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
]


@pytest.mark.parametrize("public", [*map(bytes.fromhex, SMALL), b"", b"\x07" * 31])
def test_a_key_for_which_anything_would_be_signed_is_none(public):
    with pytest.raises(TrustError, match="no Ed25519 public key"):
        check_public(public)
    with pytest.raises(TrustError, match="no Ed25519 public key"):
        verify_bytes(public, b"message", bytes([1]) + bytes(63))


@given(st.binary(max_size=80))
def test_base64_has_one_spelling(raw):
    text = to_base64(raw)
    assert from_base64(text, length=len(raw)) == raw
    for other in (text + "\n", text.rstrip("=") if "=" in text else text + "=", f" {text}", None, raw, 5):
        with pytest.raises(TrustError, match="base 64"):
            from_base64(other)
    with pytest.raises(TrustError, match="of 81 bytes"):
        from_base64(text, length=81)
