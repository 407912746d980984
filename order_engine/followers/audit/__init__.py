"""The audit log: every command and what came of it, in words, each entry chained to the one before.

``sentences`` and ``reasons`` put commands and events into words; ``entries`` makes the lines and their chain; ``files``
reads segments, ``log`` appends to them, and ``sink`` is what the follower writes to; ``check`` compares the log with
the journal; ``story`` answers questions. The journal stays the truth: a log that is lost is written anew.
"""
