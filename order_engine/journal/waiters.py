"""Who waits for the journal, and whose turn it is to write.

The first thread that needs a sequence leads: it writes for all. The others sleep, each on a lock of its own, and are
woken once, when their sequence is durable or when it is their turn to lead. Nobody wakes only to sleep again.
"""

from threading import Lock


class Waiter:
    """A sleeping thread: what it waits for, and what it is to do when it wakes."""

    __slots__ = ("awake", "gate", "leads", "may_lead", "sequence")

    def __init__(self, sequence: int, *, may_lead: bool) -> None:
        self.sequence = sequence
        self.may_lead = may_lead
        self.awake = False
        self.leads = False
        self.gate = Lock()
        self.gate.acquire()

    def sleep(self, timeout: float | None) -> bool:
        """Return True once woken, False after ``timeout`` seconds."""
        return self.gate.acquire(timeout=-1 if timeout is None else max(timeout, 0.0))


class Waiters:
    """The sleeping threads, and whether one leads. Calls need the writer's mutex; gates open outside it."""

    def __init__(self) -> None:
        self._asleep: list[Waiter] = []
        self.is_led = False

    def lead_or_enlist(self, sequence: int) -> Waiter | None:
        """Return None if the caller now leads, else the waiter that it shall sleep on."""
        if not self.is_led:
            self.is_led = True
            return None
        return self.enlist(sequence, may_lead=True)

    def enlist(self, sequence: int, *, may_lead: bool) -> Waiter:
        """Return a waiter that is woken when the sequence is durable."""
        waiter = Waiter(sequence, may_lead=may_lead)
        self._asleep.append(waiter)
        return waiter

    def withdraw(self, waiter: Waiter) -> None:
        """Forget a waiter whose thread gave up."""
        self._asleep.remove(waiter)

    def hand_over(self, durable_sequence: int) -> list[Waiter]:
        """End a leadership: return whom to wake, the next leader first, if anybody is left who needs one."""
        woken, asleep = [], []
        successor = None
        for waiter in self._asleep:
            if waiter.sequence <= durable_sequence:
                woken.append(waiter)
            elif successor is None and waiter.may_lead:
                successor = waiter
            else:
                asleep.append(waiter)
        self._asleep = asleep
        self.is_led = successor is not None
        if successor is not None:
            successor.leads = True
            woken.insert(0, successor)
        for waiter in woken:
            waiter.awake = True
        return woken

    def dismiss(self) -> list[Waiter]:
        """Return everybody, to be woken without what they waited for."""
        woken, self._asleep = self._asleep, []
        for waiter in woken:
            waiter.awake = True
        return woken
