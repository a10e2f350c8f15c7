"""A scenario folder as the parts of an upload."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from planner.domain.errors import ScenarioUnreadable
from planner.domain.folder_files import SCENARIO_FILES

PART_BYTES = 1 << 20


def check_scenario_folder(folder: Path) -> None:
    """Find out, before any server is asked, whether a folder can be a scenario.

    Raises
    ------
    ScenarioUnreadable
        If there is no such folder, or it holds no ``scenario.json``.
    """
    if not folder.is_dir():
        raise ScenarioUnreadable(f"{folder} is no folder: name the folder that holds scenario.json")
    if not (folder / "scenario.json").is_file():
        raise ScenarioUnreadable(f"{folder} holds no scenario.json: name the folder of a scenario")


async def scenario_parts(folder: Path) -> AsyncIterator[tuple[str, bytes]]:
    """Yield the files of a scenario in parts; what is no file of a scenario stays where it is.

    Raises
    ------
    ScenarioUnreadable
        If the folder is no scenario or a file cannot be read.
    """
    check_scenario_folder(folder)
    for file in SCENARIO_FILES:
        path = folder / file
        if not path.exists():
            continue
        try:
            with path.open("rb") as stream:
                data = stream.read(PART_BYTES)
                yield file, data  # an empty file is sent as one empty part
                while data := stream.read(PART_BYTES):
                    yield file, data
        except OSError as error:
            raise ScenarioUnreadable(f"{path} cannot be read: {error.strerror}; check the file's rights") from error
