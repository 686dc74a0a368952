"""`/` sends each person to their own door."""

import pytest


@pytest.mark.parametrize("page", ["/", "/my/"])
def test_nobody_is_asked_who_they_are(client, db, page):
    assert client.get(page).headers["Location"] == f"/admin/login/?next={page}"


def test_staff_go_to_the_console(admin_client):
    assert admin_client.get("/").headers["Location"] == "/console/"


def test_customers_go_to_their_own_page(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("alice"))
    assert client.get("/").headers["Location"] == "/my/"
    assert "自助服务即将推出" in client.get("/my/").text


def test_the_language_can_be_switched(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("alice"))
    client.post("/i18n/setlang/", {"language": "en"})
    assert "Self-service is coming" in client.get("/my/").text
