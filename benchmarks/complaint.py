"""What is wrong with the input of a command, told in one sentence."""

from __future__ import annotations


class Complaint(Exception):
    """Input that cannot be worked with; the message says what, where and the cure, and the command ends with 2."""
