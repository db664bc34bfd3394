from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

import pytest

from branchline.server.guard import SESSION, VISIT
from branchline.server.serving import Listening

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.server.conftest import Site

TOKEN = "a-token-of-some-length"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "[::2]:80", "@localhost"]
)
def test_another_name_is_refused(site: Site, host: str) -> None:
    answer = site.get("/", Host=host)

    assert answer.status == 421
    assert "tumours" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8765", "[::1]:8765"])
def test_its_own_names_are_not(site: Site, host: str) -> None:
    assert site.get("/", Host=host).status == 200


def test_every_answer_says_what_a_browser_may_do(site: Site) -> None:
    for path in ("/", "/pulls/2", "/static/style.css", "/nowhere", "/jobs/4/log"):
        headers = site.get(path).headers
        policy = headers["content-security-policy"]

        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


def test_a_form_without_its_token_does_nothing(site: Site) -> None:
    site.get("/pulls/2")
    for body in ("", "form_token=", "form_token=" + "0" * 64, "commit=x"):
        answer = site.ask("POST", "/pulls/2/close", body)

        assert answer.status == 403
    assert site.desk.view(2).pull.state.value == "open"


def test_a_form_of_another_browser_does_nothing(site: Site) -> None:
    token = site.get("/pulls/2").form_token
    site.cookies = {VISIT: "another"}

    assert site.ask("POST", "/pulls/2/close", f"form_token={token}").status == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1", "x"])
def test_another_site_does_nothing(site: Site, origin: str) -> None:
    token = site.get("/pulls/2").form_token

    answer = site.ask("POST", "/pulls/2/close", f"form_token={token}", Origin=origin)

    assert answer.status == 403
    assert site.desk.view(2).pull.state.value == "open"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(site: Site, method: str) -> None:
    assert site.ask(method, "/pulls/2/close").status == 405


def test_an_action_is_no_link(site: Site) -> None:
    assert site.get("/pulls/2/close").status == 405
    assert site.desk.view(2).pull.state.value == "open"


def test_a_form_without_end_is_refused(site: Site) -> None:
    assert site.ask("POST", "/pulls/2/close", "x=" + "y" * 100_000).status == 413
    assert site.ask("POST", "/pulls/2/close", "{}", Content_Type="application/json").status == 415


def test_cookies_are_out_of_reach(serve_with: Callable[..., Site]) -> None:
    site = serve_with(token=TOKEN)
    token = site.get("/login").form_token

    answer = site.ask("POST", "/login", f"form_token={token}&token={TOKEN}")

    assert answer.status == 303
    for cookie in answer.cookies:
        assert "httponly" in cookie.lower()
        assert "samesite=strict" in cookie.lower()
    assert site.get("/").status == 200


def test_without_the_token_nothing_is_told(serve_with: Callable[..., Site]) -> None:
    site = serve_with(token=TOKEN)

    for path in ("/", "/pulls/2", "/jobs/4/log", "/jobs/4/events", "/models", "/nowhere"):
        page = site.get(path)
        program = site.get(path, Accept="*/*")

        assert (page.status, page.headers.get("location")) == (303, "/login")
        assert (program.status, program.headers["www-authenticate"]) == (401, "Bearer")
    assert site.ask("POST", "/pulls/2/close", "x=y").status == 401


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer é"]
)
def test_a_wrong_token_is_refused(serve_with: Callable[..., Site], given: str) -> None:
    site = serve_with(token=TOKEN)

    assert site.get("/", Authorization=given, Accept="*/*").status == 401


def test_a_program_shows_the_token(serve_with: Callable[..., Site]) -> None:
    site = serve_with(token=TOKEN)

    assert site.get("/", Authorization=f"Bearer {TOKEN}").status == 200
    assert site.get("/", Authorization=f"bearer {TOKEN}").status == 200


def test_a_wrong_login_says_so(serve_with: Callable[..., Site]) -> None:
    site = serve_with(token=TOKEN)
    token = site.get("/login").form_token

    answer = site.ask("POST", "/login", f"form_token={token}&token=wrong")

    assert answer.status == 401
    assert "This is not the token." in answer.text
    assert SESSION not in site.cookies


@pytest.mark.parametrize("session", ["", "9999999999.", "9999999999.0", "1.x", ".", "é.é"])
def test_a_session_cannot_be_made_up(serve_with: Callable[..., Site], session: str) -> None:
    site = serve_with(token=TOKEN)

    assert site.get("/", Cookie=f"{SESSION}={session}".encode().decode("latin-1")).status == 303


def test_a_session_of_another_start_does_not_count(serve_with: Callable[..., Site]) -> None:
    first, second = serve_with(token=TOKEN), serve_with(token=TOKEN)
    token = first.get("/login").form_token
    first.ask("POST", "/login", f"form_token={token}&token={TOKEN}")

    second.cookies = dict(first.cookies)

    assert first.get("/").status == 200
    assert second.get("/").status == 303


def test_beyond_this_machine_there_is_no_way_without_a_token() -> None:
    with pytest.raises(ValueError, match="token"):
        Listening(host="0.0.0.0")

    assert Listening(host="0.0.0.0", token=TOKEN).hosts is None
    assert "box.example" in (Listening(host="box.example", token=TOKEN).hosts or ())
    assert "evil.example" not in (Listening().hosts or ())


def test_a_broken_request_is_no_traceback(site: Site) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    connection.putrequest("GET", "/pulls/99999999999999999999", skip_host=True)
    connection.putheader("Host", "localhost")
    connection.putheader("Accept", "text/html")
    connection.endheaders()
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()

    assert response.status in (404, 500)
    assert "Traceback" not in text
