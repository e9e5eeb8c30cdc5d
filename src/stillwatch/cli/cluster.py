"""A scan on Spark, as the command line asks for it: `--engine spark --master URL --spark-conf KEY=VALUE`."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from stillwatch.errors import ConfigError

if TYPE_CHECKING:
    import pyarrow as pa

    from stillwatch.campaigns.findings import Findings
    from stillwatch.campaigns.signals import Importer
    from stillwatch.config import Config
    from stillwatch.engines.contract import Table
    from stillwatch.traffic.pseudonyms import Key
    from stillwatch.traffic.rejects import Rejects


@dataclass(frozen=True)
class Cluster:
    """Where Spark runs, and its settings."""

    master: str
    settings: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, engine: str, master: str | None, given: Sequence[str]) -> "Cluster | None":
        """What the options say; None where the scan runs in this process.

        Raises:
            ConfigError: a setting is no KEY=VALUE, or is given without `--engine spark`.
        """
        if engine == "local":
            if master or given:
                option = "--master" if master else "--spark-conf"
                raise ConfigError(
                    "It says how Spark runs, and this does not.", where=option, hint="Add --engine spark."
                )
            return None
        for setting in given:
            if not setting.partition("=")[2]:
                raise ConfigError(f"{setting!r} is no KEY=VALUE.", where="--spark-conf")
        return cls(master or "local[*]", {key: value for key, _, value in (each.partition("=") for each in given)})

    def scan(
        self,
        paths: Sequence[str],
        accounts: "pa.Table | None",
        config: "Config",
        *,
        rejects: "Rejects",
        key: "Key",
        until: datetime | None,
        importer: "Importer | None",
        progress: Callable[[str, float], None],
    ) -> "Findings":
        """Scan logs there.

        Raises:
            ConfigError: the extra `spark` is not installed, there is no Java, or the master is none.
            EngineError: the cluster cannot be reached, or fails.
            InputError: the logs cannot be used.
        """
        from stillwatch.campaigns.readings import Log
        from stillwatch.campaigns.scan import COLUMNS, scan_log

        try:
            from stillwatch.engines.spark import start
            from stillwatch.traffic.distributed import open_requests
        except ModuleNotFoundError as missing:
            hint = "pip install 'stillwatch[spark]'"
            raise ConfigError(f"This needs {missing.name}, which is not installed.", hint=hint) from None
        progress("starting Spark", 0.0)
        given = config.input
        with closing(start(self.master, self.settings)) as engine:
            source = open_requests(
                engine,
                paths,
                rejects=rejects,
                key=key,
                columns=COLUMNS,
                format=given.format,
                mapping=given.mapping,
                grain=given.grain,
                until=until,
            )

            def requests(stage: str, of: "pa.StringArray | None") -> "Table":
                progress(stage, 0.0)
                return source.requests(of)

            log = Log(requests, engine)
            return scan_log(
                log, source, accounts, settings=config.scan, until=until, importer=importer, progress=progress
            )
