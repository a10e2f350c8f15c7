"""Numbers of a text file, read in order, with errors that say file, line, what was expected and what to do about it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from solvers.core.errors import InstanceUnreadable
from solvers.core.program import Floats
from solvers.core.text_file import read_text

LARGEST_COUNT = 1_000_000
"""A count above this is taken for a damaged file rather than for an instance."""


@dataclass(slots=True)
class Numbers:
    """The numbers of a file, taken one by one or by rows; words that are no numbers are refused where they stand."""

    file: str
    _words: Iterator[tuple[int, str]]
    _line: int = 1

    @classmethod
    def of_file(cls, path: Path) -> Numbers:
        """Read the whole file; see `read_text` for errors."""
        lines = enumerate(read_text(path).splitlines(), start=1)
        return cls(path.name, iter([(number, word) for number, line in lines for word in line.split()]))

    def number(self, what: str) -> float:
        """Return the next number; `what` names it in the error.

        Raises
        ------
        InstanceUnreadable
            If the file ends or the next word is not a finite number.
        """
        word = self.word(what)
        try:
            value = float(word)
        except ValueError:
            raise self.unreadable(f"expected {what}, found {word!r}") from None
        if not math.isfinite(value):
            raise self.unreadable(f"expected {what}, found {word!r}, which is not finite")
        return value

    def word(self, what: str) -> str:
        """Return the next word, whatever it is.

        Raises
        ------
        InstanceUnreadable
            If the file ends.
        """
        try:
            self._line, word = next(self._words)
        except StopIteration:
            raise self.unreadable(f"the file ends where {what} should follow; it may be cut off") from None
        return word

    def count(self, what: str) -> int:
        """Return the next number as a count between 1 and `LARGEST_COUNT`.

        Raises
        ------
        InstanceUnreadable
            If it is not such a number.
        """
        value = self.number(what)
        if value != int(value) or not 1 <= value <= LARGEST_COUNT:
            raise self.unreadable(f"{what} must be a whole number between 1 and {LARGEST_COUNT}, found {value:g}")
        return int(value)

    def not_negative(self, size: int, what: str) -> Floats:
        """Return the next `size` numbers (float64), none below zero.

        Raises
        ------
        InstanceUnreadable
            If the file ends, or one of them is no number or negative.
        """
        values: list[float] = []
        for position in range(size):
            value = self.number(f"{what} {position + 1} of {size}")
            if value < 0:
                raise self.unreadable(f"{what} {position + 1} of {size} must not be negative, found {value:g}")
            values.append(value)
        return np.array(values, dtype=np.float64)

    def end(self, *, remarks: bool = False) -> None:
        """Refuse anything that is left, except, with `remarks`, text that begins with a word that is no number.

        Raises
        ------
        InstanceUnreadable
            If a word is left.
        """
        for line, word in self._words:
            if remarks and not _is_number(word):
                return
            self._line = line
            raise self.unreadable(f"expected the end of the file, found {word!r}; the counts at its head may be wrong")

    def unreadable(self, cause: str) -> InstanceUnreadable:
        """Return an error that names the file and the line of the word read last."""
        return InstanceUnreadable(f"{self.file}, line {self._line}: {cause}; correct this place or fetch it again")


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
