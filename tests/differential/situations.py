"""The situations that random streams must reach, and how often at least: all that the rulebook names, rare ones too."""

from itertools import permutations

from order_engine.matching.commands import SessionState
from order_engine.matching.events import Event, OrderStatus
from order_engine.matching.reason import Reason

AMENDS_OF_RESTING = ("price", "less", "more", "display", "nothing")
AMENDS_OF_STOPS = ("price", "less", "more", "stop price", "trail", "nothing")
IN_OPEN_AND_CALL = (SessionState.OPEN, SessionState.PRE_OPEN)

SITUATIONS = (
    *(f"{before} to {after}" for before, after in permutations(SessionState, 2)),
    *(f"amend: {kind} of a resting order in {state}" for kind in AMENDS_OF_RESTING for state in IN_OPEN_AND_CALL),
    *(f"amend: {kind} of a stop in {state}" for kind in AMENDS_OF_STOPS for state in IN_OPEN_AND_CALL),
    "amend: at or under what is filled",
    "amend: iceberg shrinks",
    "amend: names a price out of band that stays",
    "amend: matches at once",
    "amend: to zero",
    "auction decided by executable quantity",
    "auction decided by higher of two equally near",
    "auction decided by imbalance",
    "auction decided by lowest, without a last price",
    "auction decided by more to buy",
    "auction decided by more to sell",
    "auction decided by nearest last price",
    "iceberg trades in part in an auction",
    "order crosses in PRE_OPEN",
    "band stops a market order that filled False",
    "band stops a market order that filled True",
    "breaker halts with triggered stops waiting: False",
    "breaker halts with triggered stops waiting: True",
    "decrement after a fill",
    "decrement of an iceberg",
    "decrement to zero of incoming",
    "decrement to zero of resting",
    "decrement to zero of resting and incoming",
    "an enabled user waits until everybody is enabled",
    "everybody is disabled with orders in a book: True",
    "everybody is disabled, and so is this user",
    "everybody is enabled but those disabled one by one",
    "disabled user had a stop in a book",
    "disabled user had an order in a book",
    "mass cancel of resting and waiting orders",
    "position just within its limit",
    "DAY order expires in CLOSED",
    *(f"GTD order expires in {state}" for state in SessionState),
    "stop expires",
    "FOK counts hidden quantity",
    "FOK meets an own order",
    "FOK meets the band",
    "FOK passes an own order",
    "iceberg comes round again",
    "iceberg goes behind others",
    "iceberg shows its next slice",
    "a triggered order triggers another",
    "an older stop joins behind a younger one",
    "price leaves a stop that triggered",
    "several stops trigger together",
    "stop triggers on entry",
    "stops join the end of the queue",
    "trailing stop follows",
    "trailing stop gets its first stop price",
    "trailing stop stays",
    "FOK needs more steps than it may take",
    "a session leaves OPEN before the turn of stops",
    "a session waits for the end of the day's orders",
    "a stop whose turn had not come is ended",
    "an admin lists beyond the bound",
    "an iceberg shows too little",
    "orders that waited for their end",
    "some of what is due waits",
    "some orders wait for their end: expired",
    "some orders wait for their end: user_disabled",
    "some orders wait for their end: user_requested",
    "stops get their turn before another command",
    "stops wait beyond the bound for their turn",
    "the bound ends a stop",
    "the bound ends an order",
)
NAMES = (
    *(f"event {kind.__struct_config__.tag}" for kind in Event.__args__),
    *(f"reason {reason}" for reason in Reason),
    *(f"status {status}" for status in OrderStatus),
    *(f"state {state}" for state in SessionState),
)
EXPECTED_MIN = {**dict.fromkeys(NAMES, 50), **dict.fromkeys(SITUATIONS, 20)}
