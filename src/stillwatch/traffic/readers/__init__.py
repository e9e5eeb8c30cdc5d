"""Readers of the log formats that people have: one file a format, which alone knows that format's names."""

from stillwatch import plugins
from stillwatch.traffic.readers.gateway import Gateway
from stillwatch.traffic.readers.langfuse import Langfuse
from stillwatch.traffic.readers.litellm import Grain, LiteLLM
from stillwatch.traffic.readers.mapping import Mapping
from stillwatch.traffic.readers.native import Native
from stillwatch.traffic.readers.otel import OpenTelemetry
from stillwatch.traffic.readers.protocol import Reader
from stillwatch.traffic.readers.spendlogs import SpendLogs

__all__ = ["Grain", "Mapping", "Native", "Reader", "known"]


def known(grain: Grain = "user") -> tuple[Reader, ...]:
    """The built-in readers, in the order in which a log is tried, then the installed ones (`stillwatch.readers`)."""
    built_in = (Native(), SpendLogs(grain), LiteLLM(grain), Langfuse(), OpenTelemetry(), Gateway())
    return built_in + tuple(plugin() for plugin in plugins.load("readers").values())
