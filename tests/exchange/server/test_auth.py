import base64
import time
from functools import partial

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from stillwatch.exchange.credentials import new_secret
from stillwatch.exchange.model import Member, Right


@pytest.fixture
def oauth(forum, quick):
    """A member whose way is OAuth 2; gives its secret."""
    secret = new_secret()
    member = Member("olga", "identity--5d6f4d4c-0c66-4b3c-9c61-3c7d6a0c9d11", "oauth", quarantined=False)
    forum.exchange.store.add_member(member, quick.hash(secret), {forum.collection: Right(read=True, write=True)})
    return secret


def granted(forum, secret, name="olga"):
    answer = forum.client.post(
        f"{forum.url}/oauth/token", data={"grant_type": "client_credentials"}, auth=(name, secret)
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def with_token(forum, token, scheme="Bearer"):
    return forum.get("/alliance/", None, headers={"Authorization": f"{scheme} {token}".encode()})


@pytest.mark.parametrize("scheme", ["Bearer", "Token", "bearer"])
def test_a_token_opens_the_exchange_under_both_names(forum, oauth, scheme):
    assert with_token(forum, granted(forum, oauth), scheme).status_code == 200


def test_client_credentials_may_stand_in_the_form(forum, oauth):
    form = {"grant_type": "client_credentials", "client_id": "olga", "client_secret": oauth}
    answer = forum.client.post(f"{forum.url}/oauth/token", data=form)
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "Bearer"  # noqa: S105
    assert answer.json()["expires_in"] == 600
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("form", "auth", "status", "error"),
    [
        ({"grant_type": "client_credentials"}, ("olga", "wrong"), 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, ("nobody", "wrong"), 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, None, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "a\0b", "client_secret": "c"}, None, 401, "invalid_client"),
        ({"grant_type": "password"}, ("olga", "wrong"), 400, "unsupported_grant_type"),
        ({"client_id": "olga"}, None, 400, "unsupported_grant_type"),
        ({}, None, 400, "invalid_request"),
    ],
)
@pytest.mark.usefixtures("oauth")
def test_what_is_no_grant_is_refused_in_the_words_of_both_standards(forum, form, auth, status, error):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = forum.client.post(f"{forum.url}/oauth/token", data=form, auth=auth, headers=headers)
    assert answer.status_code == status
    assert answer.json()["error"] == error
    assert answer.json()["http_status"] == str(status)
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_other_bodies_give_no_token(forum):
    url = f"{forum.url}/oauth/token"
    assert forum.client.post(url, json={"grant_type": "client_credentials"}).status_code == 415
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert forum.client.post(url, content=b"a=" + b"x" * 20_000, headers=headers).status_code == 413
    assert forum.client.post(url, content=b"\xff=%ff&grant_type", headers=headers).status_code == 400


def test_each_member_has_one_way_in(forum, oauth):
    assert forum.client.get(f"{forum.url}/alliance/", auth=("olga", oauth)).status_code == 401
    answer = forum.client.post(
        f"{forum.url}/oauth/token", data={"grant_type": "client_credentials"}, auth=("ana", forum.secrets["ana"])
    )
    assert answer.status_code == 401


def test_a_token_ends(forum_of, quick):
    now = [1_790_000_000_000_000]
    forum = forum_of(clock=lambda: now[0], token_seconds=60)
    secret = new_secret()
    member = Member("olga", "identity--5d6f4d4c-0c66-4b3c-9c61-3c7d6a0c9d11", "oauth")
    forum.exchange.store.add_member(member, quick.hash(secret), {forum.collection: Right(read=True, write=False)})
    token = granted(forum, secret)
    now[0] += 59_000_000
    assert with_token(forum, token).status_code == 200
    now[0] += 1_000_000
    assert with_token(forum, token).status_code == 401


