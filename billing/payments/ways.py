"""In which way somebody pays: what their browser and their provider both can."""

import re
from collections.abc import Sequence

from billing.choices import PaymentWay

PHONE = re.compile(r"Mobile|Android|iPhone|iPad|HarmonyOS", re.ASCII)


def is_in_wechat(user_agent: str) -> bool:
    """Whether this is WeChat's own browser, which opens no payment page but WeChat's."""
    return "MicroMessenger" in user_agent


def way_for(ways: Sequence[PaymentWay], user_agent: str) -> PaymentWay | None:
    """The best of a provider's ways in this browser; None where none of them works there."""
    if is_in_wechat(user_agent):
        wanted = [PaymentWay.JSAPI]
    elif PHONE.search(user_agent):
        wanted = [PaymentWay.WAP, PaymentWay.PAGE]
    else:
        wanted = [PaymentWay.PAGE, PaymentWay.QR]
    return next((way for way in wanted if way in ways), None)
