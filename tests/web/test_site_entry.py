"""Who gets in, who sees what, and what a browser is told: on both databases."""

import re
from datetime import timedelta

from tests.journal.conftest import Base
from tests.web.site_served import PASSWORD, field, run, site_of
from voicebot.journal.accounts import IDLE, LONGEST
from voicebot.profile import Profile

OPEN_TO_ALL = {"/connexion", "/health", "/ready", "/pages/site.css", "/pages/live.js", "/stop/{token}"}

SEEN = {
    "jeanne": {"/chiffres"},
    "ahmed": {"/contacts", "/maintenant"},
    "sylvie": {"/contacts", "/maintenant", "/chiffres"},
    "paul": {"/contacts", "/maintenant", "/chiffres", "/utilisateurs"},
}


def test_someone_not_signed_in_is_served_no_page(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            for route in site.app.router.routes():
                path = route.resource.canonical if route.resource else ""
                if path in OPEN_TO_ALL or route.method == "HEAD":
                    continue
                answer = await site.client.request(route.method, re.sub(r"{\w+}", "1", path), allow_redirects=False)
                assert answer.status in (303, 403), (route.method, path, answer.status)
                if answer.status == 303:
                    assert answer.headers["Location"].startswith("/connexion")

    run(visit())


def test_a_page_asked_for_before_signing_in_is_the_one_that_follows(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            answer = await site.client.get("/contacts?canal=phone", allow_redirects=False)
            page = await site.read(answer.headers["Location"].removeprefix(str(site.url)), 200)
            assert field(page, "vers") == "/contacts?canal=phone"

    run(visit())


def test_signing_in_never_leads_elsewhere(profile: Profile, base: Base) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            for towards in ("https://mal.example/", "//mal.example", "/\\mal.example", "javascript:1"):
                page = await (await site.client.get("/connexion")).text()
                form = {"csrf": field(page, "csrf"), "login": "sylvie", "password": PASSWORD, "vers": towards}
                answer = await site.client.post("/connexion", data=form, allow_redirects=False)
                assert answer.headers["Location"] == "/maintenant"

    run(visit())


def test_a_wrong_password_is_refused_and_kept(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            assert await site.sign_in("sylvie", "ce n’est pas le bon") == 403
            assert await site.sign_in("personne") == 403
            assert (await site.client.get("/contacts", allow_redirects=False)).status == 303

    run(visit())


def test_too_many_attempts_are_refused_even_with_the_right_password(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            assert [await site.sign_in("sylvie", "faux") for _ in range(10)] == [403] * 10
            assert await site.sign_in("sylvie") == 429
            site.clock.advance(60)
            assert await site.sign_in("sylvie") == 303

    run(visit())


def test_a_role_sees_its_own_pages_only(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            for login, allowed in SEEN.items():
                assert await site.sign_in(login) == 303
                for path in SEEN["paul"] | SEEN["jeanne"]:
                    await site.read(path, 200 if path in allowed else 403)

    run(visit())


def test_a_form_without_its_token_changes_nothing(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await site.sign_in("paul")
            for data in ({}, {"csrf": "deviné"}):
                answer = await site.client.post("/utilisateurs/ahmed/acces", data=data | {"active": "non"})
                assert answer.status == 403
            assert {user.login for user in await site.accounts.all() if user.active} >= {"ahmed"}

    run(visit())


def test_a_form_sent_by_another_site_is_refused(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await site.sign_in("paul")
            headers = {"Sec-Fetch-Site": "cross-site"}
            assert (await site.client.post("/utilisateurs", data={}, headers=headers)).status == 403

    run(visit())


def test_a_session_ends_when_nothing_is_asked_for_long(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await site.sign_in("sylvie")
            site.clock.advance((IDLE - timedelta(minutes=1)).total_seconds())
            await site.read("/contacts")
            site.clock.advance((IDLE + timedelta(minutes=1)).total_seconds())
            await site.read("/contacts", 303)

    run(visit())


def test_a_session_ends_after_a_working_day_however_busy(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await site.sign_in("sylvie")
            step = IDLE - timedelta(minutes=1)
            for _ in range(int(LONGEST / step)):
                site.clock.advance(step.total_seconds())
                await site.read("/mot-de-passe")
            site.clock.advance(step.total_seconds())
            await site.read("/mot-de-passe", 303)

    run(visit())


def test_signing_out_ends_the_session_wherever_its_cookie_is(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await site.sign_in("sylvie")
            cookies = {cookie.key: cookie.value for cookie in site.client.session.cookie_jar}
            await site.send("/contacts", "/deconnexion")
            site.client.session.cookie_jar.update_cookies(cookies, site.url)
            await site.read("/contacts", 303)

    run(visit())


def test_a_disabled_user_is_out_at_once(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await site.sign_in("ahmed")
            await site.accounts.set_active("ahmed", False, site.clock.now(), "test")
            await site.read("/contacts", 303)
            assert await site.sign_in("ahmed") == 403

    run(visit())


def test_an_administrator_adds_a_user_who_signs_in(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await site.sign_in("paul")
            new = {"login": "lea", "name": "<b>Léa</b>", "role": "adviser", "password": PASSWORD}
            await site.send("/utilisateurs", "/utilisateurs", 303, **new)
            page = await site.read("/utilisateurs")
            assert "&lt;b&gt;Léa&lt;/b&gt;" in page
            assert "<b>Léa</b>" not in page
            assert await site.sign_in("lea") == 303

    run(visit())


def test_a_refused_user_is_told_why(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await site.sign_in("paul")
            new = {"login": "lea", "name": "Léa", "role": "adviser", "password": "court"}
            told = await site.send("/utilisateurs", "/utilisateurs", 400, **new)
            assert "au moins 12 caractères" in told
            assert "Il doit rester au moins un administrateur" in await site.send(
                "/utilisateurs", "/utilisateurs/paul/acces", 400, active="non"
            )

    run(visit())


def test_every_page_forbids_scripts_that_are_not_ours(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await site.sign_in("sylvie")
            answer = await site.client.get("/contacts")
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] == "no-store"
            assert "<script>" not in await answer.text()

    run(visit())


def test_cookies_are_for_the_browser_alone(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            page = await (await site.client.get("/connexion")).text()
            form = {"csrf": field(page, "csrf"), "login": "sylvie", "password": PASSWORD}
            answer = await site.client.post("/connexion", data=form, allow_redirects=False)
            cookie = answer.headers.getall("Set-Cookie")[0]
            assert "HttpOnly" in cookie
            assert "SameSite=Lax" in cookie

    run(visit())
