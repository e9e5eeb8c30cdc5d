"""Every number that a user may doubt, in one file: `stillwatch.toml`.

A setting comes from a flag, else from the environment, else from the file, else from its default here; where it came
from is kept (`stillwatch config show --origin`). In the environment, `scan.high_bits` is `STILLWATCH_SCAN__HIGH_BITS`.

    settings = load(file=None, environ=os.environ, flags={"scan.threads": 4})
    settings.config.scan.threads       # 4
    settings.origins["scan.threads"]   # "flag"

The description of a field is its reason; the commented file of `stillwatch config init` and `docs/configuration.md` are
made from it.
"""

from stillwatch.config.loading import FILE, VARIABLES, Settings, declared, load, template, toml
from stillwatch.config.sections import (
    Config,
    ConsoleConfig,
    ExchangeConfig,
    Family,
    ForensicsConfig,
    GatewayConfig,
    InputConfig,
    ProfilesConfig,
    ResponseConfig,
    ScanConfig,
    WatchConfig,
)

__all__ = [
    "FILE",
    "VARIABLES",
    "Config",
    "ConsoleConfig",
    "ExchangeConfig",
    "Family",
    "ForensicsConfig",
    "GatewayConfig",
    "InputConfig",
    "ProfilesConfig",
    "ResponseConfig",
    "ScanConfig",
    "Settings",
    "WatchConfig",
    "declared",
    "load",
    "template",
    "toml",
]
