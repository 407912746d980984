"""The phases of an exchange."""

from enum import StrEnum


class Phase(StrEnum):
    """Whether an exchange takes commands."""

    STARTING = "starting"
    OPEN = "open"
    HALTED = "halted"
    CLOSED = "closed"
