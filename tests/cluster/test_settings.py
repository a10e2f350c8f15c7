"""Settings from options, environment and file: who wins, what is refused, what is shown."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from enum import Enum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.settings import Patience
from cluster.main import launchers
from cluster.runtimes import agent_settings
from cluster.serving import gateway_settings
from cluster.setting_keys import SECRET, setting_keys
from cluster.setting_sources import Sources, called, effective_settings, read_settings, settings_text, unused_variables
from cluster.settings import GatewaySettings
from planner.cli.app import run
from planner.cli.exit_codes import DONE, exit_code
from planner.cli.launchers import ServeOptions
from planner.domain.errors import InvalidRequest
from planner.service.server import DoorSettings


class Mood(Enum):
    """A choice."""

    CALM = "calm"
    BRISK = "brisk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A table that may be left out, with a field that may not."""

    issuer: str
    audiences: tuple[str, ...] = ()
    token: str | None = field(default=None, metadata=SECRET)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """Settings with every kind of field."""

    name: str = "corner"
    database: str = "sqlite"
    rate: float = 1.5
    seats: int = 4
    open: bool = False
    folder: Path = Path("here")
    mood: Mood = Mood.CALM
    guard: Guard | None = None


def sources(folder: Path | None = None, text: str = "", env: dict[str, str] | None = None, **flags: object) -> Sources:
    """Return sources with a settings file of this text, if a folder is given to put it into."""
    file = None
    if folder is not None:
        file = folder / "concordat.toml"
        file.write_text(text, encoding="utf-8")
    return Sources(file=file, environment=env or {}, flags=flags)


def test_a_flag_wins_over_the_environment_that_over_the_file_and_that_over_the_default(tmp_path: Path) -> None:
    """Each source overrides the ones below it, setting by setting, and says that it did."""
    given_by = sources(
        tmp_path, 'name = "file"\nseats = 5\nrate = 2\n', {"CONCORDAT_NAME": "env", "CONCORDAT_SEATS": "6"}, name="flag"
    )
    shop = read_settings(Shop, given_by)
    assert (shop.name, shop.seats, shop.rate, shop.folder) == ("flag", 6, 2.0, Path("here"))
    origins = {each.setting.key: each.origin for each in effective_settings(Shop, given_by)}
    file = str(tmp_path / "concordat.toml")
    assert (origins["name"], origins["seats"], origins["rate"], origins["open"]) == (
        *("--name", "CONCORDAT_SEATS", file, ""),
    )


def test_the_file_may_be_named_by_the_environment(tmp_path: Path) -> None:
    """CONCORDAT_CONFIG names the file where no option does, and an empty variable sets nothing."""
    (tmp_path / "named.toml").write_text("seats = 9\n", encoding="utf-8")
    environment = {"CONCORDAT_CONFIG": str(tmp_path / "named.toml"), "CONCORDAT_NAME": ""}
    shop = read_settings(Shop, Sources(flags={}, environment=environment))
    assert (shop.seats, shop.name) == (9, "corner")


def test_every_kind_of_field_is_read_from_file_and_environment_alike(tmp_path: Path) -> None:
    """Texts, numbers, truth values, lists, choices and tables come out the same from both sources."""
    text = 'rate = 2.5\nopen = true\nfolder = "/data"\nmood = "brisk"\n[guard]\nissuer = "us"\naudiences = ["a", "b"]\n'
    environment = {
        "CONCORDAT_RATE": "2.5",
        "CONCORDAT_OPEN": "yes",
        "CONCORDAT_FOLDER": "/data",
        "CONCORDAT_MOOD": "brisk",
        "CONCORDAT_GUARD_ISSUER": "us",
        "CONCORDAT_GUARD_AUDIENCES": "a, b",
    }
    from_file = read_settings(Shop, sources(tmp_path, text))
    assert from_file == read_settings(Shop, sources(env=environment))
    assert from_file.guard == Guard(issuer="us", audiences=("a", "b"))
    assert from_file.mood is Mood.BRISK


