"""The audit log: every command and what came of it, in words, each entry chained to the one before.

``sentences`` and ``reasons`` put commands and events into words; ``entries`` makes the lines and their chain; ``files``
reads segments, ``log`` appends to them; ``recorder`` is the thread that follows the exchange; ``check`` holds the log
against the journal; ``story`` answers questions. The journal stays the truth: a log that is lost is written anew.
"""
