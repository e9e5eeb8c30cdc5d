"""Layers of settings put together, each with where it came from; what is wrong with them; the commented file."""

import difflib
import json
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from stillwatch.config.sections import Config
from stillwatch.errors import ConfigError, mistakes

#: The file that is read where none is named, if it is there.
FILE = Path("stillwatch.toml")

#: Environment variables with a name of their own, and the setting that they give.
VARIABLES = {
    "STILLWATCH_KEY_FILE": "pseudonyms.key_file",
    "STILLWATCH_DB": "server.db",
    "STILLWATCH_LEDGER": "response.ledger",
}

_PATHS = {
    "input.mapping",
    "pseudonyms.key_file",
    "reviews.path",
    "exchange.secret_file",
    "exchange.ca_file",
    "exchange.certificate_file",
    "exchange.certificate_key_file",
    "exchange.key_file",
    "exchange.state",
    "response.policy",
    "gateway.token",
    "watch.folder",
    "watch.findings",
    "forensics.keys",
    "forensics.key_file",
    "forensics.catalogue",
    "forensics.planted",
    "forensics.authority",
    "console.findings",
    "console.oidc_secret_file",
}
_XDG = {
    "pseudonyms.key_file": ("XDG_CONFIG_HOME", "key"),
    "reviews.path": ("XDG_DATA_HOME", "reviews.sqlite"),
    "exchange.state": ("XDG_DATA_HOME", "exchange.sqlite"),
    "watch.folder": ("XDG_STATE_HOME", "watch"),
    "forensics.keys": ("XDG_CONFIG_HOME", "keys"),
    "forensics.key_file": ("XDG_CONFIG_HOME", "examiner.pem"),
    "console.db": ("XDG_DATA_HOME", "console.sqlite"),
    "forensics.planted": ("XDG_DATA_HOME", "planted.jsonl"),
}
_SECTIONS: Mapping[str, type[BaseModel]] = {name: type(field.default) for name, field in Config.model_fields.items()}
_Layer = dict[str, tuple[object, str]]  # dotted name: value, where it came from


@dataclass(frozen=True)
class Setting:
    """One setting as the code declares it, for the commented file and the docs."""

    section: str
    name: str
    default: object  # None: it has no value by itself
    example: object
    reason: str

    @property
    def key(self) -> str:
        """The dotted name, `scan.threads`."""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable, `STILLWATCH_SCAN__THREADS`."""
        return f"STILLWATCH_{self.section}__{self.name}".upper()


@dataclass(frozen=True)
class Settings:
    """The configuration in force, and where each value came from (`default`, `flag`, a variable's name or a file's)."""

    config: Config
    origins: Mapping[str, str]

    def value(self, key: str) -> Any:  # noqa: ANN401 — a setting has the type that its section says
        """The value of a dotted name."""
        section, name = key.split(".")
        return getattr(getattr(self.config, section), name)


def declared() -> Iterator[Setting]:
    """Every setting, in the order of the file."""
    for section, model in _SECTIONS.items():
        for name, field in model.model_fields.items():
            example = field.examples[0] if field.examples else field.default
            yield Setting(section, name, field.default, example, field.description or "")


def load(file: Path | None, environ: Mapping[str, str], flags: Mapping[str, object] | None = None) -> Settings:
    """Puts flags, environment, file and defaults together.

    Args:
        file: the file that the user named; None reads `./stillwatch.toml` if there is one.
        environ: `os.environ`.
        flags: dotted names and values from the command line; None is a flag that was not given.

    Raises:
        ConfigError: the file is absent or no TOML, a setting is unknown (the nearest is named) or its value is wrong.
    """
    file = file or (FILE if FILE.is_file() else None)
    layers = [_xdg(environ), _from_file(file) if file else {}, _from_environment(environ), _from_flags(flags or {})]
    given = {key: pair for layer in layers for key, pair in layer.items()}
    origins = {setting.key: "default" for setting in declared()}
    nested: dict[str, dict[str, object]] = {section: {} for section in _SECTIONS}
    for key, (value, origin) in given.items():
        if key not in origins:
            raise _unknown(key, list(origins), origin)
        origins[key] = origin
        section, name = key.split(".")
        nested[section][name] = value
    try:
        return Settings(Config.model_validate(nested), origins)
    except ValidationError as error:
        raise _wrong(error, origins) from None


def _xdg(environ: Mapping[str, str]) -> _Layer:
    return {
        key: (Path(environ[variable]) / "stillwatch" / name, variable)
        for key, (variable, name) in _XDG.items()
        if environ.get(variable)
    }


def _from_file(file: Path) -> _Layer:
    try:
        sections = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        hint = "Make one with `stillwatch config init`."
        raise ConfigError(f"cannot be read ({error.strerror}).", where=str(file), hint=hint) from None
    except ValueError as error:
        raise ConfigError(f"is not TOML: {error}.", where=str(file)) from None
    layer: _Layer = {}
    for section, settings in sections.items():
        if not isinstance(settings, dict):
            raise ConfigError(f"{section} stands outside of a section, such as [scan].", where=str(file))
        if section not in _SECTIONS:
            raise _unknown(section, list(_SECTIONS), str(file))
        layer |= {f"{section}.{name}": (value, str(file)) for name, value in settings.items()}
    return {key: (_beside(file, key, value), origin) for key, (value, origin) in layer.items()}


def _beside(file: Path, key: str, value: object) -> object:
    """A path in the file is meant from the file's folder, whatever folder the command runs in."""
    return file.parent / Path(value).expanduser() if key in _PATHS and isinstance(value, str) else value


