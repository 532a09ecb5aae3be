"""Composition root: reads settings, builds the objects, owns their start and their end.

The only module that knows every package. A ``Service`` holds what all calls share (engines, profiles, sentences);
``open_call`` builds one conversation on a leg.
"""

import gc
import hashlib
import logging
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from voicebot.asr.base import Recognizer
from voicebot.asr.engines import load_recognizer
from voicebot.calls.closing import ClosingDialogue, ClosingSentences, ClosingSetting, load_closing, remembered
from voicebot.calls.desk import Desk
from voicebot.calls.ears import Ears
from voicebot.calls.keeping import JournalWitness
from voicebot.calls.menus import GuidedDialogue, MenuSetting
from voicebot.calls.message import MessageDialogue, Messages, MessageSetting
from voicebot.calls.message_words import MessageWords, load_message_words
from voicebot.calls.mouth import Mouth
from voicebot.calls.news import DECLINED, SUBSCRIBED, NewsSetting
from voicebot.calls.ports import Dialogue, VoiceStore, Witness
from voicebot.calls.record import CallRecord
from voicebot.calls.requests import Requests
from voicebot.calls.sentences import Sentences, load_sentences
from voicebot.calls.session import CallSession, Company, Limits
from voicebot.calls.work import Work
from voicebot.clock import Clock
from voicebot.config import Settings
from voicebot.delivery.outbox import Outbox
from voicebot.dialog.nlu.semantic import Semantic, best_semantic
from voicebot.dialog.texts import likely_texts, static_texts
from voicebot.dialog.turns import Bulletin, Channel, Context
from voicebot.effort import Tally, give_way
from voicebot.heap import trim_heap
from voicebot.ivr_menus.menus import VARIABLE
from voicebot.load import Load, Pressure, unpressed
from voicebot.profile import Profile, load_profile
from voicebot.reloading import Shelf, run_apart
from voicebot.telephony.base import CallInfo, Leg
from voicebot.tts.base import SynthesisError, Voice
from voicebot.tts.cache import CachedVoice, PromptCache
from voicebot.tts.engines import load_caller_voice, load_voice
from voicebot.tts.speaking import SpokenVoice

log = logging.getLogger(__name__)

SENTENCES = "calls.toml"
REQUESTS = "requests.toml"
CLOSING = "closing.toml"
MESSAGE = "message.toml"
CHAT_TEXTS = "chat.toml"
CALENDAR = "calendar.toml"
_CALLER = "ff_siwis+bm_george"
_GIVE_WAY_S = 0.001
_CALLERS_BYTES = 200_000_000
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_DRAWS = 10
"""A reference that is taken already is drawn again, this many times at most."""


@dataclass(slots=True)
class Service:
    """What all calls share. ``voice`` and ``recognizer`` are loaded once; ``shelf`` holds the profiles in force."""

    settings: Settings
    recognizer: Recognizer
    voice: Voice
    sentences: Sentences
    closing: ClosingSentences
    shelf: Shelf
    bulletins: Callable[[str], tuple[Bulletin, ...]] = lambda profile: ()
    """The day's messages of a profile."""
    requests: Requests | None = None
    """What the journal knows of earlier requests; ``None`` when nothing is kept (a replay, a benchmark)."""
    desk: Desk | None = None
    """The advisers as all calls see them; ``None`` when there is one call."""
    outbox: Outbox | None = None
    """What is sent to the outside; ``None`` when nothing is kept."""
    message_words: MessageWords | None = None
    """What is said to whoever leaves a message after the beep; ``None``: a callback is noted instead."""
    voices: VoiceStore | None = None
    """Where such messages are put; ``None`` when none can be recorded."""
    calls: int = 0
    """Calls in progress."""
    effort: Tally = field(default_factory=Tally)
    """What recognition and synthesis have done, by stage."""
    load: Load = field(default_factory=unpressed)
    """How hard pressed the process is."""

    def profile(self, name: str = "") -> Profile:
        """Return the version of profile ``name`` in force (the configured one by default), loaded on first use.

        Raises:
            ProfileError: it is missing or has mistakes.
        """
        return self.shelf.profile(name or self.settings.call.profile)

    async def reload(self, name: str = "") -> tuple[str, ...]:
        """Put in force what the files of profile ``name`` say now; return their mistakes when they are refused.

        Live conversations keep the version they began with; after a refusal the previous version stays.

        Raises:
            ProfileError: the profile was never in force and cannot be.
        """
        return await self.shelf.reload(name or self.settings.call.profile)


