import hashlib
import json
import shutil
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from stillwatch.errors import ConfigError, InputError, TrustError
from stillwatch.forensics.custody import bundle as bundles
from stillwatch.forensics.custody.bundle import Bundle, opened, seal
from stillwatch.forensics.custody.rerunning import rerun
from stillwatch.forensics.custody.running import begun, disclose, scored, written
from stillwatch.forensics.custody.timestamps import request
from stillwatch.forensics.custody.verification import keys_of, verify
from stillwatch.signing import SigningKey

LEAD = {"name": "style", "says": "It writes as we do.", "wrong": 0.01, "of": 30}


@pytest.fixture(scope="session")
def examiner():
    return SigningKey.generate()


@pytest.fixture(scope="session")
def _signed(made, tmp_path_factory, examiner):
    bundle = begun(tmp_path_factory.mktemp("signed") / "bundle", made.seal(), made.keyring)
    scored(bundle, {key.id: key for key in made.keys}, examiner, bundle.plan.made + timedelta(hours=1))
    return bundle.folder


@pytest.fixture
def whole(_signed, tmp_path):
    """A bundle that is complete and signed."""
    return Bundle(Path(shutil.copytree(_signed, tmp_path / "bundle")))


def test_a_bundle_holds_elsewhere_and_shows_whose_answers_were_trained_on(whole, world, tmp_path, examiner):
    shutil.copytree(whole.folder, tmp_path / "elsewhere")
    verified = verify(Bundle(tmp_path / "elsewhere"), world.keyring, by=examiner.key_id)

    document = verified.document
    assert (verified.scored, verified.same_code, verified.by) == (True, True, examiner.key_id)
    assert [each.id for each in document.campaigns if each.reached] == ["c-1"]
    assert document.grade == "corroborated"
    assert [each.name for each in document.requirements if not each.met] == ["re-run"]


def test_a_second_person_makes_it_shown(whole, world):
    other = SigningKey.generate()
    name = rerun(whole, keys_of(whole, world.keyring), other, whole.manifest.made + timedelta(days=1))
    document = written(whole)

    assert document.grade == "shown"
    assert [(each.by, each.blinded, each.differs) for each in document.reruns] == [(other.key_id, True, ())]
    assert verify(whole, world.keyring).document == document
    first, second = (json.loads(whole.read(each)) for each in ("blinding.json", name))
    assert not first["labels"].keys() & second["opening"]["labels"].keys()


def test_nobody_repeats_their_own_run(whole, world, examiner):
    with pytest.raises(ConfigError, match="own run"):
        rerun(whole, keys_of(whole, world.keyring), examiner, whole.manifest.made)


def test_without_keys_all_but_the_scores_is_checked_and_that_is_said(whole):
    assert verify(whole).scored is False


def test_disclosed_keys_are_enough_and_burned(whole, world):
    disclose(whole, world.keyring, whole.manifest.made)

    assert verify(whole).scored is True
    assert all(each.retired for each in world.keyring.records())


def test_no_secret_is_in_a_bundle_before_it_is_disclosed(whole, world):
    secrets = world.keyring.secrets(key.id for key in world.keys)
    hidden = [part for each in secrets for part in (each.value, each.salt, str(int(each.value, 16)))]
    hidden.append((world.keyring.folder / "root").read_text().strip())

    for path in filter(Path.is_file, whole.folder.rglob("*")):
        assert not any(part in path.read_text() for part in hidden), path.name


def _names(bundle):
    return sorted(each.relative_to(bundle.folder).as_posix() for each in bundle.folder.rglob("*") if each.is_file())


def test_every_file_that_is_altered_or_taken_away_is_named(whole, world):
    rerun(whole, keys_of(whole, world.keyring), SigningKey.generate(), whole.manifest.made + timedelta(days=1))
    written(whole)
    disclose(whole, world.keyring, whole.manifest.made)
    verify(whole)

    for name in _names(whole):
        path = whole.path(name)
        before = path.read_bytes()
        place = before.rindex(b"0") if b"0" in before else len(before) // 2
        path.write_bytes(before[:place] + b"1" + before[place + 1 :])
        with pytest.raises(TrustError) as caught:
            verify(Bundle(whole.folder))
        assert Path(name).stem in str(caught.value), name
        path.write_bytes(before)
    verify(Bundle(whole.folder))


