"""Amounts in capital numerals, as receipts in China have them: the rules of the People's Bank by example."""

from decimal import Decimal

import pytest

from billing.amount_in_words import in_capitals
from billing.money import LARGEST

IN_CAPITALS = {
    # the examples of the rules themselves, the form without the zeros that may be left out
    "1409.50": "壹仟肆佰零玖元伍角整",
    "6007.14": "陆仟零柒元壹角肆分",
    "1680.32": "壹仟陆佰捌拾元叁角贰分",
    "107000.53": "壹拾万柒仟元伍角叁分",
    "16409.02": "壹万陆仟肆佰零玖元零贰分",
    "325.04": "叁佰贰拾伍元零肆分",
    "1234.56": "壹仟贰佰叁拾肆元伍角陆分",
    # nothing but cents
    "0.01": "壹分",
    "0.05": "伍分",
    "0.10": "壹角整",
    "0.50": "伍角整",
    "0.55": "伍角伍分",
    "0.00": "零元整",
    # up to four digits
    "1.00": "壹元整",
    "1.05": "壹元零伍分",
    "10.00": "壹拾元整",
    "10.05": "壹拾元零伍分",
    "11.00": "壹拾壹元整",
    "100.00": "壹佰元整",
    "101.00": "壹佰零壹元整",
    "110.00": "壹佰壹拾元整",
    "1001.00": "壹仟零壹元整",
    "1010.10": "壹仟零壹拾元壹角整",
    "1100.00": "壹仟壹佰元整",
    # up to eight
    "10000.00": "壹万元整",
    "10001.00": "壹万零壹元整",
    "10010.01": "壹万零壹拾元零壹分",
    "10100.00": "壹万零壹佰元整",
    "11000.00": "壹万壹仟元整",
    "100000.00": "壹拾万元整",
    "100100.00": "壹拾万零壹佰元整",
    "1000100.00": "壹佰万零壹佰元整",
    "20000001.00": "贰仟万零壹元整",
    "10203040.50": "壹仟零贰拾万叁仟零肆拾元伍角整",
    # as far as the books go
    "100000000.00": "壹亿元整",
    "100000001.00": "壹亿零壹元整",
    "100001000.00": "壹亿零壹仟元整",
    "100100000.00": "壹亿零壹拾万元整",
    "110000000.00": "壹亿壹仟万元整",
    "1000000000.10": "壹拾亿元壹角整",
    "1000001000.00": "壹拾亿零壹仟元整",
    "2000000000.02": "贰拾亿元零贰分",
    str(LARGEST): "玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分",
    # what is given back
    "-3.00": "负叁元整",
    "-0.00": "零元整",
}


@pytest.mark.once
def test_amounts_in_capitals():
    assert {amount: in_capitals(Decimal(amount)) for amount in IN_CAPITALS} == IN_CAPITALS
