"""A PostgreSQL server of one's own, for tests and measurements, where its programs are installed."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SERVER_VARIABLE = "CONCORDAT_TEST_POSTGRES"
"""Names a running server to be used instead (a URL whose user may create schemas)."""

_INSTALLED = Path("/usr/lib/postgresql")
_USERS = ("postgres", "nobody")
_LONGEST_PLACE = 60
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_SETTINGS = {
    "shared_buffers": "16MB",
    "max_connections": "40",
    "fsync": "on",
    "max_wal_size": "256MB",
    "dynamic_shared_memory_type": "mmap",
}


class NoPostgres(Exception):
    """There is no PostgreSQL here, or it does not start; says why."""


def programs() -> Path:
    """Return the folder of the newest `initdb` and `postgres` that are installed.

    Raises
    ------
    NoPostgres
        If there are none on the path or where Debian puts them.
    """
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    found += sorted(_INSTALLED.glob("*/bin"), key=lambda folder: folder.parent.name.zfill(4), reverse=True)
    for folder in found:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise NoPostgres(f"no PostgreSQL programs (initdb, postgres) on the path or below {_INSTALLED}")


@dataclass(slots=True)
class OwnPostgres:
    """A server on a socket in a folder of its own, and on an address if ``listen`` names one; ``url`` its database."""

    folder: Path
    bin: Path
    user: pwd.struct_passwd | None
    process: subprocess.Popen[bytes] | None = None
    listen: str = ""

    @property
    def url(self) -> str:
        """The database, as the log takes it."""
        return f"postgresql://concordat@/postgres?host={self.folder}"

    @property
    def url_from_afar(self) -> str:
        """The database, for whoever reaches ``listen``."""
        return f"postgresql://concordat@{self.listen}/postgres"

    @property
    def uid(self) -> int | None:
        """The user to run as, if it is another one than now."""
        return None if self.user is None else self.user.pw_uid

    @property
    def gid(self) -> int | None:
        """The group to run as, if it is another one than now."""
        return None if self.user is None else self.user.pw_gid

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises
        ------
        NoPostgres
            If it ends, or does not answer in time.
        """
        settings = {**_SETTINGS, "listen_addresses": self.listen}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command: list[str | Path] = [self.bin / "postgres", "-D", self.folder / "data", "-k", self.folder, *options]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.folder, user=self.uid, group=self.gid
            )
        ready = (self.bin / "pg_isready", "-q", "-h", self.folder, "-U", "concordat", "-d", "postgres")
        deadline = time.monotonic() + _START_SECONDS
        while subprocess.run(ready, check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                words = (self.folder / "server.log").read_text(errors="replace")[-500:]
                raise NoPostgres(f"PostgreSQL did not start: {words}")
            time.sleep(0.05)

    def stop(self, *, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server; by SIGINT its sessions are broken off, by SIGQUIT it also has to recover."""
        if self.process is not None:
            self.process.send_signal(how)
            try:
                self.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None


@contextmanager
def own_postgres(listen: str = "") -> Iterator[OwnPostgres]:
    """Give a running server with an empty database, and remove both with the context.

    It also takes whoever reaches the address ``listen``, where one is given: name one that nobody else reaches.

    Raises
    ------
    NoPostgres
        If none can be started here.
    """
    user, bin_folder = _user(), programs()
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=_place(user)))
    server = OwnPostgres(folder=folder, bin=bin_folder, user=user, listen=listen)
    try:
        if server.user is not None:
            shutil.chown(folder, server.user.pw_uid, server.user.pw_gid)
        _initialise(server)
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> pwd.struct_passwd | None:
    """Return the user to start it as: `initdb` refuses to be run by root."""
    if os.geteuid() != 0:
        return None
    for name in _USERS:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise NoPostgres("PostgreSQL refuses to be run by root, and there is no user postgres or nobody to run it as")


def _place(user: pwd.struct_passwd | None) -> Path:
    """Return a folder for the server's own that its user can get to, with a path that is short enough for a socket."""
    for place in (Path(tempfile.gettempdir()).absolute(), Path("/tmp"), Path("/var/tmp")):  # noqa: S108 - a new folder in it
        open_to_all = all(folder.stat().st_mode & stat.S_IXOTH for folder in (place, *place.parents))
        if len(str(place)) <= _LONGEST_PLACE and (user is None or open_to_all):
            return place
    raise NoPostgres("there is no temporary folder that the user of PostgreSQL can get to")


def _initialise(server: OwnPostgres) -> None:
    options = ("-U", "concordat", "--auth=trust", "--no-sync", "--locale=C", "--encoding=UTF8")
    command = (server.bin / "initdb", "-D", server.folder / "data", *options)
    done = subprocess.run(
        command, capture_output=True, cwd=server.folder, user=server.uid, group=server.gid, check=False
    )
    if done.returncode != 0:
        raise NoPostgres(f"initdb failed: {done.stderr.decode(errors='replace')[-500:]}")
    if server.listen:
        with (server.folder / "data" / "pg_hba.conf").open("a", encoding="utf-8") as known:
            known.write("host all concordat samenet trust\n")
