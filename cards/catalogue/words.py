"""The words that files have for the codes of a closed vocabulary: what the portal itself calls them, and others do."""

from functools import cache

from django.conf import settings
from django.db.models import TextChoices
from django.utils import translation

from cards.choices import Binding, Carrier, Certification, Hold, State
from cards.files.headings import evened

# What dealers and carriers write besides. A word that may mean two of them (停机) is not among them.
USUAL_WORDS: dict[type[TextChoices], dict[str, str]] = {
    Carrier: {
        "中国移动": "cmcc",
        "移动": "cmcc",
        "中移动": "cmcc",
        "中移物联": "cmcc",
        "China Mobile": "cmcc",
        "中国联通": "cucc",
        "联通": "cucc",
        "中国联合网络通信": "cucc",
        "China Unicom": "cucc",
        "中国电信": "ctcc",
        "电信": "ctcc",
        "China Telecom": "ctcc",
        "中国广电": "cbn",
        "广电": "cbn",
        "中国广播电视": "cbn",
        "China Broadnet": "cbn",
        "China Broadcasting Network": "cbn",
    },
    Certification: {
        "企业": "enterprise",
        "企业认证": "enterprise",
        "企业客户": "enterprise",
        "企业实名": "enterprise",
        "单位": "enterprise",
        "公司": "enterprise",
        "company": "enterprise",
        "business": "enterprise",
        "corporate": "enterprise",
        "个人": "individual",
        "个人认证": "individual",
        "个人客户": "individual",
        "个人实名": "individual",
        "personal": "individual",
        "person": "individual",
    },
    State: {
        "可测试": "testing",
        "测试期": "testing",
        "测试": "testing",
        "测试中": "testing",
        "未使用": "unused",
        "沉默期": "unused",
        "静默期": "unused",
        "沉默": "unused",
        "未激活": "unused",
        "待激活": "unused",
        "可激活": "unused",
        "inactive": "unused",
        "使用中": "in_use",
        "在用": "in_use",
        "正常": "in_use",
        "正常使用": "in_use",
        "已激活": "in_use",
        "active": "in_use",
        "activated": "in_use",
        "已停用": "suspended",
        "停用": "suspended",
        "已停机": "shut_down",
        "已销户": "cancelled",
        "销户": "cancelled",
        "已拆机": "cancelled",
        "canceled": "cancelled",
    },
    Hold: {
        "异常停用": "anomaly",
        "实名停用": "real_name",
        "换绑停用": "rebind",
        "信控停用": "credit",
        "达量停用": "threshold",
        "主动停用": "voluntary",
    },
    Binding: {
        "不绑定": "none",
        "无": "none",
        "首次绑定": "first_use",
        "首次使用绑定": "first_use",
        "固定绑定": "fixed",
        "指定设备": "fixed",
    },
}


def code_of(vocabulary: type[TextChoices], text: str) -> str | None:
    """The code that a text stands for, in whichever language; None when it is none."""
    codes = _codes(vocabulary)
    return codes.get(text) or codes.get(evened(text))


@cache
def _codes(vocabulary: type[TextChoices]) -> dict[str, str]:
    codes = {evened(word): code for word, code in USUAL_WORDS.get(vocabulary, {}).items()}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            codes |= {evened(str(label)): code for code, label in vocabulary.choices}
    return codes | {evened(code): code for code in vocabulary.values} | {code: code for code in vocabulary.values}
