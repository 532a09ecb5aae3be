"""The tree of the menus, drawn."""

from itertools import combinations
from xml.etree import ElementTree

from voicebot.ivr_menus import Choice, Do, Menu, MenuAction, Menus, Sentences, draw

SVG = "{http://www.w3.org/2000/svg}"


def drawn(menus: Menus) -> ElementTree.Element:
    return ElementTree.fromstring(draw(menus))  # noqa: S314 - our own document


def texts(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def boxes(root: ElementTree.Element) -> list[tuple[int, int, int, int]]:
    """Left, top, right and bottom of every card."""
    found = []
    for rect in root.iter(f"{SVG}rect"):
        if rect.get("class") == "card":
            left, top, width, height = (int(rect.attrib[name]) for name in ("x", "y", "width", "height"))
            found.append((left, top, left + width, top + height))
    return found


def test_every_menu_and_every_choice_is_drawn(menus: Menus) -> None:
    told = texts(drawn(menus))
    for menu in menus.menus.values():
        assert menu.title in told
        for choice in menu.choices:
            assert choice.name in told
            assert choice.key in told
    assert "eau.fuite" in told
    assert "collecte.jours (verre)" in told


def test_no_two_cards_overlap_and_all_are_within_the_page(menus: Menus) -> None:
    root = drawn(menus)
    cards = boxes(root)
    assert len(cards) > 15
    for one, other in combinations(cards, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (one, other)
    width, height = int(root.attrib["width"]), int(root.attrib["height"])
    assert all(left >= 0 and top >= 0 and right <= width and bottom <= height for left, top, right, bottom in cards)


def test_each_sub_menu_is_joined_to_its_choice(menus: Menus) -> None:
    root = drawn(menus)
    ways = [path for path in root.iter(f"{SVG}path") if path.get("class") == "way"]
    assert len(ways) == len(boxes(root)) - len(list(menus.roots()))


def test_any_name_can_be_drawn() -> None:
    choice = Choice("x", "1", '<b> & "c"', (), MenuAction(Do.TRANSFER, "a&b"))
    menus = Menus({"m": Menu("m", "1 < 2 & 3", "{choix}", (choice,), root=True)}, Sentences())
    told = texts(drawn(menus))
    assert "1 < 2 & 3" in told
    assert '<b> & "c"' in told
    assert "transfert : a&b" in told


def test_what_does_not_fit_in_a_row_is_cut_with_a_sign() -> None:
    choice = Choice("x", "1", "un choix au nom assez long", (), MenuAction(Do.INTENT, "un.intention." + "tres" * 30))
    told = texts(drawn(Menus({"m": Menu("m", "M", "{choix}", (choice,), root=True)}, Sentences())))
    assert any(text.startswith("un.intention.") and text.endswith("…") for text in told)
