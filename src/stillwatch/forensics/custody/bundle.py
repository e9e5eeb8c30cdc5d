"""The bundle: a folder with all that a verdict rests on, every file by its SHA-256, signed by whoever ran the test.

plan.json  plan.tsr             the plan, and that somebody else saw it (RFC 3161)
commitments.json  .tsr          the root over the records of keys, likewise
keys.json                       the records of the keys that are tested, with their proofs
authority.pem                   whose time-stamps these are
files/                          what the plan names: prompts, texts, tokenizer, catalogue
responses/                      what endpoints answered, as it came
leads.json  campaigns.json      below evidence; whose answers the keys marked
results.json  blinding.json     under blind labels; whose labels they were
manifest.json  manifest.sig     all files above
reruns/                         by others, each signed by itself
disclosed/keys.json             keys, where they were disclosed: the commitments vouch for them
verdict.json  verdict.html      follow from all of the above, and are held against it

seal(folder, key, now)
with opened(Path("bundle.zip")) as bundle: ...
"""

import hashlib
import json
import lzma
import platform
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from typing import Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

import stillwatch
from stillwatch.errors import InputError, TrustError, mistakes
from stillwatch.forensics.custody.commitments import Head, Proof
from stillwatch.forensics.custody.keys import Record
from stillwatch.forensics.plan import Digest, File, Plan, digest_of, loads
from stillwatch.signing import SigningKey, canonical, from_base64, key_id, to_base64, verify_bytes
from stillwatch.writing import write_whole

PLAN, COMMITMENTS, KEYS, AUTHORITY = "plan.json", "commitments.json", "keys.json", "authority.pem"
LEADS, CAMPAIGNS, RESULTS, BLINDING = "leads.json", "campaigns.json", "results.json", "blinding.json"
MANIFEST, VERDICT, VERDICT_HTML, DISCLOSED = "manifest.json", "verdict.json", "verdict.html", "disclosed/keys.json"
FILES, RESPONSES, RERUNS = "files", "responses", "reruns"

LARGEST = 64 << 20  # bytes of a document that is read whole
LARGEST_UNPACKED, MOST_FILES = 4 << 30, 10_000  # of a zip file: a few kilobytes of one may become any size

LIBRARIES = ("numpy", "scipy", "numba", "tokenizers", "pydantic", "cryptography")

Document = TypeVar("Document", bound=BaseModel)


class Part(BaseModel):
    """Every document of a bundle: nothing unknown, nothing changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @property
    def text(self) -> bytes:
        """Its canonical JSON, as it stands in the bundle."""
        return canonical(self.model_dump(mode="json"))


class Software(Part):
    """What computed the results."""

    stillwatch: str
    code: Digest
    python: str
    libraries: dict[str, str]


class Manifest(Part):
    """All files of a run."""

    version: Literal["1"] = "1"
    title: str
    plan: Digest
    made: AwareDatetime
    software: Software
    files: dict[str, Digest]


class Tested(Part):
    """The record of a key, and that it was committed to."""

    record: Record
    proof: Proof | None


class Keys(Part):
    """keys.json: what may be known of the keys that the plan names."""

    version: Literal["1"] = "1"
    keys: tuple[Tested, ...]


@dataclass(frozen=True)
class Bundle:
    """A bundle that can be read; nothing of it is believed before `verification` has looked at it."""

    folder: Path

    def path(self, name: str) -> Path:
        """Where a file of it lies."""
        return self.folder / name

    def read(self, name: str) -> bytes:
        """A file of it.

        Raises:
            InputError: it is not there, or larger than any that a run writes.
        """
        try:
            with self.path(name).open("rb") as file:
                content = file.read(LARGEST + 1)
        except OSError as error:
            raise InputError(f"The bundle has no such file ({error.strerror}).", where=name) from None
        if len(content) > LARGEST:
            raise InputError("The file is larger than any that a run writes.", where=name)
        return content

    def optional(self, name: str) -> bytes | None:
        """A file that need not be there."""
        return self.read(name) if self.path(name).is_file() else None

    def document(self, name: str, kind: type[Document]) -> Document:
        """A document of it.

        Raises:
            InputError: it is not there, or not what it should be.
        """
        try:
            return kind.model_validate_json(self.read(name))
        except ValidationError as error:
            first = mistakes(error)[0]
            what = f"The file is not what it should be: {first.place}: {first.says}."
            raise InputError(what, where=name) from None

    def file(self, file: File) -> Path:
        """Where a file of the plan lies."""
        return self.folder / FILES / f"{(file.sha256 or '')[:12]}-{PurePosixPath(file.path).name}"

    def responses(self, subject: str) -> Path:
        """Where the answers of a subject's endpoint lie."""
        return self.folder / RESPONSES / f"{subject}.jsonl"

    @cached_property
    def plan(self) -> Plan:
        """The plan."""
        return loads(self.read(PLAN))

    @cached_property
    def head(self) -> Head | None:
        """The commitment to the keys."""
        return self.document(COMMITMENTS, Head) if self.path(COMMITMENTS).is_file() else None

    @cached_property
    def keys(self) -> tuple[Tested, ...]:
        """The records of the keys that are tested."""
        return self.document(KEYS, Keys).keys

    @cached_property
    def manifest(self) -> Manifest:
        """What its files should be."""
        return self.document(MANIFEST, Manifest)

    @property
    def reruns(self) -> tuple[str, ...]:
        """The names of the files in which others say what they found."""
        found = sorted(self.path(RERUNS).glob("*.json"))
        return tuple(f"{RERUNS}/{path.name}" for path in found)


