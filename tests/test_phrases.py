"""How what people read is put together, in each language, and that no code stands in a sentence."""

from datetime import date

import pytest
from django.template import Context, Template
from django.utils.translation import override

from cards.choices import Carrier, State
from cards.errors import InvariantBroken
from cards.phrases import listed, noted, pair

pytestmark = pytest.mark.once

COMPOSED = {
    "en": ("Carrier: China Mobile", "Suspended (credit)", "In use, Unused"),
    "zh-hans": ("Carrier：中国移动", "已停用（credit）", "使用中、未使用"),
}


@pytest.mark.parametrize("language", COMPOSED)
def test_each_language_has_its_colon_brackets_and_comma(language):
    with override(language):
        composed = (
            pair("Carrier", Carrier.CMCC.label),
            noted(State.SUSPENDED.label, "credit"),
            listed([State.IN_USE.label, State.UNUSED.label]),
        )
    assert composed == COMPOSED[language]


def test_a_template_escapes_what_it_pairs():
    template = Template("{% load cards %}{% pair label value %} {{ names|listed }}")
    with override("zh-hans"):
        shown = template.render(Context({"label": "<b>", "value": "<i>", "names": ["<u>", 2]}))
    assert shown == "&lt;b&gt;：&lt;i&gt; &lt;u&gt;、2"


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
            "“test until” is missing on a card in the state “Testing”",
            "状态为“可测试”的卡缺少“测试截止日”",
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
