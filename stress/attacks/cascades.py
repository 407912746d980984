"""Small requests that make the core work long: icebergs, stops, own orders met, auctions."""

from functools import partial

from stress.attacks.attack import Attack, Outcome, Target, order

ICEBERGS = 200
SLICES_BEFORE, SLICES_NOW = 10_000, 100
STOPS = 5_000
RESTING, FILL_OR_KILLS = 20_000, 1_000
AUCTION_LEVELS = 20_000
TOP = 50_000  # The price in cents of the first stop.


def _icebergs(slices: int, target: Target) -> Outcome:
    """Send icebergs and an order that takes all of them: a trade for each slice."""
    count = target.sized(ICEBERGS)
    icebergs = [order("ICE", "SELL", slices, 10, display_quantity=1)] * count
    outcome = target.batch([*icebergs, order("ICE", "BUY", count * slices)])
    return outcome + target.status("DELETE", "/orders?user_id=attacker&symbol=ICE")


def _stops(target: Target) -> Outcome:
    """Let one order trigger a stop, whose trade triggers the next: each at a price that all trailing stops follow."""
    count = target.sized(STOPS)
    bids = [order("STOP", "BUY", 1, (TOP - number) / 100) for number in range(count)]
    stops = [order("STOP", "SELL", 1, type="STOP", stop_price=f"{(TOP - number) / 100:.2f}") for number in range(count)]
    trailing = [order("STOP", "BUY", 1, type="TRAILING_STOP", trail_amount="490.00")] * count
    # The last price must be above all of them, also after an attack before this one.
    above = [order("STOP", side, 1, TOP / 100 + 1) for side in ("SELL", "BUY")]
    outcome = target.place([*above, *bids, *stops, *trailing])
    outcome += target.status("POST", "/orders", order("STOP", "SELL", 1))
    return outcome + target.status("DELETE", "/orders?user_id=attacker&symbol=STOP")


def _rest_before_an_own_order(target: Target) -> None:
    others = [order("OWN", "SELL", 1, 10, user_id="other")] * target.sized(RESTING)
    target.place([*others, order("OWN", "SELL", 1, 10)])


def _limit_rival(target: Target) -> None:
    target.ask("PUT", "/risk-limits/rival", {"max_position": 1_000_000_000, "max_order_quantity": 1_000_000_000})
    rests = order("LIMITED", "SELL", 1, 10, user_id="rival")
    target.place([rests] * target.sized(RESTING))


def _fill_or_kill(target: Target) -> Outcome:
    """Ask for more than there is before an order of one's own, which is the last of many."""
    wanted = order(
        "OWN", "BUY", target.sized(RESTING) + 1, 10, time_in_force="FOK", self_trade_prevention="CANCEL_NEWEST"
    )
    return target.batch([wanted] * target.sized(FILL_OR_KILLS))


def _limited(target: Target) -> Outcome:
    """Ask for what the limits of a user with many live orders have to be compared with."""
    wanted = {"time_in_force": "IOC", "user_id": "rival"}
    return target.batch([order("LIMITED", "BUY", 1, 1, **wanted)] * target.sized(FILL_OR_KILLS))


def _call_auction(target: Target) -> None:
    target.ask("POST", "/instruments/AUCTION/state", {"state": "PRE_OPEN"})
    count = target.sized(AUCTION_LEVELS) // 2
    target.place([order("AUCTION", side, 1, 500 + number / 100) for number in range(count) for side in ("BUY", "SELL")])


ATTACKS = (
    Attack(
        "200 icebergs of 10,000 slices and one MARKET order, in a batch",
        partial(_icebergs, SLICES_BEFORE),
        every_seconds=5,
    ),
    Attack(
        "200 icebergs of 100 slices and one MARKET order, in a batch", partial(_icebergs, SLICES_NOW), every_seconds=5
    ),
    Attack("5,000 stops that trigger each other beside 5,000 trailing stops", _stops, every_seconds=10),
    Attack(
        "1,000 FOK orders with self-trade prevention over 20,000 orders and an own one",
        _fill_or_kill,
        _rest_before_an_own_order,
        every_seconds=2,
    ),
    Attack("1,000 orders of a user with limits and 20,000 live orders", _limited, _limit_rival, every_seconds=2),
    Attack(
        "40 reads at once of a PRE_OPEN book of 20,000 levels, and an order",
        lambda target: (
            target.get_at_once("/market/AUCTION/depth", 40)
            + target.status("POST", "/orders", order("AUCTION", "BUY", 1, 1))
        ),
        _call_auction,
    ),
)
