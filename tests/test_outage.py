"""What a page answers while the database, or a row in it, is not to be had."""

import re
from copy import deepcopy

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction

from billing.actions.kinds import work_off_orders
from cards.models import Card, CardEvent, Job, JobChunk
from cards.timeouts import TimeLimits, keep_to
from tests.billing import build as b
from tests.build import card_in_use, member
from tests.console.pages import logged_in, of_role, superuser
from tests.processes import held_by_somebody_else, refusing_statement

pytestmark = pytest.mark.django_db

PAGES = ["/console/", "/console/cards/", "/admin/", "/admin/auth/user/", "/account/", "/my/", "/"]


def refuse(*_):
    raise OperationalError("the connection is closed")


def refusing(word):
    """Whoever asks for this is refused; all else is answered."""

    def refuse_some(execute, sql, *rest):
        return refuse() if word in sql else execute(sql, *rest)

    return connection.execute_wrapper(refuse_some)


@pytest.fixture
def staff(db):
    return of_role("operations")


def told(response):
    """Status, and the headings and sentences that somebody reads."""
    texts = re.findall(r"<(?:h1|p)\b[^>]*>(.*?)</(?:h1|p)>", response.text, re.DOTALL)
    return response.status_code, [re.sub(r"<[^>]*>", "", found).strip() for found in texts]


@pytest.mark.once
@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_so_and_nobody_is_asked_who_reads_it(staff, page):
    with connection.execute_wrapper(refuse):
        response = staff.get(page, headers={"Accept-Language": "en"})
    sentences = [
        "Not available right now",
        "This could not be done just now: the database did not answer.",
        "Try again",
        f"Quote this number when you report it: {response.headers['X-Request-ID']}",
    ]
    assert told(response) == (503, sentences)
    assert (response.headers["Retry-After"], response.headers["Cache-Control"]) == ("10", "no-store")
    assert f'href="{page}"' in response.text
    assert staff.get(page).status_code != 503


@pytest.mark.once
def test_the_sentence_is_chinese_first(staff):
    with connection.execute_wrapper(refuse):
        response = staff.get("/console/")
    assert '<html lang="zh-hans"' in response.text
    assert told(response)[1][0] == "暂时无法使用"


@pytest.mark.once
def test_whoever_is_not_logged_in_reads_it_too(client, db):
    with connection.execute_wrapper(refuse):
        assert client.get("/admin/login/").status_code == 200
        data = {"username": "ops", "password": "demo"}
        sent = client.post("/admin/login/", data, headers={"Accept-Language": "en"})
    assert told(sent)[0] == 503
    assert told(sent)[1][-2] == "Go back and send it again in a moment. What was done already is not done twice."
    assert "Try again" not in sent.text


@pytest.mark.once
def test_programs_read_json(staff):
    with connection.execute_wrapper(refuse):
        response = staff.get("/console/", headers={"Accept": "application/json", "Accept-Language": "en"})
    assert response.status_code == 503
    assert response.json() == {
        "error": "This could not be done just now: the database did not answer.",
        "code": "away",
    }


@pytest.mark.once
def test_a_part_of_a_page_is_a_part(staff):
    with connection.execute_wrapper(refuse):
        response = staff.get("/console/", headers={"HX-Request": "true"})
    assert (response.status_code, "<html" in response.text, 'role="alert"' in response.text) == (503, False, True)


def test_what_fails_while_the_page_is_drawn(staff):
    with refusing('FROM "cards_sweptday"'):
        assert staff.get("/console/").status_code == 503


def test_what_fails_while_the_session_is_read_or_saved(staff, settings):
    with refusing('FROM "django_session"'):
        assert staff.get("/console/").status_code == 503
    settings.SESSION_SAVE_EVERY_REQUEST = True
    with refusing('UPDATE "django_session"'):
        assert staff.get("/console/").status_code == 503
    assert staff.get("/console/").status_code == 200


def test_an_outage_is_a_line_in_the_log_and_a_mistake_a_traceback(staff, caplog):
    with connection.execute_wrapper(refuse):
        staff.get("/console/cards/?search=8986")
    assert [(record.name, record.getMessage(), record.exc_info) for record in caplog.records] == [
        ("simportal.outage", "GET /console/cards/: the connection is closed", None),
        ("simportal.request_lines", "GET /console/cards/ 503", None),
    ]


def test_a_mistake_of_ours_is_none_of_the_databases(staff):
    def mistaken(*_):
        raise ZeroDivisionError

    staff.raise_request_exception = False
    with connection.execute_wrapper(mistaken):
        assert staff.get("/console/").status_code == 500


# what was sent may be sent again


def test_an_order_that_is_placed_and_paid_by_one_click_in_an_outage():
    """Whatever statement fails, the same form sent again ends as if nothing had been, and pays once."""
    b.price("Y1-30", "30.00")
    b.fund("100")
    client = superuser()
    order = b.drafted(cards=[card_in_use(customer="Acme")], user=User.objects.get())
    address, form = f"/console/orders/{order.pk}/place/", b.shown(order) | {"pay": "1"}
    statuses = set()
    for number in range(1, 200, 23):
        with transaction.atomic():
            with refusing_statement(number):
                statuses.add(client.post(address, form).status_code)
            assert client.post(address, form).status_code == 302
            for leased in (Job, JobChunk):  # what met the outage at work is tried again after a while
                leased.objects.update(leased_until=None)
            work_off_orders(5)
            assert (b.fresh(order).state, b.balance(), order.entries.count()) == ("fulfilled", 70, 2)
            transaction.set_rollback(True)
    assert statuses == {503, 302}


# with the real thing

on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no locks of rows")


@pytest.fixture
def quick_limits(transactional_db, django_db_serialized_rollback):
    before = deepcopy(connection.settings_dict["OPTIONS"])
    keep_to(TimeLimits(statement=0.5, lock=0.2, idle=5, turn=1))
    connection.close()
    yield
    connection.settings_dict["OPTIONS"] = before
    connection.close()


@on_postgresql
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_row_that_somebody_else_holds(quick_limits):
    card, client = card_in_use(), of_role("operations")
    events = CardEvent.objects.count()
    address = f"/console/cards/{card.iccid}/suspend/"
    form = client.get(address).context["form"]
    form = {name: form.get_initial_for_field(field, name) or "" for name, field in form.fields.items()}
    with held_by_somebody_else(Card.objects.filter(pk=card.pk)):
        status, sentences = told(client.post(address, form, headers={"Accept-Language": "en"}))
    assert (status, sentences[1]) == (
        503,
        "This could not be done just now: another change held these rows too long.",
    )
    assert CardEvent.objects.count() == events
    assert client.post(address, form).status_code == 302
    assert Card.objects.get(pk=card.pk).shown == "voluntary"


@on_postgresql
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_page_after_a_restart_of_the_database(quick_limits):
    """The server ends the connection between two requests: as gunicorn does it, the next opens another."""
    from django.core.signals import request_started
    from django.db import close_old_connections

    client = logged_in(member())
    assert client.get("/my/").status_code == 200
    ended = connection.connection.info.backend_pid
    with connection.cursor() as cursor, pytest.raises(OperationalError):
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    request_started.connect(close_old_connections)
    close_old_connections()
    assert client.get("/my/").status_code == 200
    assert connection.connection.info.backend_pid != ended
