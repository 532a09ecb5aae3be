"""The work done on the pages: requests, messages, contacts typed in, what is learnt; on both databases."""

import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

from tests.journal.conftest import Base
from tests.journal.samples import AT, CALLER, ended, kept, started, turn
from tests.web.site_served import Site, run, site_of
from tests.web.visitors import ROOT
from voicebot.dialog.turns import Bulletin
from voicebot.journal.desk import Desk
from voicebot.journal.events import KeptVoice
from voicebot.journal.improving import grouped
from voicebot.journal.notices import NoticeBoard
from voicebot.journal.people import Consent, People
from voicebot.profile import Profile
from voicebot.web.circulars import Circulars, Parcel, load_circular_words
from voicebot.web.site_words import understood

CIRCULAR_WORDS = load_circular_words(ROOT / "prompts" / "messages.toml")
HOSTILE = "<script>alert(1)</script>'; DROP TABLE turns;-- =1+1"


async def one_call(
    site: Site, heard: str = "mon bac est cassé", contact: str = "c1", wav: bytes | None = None, **more: object
) -> None:
    """Have a call in the journal, that left a ticket with a number to call back, and perhaps a spoken message."""
    site.journal.contact_started(started(contact))
    site.journal.turn(turn(contact, 1, heard, **more))
    voice = None if wav is None else KeptVoice(site.sealed(wav), 12.5, "pause")
    site.journal.record(kept(contact, 2, "D-4721", slots={"telephone": CALLER, "motif": heard}, voice=voice))
    site.journal.contact_ended(ended(contact))
    await site.journal.settled()


