"""What a bundle's answers resemble: leads, computed from what the plan names, and never more than leads.

    leads(bundle)          # (Lead("style", ...), Lead("identity", ...)); empty where the plan asks for none

The plan asks for them by naming us (`names`, identity) and answers of our own model (`ours`, style).
"""

from collections.abc import Iterator

from pydantic import TypeAdapter

from stillwatch.errors import InputError
from stillwatch.forensics.custody.bundle import LEADS, Bundle
from stillwatch.forensics.custody.scoring import answers_of, asked
from stillwatch.forensics.facts import Lead
from stillwatch.forensics.leads import identity, style
from stillwatch.forensics.model import Answer
from stillwatch.forensics.plan import Subject
from stillwatch.forensics.suspects import files

_LEADS = TypeAdapter(tuple[Lead, ...])


def leads(bundle: Bundle) -> tuple[Lead, ...]:
    """Style and self-description of the suspect, beside the same of every innocent control."""
    plan = bundle.plan
    controls = {each.id: _said(bundle, each) for each in plan.subjects if each.role == "control"}
    ours = files.read([bundle.file(file) for file in plan.ours], None, asked(bundle))
    found = (
        style.lead(ours, _said(bundle, plan.suspect), controls, names=plan.names) if plan.ours else None,
        _identity(bundle) if plan.names else None,
    )
    return tuple(each for each in found if each)


def told(bundle: Bundle) -> tuple[Lead, ...]:
    """The leads that a bundle has.

    Raises:
        InputError: it has none, or they cannot be read.
    """
    try:
        return _LEADS.validate_json(bundle.read(LEADS))
    except ValueError:
        raise InputError("The file is not what it should be.", where=LEADS) from None


def _identity(bundle: Bundle) -> Lead | None:
    controls = {each.id: _said(bundle, each) for each in bundle.plan.subjects if each.role == "control"}
    return identity.lead(bundle.plan.names, _said(bundle, bundle.plan.suspect), controls)


def _said(bundle: Bundle, subject: Subject) -> Iterator[Answer]:
    """What a subject said; nothing where that cannot be read, which the tests say."""
    try:
        yield from answers_of(bundle, subject)
    except InputError:
        return
