"""What the demo's staff do at their desks: tags and remarks, views that they share, and work on many cards at once."""

from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.utils import translation

from cards.actions import selections
from cards.actions.jobs import control, engine, worker
from cards.choices import Action
from cards.models import Card, SavedView

LANGUAGE = "zh-hans"

# A tag, the share of cards that get it, and on whose cards.
TAGS = (
    ("深圳仓", 0.6, lambda part: part.client is None),
    ("东莞仓", 0.2, lambda part: part.client is None),
    ("试点", 0.08, lambda part: part.story.binding == "first_use"),
    ("备用", 0.05, lambda part: part.client is not None and not part.story.is_personal),
    ("VIP", 0.12, lambda part: part.story.is_of_the_first or part.story.is_personal),
)
REMARKS_OF_STAFF = (
    "客户要求每月 5 日对账",
    "设备在冷库，信号弱，用量可能晚到",
    "换卡后旧卡待回收",
    "Ask Emma before stopping this one",
    "样机，展会后归还",
)
SHARE_WITH_REMARK = 0.04

VIEWS = (
    ("ops", "本月到期", {"quick": "expiring"}),
    ("ops", "库存", {"stock": "1"}),
    ("ops", "冷链车队", {"tag": "cold-chain"}),
    ("support", "实名待审核", {"quick": "real_name"}),
)

FARM, VENDING, FLEET = "绿野智慧农业科技有限公司", "Acme Vending China", "Northwind Cold Chain Logistics"
CARDS_PER_JOB = 40


def write_notes(parts, ids, act):
    """Tag these cards and write remarks on some: `act(action, ids, actor, **params)` does it on the round's day."""
    for tag, share, fits in TAGS:
        tagged = [ids[part.iccid] for part in parts if fits(part) and part.fate("tag", tag) < share]
        act(Action.TAG, tagged, actor="ops", tag=tag)
    for number, remark in enumerate(REMARKS_OF_STAFF):
        remarked = [
            ids[part.iccid]
            for part in parts
            if part.fate("remark") < SHARE_WITH_REMARK and part.index % len(REMARKS_OF_STAFF) == number
        ]
        act(Action.REMARK, remarked, actor="support", remark=remark)


def share_views():
    """Views of the list that everybody is offered."""
    users = {user.username: user for user in get_user_model().objects.filter(username__in=["ops", "support"])}
    for owner, name, query in VIEWS:
        SavedView.objects.create(owner=users[owner], name=name, query=urlencode(query), is_shared=True)


def work_on_many():
    """This morning's jobs: a tag for a fleet, a stop that not every card could take, one undone, and a draft."""
    ops = get_user_model().objects.get(username="ops")
    with translation.override(LANGUAGE):
        _job(ops, FLEET, Action.TAG, "冷链专项盘点", tag="cold-chain")
        _job(ops, FARM, Action.SUSPEND, "农闲期，客户申请停用")
        stopped = _job(ops, VENDING, Action.SUSPEND, "客户申请停用")
        if stopped.is_over:
            undoing = control.undo(stopped, user=ops)
            worker.work_off(control.start(undoing, user=ops, reason="客户撤回申请"))
        _draft(ops, FARM, Action.SET_LIMIT)


def _job(user, customer, action, reason, **params):
    """An action to a customer's first cards, from the click to its end; if none of them can, only its preview."""
    job = _draft(user, customer, action)
    if not engine.totals(job).check_counts["can"]:
        return job
    return worker.work_off(control.start(job, user=user, params=params, reason=reason))


def _draft(user, customer, action):
    first = Card.objects.filter(customer__name=customer).order_by("pk")[:CARDS_PER_JOB]
    cards = Card.objects.filter(pk__in=list(first.values_list("pk", flat=True)))
    origin = {"from": "page", "query": urlencode({"customer": customer})}
    return control.draft(selections.freeze(cards, owner=user, asked=origin), action, user=user)
