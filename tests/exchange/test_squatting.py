import uuid

import pytest

from stillwatch.exchange.squatting import squats, telling
from stillwatch.indicators import ids

ANA, CAT = (f"identity--{uuid.uuid5(uuid.NAMESPACE_URL, name)}" for name in ("ana", "cat"))
ABOUT = "indicator--0c2a8a5b-9d0c-4a1f-9c6d-0a3ad3a4fdd1"


@pytest.mark.parametrize(
    ("obj", "name"),
    [
        ({"type": "sighting", "sighting_of_ref": ABOUT}, (ABOUT,)),
        ({"type": "opinion", "object_refs": [ABOUT, "note--x"]}, (ABOUT,)),
        ({"type": "note", "object_refs": [ABOUT], "content": "Why"}, (ABOUT, "Why")),
        ({"type": "opinion", "object_refs": []}, None),
        ({"type": "indicator", "object_refs": [ABOUT]}, None),
    ],
)
def test_what_ids_follow_from(obj, name):
    assert telling(obj) == name


@pytest.mark.parametrize("strict", [False, True])
def test_whose_id_it_is(strict):
    def squatted(object_id):
        return squats(object_id, "sighting", (ABOUT,), own={ANA}, others={CAT}, strict=strict)

    assert squatted(ids.derived("sighting", CAT, ABOUT))
    assert not squatted(ids.derived("sighting", ANA, ABOUT))
    assert not squatted(f"sighting--{uuid.uuid4()}")
    assert squatted(ids.derived("sighting", CAT, "indicator--another")) is strict