def rendered_dir(settings: Settings) -> Path:
    """Return the folder of rendered prompts."""
    return settings.paths.prompts / "rendered"


def open_profile(settings: Settings, name: str = "", meaning: bool = True) -> Profile:
    """Load profile ``name``, the configured one by default, with the semantic view where it is installed.

    ``meaning=False`` does without that view.

    Raises:
        ProfileError: it is missing or has mistakes.
    """
    return _load(settings, name or settings.call.profile, best_semantic() if meaning else None)


def open_shelf(settings: Settings) -> Shelf:
    """Return the shelf of the profiles: they share one semantic view, and what an edit changes is learnt apart."""
    semantic = best_semantic()

    async def learn(name: str) -> None:
        await run_apart(open_profile, settings, name)

    return Shelf(settings.paths.profiles, lambda name: _load(settings, name, semantic), learn)


def _load(settings: Settings, name: str, semantic: Semantic | None) -> Profile:
    return load_profile(name, settings.paths.profiles, settings.paths.data / "understanding", semantic)


def open_recognizer(settings: Settings, stack: AsyncExitStack) -> Recognizer:
    """Load the recogniser; ``stack`` closes it.

    Raises:
        RecognitionError: its model is missing; the message says how to install it.
    """
    recognizer = load_recognizer(settings.asr, settings.paths.models)
    stack.push_async_callback(recognizer.close)
    return recognizer


def open_voice(settings: Settings, stack: AsyncExitStack) -> Voice:
    """Load the assistant's voice with its rendered prompts; ``stack`` closes it.

    Raises:
        SynthesisError: its model is missing; the message says how to install it.
    """
    voice = load_voice(settings.tts, settings.paths.models, rendered_dir(settings))
    stack.push_async_callback(voice.close)
    return voice


def open_caller_voice(name: str, settings: Settings, stack: AsyncExitStack) -> Voice:
    """Load the voice of scripted callers, kept apart from the assistant's; ``stack`` closes it.

    Raises:
        SynthesisError: there is no such voice; the message names those there are.
    """
    models, threads = settings.paths.models, settings.tts.threads
    spoken = load_caller_voice(name, models, threads) if name else _usual_caller(models, threads)
    voice = CachedVoice(spoken, PromptCache(settings.paths.data / "callers", _CALLERS_BYTES))
    stack.push_async_callback(voice.close)
    return voice


def _usual_caller(models_dir: Path, threads: int) -> SpokenVoice:
    try:
        return load_caller_voice(_CALLER, models_dir, threads)
    except SynthesisError:
        return load_caller_voice("pico", models_dir, threads)


