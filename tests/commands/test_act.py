"""`act`: every action of the interface, done and refused, by whom, and with which exit code."""

from datetime import date

import pytest

from cards.models import CardEvent, CarrierPolicy, Customer, RealNameCheck, ServiceTerm, Tag
from tests import build
from tests.commands.calls import iccid, run

pytestmark = pytest.mark.django_db

TODAY = date(2026, 4, 2)
IMEI, OTHER_IMEI = "861537040000019", "861537040000027"
PERSON = ("--set", "name=张三丰", "id_number=110101199003071234")


@pytest.fixture(autouse=True)
def _today():
    with build.on_day(TODAY):
        yield


def unused(**columns):
    return build.open_card(**columns)


def in_use(**columns):
    return build.card_in_use(**columns)


def voluntary():
    return build.do("suspend", in_use(), TODAY)


def anomalous():
    return build.do("place_hold", in_use(), TODAY, kind="anomaly")


def over_limit():
    card = build.do("set_limit", in_use(), TODAY, limit_mb="1")
    return build.use(card, TODAY, 2)


def out_of_credit():
    return build.use(in_use(), TODAY, 31)


def rebind_held():
    return build.use(in_use(binding="fixed", imei=IMEI), TODAY, 1, imei=OTHER_IMEI)


def individual():
    return unused(certification="individual")


def submitted():
    return build.do("submit_real_name", individual(), TODAY, name="张三丰", id_number="110101199003071234")


def submitted_after_use():
    card = build.use(individual(), TODAY, 1)
    return build.do("submit_real_name", card, TODAY, name="张三丰", id_number="110101199003071234")


def approved_in_use():
    card = build.do("approve_real_name", submitted(), TODAY)
    return build.do("activate", card, TODAY)


def shut_down():
    return build.swept(in_use(plan="M1-100"), TODAY)


def renewed():
    return build.do("renew", in_use(), TODAY, plan="M1-100")


def protected():
    return build.do("protect", in_use(), TODAY)


def cancelled():
    return build.do("cancel", in_use(), TODAY)


def acmes():
    return in_use(customer="Acme")


def tagged():
    return build.do("tag", in_use(), TODAY, tag="trial")


def full_of_tags():
    card = in_use()
    for number in range(8):
        card = build.do("tag", card, TODAY, tag=f"tag {number}")
    return card


def remarked():
    return build.do("remark", in_use(), TODAY, remark="spare antenna")


def parked():
    card = unused(carrier="cucc")
    policies = CarrierPolicy.objects.filter(carrier="cucc")
    valid_from = policies.get().valid_from
    policies.update(valid_from=date(2027, 1, 1))
    build.attempt("activate", card, TODAY)
    policies.update(valid_from=valid_from)
    return build.fresh(card)