def test_words_are_found_by_their_beginning_and_without_accents(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await one_call(site)
            await site.sign_in("ahmed")
            assert "/contacts/c1" in await site.read("/contacts?mots=bac+cass")
            assert "/contacts/c1" not in await site.read("/contacts?mots=piscine")
            assert "/contacts/c1" not in await site.read("/contacts?mots=bac&issue=failed")

    run(visit())


def test_erased_words_are_found_no_more(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await one_call(site)
            await site.journal.erase_person(site.journal.pseudonym(CALLER) or "")
            await site.sign_in("ahmed")
            assert "/contacts/c1" not in await site.read("/contacts?mots=bac")

    run(visit())


def test_hostile_words_are_text_on_every_page(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await one_call(site, HOSTILE, intent=None, understood=False)
            await site.sign_in("sylvie")
            person = site.journal.pseudonym(CALLER)
            for path in (
                "/contacts/c1",
                "/appels/c1",
                f"/personnes/{person}",
                "/demandes/c1:2",
                "/progres",
                "/maintenant",
            ):
                page = await site.read(path)
                assert "<script>alert" not in page, path
            assert "&lt;script&gt;alert(1)&lt;/script&gt;" in await site.read("/contacts/c1")
            assert "Contacts" in await site.read("/contacts?mots=%27%22%29+OR+1%3D1--+%2A&commune=%27--")

    run(visit())


def test_a_request_is_given_to_someone_commented_and_done(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await one_call(site)
            await site.sign_in("ahmed")
            page = "/demandes/c1:2"
            await site.send(page, page + "/suivi", 303, assignee="sylvie", due="2026-11-23")
            await site.send(page, page + "/commentaire", 303, text="Rappeler après 18 h")
            shown = await site.read(page)
            assert "en cours" in shown
            assert "en retard" in shown
            assert "Rappeler après 18 h" in shown
            assert "Ahmed Benali" in shown
            assert "D-4721" in (await site.read("/demandes?etat=done")).partition("<h2>Liste")[0]
            await site.send(page, page + "/etat", 303, faire="traiter")
            state = await site.journal.find_request("D-4721")
            assert state is not None
            assert state.state == "done"
            assert not await Desk(site.journal.database).due(AT.date())

    run(visit())


@pytest.mark.parametrize(
    ("kept", "read"),
    [
        ("2026-11-26", "26/11/2026"),
        ("08:00/12:00", "de 08 h 00 à 12 h 00"),
        ("2026-11-26/2026-11-30", "de 26/11/2026 à 30/11/2026"),
        ("dechets_verts", "dechets verts"),
        ("12 bis/14, rue de la Paix", "12 bis/14, rue de la Paix"),
    ],
)
def test_what_was_understood_is_written_as_people_read_it(kept: str, read: str) -> None:
    assert understood(kept).replace("\u00a0", " ") == read


def test_a_request_is_named_as_its_form_is_and_its_number_shown_once(sqlite_base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(sqlite_base, profile) as site:
            await one_call(site)
            await site.sign_in("ahmed")
            page = await site.read("/demandes/c1:2")
            assert "<dt>Quoi</dt><dd>Collecte oubliée</dd>" in page
            assert page.count("•• 78") == 1
            assert "Collecte oubliée" in await site.read("/demandes")

    run(visit())


def test_a_number_is_masked_until_asked_for_and_asking_is_kept(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await one_call(site)
            await site.sign_in("ahmed")
            assert CALLER not in await site.read("/demandes/c1:2")
            assert CALLER in await site.send("/demandes/c1:2", "/demandes/c1:2/coordonnees", 200)
            await site.sign_in("jeanne")
            await site.read("/demandes/c1:2", 403)

    run(visit())


def test_a_message_is_told_on_its_days_only(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await site.sign_in("sylvie")
            days = {"first": "2026-11-24", "last": "2026-11-25"}
            await site.send(
                "/messages", "/messages", 303, text="La rue Gambetta est barrée.", communes="Deauville", **days
            )
            board = NoticeBoard(site.journal.database, site.clock.now)
            await board.refresh([profile.name])
            assert board.bulletins(profile.name) == (Bulletin("La rue Gambetta est barrée.", ("Deauville",)),)
            site.clock.advance(timedelta(days=2).total_seconds())
            assert board.bulletins(profile.name) == ()

    run(visit())


def test_a_withdrawn_message_is_told_no_more(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await site.sign_in("sylvie")
            await site.send("/messages", "/messages", 303, text="Travaux.", first="2026-11-24", last="2026-11-25")
            await site.send("/messages", "/messages/1/retirer")
            board = NoticeBoard(site.journal.database, site.clock.now)
            await board.refresh([profile.name])
            assert board.bulletins(profile.name) == ()

    run(visit())


WORKS = {"text": "Travaux.", "first": "2026-11-24", "last": "2026-11-25"}


async def inhabitants(site: Site) -> People:
    """Have three people agree to be told of news: two of Touques (one of them twice), one of Deauville."""
    assert site.journal.archive.seal is not None
    people = People(site.journal.database, site.journal.archive.seal)
    for person, channel, address, commune in (
        ("11" * 16, "email", "marie@example.org", "Touques"),
        ("11" * 16, "sms", "+33611111111", "Touques"),
        ("22" * 16, "sms", "+33622222222", "Touques"),
        ("33" * 16, "email", "paul@example.org", "Deauville"),
    ):
        consent = Consent("information", channel, AT, "phone", commune)  # type: ignore[arg-type]
        await people.consent(person, consent, address)
    return people


def test_a_message_is_sent_once_to_those_of_its_commune_who_agreed(base: Base, profile: Profile) -> None:
    sent: list[Parcel] = []

    async def deliver(parcel: Parcel) -> bool:
        sent.append(parcel)
        return True

    async def visit() -> None:
        circulars = Circulars(CIRCULAR_WORDS, deliver, "https://sophie.example.org/")
        async with site_of(base, profile, circulars=circulars) as site:
            await inhabitants(site)
            await site.sign_in("sylvie")
            await site.send("/messages", "/messages", 303, communes="Touques", **WORKS)
            assert "Envoyer aux 2 personnes inscrites" in await site.read("/messages")
            await site.send("/messages", "/messages/1/envoyer")
            await site.send("/messages", "/messages/1/envoyer", 400)
            assert "envoyé à 2 personnes" in await site.read("/messages")

    run(visit())
    assert [(one.kind, one.address) for one in sent] == [("email", "marie@example.org"), ("sms", "+33622222222")]
    assert len({one.key for one in sent}) == 2
    assert all("Travaux." in one.text and one.stop in one.text for one in sent)
    assert all(one.stop.startswith("https://sophie.example.org/stop/") for one in sent)


def test_a_message_for_everybody_is_sent_to_every_commune(base: Base, profile: Profile) -> None:
    sent: list[str] = []

    async def deliver(parcel: Parcel) -> bool:
        sent.append(parcel.address)
        return parcel.kind == "sms"  # this service has no mail server

    async def visit() -> None:
        async with site_of(base, profile, circulars=Circulars(CIRCULAR_WORDS, deliver)) as site:
            await inhabitants(site)
            await site.sign_in("sylvie")
            await site.send("/messages", "/messages", 303, **WORKS)
            await site.send("/messages", "/messages/1/envoyer")
            assert "envoyé à 2 personnes" in await site.read("/messages")

    run(visit())
    assert sorted(sent) == ["+33611111111", "+33622222222", "marie@example.org", "paul@example.org"]


def test_the_link_of_a_message_stops_them_by_its_button_and_not_by_being_followed(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            people, seal = await inhabitants(site), site.journal.archive.seal
            assert seal is not None
            page = f"/stop/{seal.stop_token('11' * 16)}"
            assert "Voulez-vous arrêter" in await site.read(page)
            assert len(await people.consents("11" * 16)) == 2
            answer = await site.client.post(page, data={"List-Unsubscribe": "One-Click"})
            assert "C’est fait" in await answer.text()
            assert await people.consents("11" * 16) == []
            assert len(await people.consents("22" * 16)) == 1
            await site.read(page[:-1] + ("A" if page[-1] != "A" else "B"), 404)

    run(visit())


def test_what_a_person_agreed_to_is_shown_and_taken_back_on_their_page(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await inhabitants(site)
            await site.sign_in("ahmed")
            person = "22" * 16
            assert "par SMS" in await site.read(f"/personnes/{person}")
            await site.send(f"/personnes/{person}", f"/personnes/{person}/retrait")
            await site.read(f"/personnes/{person}", 404)

    run(visit())


def test_a_contact_typed_in_joins_the_history_of_its_person(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await one_call(site)
            await site.sign_in("ahmed")
            fields = {"channel": "desk", "intent": "collecte.jours", "note": "Quel jour ?", "commune": "Deauville"}
            refused = await site.send("/contacts-saisie", "/contacts-saisie", 400, phone="06 12 34 56 78", **fields)
            assert "Sans l’accord" in refused
            await site.send("/contacts-saisie", "/contacts-saisie", 303, phone="06 12 34 56 78", agreed="oui", **fields)
            page = await site.read(f"/personnes/{site.journal.pseudonym(CALLER)}")
            assert "accueil" in page
            assert "téléphone" in page

    run(visit())


def test_sentences_alike_are_grouped_the_commonest_first() -> None:
    missed = [("les huîtres", "a"), ("je veux un badge de plage", "b"), ("je veux un badge pour la plage", "c")]
    groups = grouped(missed)
    assert [len(group.contacts) for group in groups] == [2, 1]


def test_a_proposal_takes_effect_when_accepted_and_leaves_when_taken_back(
    base: Base, profile: Profile, tmp_path: Path
) -> None:
    reloads: list[int] = []

    async def reload() -> tuple[str, ...]:
        reloads.append(1)
        return ()

    async def visit() -> None:
        async with site_of(base, profile, reload=reload, profiles_dir=tmp_path) as site:
            await site.sign_in("sylvie")
            file = tmp_path / profile.name / "ajouts" / "exemples.toml"
            text = 'quand passe le "bac" jaune \\ demain'
            await site.send("/progres", "/progres", 303, kind="example", target="collecte.jours", text=text)
            assert not file.exists()
            told = await site.send("/progres", "/progres/1", 400, decision="accepter")
            assert "Une autre personne doit accepter" in told
            await site.sign_in("paul")
            await site.send("/progres", "/progres/1", 303, decision="accepter")
            assert tomllib.loads(file.read_text(encoding="utf-8")) == {"collecte.jours": [text]}
            await site.send("/progres", "/progres/1", 303, decision="retirer")
            assert not file.exists()
            assert len(reloads) == 2
            page = await site.read("/progres")
            assert "Proposée par sylvie" in page
            assert "Acceptée par paul" in page
            assert "Retirée par paul" in page

    run(visit())


def test_a_change_that_the_profile_refuses_is_undone(base: Base, profile: Profile, tmp_path: Path) -> None:
    def written() -> list[Path]:
        return list(tmp_path.rglob("*.toml"))

    async def reload() -> tuple[str, ...]:
        return ("exemples.toml : trop court",) if written() else ()

    async def visit() -> None:
        async with site_of(base, profile, reload=reload, profiles_dir=tmp_path) as site:
            await site.sign_in("sylvie")
            await site.send("/progres", "/progres", 303, kind="example", target="collecte.jours", text="a")
            await site.sign_in("paul")
            told = await site.send("/progres", "/progres/1", 400, decision="accepter")
            assert "trop court" in told
            assert not written()
            assert "à relire" in await site.read("/progres")

    run(visit())
