"""Whoever brings a file whose columns are not clear is asked once; the next file of that carrier needs no question."""

import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cards.actions.jobs import worker
from cards.models import Card, ColumnMapping, Job, UsageDay
from tests.build import card_in_use, on_day
from tests.commands.calls import iccid
from tests.console.pages import of_role, text
from tests.console.test_imports import apply, checked, counts_shown, page

pytestmark = pytest.mark.django_db

ENGLISH = {"accept-language": "en"}
HEADER = "某某公司月度清单\n制表：张三\n物联卡号,网络,入网,资费,颜色\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "files"
    with on_day(date(2026, 3, 22)):
        yield


@pytest.fixture
def ops():
    return of_role("operations")


def file_of(*numbers, header=HEADER):
    return (header + "".join(f"{iccid(number)},中国移动,2026/1/15,Y1-30,red\n" for number in numbers)).encode("gb18030")


def answer(client, job, *columns, **told):
    """The job after its columns were said to be these, in the order of the file."""
    form = {f"column-{place}": column for place, column in enumerate(columns)} | told
    response = client.post(f"/console/jobs/{job.pk}/columns/", form, headers=ENGLISH)
    assert response.status_code == 302, text(response)
    return worker.work_off(job)


ANSWER = ("iccid", "carrier", "opened_on", "plan", "-")
WHOLE = {"carrier": "cmcc", "customer": "海川共享", "certification": "enterprise"}


def test_a_file_that_is_not_clear_is_asked_about_once(ops):
    asking = checked(ops, file_of(1, 2), **WHOLE)
    assert (asking.status, Card.objects.count()) == ("asking", 0)
    shown = page(ops, asking)
    asked = [
        (column.heading, column.examples, column.field.value()) for column in shown.context["columns_form"].columns
    ]
    assert asked == [
        ("物联卡号", [iccid(1), iccid(2)], ""),
        ("网络", ["中国移动"], ""),
        ("入网", ["2026/1/15"], ""),
        ("资费", ["Y1-30"], "plan"),
        ("颜色", ["red"], ""),
    ]
    assert "The file has unknown columns: “物联卡号”, “网络”, “入网”, “颜色”." in text(shown)

    job = answer(ops, asking, *ANSWER, **WHOLE)
    preview = page(ops, job)
    assert (job.status, counts_shown(preview)) == ("ready", {"would be new": 2})
    assert [heading for heading, _meant in preview.context["taken"]] == ["物联卡号", "网络", "入网", "资费"]
    assert preview.context["left_out"] == ["颜色"]
    apply(ops, job)
    assert set(Card.objects.values_list("customer__name", "certification")) == {("海川共享", "enterprise")}

    following = checked(ops, file_of(3), **WHOLE)
    assert (following.status, counts_shown(page(ops, following))) == ("ready", {"would be new": 1})


def test_what_is_remembered_is_the_carriers_and_customers_and_of_these_headings_alone(ops):
    answer(ops, checked(ops, file_of(1), **WHOLE), *ANSWER, **WHOLE)
    assert checked(ops, file_of(2), certification="enterprise").status == "asking"
    assert checked(ops, file_of(2), **WHOLE | {"customer": "Globex"}).status == "asking"
    assert checked(ops, file_of(2), **WHOLE | {"customer": " 海川 共享"}).status == "ready"
    assert checked(ops, file_of(2, header="物联卡号,运营商,入网,资费,颜色\n"), **WHOLE).status == "asking"
    of_carrier = WHOLE | {"customer": ""}
    answer(ops, checked(ops, file_of(1), **of_carrier), *ANSWER, **of_carrier)
    assert checked(ops, file_of(2), **WHOLE | {"customer": "Globex"}).status == "ready"
    assert ColumnMapping.objects.count() == 2


def test_of_our_own_headings_nothing_is_remembered(ops):
    card_in_use(iccid=iccid(1))
    content = f"iccid,day,bytes\n{iccid(1)},2026-03-20,5\n".encode()
    job = answer(ops, checked(ops, content, what="usage"), "iccid", "day", "bytes", cumulative="on", unit="kb")
    said = [("Unit of the usage", "KB"), ("Usage", "The usage is a total since the carrier's cycle began")]
    assert page(ops, job).context["parameters"] == said
    assert page(ops, checked(ops, content, what="usage")).context["parameters"] == []
    assert ColumnMapping.objects.count() == 0


def test_what_is_missing_is_asked_for_again_and_may_be_given_for_the_whole_file(ops):
    asking = checked(ops, file_of(1))
    still = answer(ops, asking, *ANSWER)
    assert (still.status, still.params["asked"]) == ("asking", "The file is missing columns: “certification”.")
    assert answer(ops, still, *ANSWER, certification="enterprise").status == "ready"


