"""The auction's price: tries every limit price on the book and removes the worse ones, rule by rule."""

from dataclasses import dataclass, replace

from tests.naive.naive_order import NaiveOrder


@dataclass(frozen=True)
class NaiveAuction:
    """The outcome of an auction at a price."""

    price_e8: int
    buy_e8: int
    sell_e8: int
    decided_by: str = ""

    @property
    def executable_e8(self) -> int:
        """The quantity that would trade."""
        return min(self.buy_e8, self.sell_e8)

    @property
    def imbalance_e8(self) -> int:
        """The quantity to buy less the quantity to sell."""
        return self.buy_e8 - self.sell_e8


def find_auction_price(
    buys: list[NaiveOrder], sells: list[NaiveOrder], last_price_e8: int | None
) -> NaiveAuction | None:
    """Find the one price of the auction; None if nothing would trade at any."""
    prices = {order.price_e8 for order in buys + sells if order.price_e8 is not None}
    auctions = [
        NaiveAuction(
            price_e8,
            sum(order.remaining_e8 for order in buys if order.accepts(price_e8)),
            sum(order.remaining_e8 for order in sells if order.accepts(price_e8)),
        )
        for price_e8 in prices
    ]
    most_e8 = max((auction.executable_e8 for auction in auctions), default=0)
    if most_e8 == 0:
        return None
    left = [auction for auction in auctions if auction.executable_e8 == most_e8]
    if len(left) == 1:
        return replace(left[0], decided_by="executable quantity")
    least_e8 = min(abs(auction.imbalance_e8) for auction in left)
    left = [auction for auction in left if abs(auction.imbalance_e8) == least_e8]
    if len(left) == 1:
        return replace(left[0], decided_by="imbalance")
    by_price = sorted(left, key=lambda auction: auction.price_e8)
    if all(auction.imbalance_e8 > 0 for auction in left):
        return replace(by_price[-1], decided_by="more to buy")
    if all(auction.imbalance_e8 < 0 for auction in left):
        return replace(by_price[0], decided_by="more to sell")
    if last_price_e8 is None:
        return replace(by_price[0], decided_by="lowest, without a last price")
    nearest_e8 = min(abs(auction.price_e8 - last_price_e8) for auction in left)
    nearest = [auction for auction in by_price if abs(auction.price_e8 - last_price_e8) == nearest_e8]
    return replace(nearest[-1], decided_by="nearest last price" if len(nearest) == 1 else "higher of two equally near")