def test_a_file_that_is_taken_away_is_named(whole):
    needed = [name for name in _names(whole) if not name.startswith("reruns")]

    for name in needed:
        content = whole.path(name).read_bytes()
        whole.path(name).unlink()
        with pytest.raises(TrustError, match=Path(name).stem):
            verify(Bundle(whole.folder))
        whole.path(name).write_bytes(content)


def test_a_file_that_is_put_in_is_named(whole):
    whole.path("files/more.jsonl").write_text("{}")

    with pytest.raises(TrustError, match=r"files/more\.jsonl"):
        verify(whole)


def _resigned(bundle, key, name, change):
    """Somebody alters a file and signs all of it anew."""
    content = json.loads(bundle.read(name))
    change(content)
    bundle.path(name).write_text(json.dumps(content, sort_keys=True, separators=(",", ":")))
    seal(Bundle(bundle.folder), key, bundle.manifest.made)
    return Bundle(bundle.folder)


def test_a_forger_who_signs_anew_has_another_key(whole, examiner):
    forger = SigningKey.generate()
    seal(whole, forger, whole.manifest.made)
    forged = Bundle(whole.folder)
    written(forged)

    assert verify(forged).by == forger.key_id
    with pytest.raises(TrustError, match=forger.key_id):
        verify(forged, by=examiner.key_id)


def test_leads_are_computed_from_the_answers_and_cannot_be_made_up(world, tmp_path, examiner):
    plan = world.seal(world.toml(extra='ours = ["student.jsonl"]\nnames = ["Parrot"]'))
    bundle = begun(tmp_path / "bundle", plan, world.keyring)
    scored(bundle, {key.id: key for key in world.keys}, examiner, bundle.plan.made + timedelta(hours=1))

    (lead,) = verify(bundle).document.leads
    assert (lead.name, lead.of) == ("style", 20)  # nobody was asked who it is
    forged = _resigned(bundle, examiner, "leads.json", lambda leads: leads.append(LEAD))
    written(forged)
    with pytest.raises(TrustError, match=r"leads\.json"):
        verify(forged)


def test_results_that_were_made_up_are_found_out_by_whoever_has_the_keys(whole, world, examiner):
    def stronger(results):
        for each in results["results"]:
            for key in each["keys"]:
                key["total"] += 1

    forged = _resigned(whole, examiner, "results.json", stronger)
    opening = json.loads(forged.read("blinding.json"))
    opening["results"] = hashlib.sha256(forged.read("results.json")).hexdigest()
    forged = _resigned(forged, examiner, "blinding.json", lambda content: content.update(opening))
    written(forged)

    assert verify(forged).scored is False
    with pytest.raises(TrustError, match=r"results\.json.*Computed anew"):
        verify(forged, world.keyring)


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("plan.json", lambda plan: plan.update(alpha=0.01), "results"),
        ("keys.json", lambda keys: keys["keys"][0]["record"].update(campaign="c-9"), "committed"),
        ("keys.json", lambda keys: keys["keys"].pop(), "keys.json"),
        ("commitments.json", lambda head: head.update(root="0" * 64), "commitments"),
        ("blinding.json", lambda opening: opening.update(salt="0" * 64), "blinding"),
        ("results.json", lambda results: results["results"].pop(), "blinding"),
    ],
)
def test_what_is_signed_must_still_agree_with_itself(whole, examiner, name, change, says):
    forged = _resigned(whole, examiner, name, change)

    with pytest.raises(TrustError, match=says):
        verify(forged)


def test_time_stamps_count_and_must_hold(world, tmp_path, examiner, authority, other_authority):
    plan = world.seal()
    stamp = authority.answer(request(plan.read_bytes()))
    plan.with_suffix(".tsr").write_bytes(stamp)
    (head,) = (world.keyring.folder / "commitments").glob("*.json")
    head.with_suffix(".tsr").write_bytes(authority.answer(request(head.read_bytes())))
    bundle = begun(tmp_path / "bundle", plan, world.keyring, authority.certificates)
    scored(bundle, {key.id: key for key in world.keys}, examiner, bundle.plan.made + timedelta(days=900))

    document = verify(bundle).document
    assert sum("time-stamped" in event.says for event in document.timeline) == 2
    met = {each.name: each.met for each in document.requirements}
    assert met["committed"] is False  # the stamp is of today, the first exposure of 2026-11-03: later than it says
    with pytest.raises(TrustError, match=r"commitments\.tsr|plan\.tsr"):
        verify(bundle, authority=other_authority.certificates)


