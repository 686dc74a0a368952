"""How the files of dealers and carriers are headed: the usual words for each column, beside our own names.

What is not here is asked of whoever brings the file. So is what may mean two things: 物联卡号 is an ICCID to one
carrier and an MSISDN to another, 到期日期 the last day of service or the first without it.
"""

from functools import cache

from django.conf import settings
from django.utils import translation

from cards.actions.imports.card_rows import CARD_FILE_COLUMNS
from cards.columns.declared import columns_of
from cards.columns.kinds import FOR_PEOPLE
from cards.files.headings import LEFT_OUT, evened

# Words that mean a column, with 、 between them.
OF_CARDS_AND_USAGE = {
    "iccid": "卡号、ICCID号、ICCID号码、ICCID编号、SIM卡号、SIM卡ICCID、集成电路卡识别码、SIM、SIM number",
    "msisdn": (
        "号码、手机号、手机号码、物联网号码、物联卡号码、接入号、接入号码、用户号码、业务号码、服务号码、"
        "电话号码、MSISDN号、MSISDN号码、phone、phone number、mobile number、mobile"
    ),
    "imei": "IMEI号、IMEI号码、设备号、设备IMEI、终端IMEI、device IMEI",
    LEFT_OUT: "序号、No、№、row、行号",
}
HEADINGS_OF_CARDS = {
    "imsi": "IMSI号、IMSI号码",
    "carrier": "运营商、所属运营商、operator、network",
    "customer": "客户、客户名称、所属客户、归属客户、使用客户、客户名、customer name、client、company",
    "certification": "认证类型、实名类型、认证方式、客户类型、certification type",
    "opened_on": "开卡日期、开卡时间、开卡日、开户日期、开户时间、开通日期、入网日期、入网时间、opening date",
    "test_months": "测试期月数、测试月数、测试期（月）",
    "test_quota_mb": "测试流量（MB）、测试期流量（MB）",
    "plan": (
        "套餐、套餐代码、套餐编码、套餐名称、开卡套餐、资费、资费套餐、资费计划、资费名称、流量套餐、"
        "plan code、plan name、data plan、rate plan、tariff"
    ),
    "binding": "机卡绑定、绑定方式、机卡绑定方式",
    "state": "状态、卡状态、SIM卡状态、生命周期、生命周期状态、卡片状态、status、SIM status、card state",
    "holds": "停用原因、停机原因",
    "activated_on": "激活日期、激活时间、激活日、activation date",
    "service_until": "服务到期日（不含）",
    "last_day_of_service": "服务到期日、服务到期日（含）、服务截止日、最后服务日、service end date",
    "used_mb": "已用流量（MB）、已用（MB）、本月已用（MB）、used MB",
    "account": "运营商账号、运营商账户、接口账号、carrier account",
    "remove": "清除、清空、移除、删除、清除项、清除内容、要清除的列、clear、delete",
    "bound_imei": "绑定IMEI、已绑定IMEI、绑定设备",
}
OF_USAGE = {
    "day": "日期、用量日期、统计日期、流量日期、使用日期、账期日、date、usage date",
    "read_at": (
        "读数时间、采集时间、统计时间、更新时间、数据时间、抽取时间、用量截至、数据截至、timestamp、read time、"
        "updated at、usage as of"
    ),
}
# Whatever account a card is on, its usage is the card's.
NO_MATTER_TO_USAGE = dict.fromkeys(map(evened, ("account", *HEADINGS_OF_CARDS["account"].split("、"))), LEFT_OUT)
OF_A_DAY = (
    "流量、用量、使用量、使用流量、当日流量、日流量、当日用量、日用量、流量使用量、usage、data、"
    "data usage、traffic、volume、daily usage"
)
# What these say is mostly a total since the cycle began.
OF_A_CYCLE = (
    "已用流量、已用、已用量、总流量、总用量、本月流量、本月用量、本月已用、当月流量、当月用量、"
    "累计流量、累计用量、本月累计、当月累计、used、total、total usage、cumulative usage、usage to date"
)
IN_BYTES = "bytes、字节数、流量字节数"
UNITS = {
    "bytes": ("字节", "byte", "bytes", "B"),
    "kb": ("KB", "K", "千字节"),
    "mb": ("MB", "M", "兆", "兆字节"),
    "gb": ("GB", "G", "吉字节"),
}


@cache
def usual_card_headings():
    """The column of each heading, evened out."""
    return _exported() | _column_by_word(OF_CARDS_AND_USAGE | HEADINGS_OF_CARDS)


@cache
def usual_usage_headings(unit_is_told, is_cumulative):
    """The column of each heading, evened out. A heading without a unit is understood once the unit is told, one that
    says a total once it is told that the figures are totals."""
    amounts = {*_evened(OF_A_DAY), *(_evened(OF_A_CYCLE) if is_cumulative else ())}
    with_unit = {amount + word for amount in amounts for words in _units().values() for word in words}
    headings = dict.fromkeys({*with_unit, *(amounts if unit_is_told else ()), *_evened(IN_BYTES)}, "bytes")
    return headings | _column_by_word(OF_CARDS_AND_USAGE | OF_USAGE) | NO_MATTER_TO_USAGE


@cache
def headings_with_units():
    """Headings of usage that say its unit, evened out, and which: 流量(MB)."""
    amounts = _evened(OF_A_DAY) + _evened(OF_A_CYCLE)
    with_unit = {amount + word: unit for amount in amounts for unit, words in _units().items() for word in words}
    return with_unit | dict.fromkeys(_evened(IN_BYTES), "bytes")


def _units():
    return {unit: list(map(evened, words)) for unit, words in UNITS.items()}


def _evened(words):
    return [evened(word) for word in words.split("、")]


def _column_by_word(words_by_column):
    return {word: column for column, words in words_by_column.items() for word in _evened(words)}


def _exported():
    """The headings of our own exports in each language; what no import takes is left out."""
    headings = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            for column in (column for format in FOR_PEOPLE for column in columns_of(format)):
                headings[evened(column.heading)] = column.read_as if column.read_as in CARD_FILE_COLUMNS else LEFT_OUT
    return headings