DONE = [
    ("activate", unused, (), ("in_use", [])),
    ("force_activate", unused, (), ("in_use", [])),
    ("force_activate", individual, (), ("suspended", ["real_name"])),
    ("suspend", in_use, (), ("suspended", ["voluntary"])),
    ("suspend", out_of_credit, (), ("suspended", ["credit", "voluntary"])),
    ("resume", voluntary, (), ("in_use", [])),
    ("resume", over_limit, (), ("in_use", [])),
    ("place_hold", in_use, ("--set", "kind=anomaly"), ("suspended", ["anomaly"])),
    ("lift_hold", anomalous, ("--set", "kind=anomaly"), ("in_use", [])),
    ("rebind", rebind_held, ("--set", f"imei={OTHER_IMEI}"), ("in_use", [])),
    ("submit_real_name", individual, PERSON, ("unused", [])),
    ("approve_real_name", submitted, (), ("unused", [])),
    ("approve_real_name", submitted_after_use, (), ("in_use", [])),
    ("reject_real_name", submitted, (), ("unused", [])),
    ("revoke_real_name", approved_in_use, (), ("suspended", ["real_name"])),
    ("set_limit", in_use, ("--set", "limit_mb=20"), ("in_use", [])),
    ("set_limit", over_limit, ("--set", "limit_mb=20"), ("in_use", [])),
    ("renew", in_use, ("--set", "plan=Y1-30"), ("in_use", [])),
    ("renew", shut_down, ("--set", "plan=M1-100"), ("in_use", [])),
    ("unrenew", renewed, (), ("in_use", [])),
    ("unrenew", renewed, ("--set", "term="), ("in_use", [])),
    ("unrenew", renewed, ("--set", "term=2"), ("in_use", [])),
    ("top_up", out_of_credit, ("--set", "plan=PACK-100"), ("in_use", [])),
    ("grant", in_use, ("--set", "plan=Y1-30", "--reason", "fair"), ("in_use", [])),
    ("grant", shut_down, ("--set", "plan=M1-100", "--reason", "fair"), ("in_use", [])),
    ("grant", out_of_credit, ("--set", "plan=PACK-100", "--reason", "fair"), ("in_use", [])),
    ("protect", in_use, (), ("in_use", [])),
    ("unprotect", protected, (), ("in_use", [])),
    ("cancel", in_use, ("--reason", "lost"), ("cancelled", [])),
    ("assign", in_use, ("--set", "customer=Acme"), ("in_use", [])),
    ("unassign", acmes, (), ("in_use", [])),
    ("tag", in_use, ("--set", "tag=trial"), ("in_use", [])),
    ("tag", shut_down, ("--set", "tag=试点"), ("shut_down", [])),
    ("untag", tagged, ("--set", "tag=trial"), ("in_use", [])),
    ("remark", voluntary, ("--set", "remark=spare antenna"), ("suspended", ["voluntary"])),
    ("remark", remarked, ("--set", "remark="), ("in_use", [])),
    ("unpark", parked, (), ("unused", [])),
]

REFUSED = [
    ("activate", in_use, (), "not_unused"),
    ("activate", individual, (), "real_name_first"),
    ("force_activate", in_use, (), "not_unused"),
    ("suspend", voluntary, (), "already_voluntary"),
    ("suspend", unused, (), "not_in_use"),
    ("suspend", shut_down, (), "renew_first"),
    ("resume", in_use, (), "nothing_to_resume"),
    ("resume", anomalous, (), "nothing_to_resume"),
    ("place_hold", anomalous, ("--set", "kind=anomaly"), "hold_stands"),
    ("place_hold", in_use, ("--set", "kind=credit"), "only_anomaly"),
    ("place_hold", shut_down, ("--set", "kind=anomaly"), "not_from_this_state"),
    ("lift_hold", in_use, ("--set", "kind=anomaly"), "hold_not_open"),
    ("lift_hold", out_of_credit, ("--set", "kind=credit"), "only_anomaly"),
    ("rebind", in_use, ("--set", f"imei={IMEI}"), "not_bound"),
    ("submit_real_name", in_use, PERSON, "no_real_name_needed"),
    ("submit_real_name", submitted, PERSON, "already_submitted"),
    ("submit_real_name", approved_in_use, PERSON, "already_approved"),
    ("approve_real_name", individual, (), "not_submitted"),
    ("reject_real_name", individual, (), "not_submitted"),
    ("revoke_real_name", submitted, (), "not_approved"),
    ("set_limit", cancelled, ("--set", "limit_mb=20"), "cancelled"),
    ("renew", in_use, ("--set", "plan=PACK-100"), "not_a_plan"),
    ("renew", cancelled, ("--set", "plan=Y1-30"), "cancelled"),
    ("unrenew", in_use, (), "nothing_renewed"),
    ("unrenew", renewed, ("--set", "term=1"), "term_started"),
    ("unrenew", renewed, ("--set", "term=3"), "nothing_renewed"),
    ("unrenew", unused, (), "nothing_renewed"),
    ("unrenew", shut_down, (), "nothing_renewed"),
    ("unrenew", cancelled, (), "cancelled"),
    ("top_up", in_use, ("--set", "plan=Y1-30"), "not_a_pack"),
    ("top_up", shut_down, ("--set", "plan=PACK-100"), "renew_first"),
    ("top_up", unused, ("--set", "plan=PACK-100"), "no_running_term"),
    ("grant", in_use, ("--set", "plan=Y1-30"), "reason_required"),
    ("grant", shut_down, ("--set", "plan=PACK-100", "--reason", "fair"), "renew_first"),
    ("grant", unused, ("--set", "plan=PACK-100", "--reason", "fair"), "no_running_term"),
    ("grant", cancelled, ("--set", "plan=Y1-30", "--reason", "fair"), "cancelled"),
    ("protect", protected, (), "already_protected"),
    ("unprotect", in_use, (), "not_protected"),
    ("cancel", in_use, (), "reason_required"),
    ("cancel", protected, ("--reason", "lost"), "protected"),
    ("cancel", cancelled, ("--reason", "lost"), "cancelled"),
    ("assign", acmes, ("--set", "customer=Acme"), "same_customer"),
    ("unassign", in_use, (), "in_stock_already"),
    ("unassign", cancelled, (), "cancelled"),
    ("tag", tagged, ("--set", "tag=trial"), "already_tagged"),
    ("tag", full_of_tags, ("--set", "tag=one more"), "too_many_tags"),
    ("tag", cancelled, ("--set", "tag=trial"), "cancelled"),
    ("tag", parked, ("--set", "tag=trial"), "parked"),
    ("untag", tagged, ("--set", "tag=Trial"), "not_tagged"),
    ("remark", remarked, ("--set", "remark=spare antenna"), "same_remark"),
    ("remark", in_use, ("--set", "remark="), "same_remark"),
    ("unpark", in_use, (), "not_parked"),
    ("suspend", parked, (), "parked"),
]