@pytest.mark.usefixtures("whole")
def test_a_zip_file_will_do(tmp_path):
    archive = shutil.make_archive(str(tmp_path / "sent"), "zip", tmp_path, "bundle")

    with opened(Path(archive)) as bundle:
        assert verify(bundle).by


def test_a_zip_file_that_would_become_too_large_is_left_packed(whole, tmp_path, monkeypatch):
    archive = Path(shutil.make_archive(str(tmp_path / "sent"), "zip", whole.folder))
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as many:
        for number in range(bundles.MOST_FILES + 1):
            many.writestr(f"{number}", "")
    with pytest.raises(InputError, match="larger than any bundle"), opened(tmp_path / "many.zip"):
        pass
    monkeypatch.setattr(bundles, "LARGEST_UNPACKED", 10_000)
    with pytest.raises(InputError, match="larger than any bundle"), opened(archive):
        pass


def test_a_damaged_zip_file_is_no_bundle(whole, tmp_path):
    archive = Path(shutil.make_archive(str(tmp_path / "sent"), "zip", whole.folder))
    content = bytearray(archive.read_bytes())
    content[1000:2000] = bytes(255 - each for each in content[1000:2000])
    archive.write_bytes(content)

    with pytest.raises(InputError, match="no bundle"), opened(archive):
        pass


def test_a_file_that_no_run_writes_is_not_read(whole, monkeypatch):
    monkeypatch.setattr(bundles, "LARGEST", 100)

    with pytest.raises(InputError, match="larger than any"):
        whole.read("results.json")


def test_a_run_that_ended_before_its_verdict_is_ended_and_not_scored_again(whole, world, examiner):
    before, manifest = whole.read("verdict.json"), whole.read("manifest.json")
    whole.path("verdict.json").unlink()

    scored(whole, {}, examiner, whole.manifest.made + timedelta(days=1))
    assert (whole.read("verdict.json"), whole.read("manifest.json")) == (before, manifest)
    with pytest.raises(ConfigError, match="complete and signed"):
        scored(whole, {}, examiner, whole.manifest.made, campaigns={"c-1": 3})
    assert verify(whole, world.keyring).scored


def test_how_many_accounts_a_campaign_has_is_in_the_evidence(made, tmp_path, examiner):
    bundle = begun(tmp_path / "bundle", made.seal(), made.keyring)
    keys = {key.id: key for key in made.keys}
    scored(bundle, keys, examiner, bundle.plan.made + timedelta(hours=1), campaigns={"c-1": 7})

    (fed,) = [each for each in verify(bundle, made.keyring).document.campaigns if each.reached]
    assert fed.accounts == 7


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("results.json", lambda results: results["results"][0]["keys"][0].update(total=1e9)),
        ("results.json", lambda results: results["results"][0]["keys"][0].update(log10_p=3.0)),
        ("results.json", lambda results: results["results"][0].update(n=-1)),
        ("results.json", lambda results: results["results"][0].update(test="another")),
        ("leads.json", lambda leads: leads.append(LEAD | {"wrong": 7})),
        ("campaigns.json", lambda campaigns: campaigns.update({"c-1": -1})),
        ("campaigns.json", lambda campaigns: campaigns.update({"c-1": "many"})),
    ],
)
def test_what_cannot_be_is_said_in_a_line(whole, examiner, name, change):
    if name == "campaigns.json":
        whole.path(name).write_text("{}")
    forged = _resigned(whole, examiner, name, change)
    opening = json.loads(forged.read("blinding.json"))
    opening["results"] = hashlib.sha256(forged.read("results.json")).hexdigest()
    forged = _resigned(forged, examiner, "blinding.json", lambda content: content.update(opening))

    with pytest.raises(TrustError):
        verify(forged)
