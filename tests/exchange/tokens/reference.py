"""RFC 9497 (ristretto255-SHA512, VOPRF) in plain Python integers, from the RFC's pseudo-code and RFC 9496: an oracle.

Slow, not constant in time, and independent of the library that stillwatch uses.
"""

import hashlib
import secrets

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
CONTEXT = b"OPRFV1-" + b"\x01" + b"-ristretto255-SHA512"


def _negative(x):
    return x % P & 1


def _abs(x):
    x %= P
    return P - x if x & 1 else x


def _sqrt_ratio(u, v):
    r = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    check = v * r * r % P
    correct, flipped, flipped_i = check == u % P, check == -u % P, check == -u * SQRT_M1 % P
    if flipped or flipped_i:
        r = r * SQRT_M1 % P
    return correct or flipped, _abs(r)


INVSQRT_A_MINUS_D = _sqrt_ratio(1, -1 - D)[1]
SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235  # RFC 9496, 4.1


def decode(encoded):
    s = int.from_bytes(encoded, "little")
    assert len(encoded) == 32
    assert s < P
    assert not _negative(s)
    ss = s * s % P
    u1, u2 = (1 - ss) % P, (1 + ss) % P
    v = (-(D * u1 * u1) - u2 * u2) % P
    square, inverse = _sqrt_ratio(1, v * u2 * u2)
    x_den, y_den = inverse * u2 % P, inverse * inverse * u2 * v % P
    x, y = _abs(2 * s * x_den), u1 * y_den % P
    t = x * y % P
    assert square
    assert not _negative(t)
    assert y
    return x, y, 1, t


def encode(point):
    x, y, z, t = point
    u1, u2 = (z + y) * (z - y) % P, x * y % P
    inverse = _sqrt_ratio(1, u1 * u2 * u2)[1]
    den1, den2 = inverse * u1 % P, inverse * u2 % P
    z_inv = den1 * den2 * t % P
    if _negative(t * z_inv):
        x, y, den_inv = y * SQRT_M1 % P, x * SQRT_M1 % P, den1 * INVSQRT_A_MINUS_D % P
    else:
        den_inv = den2
    if _negative(x * z_inv):
        y = -y % P
    return _abs(den_inv * (z - y)).to_bytes(32, "little")


def add(one, other):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = one, other
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * D * t1 * t2 % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    result, doubled = (0, 1, 1, 0), point
    for bit in bin(scalar % ORDER)[:1:-1]:
        if bit == "1":
            result = add(result, doubled)
        doubled = add(doubled, doubled)
    return result


def _map(encoded):
    r = (int.from_bytes(encoded, "little") & (2**255 - 1)) % P
    t = SQRT_M1 * r * r % P
    u, v = (t + 1) * (1 - D * D) % P, (-1 - t * D) * (t + D) % P
    square, s = _sqrt_ratio(u, v)
    c = -1 % P
    if not square:
        s, c = -_abs(s * r) % P, t
    n = (c * (t - 1) * (D - 1) ** 2 - v) % P
    w0, w1 = 2 * s * v % P, n * SQRT_AD_MINUS_ONE % P
    w2, w3 = (1 - s * s) % P, (1 + s * s) % P
    return w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P


def _expand(message, dst, length=64):
    """expand_message_xmd with SHA-512 (RFC 9380, section 5.3.1), one block."""
    dst += bytes([len(dst)])
    first = hashlib.sha512(b"\0" * 128 + message + length.to_bytes(2, "big") + b"\0" + dst).digest()
    return hashlib.sha512(first + b"\x01" + dst).digest()[:length]


def hash_to_group(message):
    uniform = _expand(message, b"HashToGroup-" + CONTEXT)
    return add(_map(uniform[:32]), _map(uniform[32:]))


def hash_to_scalar(message, dst=b"HashToScalar-"):
    return int.from_bytes(_expand(message, dst + CONTEXT), "little") % ORDER


def scalar(encoded):
    return int.from_bytes(encoded, "little")


def _sized(part):
    return len(part).to_bytes(2, "big") + part


def derive(seed, info):
    """DeriveKeyPair: the secret scalar and the encoded public key."""
    secret = hash_to_scalar(seed + _sized(info) + b"\0", b"DeriveKeyPair")
    return secret, encode(multiply(secret, BASE))


def blind(value, blind_scalar):
    return encode(multiply(blind_scalar, hash_to_group(value)))


def _composites(public_key, blinded, evaluated, secret=None):
    seed = hashlib.sha512(_sized(public_key) + _sized(b"Seed-" + CONTEXT)).digest()
    m, z = (0, 1, 1, 0), (0, 1, 1, 0)
    for i, (c, d) in enumerate(zip(blinded, evaluated, strict=True)):
        weight = hash_to_scalar(_sized(seed) + i.to_bytes(2, "big") + _sized(c) + _sized(d) + b"Composite")
        m = add(m, multiply(weight, decode(c)))
        z = add(z, multiply(weight, decode(d)))
    return m, multiply(secret, m) if secret else z


def _challenge(public_key, *points):
    return hash_to_scalar(b"".join(map(_sized, (public_key, *map(encode, points)))) + b"Challenge")


def evaluate(secret, blinded, nonce=None):
    """BlindEvaluate: the elements and the proof, 64 bytes."""
    public_key = encode(multiply(secret, BASE))
    evaluated = [encode(multiply(secret, decode(element))) for element in blinded]
    m, z = _composites(public_key, blinded, evaluated, secret)
    r = nonce or secrets.randbelow(ORDER)
    c = _challenge(public_key, m, z, multiply(r, BASE), multiply(r, m))
    return evaluated, c.to_bytes(32, "little") + ((r - c * secret) % ORDER).to_bytes(32, "little")


def holds(public_key, blinded, evaluated, proof):
    """VerifyProof."""
    c, s = scalar(proof[:32]), scalar(proof[32:])
    m, z = _composites(public_key, blinded, evaluated)
    t2 = add(multiply(s, BASE), multiply(c, decode(public_key)))
    t3 = add(multiply(s, m), multiply(c, z))
    return c == _challenge(public_key, m, z, t2, t3)


def finalize(value, blind_scalar, evaluated):
    unblinded = encode(multiply(pow(blind_scalar, -1, ORDER), decode(evaluated)))
    return hashlib.sha512(_sized(value) + _sized(unblinded) + b"Finalize").digest()


BASE = decode(bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"))
