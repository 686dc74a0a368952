"""The old Telecom door's cipher against what the carrier's own demo printed, and against values of other code."""

import pytest

from cards.carriers.protocols.str_enc import str_enc

OF_THE_DEMO = (
    ("test", ("abc", "def", "ghi"), "41894168BD86A2CC"),
    (
        "14914000000,queryPakage,test,test",
        ("abc", "def", "ghi"),
        "45E8B9924DE397A8F7E5764767810CF774CC7E1685BA702C9C4C367EFDAE5D932B37C0C8F0F8EB0CAD6372289F407CA941894168BD86A2CC"
        "32E5804EA05BAA5099649468B9418E52",
    ),
)
OF_OTHER_CODE = (
    ("demoPass", ("abc", "123", "xyz"), "9275E948D134111141573C611D2447B5"),
    (
        "1491000000001,demoPass,demoUser,queryCardMainStatus",
        ("abc", "123", "xyz"),
        "287E19BB684EA294D1F17BD81295A344D1F17BD81295A34492742622FB93FE4D61F89A0565E50C57EAB1ABBEC4B85E0C4A06122A6E235F4F"
        "A84E6409E90CC6F98E0930A274F5609D4E39153EADDC08A51CC2BD8D631E6774D01A2EEBA00F9014EE27150D0E936885",
    ),
    (
        ",1491000000001,19,demoPass,demoUser,disabledNumber",
        ("abc", "123", "xyz"),
        "1832E24AB8287E86E0549AC2AB9AA30CD1F17BD81295A34445A938B270010360E1D97F09B17D5CD261F89A0565E50C57EAB1ABBEC4B8"
        "5E0C4A06122A6E235F4FA84E6409E90CC6F96D519BF94920EEE10F43D1817C8F55EE77E485B0EB70820D49927684D74F983F",
    ),
)


@pytest.mark.parametrize(("text", "keys", "enciphered"), OF_THE_DEMO + OF_OTHER_CODE)
def test_the_cipher_is_the_carriers(text, keys, enciphered):
    assert str_enc(text, *keys) == enciphered


def test_each_four_characters_are_a_block_of_their_own():
    keys = ("abc", "def", "ghi")
    assert str_enc("", *keys) == ""
    assert str_enc("testtest!", *keys) == str_enc("test", *keys) * 2 + str_enc("!", *keys)
    assert str_enc("停机", *keys) != str_enc("复机", *keys)


def test_another_order_of_the_keys_is_another_text():
    assert str_enc("test", "abc", "def", "ghi") != str_enc("test", "def", "abc", "ghi")
