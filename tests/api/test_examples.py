"""The examples on the page of the API, and those of docs/api.md, run: in a shell with curl, and in Python."""

import json
import os
import re
import shutil
import subprocess
import sys
from textwrap import dedent

import pytest
from django.conf import settings

from simportal.api.actions.keys import make_key
from simportal.api.choices import ApiScope
from simportal.api.pages.examples import API_EXAMPLES, ASK
from simportal.api.views.v1.api import api
from tests.billing import build
from tests.build import SHELL, card_in_use, fresh

BLOCK = re.compile(r"```(?:sh|python)\n(.*?) *```", re.DOTALL)


def run(command, environment, text=None):
    ended = subprocess.run(command, env=environment, input=text, capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def curled(example, environment):
    """What an example with curl is answered: (the code, the document)."""
    told = run(["bash", "-c", example.curl.replace("curl ", 'curl -s -w "\\n%{http_code}" ', 1)], environment)
    body, _newline, code = told.rpartition("\n")
    return int(code), json.loads(body)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_each_example_is_answered_with_curl_and_in_python(live_server):
    """The former in a shell of its own; the latter are one program, as the page shows them one after the other."""
    by_shell, by_python = card_in_use(customer="Acme"), card_in_use(customer="Acme")
    build.price("Y1-30", "30.00")
    build.fund("100")
    _row, key = make_key(by_shell.customer, by=SHELL, name="erp", scopes=ApiScope.values)
    around = {**os.environ, "PORTAL": live_server.url, "API_KEY": key, "no_proxy": "*", "CARD": by_shell.iccid}
    for example in API_EXAMPLES:
        code, document = curled(example, around)
        assert code in (200, 201, 202), (example.operation, document)
        around["OPERATION"] = document.get("id", "")
    assert fresh(by_shell).hold_list == ("voluntary",)  # nobody is there to work on many

    checked = [f"{example.python}assert status < 400, {example.operation!r}\n" for example in API_EXAMPLES]
    told = run([sys.executable, "-I", "-"], around | {"CARD": by_python.iccid}, "\n".join([ASK, *checked]))
    assert told.splitlines()[0] == f"Acme {ApiScope.values}"
    assert f"{by_python.iccid} [] " in told
    assert fresh(by_python).hold_list == ("voluntary",)


def test_each_example_is_of_an_operation_and_most_operations_that_act_have_one():
    named = {details["operationId"] for path in api.get_openapi_schema()["paths"].values() for details in path.values()}
    assert {example.operation for example in API_EXAMPLES} - named == set()
    assert {"act_on_card", "act_on_many", "place_order"} <= {example.operation for example in API_EXAMPLES}


def test_the_guide_shows_what_is_declared():
    """No example stands there that is not run here."""
    shown = [dedent(block) for block in BLOCK.findall((settings.BASE_DIR / "docs/api.md").read_text())]
    declared = {code for example in API_EXAMPLES for code in (example.curl, example.python)} | {ASK}
    assert [block for block in shown if block not in declared] == []
    assert len(shown) > 3