def test_a_relative_path_in_a_file_starts_at_the_file(tmp_path: Path) -> None:
    """A settings file can be moved with what it names; a variable means the process's own folder."""
    assert read_settings(Shop, sources(tmp_path, 'folder = "state"\n')).folder == tmp_path / "state"
    assert read_settings(Shop, sources(env={"CONCORDAT_FOLDER": "state"})).folder == Path("state")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("seets = 3\n", ["'seets'", "'seats'", "settings show"]),
        ('[guard]\nisuer = "x"\n', ["'guard.isuer'", "'guard.issuer'"]),
        ("[nobody]\nknows = 1\n", ["'nobody.knows'"]),
        ('seats = "many"\n', ["seats", "whole number", "'many'"]),
        ("seats = true\n", ["seats", "whole number"]),
        ('open = "perhaps"\n', ["open", "true or false"]),
        ('mood = "grim"\n', ["mood", "'calm', 'brisk'"]),
        ("[guard]\nissuer = 3\n", ["guard.issuer", "text"]),
        ('[guard]\naudiences = ["a"]\n', ["guard.issuer", "was not given"]),
        ('[guard]\nissuer = "x"\naudiences = "a"\n', ["guard.audiences", "list"]),
        ("seats = \n", ["not TOML"]),
    ],
)
def test_what_is_wrong_in_a_file_is_refused_by_name(tmp_path: Path, text: str, told: list[str]) -> None:
    """An unknown key, a wrong type or no TOML is an error that names the file's key and the way out."""
    with pytest.raises(InvalidRequest) as refused:
        read_settings(Shop, sources(tmp_path, text))
    assert [word for word in told if word not in str(refused.value)] == []
    assert "was not given" in str(refused.value) or str(tmp_path / "concordat.toml") in str(refused.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A settings file that was named has to exist."""
    with pytest.raises(InvalidRequest, match=r"gone\.toml cannot be read: No such file"):
        read_settings(Shop, Sources(file=tmp_path / "gone.toml", flags={}, environment={}))


def test_a_refused_variable_is_named() -> None:
    """A variable with a wrong value is named in the error."""
    with pytest.raises(InvalidRequest, match="CONCORDAT_SEATS"):
        read_settings(Shop, sources(env={"CONCORDAT_SEATS": "four"}))


def test_secrets_and_passwords_are_not_shown() -> None:
    """Neither a secret field nor a password inside a URL reaches what is printed, nor an error about it."""
    environment = {
        "CONCORDAT_GUARD_ISSUER": "us",
        "CONCORDAT_GUARD_TOKEN": "hunter2",
        "CONCORDAT_DATABASE": "postgresql+psycopg://planner:s3cret@db:5432/plans",
    }
    shown = "\n".join(settings_text(effective_settings(Shop, sources(env=environment))))
    assert "hunter2" not in shown
    assert "s3cret" not in shown
    assert "postgresql+psycopg://planner:***@db:5432/plans" in shown
    assert 'token = "***"  # CONCORDAT_GUARD_TOKEN' in shown


@given(
    name=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20),
    seats=st.integers(-(2**62), 2**62),
    rate=st.floats(allow_nan=False, allow_infinity=False),
    open_now=st.booleans(),
    audiences=st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8), max_size=3),
)
def test_what_is_shown_says_the_same_when_it_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    *,
    name: str,
    seats: int,
    rate: float,
    open_now: bool,
    audiences: list[str],
) -> None:
    """What `settings show` prints is a settings file that means the same settings, whatever their values."""
    flags = {"name": name, "seats": seats, "rate": rate, "open": open_now}
    flags |= {"guard_issuer": name, "guard_audiences": tuple(audiences)}
    once = sources(**flags)
    text = "\n".join(settings_text(effective_settings(Shop, once)))
    again = sources(tmp_path_factory.mktemp("shown"), text)
    read = read_settings(Shop, again)
    first = read_settings(Shop, once)
    assert (read.name, read.seats, read.rate, read.open, read.guard) == (
        *(first.name, first.seats, first.rate, first.open, first.guard),
    )


def test_variables_that_set_nothing_are_found() -> None:
    """A misspelt variable is told; the name of the file and variables read elsewhere are not."""
    environment = {"CONCORDAT_SEETS": "1", "CONCORDAT_CONFIG": "", "CONCORDAT_DEBUG": "1", "HOME": "x"}
    assert unused_variables(Shop, environment, ["CONCORDAT_DEBUG"]) == ("CONCORDAT_SEETS",)


def test_every_option_of_serve_means_one_setting() -> None:
    """Each option of `serve` overrides exactly one field of the server's settings, and all fields can be read."""
    keys = setting_keys(GatewaySettings)
    for option in fields(ServeOptions):
        if option.name != "config":
            meant = [key.key for key in keys if option.name in (key.leaf, key.key.replace(".", "_"))]
            assert len(meant) == 1, option.name
    assert len({key.variable for key in keys}) == len(keys)
    for key in keys:
        assert called(key.kind), key.key


def test_a_server_without_any_source_is_the_default_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without file, variables and options a server gets exactly the defaults of its settings."""
    assert gateway_settings(ServeOptions()) == GatewaySettings()
    monkeypatch.setenv("CONCORDAT_DOOR_LISTEN", "127.0.0.1:7")
    assert gateway_settings(ServeOptions(concurrency=2)) == GatewaySettings(
        door=DoorSettings(listen="127.0.0.1:7"), concurrency=2
    )


def test_a_value_the_server_refuses_is_told_with_its_origin(tmp_path: Path) -> None:
    """What a server's own checks refuse is told with the file or variable that set it."""
    file = tmp_path / "server.toml"
    file.write_text('[door]\nlisten = "0.0.0.0:1"\n', encoding="utf-8")
    with pytest.raises(InvalidRequest, match=r"without TLS anybody .*door\.listen comes from .*server\.toml"):
        gateway_settings(ServeOptions(config=file))


def test_patience_with_agents_is_a_table_of_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds come from file and environment to the agents, and wrong ones are told with their origin."""
    file = tmp_path / "server.toml"
    file.write_text("[patience]\nround_seconds = 60\n", encoding="utf-8")
    monkeypatch.setenv("CONCORDAT_PATIENCE_SILENT_SECONDS", "90.5")
    patience = gateway_settings(ServeOptions(config=file)).patience
    assert patience == Patience(beat_seconds=5.0, silent_seconds=90.5, round_seconds=60.0)
    assert agent_settings(patience=patience).patience == patience
    file.write_text("[patience]\nbeat_seconds = 0\n", encoding="utf-8")
    with pytest.raises(
        InvalidRequest, match=r"beat_seconds must be .*patience\.beat_seconds comes from .*server\.toml"
    ):
        gateway_settings(ServeOptions(config=file))


def test_settings_show_prints_a_settings_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command prints effective values as TOML with their origins, and exits with 2 where a key is unknown."""
    file = tmp_path / "server.toml"
    file.write_text("concurrency = 3\n", encoding="utf-8")
    monkeypatch.setenv("CONCORDAT_DOOR_MAX_CALLS", "64")
    monkeypatch.setenv("CONCORDAT_DOR_LISTEN", "127.0.0.1:1")
    assert run(launchers(), ["settings", "show", "--config", str(file)]) == DONE
    told = capsys.readouterr().out
    document = tomllib.loads(told)
    assert (document["concurrency"], document["door"]["max_calls"], document["runtime"]) == (3, 64, "ray")
    assert f"concurrency = 3  # {file}" in told
    assert "max_calls = 64  # CONCORDAT_DOOR_MAX_CALLS" in told
    assert "# CONCORDAT_DOR_LISTEN is set and names no setting" in told
    file.write_text("concurency = 3\n", encoding="utf-8")
    assert run(launchers(), ["settings", "show", "--config", str(file)]) == exit_code(InvalidRequest(""))
    assert "did you mean 'concurrency'?" in capsys.readouterr().err
