"""Every object that comes with the software, by id: definitions, markings, techniques, courses of action.

Members publish them beside their own objects, the same to the byte, so that a receiver finds what is referred to.
"""

from collections.abc import Mapping
from typing import Any

from stillwatch.indicators import atlas, courses, extensions, markings

PUBLISHED: Mapping[str, Mapping[str, Any]] = {
    each["id"]: each
    for each in (
        extensions.PUBLISHER,
        *map(extensions.definition, extensions.ALL),
        *markings.SHIPPED.values(),
        *atlas.TECHNIQUES.values(),
        courses.OWN_REVIEW,
    )
}
