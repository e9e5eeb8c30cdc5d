"""From a sealed plan to a signed bundle: files are laid in, endpoints asked, answers scored, labels opened.

    bundle = begun(folder, Path("plan.json"), keyring)     # refuses a folder of another plan
    ask(bundle, tokens)                                    # `asking`; goes on where it stopped
    scored(bundle, keys, signing, now)                     # results, labels, manifest, verdict

A run that was interrupted is begun again with the same words. A bundle that is signed is not touched any more.
"""

import secrets
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from stillwatch.errors import ConfigError, InputError
from stillwatch.forensics.custody import commitments
from stillwatch.forensics.custody.bundle import (
    AUTHORITY,
    BLINDING,
    CAMPAIGNS,
    COMMITMENTS,
    DISCLOSED,
    FILES,
    KEYS,
    LEADS,
    MANIFEST,
    PLAN,
    RESULTS,
    VERDICT,
    Bundle,
    Keys,
    Tested,
    seal,
)
from stillwatch.forensics.custody.commitments import Commitments
from stillwatch.forensics.custody.facts import verdict
from stillwatch.forensics.custody.keys import SECRETS, Keyring
from stillwatch.forensics.custody.leads import leads
from stillwatch.forensics.custody.scoring import Progress, quietly, score_blind
from stillwatch.forensics.model import Key
from stillwatch.forensics.plan import Plan, digest_of, loads
from stillwatch.forensics.verdict import VerdictDocument, dumps
from stillwatch.signing import SigningKey, canonical
from stillwatch.writing import write_whole


def committed(plan: Plan, keyring: Keyring) -> Plan:
    """A plan with the root of the oldest commitment to all of its keys, where there is one and it names none.

    Raises:
        ConfigError: it names a key that the keyring does not have, or that was made for another scheme.
        TrustError: the records are not those that were committed to.
    """
    named = list(dict.fromkeys(key for test in plan.tests for key in test.keys))
    for test in plan.tests:
        if unfit := [key for key in test.keys if not keyring.record(key).serves(test)]:
            hint = "`stillwatch probe keys list --json` shows what it was made for."
            raise ConfigError(f"{unfit[0]} was made for something else.", where=f"test {test.name}", hint=hint)
    if plan.commitments or not named:
        return plan
    head = Commitments(keyring.folder).covering(named, keyring.records())
    return plan.model_validate(plan.model_dump() | {"commitments": head.root}) if head else plan


def begun(folder: Path, plan_file: Path, keyring: Keyring, authority: bytes | None = None) -> Bundle:
    """A bundle with all that there is before the first question.

    Args:
        folder: of the bundle; made if need be.
        plan_file: plan.json, sealed by `stillwatch probe plan`; a time-stamp beside it (.tsr) comes along.
        keyring: whose records and commitments come along; no key does.
        authority: certificates in PEM of whoever vouches for times.

    Raises:
        ConfigError: the folder holds something else, or another plan.
        InputError: the plan cannot be read, or a file is not the one that it names.
    """
    try:
        plan, bundle = loads(plan_file.read_bytes(), where=str(plan_file)), Bundle(folder)
    except OSError as error:
        raise InputError(f"The plan cannot be read ({error.strerror}).", where=str(plan_file)) from None
    if bundle.path(MANIFEST).exists():
        hint = "`stillwatch probe show` shows it, `probe verify` checks it."
        raise ConfigError("The bundle is complete and signed.", where=str(folder), hint=hint)
    if bundle.path(PLAN).is_file():
        if bundle.plan.digest != plan.digest:
            raise ConfigError("The folder has a run of another plan.", where=str(folder), hint="Name another folder.")
        return bundle
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError("The folder holds something else.", where=str(folder), hint="Name a new one.")
    beside = Bundle(folder.with_name(f".{folder.name}.{secrets.token_hex(4)}"))
    try:
        beside.path(FILES).mkdir(parents=True)
        _lay_in_files(beside, plan, plan_file.parent)
        _lay_in_keys(beside, plan, keyring)
        _lay_in(plan_file.with_suffix(".tsr"), beside.path("plan.tsr"))
        if authority:
            write_whole(beside.path(AUTHORITY), authority, mode=0o644)
        write_whole(beside.path(PLAN), plan.text, mode=0o644)
        beside.folder.replace(folder)
    finally:
        shutil.rmtree(beside.folder, ignore_errors=True)
    return bundle


