"""The settings that a tree of dataclasses holds: one key per field, found by looking at the fields.

A field whose type is a dataclass is a table of the settings file, every other field a key in it. So a new field is a
new setting in the file, in the environment and in what ``concordat settings show`` prints, without a line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from types import MappingProxyType, NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from planner.domain.errors import InvalidRequest

SECRET: Mapping[str, bool] = MappingProxyType({"secret": True})
"""Metadata of a field whose value is never shown."""

FLAG_ONLY: Mapping[str, bool] = MappingProxyType({"flag_only": True})
"""Metadata of a field that only whoever starts the process can mean: neither file nor environment may set it."""

PREFIX = "CONCORDAT_"

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingKey:
    """One setting: ``key`` as the file names it (``door.listen``), its type without ``None``, and its default.

    ``default`` is ``dataclasses.MISSING`` for a setting that must be given.
    """

    key: str
    kind: Any
    default: Any
    secret: bool = False
    flag_only: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that sets it: ``CONCORDAT_DOOR_LISTEN`` for ``door.listen``."""
        return PREFIX + self.key.replace(".", "_").upper()

    @property
    def leaf(self) -> str:
        """The name of the field itself, by which errors and options of the command line call it."""
        return self.key.rpartition(".")[2]


def setting_keys(settings: type, table: str = "", default: Any = MISSING) -> tuple[SettingKey, ...]:
    """Return the settings of a dataclass in the order of its fields, those of nested dataclasses included."""
    hints = get_type_hints(settings)
    found: list[SettingKey] = []
    for field in fields(settings):
        kind, key = _without_none(hints[field.name]), f"{table}{field.name}"
        standing = _default(field) if default in (MISSING, None) else getattr(default, field.name)
        if is_dataclass(kind) and isinstance(kind, type):
            found.extend(setting_keys(kind, f"{key}.", standing))
        else:
            found.append(
                SettingKey(
                    key=key,
                    kind=kind,
                    default=standing,
                    secret=bool(field.metadata.get("secret")),
                    flag_only=bool(field.metadata.get("flag_only")),
                )
            )
    return tuple(found)


def built(settings: type[T], given: Mapping[str, object], table: str = "", default: Any = MISSING) -> T:
    """Return the dataclass with what was given by key, and its own defaults for the rest.

    A table that may be left out, and of which nothing was given, stays what its default says.

    Raises
    ------
    InvalidRequest
        If a setting without a default was not given, or the dataclass refuses a value.
    """
    hints = get_type_hints(settings)
    values: dict[str, Any] = {}
    for field in fields(cast("Any", settings)):
        kind, key = _without_none(hints[field.name]), f"{table}{field.name}"
        standing = _default(field) if default in (MISSING, None) else getattr(default, field.name)
        if is_dataclass(kind) and isinstance(kind, type):
            touched = any(name.startswith(f"{key}.") for name in given)
            values[field.name] = built(kind, given, f"{key}.", standing) if touched else standing
        else:
            values[field.name] = given.get(key, standing)
        if values[field.name] is MISSING:
            raise InvalidRequest(f"{key} has no default and was not given: set it in the settings file", field.name)
    return settings(**values)


def _default(field: Field[Any]) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def _without_none(hint: Any) -> Any:
    """Return the type of a field that may be absent (``X | None``) without that."""
    if get_origin(hint) in (Union, UnionType):
        kinds = [kind for kind in get_args(hint) if kind is not NoneType]
        return kinds[0] if len(kinds) == 1 else hint
    return hint