# What scripts of before call a grant.
RECORDED_AS = {"renew": "grant", "top_up": "grant"}


@pytest.mark.parametrize(("action", "card", "arguments", "expected"), DONE)
def test_an_action_is_done(action, card, arguments, expected):
    Customer.objects.get_or_create(name="Acme")
    card = card()
    ended = run("act", action, card.iccid, *arguments, "--json")
    state, holds = expected
    done = {"iccid": card.iccid, "done": True, "state": state, "holds": holds}
    assert (ended.code, ended.err) == (0, "")
    assert ended.document == {
        "action": RECORDED_AS.get(action, action),
        "results": [done | {"code": None, "message": None, "way_out": None}],
    }
    assert CardEvent.objects.filter(card=card, action=RECORDED_AS.get(action, action), actor_name="manage.py").exists()
    assert run("verify").code == 0


@pytest.mark.parametrize(("action", "card", "arguments", "code"), REFUSED)
def test_an_action_is_refused_with_the_way_out(action, card, arguments, code):
    card = card()
    before = build.story(card)
    ended = run("act", action, card.iccid, *arguments, "--json")
    (answer,) = ended.document["results"]
    assert (ended.code, answer["done"], answer["code"]) == (1, False, code)
    assert answer["message"].endswith((".", "}", "026-04-02"))
    assert answer["way_out"].endswith(".")
    assert build.story(card) == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("frobnicate", iccid(1)), "argument ACTION: invalid choice: 'frobnicate'"),
        (("suspend",), "the following arguments are required: ICCID"),
        (("suspend", iccid(1), "--set", "kind=anomaly"), "kind: suspend has no such parameter"),
        (("set_limit", iccid(1)), "limit_mb: set_limit needs this parameter"),
        (("set_limit", iccid(1), "--set", "limit_mb=lots"), "limit_mb: “lots” is not a whole number of MB"),
        (
            ("set_limit", iccid(1), "--set", f"limit_mb={'9' * 5_000}"),
            f"limit_mb: “{'9' * 5_000}” is not a whole number",
        ),
        (("set_limit", iccid(1), "--set", "limit_mb"), "“limit_mb” is not key=value."),
        (("unrenew", iccid(1), "--set", "term=last"), "term: “last” is not a whole number from 1 to 32767"),
        (("place_hold", iccid(1), "--set", "kind=bad"), "kind: there is no hold called “bad”"),
        (("rebind", iccid(1), "--set", "imei=1"), "imei: “1” is not valid: an IMEI has 14, 15 or 16 digits"),
        (("renew", iccid(1), "--set", "plan=?"), "plan: there is no plan with the code “?”"),
        (("assign", iccid(1), "--set", "customer=?"), "customer: there is no customer called “?”"),
        (
            ("assign", iccid(1), "--set", "customer="),
            "customer: enter the customer; “Return to stock” returns the card to stock (unassign)",
        ),
        (("unassign", iccid(1), "--set", "customer=Acme"), "customer: unassign has no such parameter"),
        (("submit_real_name", iccid(1), "--set", "name=", "id_number=123456"), "name: the full name is"),
        (("suspend", iccid(1), "--actor", "nobody"), "There is no user nobody."),
    ],
)
def test_a_wrong_call_touches_nothing(arguments, sentence):
    card = in_use(binding="fixed", imei=IMEI)
    ended = run("act", *arguments, "--json")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(sentence)
    assert build.fresh(card).version == card.version


