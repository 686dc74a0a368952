"""`/` sends each person to their own door."""

import sys

import pytest
from django.db import connection

from tests.build import member
from tests.console.pages import logged_in
from tests.own_portal import python, row
from tests.processes import Portal, free_port, wait_until

FIRST_EXPORT = """
import sys
import simportal.wsgi
from django.contrib.auth.models import User
from django.test import Client
from tests.console.pages import logged_in

client = logged_in(User.objects.create_superuser("admin"), Client(headers={"host": "localhost"}))
there = set(sys.modules)
response = client.get("/console/cards/export/?format=codes")
headings = b"".join(response).decode()
ours = ("billing", "cards", "simportal")
print(headings.count("\\n"), [name for name in sys.modules if name not in there and name.startswith(ours)])
"""

START = """
import simportal.wsgi
from django.db import connection
print(connection.connection)
"""

ASK_FOR_NOTHING = """
from django.db import connection
from simportal.first_visit import ask_for_nothing
ask_for_nothing()
print(connection.connection is not None)
"""

OTHERS = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid != pg_backend_pid()"


@pytest.mark.parametrize("page", ["/", "/my/"])
def test_nobody_is_asked_who_they_are(client, db, page):
    assert client.get(page).headers["Location"] == f"/admin/login/?next={page}"


def test_the_first_visit_of_a_web_server_waits_for_nothing_to_be_loaded(new_portal):
    assert python(new_portal(), FIRST_EXPORT) == "1 []\n"


def test_a_web_server_starts_while_its_database_is_away(new_portal):
    assert python(new_portal(), START) == "None\n"


def test_before_the_first_visit_it_has_a_connection_unless_the_database_is_away(new_portal, tmp_path):
    away = Portal(tmp_path, DATABASE_URL=f"postgresql://portal@127.0.0.1:{free_port()}/portal")
    assert [python(portal, ASK_FOR_NOTHING) for portal in (new_portal(), away)] == ["True\n", "False\n"]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite does not tell who has it open")
def test_a_web_server_has_one_in_each_of_its_processes_before_anybody_comes(new_portal):
    portal, bind = new_portal(), f"127.0.0.1:{free_port()}"
    with portal.started(sys.executable, "-m", "gunicorn", "simportal.wsgi", "--bind", bind, "--workers", "2"):
        wait_until(lambda: row(portal, OTHERS) == (2,), what="a connection of each")


def test_staff_go_to_the_console_and_have_no_page_of_their_own(admin_client):
    assert admin_client.get("/").headers["Location"] == "/console/"
    assert admin_client.get("/my/").status_code == 404


def test_customers_go_to_their_own_page_which_is_chinese_first(db):
    client = logged_in(member())
    assert client.get("/").headers["Location"] == "/my/"
    assert '<html lang="zh-hans"' in client.get("/my/").text


def test_the_language_can_be_switched(db):
    client = logged_in(member())
    client.post("/i18n/setlang/", {"language": "en"})
    assert "<h1>My cards</h1>" in client.get("/my/").text


def test_everybody_gets_out_again(db, admin_client):
    for client in (admin_client, logged_in(member())):
        assert 'action="/logout/"' in client.get("/", follow=True).text
        assert client.post("/logout/").headers["Location"] == "/"
        assert client.get("/").headers["Location"] == "/admin/login/?next=/"
