"""What becomes of the demo's cards: a few dozen stories, each told once in every demo and else of its share of it.

What is told in every demo happens to a card of the first customer, or to a person's where only persons have it.

A story says when a card was opened, how it is used and what people ask for; what follows from that is the portal's
own doing. Days are `ago`, before today, or `after` the opening; each is drawn from a span.
"""

from dataclasses import dataclass, field

from cards.choices import Action


@dataclass(frozen=True)
class Plea:
    """One thing that somebody asks for: by user name, with its parameters; `{imei}` and the like are the card's own."""

    action: str
    actor: str
    ago: tuple = ()
    after: tuple = ()
    reason: str = ""
    params: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Story:
    ago: tuple
    share: int = 0  # of a thousand and some cards
    count: int = 1  # of a demo of any size
    plan: str = "Y1-30"
    test_months: int = 0
    test_quota_mb: int = 0
    binding: str = "none"
    is_personal: bool = False
    is_stock: bool = False
    is_of_the_first: bool = False
    carrier: str = ""
    # Days from the opening to the first use; a device that never wakes has none.
    wakes: tuple = ()
    # What is used a month, as a share of the allowance.
    uses: tuple = (0.2, 0.7)
    is_daily: bool = False
    first_mb: int = 0
    surge_mb: int = 0
    never_stops: bool = False
    moves_ago: tuple = ()
    renews: float = 0.75
    tops_up: float = 0
    waives: float = 0
    pleas: tuple = ()


def known(after_submission):
    """A real-name check that is submitted soon after the opening, and approved."""
    return (
        Plea(Action.SUBMIT_REAL_NAME, "ops", after=(1, 3), params={"name": "{person}", "id_number": "{id_number}"}),
        Plea(Action.APPROVE_REAL_NAME, "ops", after=after_submission),
    )


def submitted(ago):
    return Plea(Action.SUBMIT_REAL_NAME, "ops", ago=ago, params={"name": "{person}", "id_number": "{id_number}"})


def new_limit(megabytes, **when):
    return Plea(Action.SET_LIMIT, "ops", params={"limit_mb": str(megabytes)}, **when)


def suspension(actor, ago):
    return Plea(Action.SUSPEND, actor, ago=ago, reason="客户申请停用")


def control(ago):
    return Plea(Action.PLACE_HOLD, "desk", ago=ago, reason="运营商通报：异常流量", params={"kind": "anomaly"})


# An order, as the clerk types it in; what is given free has a reason.
RENEWED_AHEAD = Plea(Action.RENEW, "ops", after=(30, 60), params={"plan": "Y1-30"})
GIVEN_FREE = Plea(Action.GRANT, "ops", ago=(3, 40), reason="信号故障补偿", params={"plan": "PACK-100"})

