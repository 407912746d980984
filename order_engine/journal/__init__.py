"""The write-ahead journal: the truth that everything else is rebuilt from.

``disk`` is the file system as the journal sees it; ``frames`` and ``segments`` are the format; ``reader`` reads and
checks it, asking ``torn_tail`` what a crash explains; ``writer`` commits in groups, with ``waiters`` for the threads
and ``segment_appender`` for the file; ``directory_lock`` keeps a second process out.
"""