def test_what_is_due_comes_before_the_action():
    """The card was due for forced activation long ago: it can be stopped today, though nobody swept."""
    card = unused(opened_on="2025-06-01")
    assert run("act", "suspend", card.iccid).code == 0
    assert [step[0] for step in build.story(card)] == ["open", "force_activate", "suspend"]


def test_several_cards_each_get_their_own_answer():
    build.card_in_use(iccid=iccid(1))
    build.open_card(iccid=iccid(2))
    ended = run("act", "suspend", iccid(1), iccid(2), iccid(3), "--reason", "season is over")
    assert ended.code == 1
    assert ended.out == f"{iccid(1)}: suspended (voluntary)\n"
    assert ended.err.splitlines() == [
        f"{iccid(2)}: This is possible only for a card in use. Wait until the card is in use, or activate it.",
        f"{iccid(3)}: There is no card {iccid(3)}.",
    ]
    assert CardEvent.objects.get(action="suspend").reason == "season is over"
    unknown = run("act", "suspend", iccid(3), "--json").document["results"]
    assert unknown == [
        {
            "iccid": iccid(3),
            "done": False,
            "state": None,
            "holds": [],
            "code": "no_such_card",
            "message": f"There is no card {iccid(3)}.",
            "way_out": None,
        }
    ]


def test_the_third_rebind_of_a_month_is_refused():
    card = in_use(binding="fixed", imei=IMEI)
    for number in (1, 2):
        assert run("act", "rebind", card.iccid, "--set", f"imei=86153704000{number}000").code == 0
    ended = run("act", "rebind", card.iccid, "--set", f"imei={OTHER_IMEI}")
    assert (ended.code, ended.err) == (
        1,
        f"{card.iccid}: The device was changed 2 times this month; the carrier allows 2. "
        "Wait until the first of next month.\n",
    )


def test_staff_act_under_their_name_as_far_as_they_may():
    card = in_use()
    build.staff("suspend", username="support")
    assert run("act", "suspend", card.iccid, "--actor", "support").code == 0
    event = CardEvent.objects.get(action="suspend")
    assert (event.actor_kind, event.actor_name) == ("staff", "support")
    ended = run("act", "cancel", card.iccid, "--actor", "support", "--reason", "x", "--json")
    assert (ended.code, ended.document["results"][0]["code"]) == (1, "not_permitted")


