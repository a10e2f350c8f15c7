"""Where settings come from: an option of the command line, else the environment, else one TOML file, else a default."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from cluster.setting_keys import PREFIX, SettingKey, built, setting_keys
from planner.domain.errors import InvalidRequest

CONFIG_VARIABLE = f"{PREFIX}CONFIG"
"""Names the settings file where ``--config`` does not."""

_YES, _NO = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}
_PASSWORD_IN_URL = re.compile(r"(?<=://)([^:/@\s]*):[^@/\s]+(?=@)")
_HIDDEN = "***"

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What is looked at: options by the name of their field, all variables of the environment, the file if any."""

    flags: Mapping[str, object]
    environment: Mapping[str, str]
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Effective:
    """The value of one setting that counts, and where it came from (empty for a default)."""

    setting: SettingKey
    value: object
    origin: str

    def shown(self) -> str:
        """Return the line of a settings file that would say the same; a secret, or a password in a URL, is hidden."""
        value = _HIDDEN if self.setting.secret and self.value else _text(self.value)
        if value is None:
            return f"# {self.setting.leaf} is not set"
        return (
            f"{self.setting.leaf} = {value if value != _HIDDEN else json.dumps(_HIDDEN)}  # {self.origin or 'default'}"
        )


def read_settings(settings: type[T], sources: Sources) -> T:
    """Return the settings that the sources mean.

    Raises
    ------
    InvalidRequest
        If the file cannot be read, names a setting that does not exist, or any value is wrong; the message says where
        the value came from.
    """
    effective = effective_settings(settings, sources)
    try:
        return built(settings, {each.setting.key: each.value for each in effective if each.origin})
    except InvalidRequest as error:
        origins = [each for each in effective if each.origin and error.field in (each.setting.key, each.setting.leaf)]
        if not origins:
            raise
        raise InvalidRequest(
            f"{error} ({origins[0].setting.key} comes from {origins[0].origin})", error.field
        ) from error


def effective_settings(settings: type, sources: Sources) -> tuple[Effective, ...]:
    """Return every setting with the value that counts, in the order of the fields; raises as above."""
    known = setting_keys(settings)
    file = sources.file or _named_file(sources.environment)
    given = {} if file is None else _from_file(known, file)
    given |= _from_environment(known, sources.environment)
    given |= _from_flags(known, sources.flags)
    return tuple(
        given.get(setting.key, Effective(setting, None if setting.default is MISSING else setting.default, ""))
        for setting in known
    )


def unused_variables(settings: type, environment: Mapping[str, str], others: Sequence[str] = ()) -> tuple[str, ...]:
    """Return variables that look like settings and are none; ``others`` are read elsewhere."""
    known = {setting.variable for setting in setting_keys(settings) if not setting.flag_only}
    known |= {CONFIG_VARIABLE, *others}
    return tuple(sorted(name for name in environment if name.startswith(PREFIX) and name not in known))


def settings_text(effective: Sequence[Effective]) -> Iterator[str]:
    """Yield effective settings as the lines of a settings file, each with where its value came from."""
    table = ""
    for each in sorted(effective, key=lambda each: each.setting.key.rpartition(".")[0]):
        if each.setting.flag_only:
            continue
        own = each.setting.key.rpartition(".")[0]
        if own != table:
            table = own
            yield ""
            yield f"[{own}]"
        yield each.shown()


def _named_file(environment: Mapping[str, str]) -> Path | None:
    named = environment.get(CONFIG_VARIABLE, "")
    return Path(named) if named else None