STORIES = {
    "steady": Story(share=320, ago=(60, 420), wakes=(3, 40)),
    "tracker": Story(share=100, ago=(40, 400), plan="Y1-1024", binding="first_use", wakes=(2, 20), is_daily=True),
    "heavy": Story(share=80, ago=(50, 380), wakes=(2, 30), uses=(0.8, 1.7), is_daily=True, tops_up=0.4),
    "limited": Story(
        share=40, ago=(60, 300), plan="Y1-1024", wakes=(1, 5), uses=(0.3, 0.7), is_daily=True, waives=0.35,
        pleas=(new_limit(300, after=(8, 20)),),
    ),
    "monthly": Story(share=30, ago=(60, 300), plan="M1-100", wakes=(0, 3), renews=1),
    "renewed ahead": Story(share=20, ago=(100, 300), wakes=(2, 10), pleas=(RENEWED_AHEAD,)),
    "renewed twice": Story(share=10, ago=(100, 300), wakes=(2, 10), pleas=(RENEWED_AHEAD, RENEWED_AHEAD)),
    "compensated": Story(share=2, ago=(60, 300), wakes=(2, 20), pleas=(GIVEN_FREE,)),
    # before the first use
    "on test": Story(share=80, ago=(4, 75), test_months=3, test_quota_mb=30, wakes=(1, 10), uses=(0.05, 0.25)),
    "test used up": Story(share=30, ago=(20, 120), test_months=3, test_quota_mb=10, wakes=(1, 5), first_mb=12),
    "sold, not used": Story(share=50, ago=(1, 120)),
    "on the shelf": Story(share=30, ago=(1, 120), is_stock=True),
    "forgotten": Story(share=50, ago=(230, 420)),
    # after the last day
    "lapsed": Story(share=30, ago=(45, 80), plan="M1-100", wakes=(0, 3), renews=0),
    "gone": Story(share=30, ago=(200, 400), plan="M1-100", wakes=(0, 3), renews=0),
    "kept": Story(
        share=10, ago=(200, 300), plan="M1-100", wakes=(0, 3), renews=0,
        pleas=(Plea(Action.PROTECT, "ops", after=(5, 8), reason="客户要求保号"),),
    ),
    "stray": Story(share=2, ago=(60, 80), plan="M1-100", wakes=(0, 2), renews=0, never_stops=True, is_daily=True),
    "discarded": Story(
        share=15, ago=(80, 250), wakes=(2, 10),
        pleas=(Plea(Action.CANCEL, "ops", ago=(12, 60), reason="设备报废，客户要求销户"),),
    ),
    # devices
    "moved": Story(
        share=20, count=2, ago=(60, 200), plan="Y1-1024", binding="first_use", wakes=(1, 9), uses=(0.2, 0.5),
        is_daily=True, moves_ago=(1, 20),
    ),
    "swapped": Story(
        share=20, ago=(100, 200), plan="Y1-1024", binding="fixed", wakes=(1, 9), uses=(0.2, 0.5), is_daily=True,
        moves_ago=(50, 60),
        pleas=(Plea(Action.REBIND, "ops", ago=(38, 42), reason="设备维修换新", params={"imei": "{new_imei}"}),),
    ),
    # stopped
    "controlled": Story(share=1, ago=(60, 250), wakes=(1, 9), pleas=(control(ago=(1, 25)),)),
    "cleared": Story(
        share=2, ago=(100, 250), wakes=(1, 9),
        pleas=(
            control(ago=(50, 60)),
            Plea(Action.LIFT_HOLD, "desk", ago=(30, 40), reason="运营商已解除管控", params={"kind": "anomaly"}),
        ),
    ),
    "paused": Story(share=30, ago=(60, 250), wakes=(1, 9), pleas=(suspension("support", ago=(1, 50)),)),
    "paused by its owner": Story(
        share=10, ago=(60, 250), wakes=(1, 9), is_of_the_first=True, pleas=(suspension("alice", ago=(1, 30)),),
    ),
    "back again": Story(
        share=10, ago=(110, 250), wakes=(1, 9),
        pleas=(
            suspension("support", ago=(80, 100)),
            Plea(Action.RESUME, "support", ago=(40, 70), reason="客户申请复机"),
        ),
    ),
    "used up today": Story(share=10, ago=(60, 200), wakes=(1, 9), uses=(0.1, 0.2), surge_mb=40),
    "at its limit today": Story(
        share=10, ago=(60, 200), plan="Y1-1024", wakes=(1, 9), uses=(0.005, 0.01), surge_mb=60,
        pleas=(new_limit(50, ago=(20, 30)),),
    ),
    "in trouble": Story(
        share=1, ago=(60, 200), wakes=(1, 9), uses=(0.05, 0.15), surge_mb=35,
        pleas=(new_limit(20, ago=(30, 40)), suspension("support", ago=(5, 9)), control(ago=(2, 4))),
    ),
    # persons
    "known": Story(share=50, ago=(40, 300), is_personal=True, wakes=(12, 30), pleas=known((4, 8))),
    "waiting": Story(share=20, ago=(8, 30), is_personal=True, pleas=(submitted(ago=(1, 6)),)),
    "used too early": Story(share=20, ago=(30, 160), is_personal=True, wakes=(1, 5)),
    "used too early, waiting": Story(
        share=10, ago=(30, 160), is_personal=True, wakes=(1, 5), pleas=(submitted(ago=(1, 3)),),
    ),
    "rejected": Story(
        share=10, ago=(30, 100), is_personal=True,
        pleas=(
            submitted(ago=(10, 20)),
            Plea(Action.REJECT_REAL_NAME, "ops", ago=(5, 9), reason="姓名与证件号码不一致"),
        ),
    ),
    "revoked": Story(
        share=10, ago=(90, 250), is_personal=True, wakes=(12, 20),
        pleas=(*known((4, 8)), Plea(Action.REVOKE_REAL_NAME, "ops", ago=(3, 30), reason="实名信息与使用人不符")),
    ),
    "never known": Story(share=10, ago=(230, 300), is_personal=True),
    # activated on a day on which the carrier's policy was mistyped
    "misfiled": Story(
        count=3, ago=(10, 60), is_stock=True, carrier="cbn",
        pleas=(Plea(Action.ACTIVATE, "ops", ago=(3, 3), reason="客户要求立即激活"),),
    ),
}  # fmt: skip