def prompt_texts(
    profile: Profile, sentences: Sentences, closing: ClosingSentences, message: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return what is worth rendering ahead for a profile: every fixed sentence, then the likeliest answers.

    ``message`` are the sentences said to whoever leaves one.
    """
    menus = (text for text in profile.menus.texts() if not VARIABLE.search(text))
    return (
        *sentences.all(),
        *menus,
        *closing.all(),
        *message,
        *static_texts(profile.knowledge),
        *likely_texts(profile.knowledge),
    )


def message_texts(settings: Settings, words: MessageWords | None) -> tuple[str, ...]:
    """Return what is said to whoever leaves a message, as far as it is known ahead."""
    return () if words is None else words.all(settings.journal.retention.voices, settings.message.longest_s)


async def open_service(
    settings: Settings, stack: AsyncExitStack, profiles: Sequence[str] = (), load: Load | None = None
) -> Service:
    """Load engines and profiles; ``stack`` closes them. Under ``load``, less is done for each caller.

    Raises:
        RecognitionError, SynthesisError: a model is missing; the message says how to install it.
        ProfileError, WordsError: the content has mistakes.
    """
    sentences = load_sentences(settings.paths.prompts / SENTENCES)
    closing = load_closing(settings.paths.prompts / CLOSING)
    message = load_message_words(settings.paths.prompts / MESSAGE)
    effort, load = Tally(), load or unpressed()
    # native code loads the models without the interpreter's lock, while the profiles are being read
    with ThreadPoolExecutor(2, "loading", give_way) as loading:
        hearing = loading.submit(
            load_recognizer, settings.asr, settings.paths.models, effort, lambda: load.at_least(Pressure.SHORTER)
        )
        speaking = loading.submit(
            load_voice, settings.tts, settings.paths.models, rendered_dir(settings), effort, lambda: load.waiting > 0
        )
        try:
            shelf = open_shelf(settings)
            for name in profiles or (settings.call.profile,):
                shelf.profile(name)
        finally:
            for loaded in (hearing, speaking):
                if loaded.exception() is None:
                    stack.push_async_callback(loaded.result().close)
    # what the models were converted from: 50 MB that the allocator would keep
    trim_heap()
    return Service(
        settings,
        hearing.result(),
        speaking.result(),
        sentences,
        closing,
        shelf,
        message_words=message if settings.message.enabled else None,
        effort=effort,
        load=load,
    )


def spare_real_time() -> None:
    """Keep the interpreter from holding frames back, once all that lasts has been loaded, and when it is replaced.

    A full garbage collection walks every object there is: 0.1 s with models and knowledge loaded, four frames of every
    call. What was loaded stays for good, so it is taken out of the walk. And a thread that computes in Python gives
    way after 1 ms rather than 5.

    The second collection walks nothing. Without it the collector goes on comparing what calls leave behind with the
    number of objects that the first one walked, and lets a quarter as many wait for the next (CPython's
    ``long_lived_total``): tens of megabytes of ended calls, then freed in one go, which frames wait for.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.collect()
    sys.setswitchinterval(_GIVE_WAY_S)


def new_dialogue(
    profile: Profile,
    now: Callable[[], datetime],
    *,
    seed: str,
    caller: str = "",
    channel: Channel = "voice",
    requests: Requests | None = None,
    wishes: Mapping[str, str] | None = None,
    bulletins: tuple[Bulletin, ...] = (),
    messages: Messages | None = None,
) -> Dialogue:
    """Open a conversation with the brain; references derive from ``seed``, so that a replay gives the same ones.

    ``wishes`` are how this caller is known to want to be spoken to; ``bulletins`` the messages of the day; ``messages``
    how a message is left after the beep (``None``: a callback is noted instead).
    """
    references = random.Random(hashlib.sha256(seed.encode()).digest())  # noqa: S311 - a reference is no secret

    def new_reference() -> str:
        for _ in range(_DRAWS):
            reference = f"{references.choice(_LETTERS)}-{references.randrange(10_000):04d}"
            if requests is None or not requests.is_used(reference):
                break
        return reference

    context = Context(
        now,
        profile.advisers_open,
        profile.opening_words,
        new_reference,
        channel=channel,
        caller=caller,
        bulletins=bulletins,
        weekly_hours=profile.weekly_hours,
        target_open=profile.target_open,
        hours_on=profile.hours_on,
        messages=messages is not None and messages.ready(),
    )
    if requests is not None:
        context = replace(
            context, find_request=lambda reference: requests.find_request(reference, caller), taken=requests.taken
        )
    brain = profile.brain.open(remembered(context, wishes or {}), references.randrange(1000))
    if channel != "voice":
        return brain
    guided = GuidedDialogue(brain, replace(_menu_setting(profile, now), messages=messages is not None))
    if messages is None:
        return guided
    return MessageDialogue(guided, MessageSetting(messages, profile.knowledge.marks, new_reference, caller))


def new_chat(service: Service, profile: Profile, now: Callable[[], datetime], seed: str) -> Dialogue:
    """Open a conversation in writing, with its last questions; see ``new_dialogue``."""
    told = new_dialogue(
        profile,
        now,
        seed=seed,
        channel="chat",
        requests=service.requests,
        bulletins=service.bulletins(profile.name),
    )
    setting = _closing_setting(service, profile, "", {}, writing=True)
    return ClosingDialogue(told, replace(setting, sentences=setting.sentences.in_writing()))


def _menu_setting(profile: Profile, now: Callable[[], datetime]) -> MenuSetting:
    return MenuSetting(
        profile.menus,
        open=lambda: profile.advisers_open(now()),
        variables=lambda: profile.menu_variables(now()),
        vocabulary=profile.knowledge.vocabulary,
        forms=profile.knowledge.forms.keys(),
    )


def open_call(
    service: Service,
    profile: Profile,
    leg: Leg,
    work: Work,
    clock: Clock,
    witnesses: Sequence[Witness] = (),
    dialogue: Dialogue | None = None,
    wishes: Mapping[str, str] | None = None,
) -> CallSession:
    """Build the conversation of one call on ``leg``; ``dialogue`` replaces the profile's own.

    ``wishes`` are how this caller is known to want to be spoken to.
    """
    info = leg.info
    settings = service.settings
    if dialogue is None:
        caller, requests = info.caller, service.requests
        told = new_dialogue(
            profile,
            clock.now,
            seed=info.call_id,
            caller=caller,
            requests=requests,
            wishes=wishes,
            bulletins=service.bulletins(profile.name),
            messages=_messages(service),
        )
        dialogue = ClosingDialogue(told, _closing_setting(service, profile, info.caller, wishes or {}))
    ears = Ears(service.recognizer, leg.rate_hz, work, settings.turn, service.load)
    mouth = Mouth(service.voice, leg.rate_hz, work, profile.knowledge.identity.voice.speed)
    record = CallRecord(info.call_id, clock.now(), info.called, info.caller, profile.name)
    record.contact = next((witness.contact for witness in witnesses if isinstance(witness, JournalWitness)), "")
    record.link = contact_page(settings, record.contact)
    company = Company(
        dialogue, profile, service.sentences, tuple(witnesses), service.desk, service.voices, service.load
    )
    session = CallSession(leg, ears, mouth, company, work, clock, record)
    session.limit(Limits(settings.call.max_s, settings.call.sign_of_life_s, settings.message))
    return session


def _messages(service: Service) -> Messages | None:
    """Return how messages are taken; ``None`` when the configuration wants none."""
    words, store, settings = service.message_words, service.voices, service.settings
    if words is None:
        return None
    ready = (lambda: False) if store is None else store.ready
    return Messages(words, ready, settings.journal.retention.voices, settings.message.longest_s)


def _closing_setting(
    service: Service, profile: Profile, caller: str, wishes: Mapping[str, str], *, writing: bool = False
) -> ClosingSetting:
    """Return what may be asked before goodbye; nothing is remembered of a caller who cannot be known again."""
    knowledge, outbox = profile.knowledge, service.outbox
    remember = bool(caller) and service.requests is not None
    news = NewsSetting(
        caller,
        by_sms=outbox is not None and outbox.has_sms,
        by_mail=outbox is not None and outbox.has_mail,
        writing=writing,
        known=SUBSCRIBED in wishes or DECLINED in wishes,
    )
    return ClosingSetting(service.closing, knowledge.marks, knowledge.identity.policy.survey, remember, wishes, news)


def contact_page(settings: Settings, contact: str) -> str:
    """Return where the supervisors' site shows ``contact``; empty when nothing says where the site is reached."""
    site = settings.delivery.public_url.rstrip("/")
    return f"{site}/contacts/{contact}" if site and contact else ""


def request_page(settings: Settings, record: str) -> str:
    """Return where the site shows the request ``record`` and its spoken message; empty as for ``contact_page``."""
    site = settings.delivery.public_url.rstrip("/")
    return f"{site}/demandes/{record}" if site else ""


def call_info(digest: str, caller: str, called: str) -> CallInfo:
    """Return the identity of a scripted call: its id derives from the script's content."""
    return CallInfo(f"replay-{digest[:16]}", caller, called)
