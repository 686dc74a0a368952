"""What is too large is refused at the door, in words, and nothing of it is read."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cards.models import Job
from cards.views.console.imports import LARGEST_FORM
from tests.console.pages import of_role, text

pytestmark = [pytest.mark.django_db, pytest.mark.once]

OF_FORMS = 2_621_440  # Django's own limit, 2.5 MB
IMPORTS = "/console/imports/"


class Unread:
    """A request of which nothing may be read."""

    def read(self, *size):
        raise AssertionError("the request was read")

    readline = read


def posted(client, page, size):
    """The answer to a form of so many bytes, announced and never sent."""
    body = {"wsgi.input": Unread(), "CONTENT_LENGTH": str(size)}
    return client.post(page, content_type="multipart/form-data; boundary=x", headers={"accept-language": "en"}, **body)


def test_a_page_that_takes_files_takes_them_up_to_its_limit_and_says_so_beyond(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    client = of_role("operations")
    answer = posted(client, IMPORTS, LARGEST_FORM + 1)
    assert answer.status_code == 413
    assert "You sent 520.0\xa0MB, but this page takes at most 520.0\xa0MB. Nothing was saved" in text(answer)
    with pytest.raises(AssertionError, match="was read"):
        posted(client, IMPORTS, LARGEST_FORM)
    file = SimpleUploadedFile("cards.csv", b"iccid\n" * 500_000)
    form = {"key": str(uuid.uuid4()), "what": "cards", "file": file}
    assert (client.post(IMPORTS, form).status_code, Job.objects.count()) == (302, 1)


def test_other_pages_take_no_files_however_well_somebody_is_known():
    client = of_role("operations")
    assert posted(client, "/console/cards/export/", OF_FORMS + 1).status_code == 413
    with pytest.raises(AssertionError, match="was read"):
        posted(client, "/console/cards/export/", OF_FORMS)


def test_a_visitor_whom_nobody_knows_sends_no_files(client):
    assert "2.5\xa0MB" in text(posted(client, IMPORTS, OF_FORMS + 1))
    assert posted(client, "/admin/login/", OF_FORMS + 1).status_code == 413
