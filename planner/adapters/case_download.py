"""Results of what-if cases that were downloaded from a server: an Arrow IPC stream file."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from planner.adapters.case_store import SCHEMA, ParquetCaseStore
from planner.domain.errors import PlanUnreadable


class DownloadedCases:
    """A file of results, read as :class:`planner.adapters.case_store.ParquetCaseStore` reads those of a run."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self) -> pl.DataFrame:
        """Return all results: columns as in `SCHEMA`.

        Raises
        ------
        PlanUnreadable
            If the file holds something else, or lacks its end.
        """
        try:
            table = pl.read_ipc_stream(self._file)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            # What the reader says of other files tells of its own inside.
            refused = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
            raise PlanUnreadable(
                f"{self._file} cannot be read as an Arrow IPC stream{refused}; name what `concordat whatif results "
                "--out` wrote, or the folder of a run"
            ) from error
        other = [name for name, kind in SCHEMA.items() if table.schema.get(name) != kind]
        if other:
            raise PlanUnreadable(
                f"{self._file} holds no results of what-if cases of this version ({', '.join(other)} missing or of "
                "another type): download them by the version of the server"
            )
        return table.select(*SCHEMA)

    def write_beside(self, table: pl.DataFrame, name: str) -> None:
        """Write a table about the results beside the file, its name behind the file's own.

        Raises
        ------
        FolderNotWritable
            If it cannot be written.
        """
        ParquetCaseStore(self._file.parent).write_beside(table, f"{self._file.stem}.{name}")