def test_customers_act_on_their_own_cards_only():
    own, other = in_use(customer="Acme"), in_use(customer="Globex")
    build.member("Acme", "alice")
    assert run("act", "suspend", own.iccid, "--actor", "alice").code == 0
    assert CardEvent.objects.get(action="suspend").actor_kind == "customer"
    ended = run("act", "suspend", other.iccid, "--actor", "alice")
    assert (ended.code, ended.err) == (1, f"{other.iccid}: There is no card {other.iccid}.\n")
    ended = run("act", "cancel", own.iccid, "--actor", "alice", "--reason", "x", "--json")
    assert ended.document["results"][0]["code"] == "not_permitted"


def test_what_actions_leave_behind():
    card = individual()
    run("act", "submit_real_name", card.iccid, *PERSON)
    check = RealNameCheck.objects.get()
    assert (check.masked_name, check.masked_number) == ("张**", "1101************34")
    card = build.card_in_use()
    run("act", "renew", card.iccid, "--set", "plan=M1-100")
    assert list(ServiceTerm.objects.filter(card=card).values_list("plan__code", "starts_on")) == [
        ("Y1-30", date(2026, 1, 15)),
        ("M1-100", None),
    ]


def test_tags_and_remarks_stand_on_the_card_and_in_its_record():
    card = in_use()
    run("act", "tag", card.iccid, "--set", "tag=  cold   chain ")
    run("act", "tag", card.iccid, "--set", "tag=ＶＩＰ")
    run("act", "untag", card.iccid, "--set", "tag=cold chain")
    run("act", "tag", card.iccid, "--set", "tag=试点")
    run("act", "remark", card.iccid, "--set", "remark=in the van")
    run("act", "remark", card.iccid, "--set", "remark=in the shed")
    card = build.fresh(card)
    assert (card.tag_list, card.remark) == (["VIP", "试点"], "in the shed")
    assert sorted(card.tag_rows.values_list("tag__name", flat=True)) == ["VIP", "试点"]
    assert list(card.events.filter(seq__gt=2).values_list("action", "evidence")) == [
        ("tag", {"tag": "cold chain"}),
        ("tag", {"tag": "VIP"}),
        ("untag", {"tag": "cold chain"}),
        ("tag", {"tag": "试点"}),
        ("remark", {"remark": "in the van", "was_remark": ""}),
        ("remark", {"remark": "in the shed", "was_remark": "in the van"}),
    ]
    assert run("verify").code == 0


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("tag", ("--set", "tag=")),
        ("tag", ("--set", "tag=\x7f")),
        ("tag", ("--set", "tag=a,b")),
        ("tag", ("--set", "tag=" + "x" * 25)),
        ("tag", ()),
        ("untag", ("--set", "tag=")),
        ("remark", ("--set", "remark=" + "x" * 201)),
        ("remark", ("--set", "tag=x")),
    ],
)
def test_a_tag_or_remark_that_cannot_be_is_a_wrong_call(action, arguments):
    card = in_use()
    ended = run("act", action, card.iccid, *arguments)
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (2, "", 1)
    assert build.fresh(card).version == card.version


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("suspend", iccid(1), "--reason", "\udcff"), "reason"),
        (("renew", iccid(1), "--set", "plan=\udcff"), "parameters"),
        (("suspend", "\udcff"), "iccids"),
    ],
)
def test_bytes_that_are_no_text_are_a_wrong_call(arguments, named):
    card = in_use()
    ended = run("act", *arguments)
    assert (ended.code, ended.out, ended.err) == (2, "", f"“{named}” is not UTF-8 text.\n")
    assert build.fresh(card).version == card.version


def test_a_tag_stands_on_one_line_on_the_card_and_among_the_tags():
    card = in_use()
    assert run("act", "tag", card.iccid, "--set", "tag=a\x1b[2J\tb").code == 0
    assert build.fresh(card).tag_list == ["a [2J b"]
    assert list(Tag.objects.values_list("name", flat=True)) == ["a [2J b"]
