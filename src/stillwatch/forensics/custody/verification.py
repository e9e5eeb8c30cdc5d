"""Everything that a bundle says, held against itself, offline.

    verified = verify(bundle, keys)

In order: every file against the manifest and its signature; the plan, its files, the commitment to the keys, the
time-stamps; the labels against their seal; the adjustment for all keys and tests; the scores, computed anew from the
raw answers, where the keys are at hand (disclosed, or those of whoever made them); the re-runs; the verdict. The first
thing that does not hold is named, and there is no verdict.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from stillwatch.errors import ConfigError, InputError, StillwatchError, TrustError
from stillwatch.forensics import verdict as verdicts
from stillwatch.forensics.custody.blinding import Opening, Results, unsealed
from stillwatch.forensics.custody.bundle import (
    BLINDING,
    COMMITMENTS,
    DISCLOSED,
    KEYS,
    LEADS,
    PLAN,
    RESULTS,
    VERDICT,
    Bundle,
    software,
    unaltered,
)
from stillwatch.forensics.custody.facts import verdict
from stillwatch.forensics.custody.keys import SECRETS, Keyring
from stillwatch.forensics.custody.leads import leads, told
from stillwatch.forensics.custody.rerunning import differences
from stillwatch.forensics.custody.scoring import Progress, quietly, score_blind
from stillwatch.forensics.model import Key
from stillwatch.forensics.plan import digest_of
from stillwatch.forensics.radioactivity.statistics import holm_results


@dataclass(frozen=True)
class Verified:
    """What holds.

    Attributes:
        by: the short name of the key that signed the run: whether it is the one that you expect is for you to say.
        scored: whether the scores were computed anew; without the keys they cannot be.
        same_code: whether this code is the one that computed the results.
        own_word: whether times are vouched for by an authority that the bundle itself names, and nobody else believed.
        written: the verdict as the bundle has it.
        document: the verdict that follows with the authority that is believed.
    """

    by: str
    scored: bool
    same_code: bool
    own_word: bool
    written: verdicts.VerdictDocument
    document: verdicts.VerdictDocument


def verify(
    bundle: Bundle,
    keyring: Keyring | None = None,
    *,
    by: str | None = None,
    authority: bytes | None = None,
    progress: Progress = quietly,
) -> Verified:
    """Holds a bundle against itself.

    Args:
        bundle: from `bundle.opened`.
        keyring: whoever made the keys has one; else those are used that the bundle discloses.
        by: the short name of the key that must have signed the run.
        authority: certificates in PEM whose time-stamps are believed; those in the bundle by default.
        progress: told how much is done.

    Raises:
        TrustError: something does not hold; the file is named.
    """
    try:
        return _verified(bundle, keyring, by, authority, progress)
    except (InputError, ConfigError) as error:
        raise TrustError(error.what, where=error.where, hint=error.hint) from error
    except (ValueError, ArithmeticError) as error:  # counts below none, more matches than choices, and the like
        raise TrustError("It says what cannot be.", where=RESULTS) from error


def keys_of(bundle: Bundle, keyring: Keyring | None) -> Mapping[str, Key] | None:
    """The keys that the plan names, each held against its commitment; None where they are not at hand.

    Raises:
        TrustError: a key that is disclosed, or in the keyring, is not the one that was committed to.
    """
    records = {each.record.id: each.record for each in bundle.keys}
    if (disclosed := bundle.optional(DISCLOSED)) is not None:
        try:
            secrets = SECRETS.validate_json(disclosed)
            return {each.id: each.key(records[each.id]) for each in secrets}
        except (ValueError, KeyError) as error:
            raise TrustError("The keys that were disclosed cannot be read.", where=DISCLOSED) from error
        except TrustError as error:
            raise TrustError(error.what, where=DISCLOSED) from error
    if keyring is None:
        return None
    try:
        secrets = keyring.secrets(records)
    except StillwatchError:
        return None
    return {each.id: each.key(records[each.id]) for each in secrets}


def _verified(
    bundle: Bundle, keyring: Keyring | None, by: str | None, authority: bytes | None, progress: Progress
) -> Verified:
    signer = unaltered(bundle)
    if by not in {None, signer}:
        raise TrustError(f"The run is signed by {signer}, not by {by}.", where="manifest.sig")
    _check_plan(bundle)
    _check_results(bundle)
    document = verdict(bundle)
    _check_leads(bundle)
    keys = keys_of(bundle, keyring)
    if keys is not None:
        _check_scores(bundle, keys, progress)
    if bundle.optional(VERDICT) != verdicts.dumps(document).encode():
        raise TrustError("The verdict is not the one that follows from the bundle.", where=VERDICT)
    believed = verdict(bundle, authority) if authority else document
    same_code = bundle.manifest.software.code == software().code
    return Verified(signer, keys is not None, same_code, _stamped(bundle) and authority is None, document, believed)


def _stamped(bundle: Bundle) -> bool:
    return any(bundle.path(name.replace(".json", ".tsr")).is_file() for name in (PLAN, COMMITMENTS))


def _check_plan(bundle: Bundle) -> None:
    plan = bundle.plan
    if plan.text != bundle.read(PLAN) or plan.digest != bundle.manifest.plan:
        raise TrustError("The plan is not the one that the manifest names.", where=PLAN)
    for file in plan.files:
        path = bundle.file(file)
        if not path.is_file() or digest_of(path) != file.sha256:
            raise TrustError(
                "The file is not the one that the plan names.", where=path.relative_to(bundle.folder).as_posix()
            )
    if missing := {key for test in plan.tests for key in test.keys} - {each.record.id for each in bundle.keys}:
        raise TrustError(f"The record of {min(missing)} is not in it.", where=KEYS)


def _check_results(bundle: Bundle) -> None:
    """That there is a result of every test for every subject, and that p are adjusted for all of them."""
    results, plan = bundle.document(RESULTS, Results), bundle.plan
    found = unsealed(results, bundle.document(BLINDING, Opening), where=BLINDING)
    expected = {(test.name, subject.id) for test in plan.tests for subject in plan.subjects}
    if {(each.test, each.subject) for each in found} != expected or len(found) != len(expected):
        raise TrustError("Results are missing, or of what was not planned.", where=RESULTS)
    if wrong := next(differences(found, holm_results(found)), None):
        raise TrustError(f"The p-values are not adjusted as they should be: {wrong}.", where=RESULTS)


def _check_leads(bundle: Bundle) -> None:
    """That they are what the answers show; the share to six digits, as arithmetic differs between machines."""
    ours, theirs = (
        [(each.name, each.of, f"{each.wrong or 0:.6f}") for each in some] for some in (told(bundle), leads(bundle))
    )
    if ours != theirs:
        raise TrustError("The leads are not what the answers show.", where=LEADS)


def _check_scores(bundle: Bundle, keys: Mapping[str, Key], progress: Progress) -> None:
    results = bundle.document(RESULTS, Results)
    said = unsealed(results, bundle.document(BLINDING, Opening), where=BLINDING)
    again, opening = score_blind(bundle, keys, results.scored, progress=progress)
    if wrong := next(differences(said, unsealed(again, opening, where=RESULTS)), None):
        raise TrustError(f"Computed anew from the answers, it is another: {wrong}.", where=RESULTS)