def test_a_column_that_is_not_answered_is_said_at_its_field(ops):
    asking = checked(ops, file_of(1))
    for posted in ({}, dict.fromkeys((f"column-{place}" for place in range(5)), "colour")):
        response = ops.post(f"/console/jobs/{asking.pk}/columns/", posted, headers=ENGLISH)
        assert (response.status_code, Job.objects.get(pk=asking.pk).status) == (422, "asking")
    assert "Which column is which?" in text(response)


def test_a_preview_may_be_read_another_way_and_one_that_has_started_may_not(ops):
    content = (
        f"iccid,msisdn,carrier,certification,opened_on,plan\n{iccid(1)},13800000001,cmcc,enterprise,2026-01-15,Y1-30\n"
    )
    job = checked(ops, content.encode())
    again = answer(ops, job, "iccid", "-", "carrier", "certification", "opened_on", "plan")
    assert (again.status, counts_shown(page(ops, again))) == ("ready", {"would be new": 1})
    apply(ops, again)
    assert Card.objects.get().msisdn == ""
    response = ops.post(f"/console/jobs/{job.pk}/columns/", {}, headers=ENGLISH)
    assert (response.status_code, Job.objects.get(pk=job.pk).status) == (422, "done")


def test_a_job_that_asks_can_be_discarded_and_nobody_else_answers_it(ops):
    asking = checked(ops, file_of(1))
    auditor = of_role("auditor")
    assert auditor.post(f"/console/jobs/{asking.pk}/columns/", {}).status_code == 403
    assert page(auditor, asking).status_code == 200
    ops.post(f"/console/jobs/{asking.pk}/start/", {"reason": ""}, headers=ENGLISH)
    assert Job.objects.get(pk=asking.pk).status == "asking"
    ops.post(f"/console/jobs/{asking.pk}/stop/", headers=ENGLISH)
    assert Job.objects.get(pk=asking.pk).status == "stopped"


def test_a_file_that_is_no_longer_kept_is_uploaded_again(ops):
    asking = checked(ops, file_of(1))
    Job.objects.filter(pk=asking.pk).update(file="")
    assert answer(ops, asking, *ANSWER).status == "asking"
    assert "The file is no longer kept: upload it again." in text(page(ops, asking))


def test_usage_says_in_which_unit_it_is(ops):
    card_in_use(iccid=iccid(1))
    content = f"物联卡号,日期,流量\n{iccid(1)},2026/3/20,1.5\n".encode()
    asking = checked(ops, content, what="usage", carrier="cmcc")
    assert asking.status == "asking"
    still = answer(ops, asking, "iccid", "day", "bytes", carrier="cmcc")
    assert still.params["asked"] == "Nothing says in which unit “流量” is: bytes, KB, MB or GB."
    apply(ops, answer(ops, still, "iccid", "day", "bytes", carrier="cmcc", unit="mb"))
    assert UsageDay.objects.get().bytes == 1_572_864
    following = checked(ops, content.replace(b"1.5", b"2.5"), what="usage", carrier="cmcc")
    assert (following.status, counts_shown(page(ops, following))) == ("ready", {"would be corrected": 1})


def test_usage_that_is_a_total_and_what_is_told_of_its_day(ops):
    card = card_in_use(iccid=iccid(1), since=date(2026, 2, 1))
    content = f"卡号,累计流量(MB)\n{iccid(1)},2\n".encode()
    told = {"what": "usage", "cumulative": "on", "day": "2026-03-20", "read_at": "2026-03-21T01:00"}
    apply(ops, checked(ops, content, **told))
    again = checked(ops, content, **told | {"read_at": ""})
    assert counts_shown(page(ops, again)) == {"are already known": 1}
    assert list(UsageDay.objects.values_list("card", "day", "bytes")) == [(card.pk, date(2026, 3, 20), 2_097_152)]


@pytest.mark.parametrize(
    ("field", "value"), [("day", "1/5/2026"), ("read_at", "soon"), ("unit", "tb"), ("plan", "NONE")]
)
def test_what_is_told_wrongly_is_said_at_its_field(ops, field, value):
    form = {"key": "0" * 32, "what": "usage", "file": SimpleUploadedFile("a.csv", b"iccid\n"), field: value}
    response = ops.post("/console/imports/", form, headers=ENGLISH)
    assert (response.status_code, list(response.context["form"].errors), Job.objects.count()) == (422, [field], 0)


def test_the_page_asks_in_chinese_too(ops):
    asking = checked(ops, file_of(1))
    shown = text(ops.get(f"/console/jobs/{asking.pk}/", headers={"accept-language": "zh-hans"}))
    assert not re.search(r"Leave out|Choose…|Read as|Examples", shown)
