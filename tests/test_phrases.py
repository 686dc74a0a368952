"""How what people read is put together, in each language, and that no code stands in a sentence."""

from datetime import date

import pytest
from django.http import QueryDict
from django.template import Context, Template
from django.utils.translation import override

from cards.catalogue import CATALOGUE
from cards.choices import Carrier, JobKind, State
from cards.errors import InvariantBroken
from cards.models import Job
from cards.pages.filter_labels import filter_fields, filter_labels
from cards.pages.job_labels import parameters_of
from cards.phrases import joined, listed, noted, pair
from cards.templatetags.cards import seconds, unbroken

pytestmark = pytest.mark.once

COMPOSED = {
    "en": ("Carrier: China Mobile", "Suspended (credit)", "In use, Unused", "It works. It does."),
    "zh-hans": ("Carrier：中国移动", "已停用（credit）", "使用中、未使用", "It works.It does."),
}


@pytest.mark.parametrize("language", COMPOSED)
def test_each_language_has_its_colon_brackets_comma_and_blank(language):
    with override(language):
        composed = (
            pair("Carrier", Carrier.CMCC.label),
            noted(State.SUSPENDED.label, "credit"),
            listed([State.IN_USE.label, State.UNUSED.label]),
            joined("It works.", "It does."),
        )
        alone = joined("It works.", "")
    assert (composed, alone) == (COMPOSED[language], "It works.")


def test_a_template_escapes_what_it_pairs():
    template = Template("{% load cards %}{% pair label value %} {{ names|listed }}")
    with override("zh-hans"):
        shown = template.render(Context({"label": "<b>", "value": "<i>", "names": ["<u>", 2]}))
    assert shown == "&lt;b&gt;：&lt;i&gt; &lt;u&gt;、2"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "Due 2026-03-02, <b> -¥1,078.50, as of 2026-03-02 08:00.",
            'Due <span class="nowrap">2026-03-02</span>, &lt;b&gt; <span class="nowrap">-¥1,078.50</span>, '
            'as of <span class="nowrap">2026-03-02 08:00</span>.',
        ),
        ("SIM 8986-0026, 5 of 30 MB", "SIM 8986-0026, 5 of 30 MB"),
    ],
)
def test_no_line_ends_within_a_day_or_an_amount(text, shown):
    assert unbroken(text) == shown


def test_what_took_some_time_never_reads_as_none():
    assert [seconds(count) for count in (0, 0.04, 0.05, 61.25)] == ["<0.1", "<0.1", "0.1", "61.2"]


@pytest.mark.parametrize(
    ("code", "facts", "english", "chinese"),
    [
        (
            "no_policy",
            {"carrier": "cbn", "day": date(2026, 3, 1)},
            "no policy of the carrier China Broadnet is in force on 2026-03-01",
            "运营商“中国广电”在 2026-03-01 没有生效的策略",
        ),
        (
            "missing",
            {"name": "test_until", "state": "testing"},
            "“first day after the test” is missing on a card in the state “Testing”",
            "状态为“可测试”的卡缺少“测试期结束后首日”",
        ),
        (
            "unknown_state",
            {"state": "lost"},
            "the card is in an unknown state: lost",
            "卡的状态不存在：lost",
        ),
    ],
)
def test_a_contradiction_is_told_without_codes(code, facts, english, chinese):
    """What is kept are the codes; what they are called depends on who reads."""
    broken = InvariantBroken.read(InvariantBroken(code, **facts).written())
    with override("en"):
        in_english = str(broken)
    with override("zh-hans"):
        in_chinese = str(broken)
    assert (in_english, in_chinese) == (english, chinese)


@pytest.mark.django_db
@pytest.mark.parametrize("action", [action for action in CATALOGUE.values() if action.parameters])
def test_what_a_job_was_told_has_labels(action):
    told = {"kind": "anomaly"} | {name: "" for name in action.parameters if name != "kind"}
    params = {name: told[name] for name in action.parameters}
    with override("en"):
        labels = [label for label, _value in parameters_of(Job(kind=JobKind.ACTION, action=action.word, params=params))]
        assert labels == [str(parameter.label) for parameter in action.parameters.values()]
    assert not set(labels) & set(params)


@pytest.mark.django_db
def test_the_filters_of_a_list_have_labels():
    """What is no longer known is itself."""
    params = QueryDict("state=in_use&customer=Acme&cols=msisdn,customer,lost&carrier=lost&lost=1&tag=")
    with override("en"):
        labels = filter_labels(filter_fields(params), params)
    assert labels == [
        ("State", "In use"),
        ("Customer", "Acme"),
        ("Columns", "MSISDN, Customer, lost"),
        ("Carrier", "lost"),
        ("lost", "1"),
    ]
