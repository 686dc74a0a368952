"""What no page could read is refused at the door, in a sentence: in the reader's language, and in their form."""

import re

import pytest
from django.test import Client

from cards.models import Tries
from tests.attacks.raw import FORM, MULTIPART, File, Raw, encoded, multipart
from tests.build import member
from tests.console.pages import logged_in, of_role
from tests.test_outage import told

pytestmark = [pytest.mark.django_db, pytest.mark.once]

LOGIN = "/admin/login/"
NUL = "What was sent contains a NUL character, which is in no text. Remove it and send it again."
NOT_UTF_8 = "What was sent is not UTF-8 text. Send it again as UTF-8."
CHARSET = "Text is only taken as UTF-8, not in another charset. Send it again as UTF-8."
DAMAGED = "The form arrived damaged or in parts. Go back and send it again; nothing was saved."
MISFITTING = "What was sent does not fit this page. Go back, load the page anew and try again; nothing was saved."
NO_WAY_ON = "The page that should come next is none of this portal. Begin at the home page."
OTHER_HOST = "The portal has another name. Open it by the address you were given."
TOO_MANY = "The form has too many fields. Nothing was saved: send it in parts."
TOO_LONG = "A field of the form is too long. Nothing was saved: send it in parts."
METHOD = "This address is not opened like this. Go back and use the button or link of the page."
STALE = "You logged in or out since it was opened, or your browser keeps no cookies. Load the page anew and try again."
NOT_FOUND = "The address may be mistyped, or you may not have access to this page."
HOME = " Go to home page"


def get(path=LOGIN, query="", **environ):
    return Raw("GET", path, query, environ=environ)


def post(body, kind=FORM, path=LOGIN, **environ):
    return Raw("POST", path, body=body if isinstance(body, bytes) else body.encode(), kind=kind, environ=environ)


REFUSED = {
    "NUL in a path": (get("/console/cards/\x00/"), 400, NUL),
    "NUL in a query": (get(query="q=a%00b"), 400, NUL),
    "NUL in the name of a parameter": (get(query="a%00=1"), 400, NUL),
    "NUL as it is": (get(query="q=\x00"), 400, NUL),
    "NUL in a form": (post("username=a%00"), 400, NUL),
    "NUL in the name of a field": (post("%00=a"), 400, NUL),
    "NUL in a form with files": (post(multipart([("username", "a\x00")]), MULTIPART), 400, NUL),
    "NUL in a cookie": (get(HTTP_COOKIE=r'sessionid="\000\000\000\000\000\000\000\000"'), 400, NUL),
    "no UTF-8 in a query": (get(query="q=%ff"), 400, NOT_UTF_8),
    "half a pair in a query": (get(query=encoded([("q", "\ud800")])), 400, NOT_UTF_8),
    "no UTF-8 in a form": (post("username=%ff"), 400, NOT_UTF_8),
    "half a pair in a form": (post(encoded([("username", "\ud83d")])), 400, NOT_UTF_8),
    "a form in UTF-16": (post("username=a".encode("utf-16")), 400, NOT_UTF_8),
    "another charset": (post("username=a", f"{FORM}; charset=utf-16"), 415, CHARSET),
    "a charset that is none": (post("username=a", f"{FORM}; charset=nonsense"), 415, CHARSET),
    "a codec that is no charset": (post("username=a", f"{FORM}; charset=rot13"), 415, CHARSET),
    "another charset of files": (post(multipart([]), f"{MULTIPART}; charset=gb18030"), 415, CHARSET),
    "another charset where no form is": (get(CONTENT_TYPE="text/plain; charset=utf-7"), 415, CHARSET),
    "no boundary": (post(b"--b--", "multipart/form-data"), 400, DAMAGED),
    "a boundary that is none": (post(b"x", f"multipart/form-data; boundary={'x' * 300}"), 400, DAMAGED),
    "part of a form": (post(multipart([("username", "a")])[:-9], MULTIPART, CONTENT_LENGTH="-1"), 400, DAMAGED),
    "a length that is none": (post("username=a", CONTENT_LENGTH="1e3"), 400, DAMAGED),
    "a length of thousands of digits": (post("username=a", CONTENT_LENGTH="9" * 5_000), 400, DAMAGED),
    "rows of the admin that are none": (
        post("_selected_action=1&_selected_action=x", path="/admin/cards/tag/"),
        400,
        MISFITTING,
    ),
    "a thousand fields": (get(query="&".join(f"x{number}" for number in range(1_100))), 413, TOO_MANY),
    "a form of a thousand fields": (post("a&" * 1_100), 413, TOO_MANY),
    "another host": (get(HTTP_HOST="evil.example"), 400, OTHER_HOST),
    "a host that is none": (get(HTTP_HOST="a b"), 400, OTHER_HOST),
    "nowhere": (get("/nowhere/"), 404, NOT_FOUND),
    "a number that is none": (get(f"/console/jobs/{'9' * 5_000}/"), 404, NOT_FOUND),
    "a method of other pages": (post("", path="/console/jobs/"), 405, METHOD),
    "a method that is none": (Raw("BREW", "/console/jobs/"), 405, METHOD),
}
NEXT = (
    "foo",
    "foo/bar",
    "//evil.example",
    "///x",
    "/\\evil",
    "\\\\evil",
    "http://evil",
    "javascript:x",
    "/\n/x",
    "\n//x",
    "/a b",
)


