"""The write-ahead journal: the source of truth, from which everything else can be rebuilt.

``disk`` is the file system as the journal sees it. ``frames``, ``segments``, ``record`` and ``upcasters`` define the
format. ``committer`` writes groups of records through ``segment_appender`` and moves the ``watermark``. ``reader``
reads a journal to its end and ``tail`` follows a live one. Both use ``segment_reading``, which uses ``torn_tail`` to
tell a torn tail from damage. ``directory_lock`` keeps other processes out. ``archive`` holds old segments.
"""