def test_suspension_and_a_new_secret_work_at_once(forum, oauth, quick):
    store, token = forum.exchange.store, granted(forum, oauth)
    store.suspend("olga")
    assert with_token(forum, token).status_code == 401
    store.resume("olga")
    assert with_token(forum, token).status_code == 401  # a token of before
    token = granted(forum, oauth)
    store.rotate("olga", secret_hash=quick.hash("another"))
    assert with_token(forum, token).status_code == 401
    assert with_token(forum, granted(forum, "another")).status_code == 200


def test_suspension_works_at_once_for_basic_too(forum):
    assert forum.get("/alliance/").status_code == 200
    forum.exchange.store.suspend("ana")
    assert forum.get("/alliance/").status_code == 401
    forum.exchange.store.resume("ana")
    assert forum.get("/alliance/").status_code == 200


def _forged(key=b"t" * 32, algorithm="HS256", **changes):
    claims = {"sub": "olga", "exp": int(time.time()) + 600} | changes
    return jwt.encode({"alg": algorithm}, claims, OctKey.import_key(key), algorithms=[algorithm])


def test_forged_tokens_are_worth_nothing(forum, oauth):
    revision = forum.exchange.store.member("olga").revision
    forged = partial(_forged, rev=revision)
    assert with_token(forum, forged()).status_code == 200  # the shape is right
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    unsigned = f"{header}.{forged().split('.')[1]}."
    for token in (
        forged(b"x" * 32),
        forged(algorithm="HS512"),
        forged(sub="ana"),
        forged(sub="nobody"),
        forged(sub=None),
        forged(sub=["olga"]),
        forged(rev=revision + 1),
        forged(rev=str(revision)),
        forged(exp=None),
        forged(exp="9999999999"),
        forged(exp=1),
        forged(exp=-1),
        unsigned,
        forged()[:-2],
        "a.b.c",
        "é",
        "x" * 10_000,
        oauth,
    ):
        assert with_token(forum, token).status_code == 401, token


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"ana").decode(),
        "Basic " + base64.b64encode(b"ana:").decode(),
        "Basic " + base64.b64encode(b":").decode(),
        "Basic " + base64.b64encode(b"ana:\xff").decode(),
        "Basic " + base64.b64encode(b"a\0na:x").decode(),
        "Basic " + base64.b64encode(b"a" * 100_000 + b":x").decode()[:60_000],
        "Digest username=ana",
        "raw-api-key",
        "",
    ],
)
def test_a_malformed_header_is_401_with_a_challenge_that_helps(forum, header):
    answer = forum.get("/taxii2/", None, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer realm=")
    assert "/oauth/token" in answer.json()["description"]


def test_two_credentials_at_once_are_none(forum):
    pair = base64.b64encode(f"ana:{forum.secrets['ana']}".encode()).decode()
    headers = [("Authorization", f"Basic {pair}"), ("Authorization", f"Basic {pair}")]
    assert forum.client.get(f"{forum.url}/taxii2/", headers=headers[:1]).status_code == 200
    assert forum.client.get(f"{forum.url}/taxii2/", headers=headers).status_code == 401


def test_basic_is_taken_only_where_it_is_switched_on(forum_of):
    forum = forum_of(basic=False)
    answer = forum.get("/taxii2/")
    assert answer.status_code == 401
    assert "Basic" not in answer.headers["www-authenticate"]


def test_a_header_is_no_certificate(forum):
    for name in ("stillwatch.client_fingerprint", "X-Client-Cert", "X-SSL-Client-SHA1"):
        assert forum.get("/taxii2/", None, headers={name: "aa" * 32}).status_code == 401


def test_wrong_secrets_and_unknown_members_get_the_same_answer(forum):
    wrong, unknown = (
        forum.client.get(f"{forum.url}/taxii2/", auth=httpx2.BasicAuth(name, "wrong")) for name in ("ana", "nobody")
    )
    assert wrong.headers["www-authenticate"] == unknown.headers["www-authenticate"]
    assert {**wrong.json(), "error_id": ""} == {**unknown.json(), "error_id": ""}
