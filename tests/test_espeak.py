"""One espeak-ng for those who listen and those who speak."""

import threading

from voicebot.espeak import phonemize


def test_phonemes_of_french_and_english() -> None:
    assert "".join(phonemize("Touques", "fr")[0]) == "tˈuk"
    assert phonemize("Good morning.", "en-us") != phonemize("Good morning.", "fr")


def test_threads_that_ask_different_languages_do_not_disturb_each_other() -> None:
    expected = {voice: phonemize("La déchèterie, six heures.", voice) for voice in ("fr", "en-us")}
    wrong: list[str] = []

    def ask(voice: str) -> None:
        for _ in range(200):
            if phonemize("La déchèterie, six heures.", voice) != expected[voice]:
                wrong.append(voice)

    threads = [threading.Thread(target=ask, args=(voice,)) for voice in ("fr", "en-us", "fr", "en-us")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
