"""The audit log: every command and its outcome in words. Each entry is chained to the one before.

``sentences`` and ``reasons`` put commands and events into words. ``entries`` makes the lines and their chain. ``files``
reads segments, ``log`` appends to them, and ``sink`` is the follower's sink. ``check`` compares the log with the
journal, and ``search`` searches it. The journal is the source of truth: a lost log is written again from it.
"""
