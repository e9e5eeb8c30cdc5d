"""Files in object stores (s3://, gs://, abfs://), by the file systems that Arrow brings.

    expand("s3://logs/2026/")            # the files below, with their full addresses
    file = opened("s3://logs/a.parquet") # read, seek, tell, as of a local file

Credentials come from where each store's own tools look: AWS_ACCESS_KEY_ID and the like, ~/.aws, the machine's role;
GOOGLE_APPLICATION_CREDENTIALS; Azure's environment. AWS_ENDPOINT_URL names another server that speaks S3.
"""

from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

import pyarrow as pa
from pyarrow import fs

from stillwatch.errors import ConfigError, InputError

SCHEMES = ("s3", "gs", "gcs", "abfs", "abfss", "hdfs")
#: What stores say, in words of the SDKs, and what it means.
_MEANINGS = (
    (("NO_SUCH_BUCKET", "ContainerNotFound", "ParentNotFound"), "There is no such bucket."),
    (
        ("INVALID_ACCESS_KEY_ID", "INVALID_CLIENT_TOKEN_ID", "SIGNATURE_DOES_NOT_MATCH", "EXPIRED_TOKEN"),
        "The store does not accept these credentials.",
    ),
    (("ACCESS_DENIED", "PermissionDenied", "403", "AuthorizationFailure"), "The store denies access."),
    (
        ("NETWORK_CONNECTION", "curlCode", "resolve host", "REQUEST_TIMEOUT", "UNAVAILABLE", "HTTP status 301"),
        "The store cannot be reached.",
    ),
)
_HINTS = {
    "There is no such bucket.": "Check its name and, for S3, its region (AWS_DEFAULT_REGION).",
    "The store does not accept these credentials.": "Check those in the environment (for S3, AWS_ACCESS_KEY_ID).",
    "The store denies access.": "Listing and reading must be allowed; check the credentials in the environment.",
    "The store cannot be reached.": "Check the network, and AWS_ENDPOINT_URL and the region for S3; then run it again.",
}


def is_object(name: str) -> bool:
    """Whether this is an address in a store."""
    return name.partition("://")[0] in SCHEMES and "://" in name


def listed(address: str) -> list[str]:
    """The files at an address: itself, or all below it, sorted.

    Raises:
        InputError: there is nothing, or the store cannot be read.
    """
    store, path = _located(address)
    try:
        if store.get_file_info(path).type == fs.FileType.File:
            return [address]
        found = store.get_file_info(fs.FileSelector(path, recursive=True, allow_not_found=False))
    except OSError as error:
        raise unreadable(address, error) from error
    prefix = len(path.rstrip("/")) + 1
    return sorted(_below(address, info.path[prefix:]) for info in found if info.type == fs.FileType.File)


def holds(address: str, name: str) -> list[str]:
    """The names in a folder below an address; none where there is no such folder.

    Raises:
        InputError: the store cannot be read.
    """
    store, path = _located(address)
    try:
        selector = fs.FileSelector(f"{path.rstrip('/')}/{name}", allow_not_found=True)
        return sorted(info.base_name for info in store.get_file_info(selector))
    except OSError as error:
        raise unreadable(address, error) from error


def size(address: str) -> int:
    """Bytes of a file.

    Raises:
        InputError: it is not there.
    """
    store, path = _located(address)
    try:
        return int(store.get_file_info(path).size or 0)
    except OSError as error:
        raise unreadable(address, error) from error


def opened(address: str) -> "Remote":
    """A file, to be read in any order.

    Raises:
        InputError: it cannot be.
    """
    store, path = _located(address)
    try:
        return Remote(address, store.open_input_file(path))
    except OSError as error:
        raise unreadable(address, error) from error


class Remote:
    """A file of a store. Its faults are `InputError`, so that nobody takes a broken line for a damaged file."""

    closed = False

    def __init__(self, address: str, file: pa.NativeFile) -> None:
        self._address, self._file = address, file

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes; all for -1."""
        try:
            return bytes(self._file.read(None if size < 0 else size))
        except OSError as error:
            raise unreadable(self._address, error) from error

    def seek(self, position: int, whence: int = 0, /) -> int:
        """Go to a byte."""
        return int(self._file.seek(position, whence))

    def tell(self) -> int:
        """Which byte comes next."""
        return int(self._file.tell())

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def unreadable(address: str, error: OSError) -> InputError:
    """What a store said, in one line."""
    if isinstance(error, FileNotFoundError):
        return InputError("There is no such file.", where=address, hint="Name a log, or a folder (prefix) of logs.")
    said = " ".join(str(error).split())
    what = next((what for signs, what in _MEANINGS if any(sign in said for sign in signs)), None)
    return InputError(what or f"The store cannot be read ({said[:200]}).", where=address, hint=_HINTS.get(what or ""))


def forget() -> None:
    """Make clients anew: the environment's credentials have changed."""
    _store.cache_clear()


def _below(address: str, relative: str) -> str:
    path, mark, query = address.partition("?")
    return f"{path.rstrip('/')}/{relative}{mark}{query}"


def _located(address: str) -> tuple[fs.FileSystem, str]:
    parts = urlsplit(address)
    if parts.password is not None:
        raise ConfigError(
            "Credentials in an address stand in histories and lists of processes.",
            where=f"{parts.scheme}://{parts.hostname}",
            hint="Set them in the environment (for S3, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY).",
        )
    try:
        store, base = _store(parts._replace(path="/", fragment=""))
    except (OSError, pa.ArrowException, ValueError) as error:
        raise unreadable(address, OSError(str(error))) from error
    return store, f"{base.rstrip('/')}/{parts.path.strip('/')}".rstrip("/")


@lru_cache(maxsize=16)
def _store(root: SplitResult) -> tuple[fs.FileSystem, str]:
    """One client a bucket: making one asks for its region and credentials."""
    store, base = fs.FileSystem.from_uri(root.geturl())
    return store, base
