"""Forms, roles and what a page may know of who asks."""

import pytest

from stillwatch.errors import InputError
from stillwatch.web.asking import Form, Invalid, NotAllowed, NotSignedIn, TooLarge
from stillwatch.web.bodies import parsed
from stillwatch.web.model import ROLES, Role


def test_a_role_may_what_a_lesser_one_may(asked):
    assert ROLES == ("viewer", "analyst", "approver", "operator")
    request = asked("analyst")
    assert [request.may(role) for role in Role] == [True, True, False, False]
    request.needs(Role.ANALYST)
    with pytest.raises(NotAllowed, match="needs the role approver"):
        request.needs(Role.APPROVER)


def test_a_role_that_is_none_is_told_with_those_that_are():
    assert Role.named("Operator") is Role.OPERATOR
    with pytest.raises(InputError, match="viewer, analyst, approver, operator"):
        Role.named("admin")


def test_nobody_is_no_person(asked):
    request = asked()
    nobody = type(request)(**{**vars(request), "signed": None})
    assert not nobody.may(Role.VIEWER)
    with pytest.raises(NotSignedIn):
        nobody.needs(Role.VIEWER)


def test_fields_are_read_from_what_browsers_send():
    form = parsed("text=a%20b%0D%0Ac&account=1&account=2&empty=&n=12&zero=%00")
    assert form.get("text") == "a b\nc"
    assert form.all("account") == ("1", "2")
    assert form.get("account") == "2"
    assert form.get("zero") == "\N{REPLACEMENT CHARACTER}"
    assert form.number("n") == 12
    assert form.number("absent", 3) == 3
    assert parsed("text=%ff%fe").get("text") == "\N{REPLACEMENT CHARACTER}" * 2


@pytest.mark.parametrize("text", ["", "-1", "1.5", "\u0661", "9" * 19])
def test_what_is_no_number_is_told(text):
    with pytest.raises(Invalid):
        Form((("n", text),)).number("n")


def test_what_is_needed_is_there_and_not_endless():
    with pytest.raises(Invalid, match="reason: This field is needed"):
        Form((("reason", "  "),)).needed("reason")
    with pytest.raises(Invalid, match="too long"):
        Form((("reason", "x" * 20_001),)).needed("reason")


def test_a_flood_of_fields_is_refused():
    with pytest.raises(TooLarge):
        parsed("a&" * 150_001)
