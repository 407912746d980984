"""Has the C library return freed memory to the system.

By default each thread may get an arena of its own, and the size from which a block is mapped by itself grows to 32 MiB
once such a block was freed. Large requests then leave holes that stay: 110 MiB of 640 under a siege.
"""

import ctypes
from contextlib import suppress

# From malloc.h of glibc; other C libraries have no mallopt, or ignore it.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_BLOCK_BYTES = 128 << 10


def return_freed_memory() -> None:
    """Set this process, and those that it forks, to one arena and fixed thresholds."""
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for option, value in ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, _BLOCK_BYTES), (_TRIM_THRESHOLD, _BLOCK_BYTES)):
            mallopt(option, value)
