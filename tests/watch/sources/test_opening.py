import sys

import pytest

from stillwatch.errors import ConfigError
from stillwatch.watch.sources.opening import kafka, otlp


def test_what_is_installed_is_opened(folding):
    source = otlp("127.0.0.1:0", folding)
    assert source.name == "otlp"
    source.close()
    assert kafka("kafka:9092/requests", folding).name == "kafka requests"


@pytest.mark.parametrize(
    ("opened", "address", "library", "extra"),
    [(otlp, "127.0.0.1:0", "uvicorn", "gateway"), (kafka, "kafka:9092/requests", "confluent_kafka", "kafka")],
)
def test_what_is_not_is_said(folding, monkeypatch, opened, address, library, extra):  # noqa: PLR0917 — a table
    monkeypatch.setitem(sys.modules, library, None)
    for module in ("serving", "watch.sources.otlp", "watch.sources.receiver", "watch.sources.kafka"):
        monkeypatch.delitem(sys.modules, f"stillwatch.{module}", raising=False)
    with pytest.raises(ConfigError, match=rf"needs {library}\. .*stillwatch\[{extra}\]"):
        opened(address, folding)
