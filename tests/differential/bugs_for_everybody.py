"""Bugs to plant in the kill switch for everybody; see ``planted_bugs``."""

from order_engine.matching.accounts import Accounts
from order_engine.matching.admission import Admission
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.live_orders import LiveOrders
from tests.differential.planted_bugs import Planted

EVERYBODY: dict[str, Planted] = {
    "a user who is enabled trades while everybody is disabled": (
        Accounts,
        "is_disabled",
        "self.everybody_is_disabled or",
        "",
    ),
    "everybody is disabled and orders of nobody are taken": (
        Accounts,
        "is_disabled",
        "self.everybody_is_disabled or",
        "(self.everybody_is_disabled and user_id is not None) or",
    ),
    "everybody trades on until a user is disabled": (
        Admission,
        "of_order",
        "accounts.disabled or accounts.everybody_is_disabled",
        "accounts.disabled",
    ),
    "everybody amends on until a user is disabled": (
        Admission,
        "of_amend",
        "accounts.disabled or accounts.everybody_is_disabled",
        "accounts.disabled",
    ),
    "everybody's orders stay": (LiveOrders, "of_everybody", "self.by_key.values()", "()"),
    "everybody's orders are canceled in no order": (
        LiveOrders,
        "of_everybody",
        "order.sequence",
        "-order.sequence",
    ),
    "an old journal's user * is everybody": (
        MatchingEngine,
        "_disable_user",
        "self.settings.everybody_can_be_disabled is True",
        "True",
    ),
    "everybody stays disabled": (MatchingEngine, "_enable_user", "accounts.everybody_is_disabled = False", "pass"),
    "enabling anybody enables everybody": (MatchingEngine, "_enable_user", "command.user_id == EVERYBODY", "True"),
    "enabling everybody enables those disabled one by one": (
        MatchingEngine,
        "_enable_user",
        "accounts.everybody_is_disabled = False",
        "accounts.everybody_is_disabled = False; accounts.disabled.clear()",
    ),
}