def scored(  # noqa: PLR0913 -- what a run is ended with
    bundle: Bundle,
    keys: Mapping[str, Key],
    signing: SigningKey,
    now: datetime,
    *,
    campaigns: Mapping[str, int] | None = None,
    progress: Progress = quietly,
) -> VerdictDocument:
    """Scores what was answered, opens the labels, signs the bundle and writes the verdict.

    A run that ended between the signature and the verdict is ended here, and nothing is scored again.

    Args:
        bundle: whose answers are there.
        keys: by id.
        signing: of whoever answers for the run.
        now: when.
        campaigns: how many accounts the campaigns have whose answers the keys marked, where detection told.
        progress: told how much is done.

    Raises:
        ConfigError: a key or a file is missing, or the bundle is signed.
        InputError: an endpoint was not asked yet.
    """
    if bundle.path(VERDICT).exists():
        raise ConfigError("The bundle is complete and signed.", where=str(bundle.folder))
    if bundle.path(MANIFEST).exists():
        return written(bundle)
    for subject in bundle.plan.subjects:
        if subject.endpoint and not bundle.responses(subject.id).is_file():
            raise InputError("It was not asked yet.", where=subject.id, hint="`stillwatch probe run` asks.")
    results, opening = score_blind(bundle, keys, now, progress=progress)
    write_whole(bundle.path(RESULTS), results.text, mode=0o644)
    write_whole(bundle.path(BLINDING), opening.text, mode=0o644)
    write_whole(bundle.path(LEADS), canonical([vars(each) for each in leads(bundle)]), mode=0o644)
    if campaigns is not None:
        write_whole(bundle.path(CAMPAIGNS), canonical(dict(campaigns)), mode=0o644)
    seal(bundle, signing, max(now, results.scored))
    return written(bundle)


def written(bundle: Bundle) -> VerdictDocument:
    """Writes the verdict that follows from a bundle: after the run, and after each re-run."""
    document = verdict(bundle)
    write_whole(bundle.path(VERDICT), dumps(document).encode(), mode=0o644)
    return document


def disclose(bundle: Bundle, keyring: Keyring, now: datetime) -> tuple[str, ...]:
    """Lays the keys of a bundle into it, for an expert or a court; they are burned, and retired.

    Returns:
        Their ids.

    Raises:
        ConfigError: the keyring does not have them.
    """
    ids = tuple(each.record.id for each in bundle.keys)
    disclosed = keyring.secrets(ids)
    for key in ids:
        keyring.retire(key, now, f"disclosed with the bundle of the plan {bundle.plan.digest[:16]}")
    bundle.path(DISCLOSED).parent.mkdir(exist_ok=True)
    write_whole(bundle.path(DISCLOSED), SECRETS.dump_json(disclosed), mode=0o600)
    return ids


def _lay_in_files(bundle: Bundle, plan: Plan, folder: Path) -> None:
    for file in plan.files:
        place = bundle.file(file)
        _lay_in(folder / file.path, place)
        if not place.is_file() or digest_of(place) != file.sha256:
            raise InputError("The file is not the one that the plan names.", where=str(folder / file.path))


def _lay_in_keys(bundle: Bundle, plan: Plan, keyring: Keyring) -> None:
    """The records of the keys that are tested, and the head that commits to them, with its time-stamp."""
    records, kept = keyring.records(), Commitments(keyring.folder)
    named = dict.fromkeys(key for test in plan.tests for key in test.keys)
    head = next((each for each in kept.heads() if each.root == plan.commitments), None)
    if plan.commitments and head is None:
        hint = "`stillwatch probe keys commit` makes one."
        raise ConfigError("The commitment that the plan names is not here.", where=str(kept.folder), hint=hint)
    under = records[: head.size] if head else ()
    tested = tuple(
        Tested(record=record, proof=commitments.prove(record, under) if record in under else None)
        for record in map(keyring.record, named)
    )
    write_whole(bundle.path(KEYS), Keys(keys=tested).text, mode=0o644)
    if head:
        write_whole(bundle.path(COMMITMENTS), head.text, mode=0o644)
        _lay_in(kept.path(head).with_suffix(".tsr"), bundle.path("commitments.tsr"))


def _lay_in(source: Path, target: Path) -> None:
    if source.is_file():
        shutil.copyfile(source, target)
