"""Payment providers of our own, one file for each protocol."""

from tests.payments.fakes.alipay import AlipayFake
from tests.payments.fakes.wechat import WeChatFake

FAKES = {each.NAME: each for each in (WeChatFake, AlipayFake)}