def _from_file(known: Sequence[SettingKey], file: Path) -> dict[str, Effective]:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidRequest(f"settings file {file} cannot be read: {error.strerror}", "config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"settings file {file} is not TOML: {error}", "config") from error
    by_key, found = {setting.key: setting for setting in known if not setting.flag_only}, {}
    for key, value in _flat(document):
        if key not in by_key:
            near = difflib.get_close_matches(key, [*by_key, *(s.leaf for s in by_key.values())], n=1)
            meant = f"did you mean {_full(near[0], by_key)!r}? " if near else ""
            raise InvalidRequest(
                f"settings file {file}: {key!r} is no setting; {meant}`concordat settings show` prints all of them", key
            )
        origin = f"{file}"
        found[key] = Effective(by_key[key], _typed(by_key[key], value, origin, file.parent), origin)
    return found


def _full(near: str, known: Mapping[str, SettingKey]) -> str:
    return near if near in known else next(key for key, setting in known.items() if setting.leaf == near)


def _flat(document: Mapping[str, Any], table: str = "") -> Iterator[tuple[str, object]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{table}{name}.")
        else:
            yield f"{table}{name}", value


def _from_environment(known: Sequence[SettingKey], environment: Mapping[str, str]) -> dict[str, Effective]:
    """Return what variables set; an empty one sets nothing, as container platforms leave them."""
    found = {}
    for setting in known:
        text = environment.get(setting.variable, "")
        if text and not setting.flag_only:
            origin = setting.variable
            found[setting.key] = Effective(setting, _typed(setting, _parsed(setting, text), origin, None), origin)
    return found


def _from_flags(known: Sequence[SettingKey], flags: Mapping[str, object]) -> dict[str, Effective]:
    found = {}
    for name, value in flags.items():
        if value is None:
            continue
        meant = [setting for setting in known if name in (setting.leaf, setting.key.replace(".", "_"))]
        if len(meant) != 1:
            raise LookupError(f"option {name!r} means {len(meant)} settings; name one field of the settings like it")
        found[meant[0].key] = Effective(meant[0], value, f"--{name.replace('_', '-')}")
    return found


def _parsed(setting: SettingKey, text: str) -> object:
    """Return the text of a variable as a settings file would hold it; what cannot be parsed stays text."""
    if setting.kind is bool:
        return text.lower() in _YES if text.lower() in _YES | _NO else text
    if get_origin(setting.kind) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    for kind in (int, float):
        if setting.kind is kind:
            try:
                return kind(text)
            except ValueError:
                return text
    return text


def _typed(setting: SettingKey, value: object, origin: str, folder: Path | None) -> object:
    """Return a value as its field's type; a relative path in a file starts at that file's own folder."""
    kind = setting.kind
    if get_origin(kind) is tuple and isinstance(value, list):
        inner = SettingKey(key=setting.key, kind=get_args(kind)[0], default=MISSING, secret=setting.secret)
        return tuple(_typed(inner, each, origin, folder) for each in value)
    if kind is Path and isinstance(value, str) and value:
        return Path(value) if folder is None else folder / value
    if isinstance(kind, type) and issubclass(kind, Enum) and value in [member.value for member in kind]:
        return kind(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind in (str, int, float, bool) and type(value) is kind:
        return value
    shown = _HIDDEN if setting.secret else repr(value)
    raise InvalidRequest(f"{setting.key} is to be {called(kind)}, got {shown}; correct it in {origin}", setting.leaf)


def called(kind: Any) -> str:
    """Return how a type is called in messages; raises `KeyError` for one that settings cannot have."""
    if get_origin(kind) is tuple:
        return f"a list, each {called(get_args(kind)[0])}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "one of " + ", ".join(repr(member.value) for member in kind)
    names: dict[Any, str] = {
        str: "text",
        Path: "a path",
        int: "a whole number",
        float: "a number",
        bool: "true or false",
    }
    return names[kind]


def _text(value: object) -> str | None:
    """Return a value as TOML, or nothing where none is set."""
    if value is None:
        return None
    if isinstance(value, Enum):
        return _text(value.value)
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_text(each) or '""' for each in value) + "]"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    return json.dumps(_PASSWORD_IN_URL.sub(rf"\1:{_HIDDEN}", str(value)), ensure_ascii=False)