@contextmanager
def opened(path: Path) -> Iterator[Bundle]:
    """A bundle from its folder, or from a zip file of it.

    Raises:
        InputError: it is neither, or would become too large.
    """
    if path.is_dir():
        yield Bundle(path)
        return
    with tempfile.TemporaryDirectory(prefix="stillwatch-") as folder:
        _unpack(path, folder)
        found = sorted(Path(folder).rglob(PLAN), key=lambda each: len(each.parts))
        yield Bundle(found[0].parent if found else Path(folder))


def _unpack(path: Path, folder: str) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            held = archive.infolist()
            if len(held) > MOST_FILES or sum(each.file_size for each in held) > LARGEST_UNPACKED:
                hint = "If you trust it, unpack it yourself and name the folder."
                raise InputError("The zip file would become larger than any bundle.", where=str(path), hint=hint)
            archive.extractall(folder)  # never more of a file than its header says
    except _NO_ZIP as error:
        raise InputError(f"This is no bundle: neither a folder nor a zip file ({error}).", where=str(path)) from None


#: What the library raises of archives that are damaged, locked, or packed as it cannot unpack.
_NO_ZIP = (OSError, EOFError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)


def seal(bundle: Bundle, key: SigningKey, now: datetime) -> None:
    """Writes the manifest over all files of the run, and its signature."""
    files = {name: digest_of(bundle.path(name)) for name in _listed(bundle)}
    plan = bundle.plan
    manifest = Manifest(title=plan.title, plan=plan.digest, made=now, software=software(), files=files)
    write_signed(bundle.path(MANIFEST), manifest.text, key)


def unaltered(bundle: Bundle) -> str:
    """Checks every file against the manifest, and the manifest against its signature.

    Returns:
        The short name of the key that signed it.

    Raises:
        TrustError: a file was changed, taken away or put in; it is named.
    """
    by = signed_by(bundle.path(MANIFEST))
    expected = bundle.manifest.files
    present = set(_listed(bundle))
    for name in sorted(expected.keys() | present):
        if name not in present:
            raise TrustError("The file was taken away from the bundle.", where=name)
        if name not in expected:
            raise TrustError("The file was put into the bundle after it was signed.", where=name)
        if digest_of(bundle.path(name)) != expected[name]:
            raise TrustError("The file was changed after the bundle was signed.", where=name)
    return by


def write_signed(path: Path, content: bytes, key: SigningKey) -> None:
    """Writes a file, and before it (`.sig`) the Ed25519 signature of its bytes: where it stands, it is signed."""
    signature = {"key": to_base64(key.public), "signature": to_base64(key.sign(content))}
    write_whole(path.with_suffix(".sig"), canonical(signature), mode=0o644)
    write_whole(path, content, mode=0o644)


def signed_by(path: Path) -> str:
    """The short name of the key by which a file is signed.

    Raises:
        TrustError: it is not signed, or was changed since.
    """
    try:
        content, given = path.read_bytes(), json.loads(path.with_suffix(".sig").read_bytes())
        public = from_base64(given["key"])
        verify_bytes(public, content, from_base64(given["signature"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise TrustError("The file is not signed, or its signature cannot be read.", where=path.name) from None
    except TrustError as error:
        raise TrustError(error.what, where=path.name) from None
    return key_id(public)


def software() -> Software:
    """What computes here and now: versions, and one digest over the source of all modules."""
    return Software(
        stillwatch=stillwatch.__version__,
        code=_code(),
        python=platform.python_version(),
        libraries={name: found for name in LIBRARIES if (found := _version(name))},
    )


@cache  # what runs is what was read when it started, whatever becomes of the files
def _code() -> str:
    package = Path(stillwatch.__file__).parent
    sources = {path.relative_to(package).as_posix(): digest_of(path) for path in package.rglob("*.py")}
    return hashlib.sha256(canonical(sources)).hexdigest()


def _listed(bundle: Bundle) -> Iterator[str]:
    """The files that a manifest speaks of: all but itself, what is signed by itself, and what follows from the rest."""
    apart = {MANIFEST, "manifest.sig", VERDICT, VERDICT_HTML, DISCLOSED}
    for path in sorted(bundle.folder.rglob("*")):
        name = path.relative_to(bundle.folder).as_posix()
        if path.is_symlink():
            raise TrustError("A bundle holds files, no links.", where=name)
        if path.is_file() and name not in apart and not name.startswith(f"{RERUNS}/"):
            yield name


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None
