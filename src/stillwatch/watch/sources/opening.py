"""Sources whose libraries need not be installed: opened here, so that a missing one is said in a line.

otlp(address, folding, token=None)      # pip install 'stillwatch[gateway]'
kafka(address, folding, options)        # pip install 'stillwatch[kafka]'
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from stillwatch.errors import ConfigError
from stillwatch.watch.model import Source
from stillwatch.watch.sources.folding import Folding


def otlp(address: str, folding: Folding, *, token: str | None = None) -> Source:
    """A receiver of spans; see `watch.sources.otlp`.

    Raises:
        ConfigError: it cannot listen there, or the extra is not installed.
    """
    with _needing("gateway", "An OTLP receiver"):
        from stillwatch.watch.sources.otlp import Otlp  # noqa: PLC0415 — an extra
    return Otlp(address, folding, token=token)


def kafka(address: str, folding: Folding, options: Mapping[str, str] | None = None) -> Source:
    """A topic; see `watch.sources.kafka`.

    Raises:
        ConfigError: the address or an option is wrong, or the extra is not installed.
    """
    with _needing("kafka", "Kafka"):
        from stillwatch.watch.sources.kafka import Kafka  # noqa: PLC0415 — an extra
    return Kafka(address, folding, options)


@contextmanager
def _needing(extra: str, what: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        hint = f"Install it: pip install 'stillwatch[{extra}]'."
        raise ConfigError(f"{what} needs {error.name}.", where="watch", hint=hint) from None