def _from_environment(environ: Mapping[str, str]) -> _Layer:
    layer: _Layer = {}
    for variable, value in environ.items():
        if value and variable.startswith("STILLWATCH_") and "__" in variable:
            layer[variable.removeprefix("STILLWATCH_").lower().replace("__", ".", 1)] = (value, variable)
    return layer | {key: (environ[variable], variable) for variable, key in VARIABLES.items() if environ.get(variable)}


def _from_flags(flags: Mapping[str, object]) -> _Layer:
    return {key: (value, "flag") for key, value in flags.items() if value is not None}


def _wrong(error: ValidationError, origins: Mapping[str, str]) -> ConfigError:
    """All that is wrong with the values, in one line."""
    problems = []
    for each in mistakes(error):
        setting = ".".join(map(str, each.path[:2]))
        problems.append((origins.get(setting), f"{each.place}: {each.says[0].lower()}{each.says[1:]}"))
    return ConfigError("; ".join(what for _, what in problems) + ".", where=problems[0][0])


def _unknown(key: str, known: list[str], where: str) -> ConfigError:
    nearest = difflib.get_close_matches(key, known, n=1, cutoff=0)
    return ConfigError(f"unknown setting {key}.", where=where, hint=f"Did you mean {nearest[0]}?")


def toml(value: object) -> str:
    """One value as TOML writes it: as JSON does, save for the delete character."""
    if isinstance(value, Path):
        value = str(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def template() -> str:
    """`stillwatch.toml` with every setting, its reason and its default, all commented out.

    Commented out, so that a better default of a later version reaches those who never chose otherwise.
    """
    lines = [
        "# stillwatch.toml: every setting with its reason and its default. Take the `#` away to change one.",
        "# A flag wins over the environment, the environment over this file. Paths are meant from this file's folder.",
    ]
    section = ""
    for setting in declared():
        if setting.section != section:
            section = setting.section
            lines += ["", f"[{section}]"]
        lines += ["", *_wrapped(setting.reason)]
        lines.append(f"# {setting.name} = {toml(setting.example)}")
    return "\n".join(lines) + "\n"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, width=100, initial_indent="# ", subsequent_indent="# ")