@pytest.fixture
def staff():
    return of_role("operations")


def english(request):
    return Raw(**vars(request) | {"environ": {"HTTP_ACCEPT_LANGUAGE": "en"} | request.environ})


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_in_a_sentence(staff, what):
    request, status, sentence = REFUSED[what]
    answer = english(request).send(staff)
    assert (answer.status_code, told(answer)[1][1]) == (status, sentence + HOME)
    assert "Content-Security-Policy" in answer.headers


@pytest.mark.parametrize(
    "request_",
    [
        get(query="q=%E5%8D%A1%F0%9F%98%80&r=%25%30%30"),
        get(query="next=/console/cards/%3Fq%3D8986&next="),
        post("username=a&next=/&password=%E5%8D%A1"),
        post("username=a", f"{FORM}; charset=UTF-8"),
        post(multipart([("username", "卡"), ("file", File("卡.csv", b"\x00\xff"))]), MULTIPART),
        get(HTTP_COOKIE='sessionid="x"; django_language=xx'),
    ],
)
def test_what_can_be_read_is_read(client, request_):
    assert request_.send(client).status_code == 200


@pytest.mark.parametrize("target", NEXT)
@pytest.mark.parametrize("path", [LOGIN, "/account/new/", "/logout/", "/i18n/setlang/", "/console/quarantine/1/drop/"])
def test_no_address_leads_to_another_site_or_nowhere(staff, path, target):
    for request in (get(path, encoded([("next", target)])), post(encoded([("next", target)]), path=path)):
        answer = english(request).send(staff)
        assert (answer.status_code, told(answer)[1][1]) == (400, NO_WAY_ON + HOME)


@pytest.mark.parametrize("path", [LOGIN, "/i18n/setlang/"])
def test_an_address_of_ours_leads_there(client, path):
    member()
    form = {"username": "alice", "password": "demo", "language": "en", "next": "/my/cards/?q=8986"}
    assert client.post(path, form).headers["Location"] == "/my/cards/?q=8986"


def test_the_sentence_is_chinese_first(client):
    answer = get(query="q=%00").send(client)
    assert '<html lang="zh-hans"' in answer.text
    assert told(answer) == (
        400,
        ["无法读取", "发来的内容里有空字符（NUL），文字里不会有它。请去掉后重新发送。 返回首页"],
    )
    assert get(query="q=%00", HTTP_COOKIE="django_language=en").send(client).text.count(NUL) == 1


def test_a_part_of_a_page_is_a_part_and_programs_read_json(staff):
    part = english(get("/console/nowhere/", HTTP_HX_REQUEST="true")).send(staff)
    assert (part.status_code, part.text) == (404, f'<p class="notice is-warning" role="alert">{NOT_FOUND}</p>\n')
    answer = english(get("/console/nowhere/", HTTP_ACCEPT="application/json")).send(staff)
    assert (answer.status_code, answer.json()) == (404, {"error": NOT_FOUND, "code": "not_found"})


def test_a_refused_method_says_which_there_are(staff):
    answer = post("", path="/console/jobs/").send(staff)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_a_form_of_before_the_login_is_told_from_what_ones_role_does_not_allow():
    client = Client(enforce_csrf_checks=True)
    assert told(english(post("username=a")).send(client)) == (403, ["This page is out of date", STALE + HOME])
    denied = of_role("support").get("/admin/cards/card/add/", headers={"accept-language": "en"})
    assert told(denied)[1][0] == "Not allowed"


def test_one_long_field_beside_files_is_too_long(staff):
    body = multipart([("what", "x" * 2_700_000)])
    answer = english(post(body, MULTIPART, path="/console/imports/")).send(staff)
    assert (answer.status_code, told(answer)[1][1]) == (413, TOO_LONG + HOME)


def test_nobody_is_asked_who_reads_it_and_no_try_is_counted(django_assert_num_queries, client):
    with django_assert_num_queries(0):
        assert post("username=alice&password=%00").send(client).status_code == 400
    assert Tries.objects.count() == 0


@pytest.mark.parametrize("path", ["/my/", "/my/cards/?q=", "/account/"])
def test_a_customer_is_refused_in_the_same_words(path):
    answer = logged_in(member()).get(
        path + "?q=%00" if "?" not in path else f"{path}%00", headers={"accept-language": "en"}
    )
    assert re.sub(r"\s+", " ", told(answer)[1][1]) == NUL + HOME


@pytest.mark.parametrize(
    ("referer", "leads_to"),
    [
        ("http://testserver/console/cards/", "http://testserver/console/cards/"),
        ("http://elsewhere.example/", "/"),
        *[(odd, "/") for odd in (":", "x", "javascript:alert(1)", "/my/", "http://")],
    ],
)
def test_whoever_switches_the_language_is_led_back_to_a_page_of_ours_alone(client, referer, leads_to):
    answer = client.post("/i18n/setlang/", {"language": "en"}, headers={"referer": referer})
    assert (answer.status_code, answer.headers["Location"]) == (302, leads_to)
