"""The write-ahead journal: the truth that everything else is rebuilt from.

``disk`` is the file system as the journal sees it; ``frames``, ``segments``, ``record`` and ``upcasters`` are the
format. ``committer`` writes in groups through ``segment_appender`` and moves the ``watermark``. ``reader`` reads a
journal through and ``tail`` follows it, both by ``segment_reading``, which asks ``torn_tail`` what a crash explains.
``directory_lock`` keeps a second process out; ``archive`` is where old segments go.
"""
