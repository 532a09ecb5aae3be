"""One conversation: takes what was heard, gives back what to say and do. Synchronous; one thread at a time.

The order of a turn: keys; silence; danger; acts that always work (repeat, slower, help, adviser...); the question
being asked; then a new request. A form in progress survives a digression and is taken up again after it.
"""

import copy
from collections.abc import Mapping, Sequence

from voicebot.dialog.knowledge.answers import Choice
from voicebot.dialog.knowledge.model import Knowledge
from voicebot.dialog.nlu.base import Understander, Understanding, Verdict
from voicebot.dialog.policy import (
    acts,
    bulletins,
    callers,
    doubts,
    follow_ups,
    form_answers,
    form_run,
    manner,
    persons,
    replying,
    requests,
    slots,
)
from voicebot.dialog.policy.evidence import by_words, pick
from voicebot.dialog.policy.expecting import dictated, expected
from voicebot.dialog.policy.form_run import FormRun
from voicebot.dialog.policy.questions import (
    ClarifyQuestion,
    ConfirmSlot,
    FollowUp,
    FormQuestion,
    MoreQuestion,
    SlotQuestion,
    Suggestions,
)
from voicebot.dialog.policy.talk import Draft, Talk
from voicebot.dialog.turns import Context, Dictation, Expect, HangUp, Heard, Record, Reply, Say, Transfer
from voicebot.dialog.wording import contains, fold

_ALWAYS = ("repeter", "plus_lentement", "aide", "menu", "conseiller", "annuler", "au_revoir", "anglais")
_SMALL_TALK = ("saluer", "merci", "oui", "non", "annuler", "au_revoir")
_ACT_OVER_CHOICE = 0.8
_NEW_REQUEST_WORDS = 4
_OUTSIDE_TIMES = 3


class Dialogue:
    """A conversation in progress. Made by ``Brain.open``."""

    def __init__(self, knowledge: Knowledge, understander: Understander, context: Context, seed: int = 0) -> None:
        self._talk = Talk(knowledge, understander, context, seed)
        self._draft = Draft()
        self._form: FormRun | None = None
        self._waiting: list[FormRun] = []
        self._queue: list[Understanding] = []
        self._understood: Understanding | None = None
        self._filled: dict[str, str] = {}

    def greet(self) -> Reply:
        """Return the first words of the conversation."""
        return self._reply(acts.greeting(self._talk))

    def fork(self) -> "Dialogue":
        """Return the same conversation apart: what is said to one is not known to the other.

        An answer can so be prepared before it is certain that the caller has finished, and forgotten.
        """
        other = copy.copy(self)
        other._talk = self._talk.fork()
        other._form = None if self._form is None else self._form.copy()
        other._waiting = [run.copy() for run in self._waiting]
        other._queue = list(self._queue)
        other._filled = dict(self._filled)
        return other

    def respond(self, heard: Heard) -> Reply:
        """Return the answer to one turn of the caller."""
        self._talk.memory.turns += 1
        self._understood = None
        self._filled = {}
        self._talk.memory.by_keys = bool(heard.keys) or (heard.silent and self._talk.memory.by_keys)
        if heard.keys:
            draft = self._keys(heard)
        elif heard.silent or not (heard.text.strip() or heard.choices):
            return self._reply(self._silence(), keep_last=False)
        else:
            draft = self._words(heard)
            self._talk.memory.typing = None
        self._talk.memory.silences = 0
        return self._reply(draft)

    def pursue(self, intent: str, entities: Mapping[str, str] | None = None) -> Reply:
        """Answer ``intent`` as if it had been asked; for menus, buttons and links."""
        self._begin()
        draft = self._act(intent, Heard()) if intent in _ALWAYS else None
        return self._reply(draft or self._request(intent, dict(entities or {}), ""))

    def fill(self, form_id: str) -> Reply:
        """Begin the form ``form_id``; for menus and buttons.

        Raises:
            KeyError: the profile has no such form.
        """
        self._begin()
        return self._reply(self._start(form_id, {}, ""))

    def hand_over(self, target: str) -> Reply:
        """Hand over to ``target``, or offer a callback when it cannot be reached now; for menus and buttons."""
        self._begin()
        return self._reply(acts.to_target(self._talk, target))

    def told(self, says: Sequence[Say]) -> None:
        """Note what was said for the conversation by others (a menu), so that it can be repeated."""
        self._talk.memory.last = tuple(says)

    def go_on(self, says: Sequence[Say]) -> Reply:
        """Say ``says`` of something done for the caller by others, then what waits, or whether there is more."""
        self._begin()
        return self._reply(self._settled(Draft(list(says), settled=True)))

    def _begin(self) -> None:
        self._understood, self._filled = None, {}
        self._talk.memory.typing = None
        self._talk.memory.silences = 0

    def on_hold(self, queued: tuple[int, int | None] | None) -> Reply:
        """Return what to tell a caller in the queue (how many before them, minutes), and what they may answer."""
        self._begin()
        return self._reply(acts.on_hold(self._talk, queued), keep_last=False)

    def returned(self, result: str) -> Reply:
        """Take back a caller whose transfer ended in ``result``: busy, no_answer, reject or failed."""
        self._begin()
        return self._reply(acts.returned(self._talk, result))

    def left(self) -> tuple[Record, ...]:
        """Return what a caller who has hung up had said enough of to be kept."""
        run, self._form = self._form, None
        return form_run.left(self._talk, run)

    def summary(self) -> Mapping[str, str]:
        """Return what an adviser should know of the conversation; ``phrase`` is meant to be whispered."""
        return acts.context_of(self._talk)

    # -- one turn ---------------------------------------------------------------------------------------------

    def _keys(self, heard: Heard) -> Draft:
        talk, keys = self._talk, heard.keys
        expect = self._expect()
        # zero, star and hash spell no name: they keep their meaning until a letter has been typed
        lettered = talk.memory.typing is not None and talk.memory.typing.typed and keys in ("*", "#")
        if expect.slot == "commune" and (lettered or keys not in ("0", "*", "#")):
            return self._typed_commune(heard)
        talk.memory.typing = None
        if expect.dictation is not Dictation.DIGITS:
            if keys[0] == "0":
                return acts.transfer(talk, Draft(), talk.memory.intent or "conseiller")
            if keys[0] == "*":
                return acts.menu(talk)
            if keys[0] == "#":
                return self._again(manner.repeat(talk, ""))
        taken = self._take(heard, None)
        if taken is not None:
            return taken
        return self._then_ask_again(talk.text("touche_inconnue"))

    def _typed_commune(self, heard: Heard) -> Draft:
        name, draft = slots.type_commune(self._talk, heard)
        if name:
            return self._take(Heard(choices=((name, 1.0),)), None) or draft
        draft.question = self._draft.question
        return draft

    def _words(self, heard: Heard) -> Draft:
        talk = self._talk
        expect = self._expect()
        folded = fold(heard.text)
        if dictated(talk, expect, heard):
            return self._take(heard, None) or self._misunderstood()
        alone = talk.understander.understand(heard.text, heard.alternatives, talk.background(expect.slot))
        understood = follow_ups.read_after(talk, heard, alone)
        self._understood = understood
        talk.memory.public = callers.deduced(heard.text, talk.knowledge.marks) or talk.memory.public
        if any(contains(folded, mark) for mark in talk.knowledge.marks["detresse"]):
            return self._leave_form(acts.distress(talk))
        if acts.is_urgent(talk, understood, heard.text):
            return self._leave_form(acts.emergency(talk))
        if acts.is_rude(talk, understood, folded, filling=self._form is not None):
            return self._calm()
        spoken_to = manner.asked(talk, heard.text)
        if spoken_to is not None:
            return self._again(spoken_to) if spoken_to.question is None else spoken_to
        if any(contains(folded, mark) for mark in talk.knowledge.marks["changer_rendez_vous"]):
            return self._change_appointment(heard, understood)
        act = persons.act_of(talk, heard, understood)
        if act in _ALWAYS and not self._chosen(heard, act, folded):
            draft = self._act(act, heard)
            if draft is not None:
                return draft
        asked = self._draft.question
        taken = self._take(heard, understood)
        if taken is not None:
            if isinstance(asked, (SlotQuestion, ConfirmSlot, FormQuestion)):
                self._understood = None  # a turn that only fills a slot has no intent
            return taken
        return self._new_request(understood, heard)

    def _chosen(self, heard: Heard, act: str, folded: str) -> bool:
        """Tell whether the turn chooses an answer of the question put, whatever act it resembles."""
        if max((p for _, p in heard.choices), default=0.0) >= _ACT_OVER_CHOICE:
            return True
        question = self._draft.question
        if act != "aide" or not isinstance(question, FollowUp) or len(folded.split()) < _NEW_REQUEST_WORDS:
            return False
        return by_words(heard, self._talk.options(question.choices)) is not None

    def _change_appointment(self, heard: Heard, understood: Understanding) -> Draft:
        """Take a request to cancel or move an appointment; the one being made is given up."""
        form = self._talk.knowledge.form_for("encombrants.rdv")
        if form is None:
            return acts.transfer(self._talk, Draft(), "encombrants.rdv")
        if self._form is not None and self._form.form.id == form.id:
            return self._abandon(heard) or self._misunderstood()
        return self._request("encombrants.rdv", dict(understood.entities), heard.text)

    def _calm(self) -> Draft:
        """Answer an insult calmly: the question asked is put once more, then the call is handed over."""
        talk = self._talk
        if self._form is not None and not talk.memory.said["insulte"]:
            return self._then_ask_again(talk.text("insulte"))
        return self._leave_form(acts.insult(talk))

    def _act(self, act: str, heard: Heard) -> Draft | None:
        talk = self._talk
        if act == "repeter":
            return self._again(manner.repeat(talk, heard.text))
        if act == "plus_lentement":
            return self._again(manner.slower(talk))
        if act == "aide":
            return self._then_ask_again(talk.text("aide"))
        if act == "menu":
            return acts.menu(talk)
        if act == "anglais":
            return self._leave_form(acts.english(talk))
        if act == "au_revoir":
            return self._take_leave("au_revoir")
        if act == "annuler":
            return self._abandon(heard)
        if act == "conseiller":
            talk.memory.requests.append(heard.text)
            talk.memory.intent = persons.subject_of(talk, heard.text) or talk.memory.intent
            return self._leave_form(acts.transfer(talk, Draft(), talk.memory.intent or "conseiller"))
        return None

    def _abandon(self, heard: Heard) -> Draft | None:
        talk = self._talk
        if self._form is not None:
            draft = talk.text("formulaire.abandon", {"formulaire": self._form.form.name})
            self._form = None
            self._draft = Draft()
            return self._settled(draft)
        if isinstance(self._draft.question, (SlotQuestion, ConfirmSlot, ClarifyQuestion, Suggestions, FollowUp)):
            return acts.more(talk, talk.text("rien_a_annuler"))
        return None

    # -- the question being asked -----------------------------------------------------------------------------

    def _take(self, heard: Heard, understood: Understanding | None) -> Draft | None:
        """Use the turn as an answer to the question being asked, if it is one."""
        question = self._draft.question
        if isinstance(question, SlotQuestion):
            return self._take_slot(question, heard, understood)
        if isinstance(question, ConfirmSlot):
            return self._take_confirmation(question, heard, understood)
        if isinstance(question, FormQuestion) and self._form is not None:
            return self._take_form(self._form, heard, understood)
        asks = understood is not None and understood.verdict is Verdict.SURE and acts.is_request(understood.intent)
        if isinstance(question, Suggestions) and asks and not heard.choices:
            return None  # a request in words says more than the suggestion it resembles
        if isinstance(question, (FollowUp, Suggestions)):
            return self._take_choice(question.choices, heard, understood)
        if isinstance(question, ClarifyQuestion):
            return self._take_clarified(question, heard, understood)
        if isinstance(question, MoreQuestion):
            return acts.after_more(self._talk, heard, understood)
        return None

    def _take_slot(self, asked: SlotQuestion, heard: Heard, understood: Understanding | None) -> Draft | None:
        if understood is not None and self._is_new_request(asked, heard, understood):
            return None
        picked = slots.take_slot(self._talk, asked, heard, understood)
        if picked is None:
            changed = slots.changed(self._talk, asked, understood)
            if changed is not None:
                return self._request(asked.intent, changed, "")
            outside = understood.entities.get("hors_territoire", "") if understood is not None else ""
            if outside:
                return self._settled(self._talk.text("hors_territoire", {"lieu": outside}))
            return slots.ask_slot_again(self._talk, asked)
        if asked.slot == "commune" and picked.id not in self._talk.knowledge.communes:
            return self._settled(self._talk.text("hors_territoire", {"lieu": picked.id}))
        if not picked.sure:
            draft = self._talk.text("confirmer.valeur", {"valeur": picked.id})
            draft.question = ConfirmSlot(picked.id, asked)
            return draft
        return self._slot_filled(asked, picked.id)

    def _is_new_request(self, asked: SlotQuestion, heard: Heard, understood: Understanding) -> bool:
        if understood.verdict is not Verdict.SURE or understood.elliptic or understood.intent == asked.intent:
            return False
        if not acts.is_request(understood.intent):
            return False
        return len(fold(heard.text).split()) >= _NEW_REQUEST_WORDS

    def _slot_filled(self, asked: SlotQuestion, value: str) -> Draft:
        self._filled = {asked.slot: value}
        if asked.slot == "secteur":
            self._talk.memory.sector = value
        return self._request(asked.intent, {**asked.entities, asked.slot: value}, "")

    def _take_confirmation(self, question: ConfirmSlot, heard: Heard, understood: Understanding | None) -> Draft | None:
        said = form_answers.yes_or_no(self._talk, heard, understood)
        if said == "oui":
            return self._slot_filled(question.asked, question.value)
        again = slots.take_slot(self._talk, question.asked, heard, understood)
        if again is not None and again.sure and again.id != question.value:
            return self._slot_filled(question.asked, again.id)
        return slots.ask_slot_again(self._talk, question.asked)

    def _take_form(self, run: FormRun, heard: Heard, understood: Understanding | None) -> Draft | None:
        before = dict(run.values)
        draft = form_answers.take(self._talk, run, heard, understood)
        if draft is not None:
            self._filled = {name: value for name, value in run.values.items() if before.get(name) != value}
            self._talk.memory.misunderstood = 0
            return self._form_step(draft)
        if understood is not None and form_answers.leaves(self._talk, run, heard, understood):
            return None
        again = form_answers.beside(self._talk, run, heard, understood) or form_answers.misunderstood(self._talk, run)
        if again is not None:
            return again
        self._form = None
        return form_answers.given_up(self._talk, run)

    def _form_step(self, draft: Draft) -> Draft:
        if draft.question is None:
            self._form = None
            return self._settled(draft) if draft.settled else draft
        if not isinstance(draft.question, FormQuestion):
            self._form = None
        return draft

    def _take_choice(self, choices: tuple[Choice, ...], heard: Heard, understood: Understanding | None) -> Draft | None:
        picked = pick(heard, self._talk.options(choices))
        if picked is None and understood is not None and understood.intent in ("oui", "non"):
            chosen = next((choice for choice in choices if choice.id == understood.intent), None)
        else:
            chosen = next((choice for choice in choices if picked is not None and choice.id == picked.id), None)
        if chosen is None:
            return None
        sure = understood is not None and understood.verdict is Verdict.SURE
        if sure and understood is not None and requests.says_more(heard, understood, chosen):
            return None
        return self._go(chosen, heard)

    def _go(self, choice: Choice, heard: Heard) -> Draft:
        kind, _, name = choice.goto.partition(":")
        self._draft = Draft()
        if kind == "reponse":
            return self._settled(self._talk.tell(Draft(settled=True), name))
        if kind == "intention":
            return self._request(name, {}, heard.text)
        if kind == "formulaire":
            asked = " ".join([*self._talk.memory.requests[-1:], heard.text])
            return self._start(name, dict(self._talk.memory.entities), asked)
        if kind == "message":
            return acts.leave_message()
        if kind == "conseiller":
            return acts.transfer(self._talk, Draft(), name or self._talk.memory.intent or "conseiller")
        return self._settled(self._talk.text("entendu"))

    def _take_clarified(
        self, question: ClarifyQuestion, heard: Heard, understood: Understanding | None
    ) -> Draft | None:
        picked = pick(heard, doubts.clarify_options(self._talk, question))
        told = doubts.told(understood, heard.text)
        sure = understood if understood is not None and understood.verdict is Verdict.SURE and not told else None
        if doubts.both(self._talk, question, heard.text):
            self._queue.append(doubts.second(question))
            intent = question.first
        elif picked is not None:
            intent = picked.id
        elif sure is not None and acts.is_request(sure.intent):
            return None
        elif sure is not None and sure.intent == "merci":
            return acts.more(self._talk, Draft())
        elif understood is not None and understood.intent == "oui" and not told:
            return self._then_ask_again(self._talk.text("clarifier.lequel"))
        else:
            return self._unclear(question, understood, told)
        self._understood = None
        entities = {**question.entities, **(understood.entities if understood is not None else {})}
        return self._request(intent, entities, heard.text)

    def _unclear(
        self, question: ClarifyQuestion, understood: Understanding | None, told: dict[str, str]
    ) -> Draft | None:
        """Take an answer that chose neither: the doubt is put twice at most.

        Who only says where, or which bin, takes the question as settled: the likelier subject is answered, by name.
        """
        if understood is not None and not told and doubts.other(question, understood):
            return None
        if understood is not None and understood.intent in (question.first, question.second):
            return self._request(understood.intent, {**question.entities, **understood.entities}, "")
        if told:
            self._understood = None
            return self._request(doubts.cheaper(self._talk, question, told), {**question.entities, **told}, "")
        return self._misunderstood(understood if understood is not None and doubts.outside(understood) else None)

    # -- a new request ----------------------------------------------------------------------------------------

    def _new_request(self, understood: Understanding, heard: Heard) -> Draft:
        after = follow_ups.asked_after(self._talk, heard, understood)
        if after is not None:
            return self._settled(after)
        lost = understood.verdict is not Verdict.SURE or understood.intent == "hors_sujet"
        if lost and self._talk.is_mark("attente", heard.text):
            return self._again(self._talk.text("attente"))
        if understood.verdict is Verdict.UNKNOWN or understood.intent == "hors_sujet":
            return self._misunderstood(understood)
        if understood.intent == "au_revoir" and not acts.is_meant(understood):
            return self._misunderstood(understood)
        if understood.verdict is Verdict.UNSURE and understood.intent in _SMALL_TALK:
            return acts.more(self._talk, Draft()) if understood.intent == "au_revoir" else self._small_talk("oui")
        if understood.verdict is Verdict.UNSURE:
            return self._clarify(understood)
        self._talk.memory.misunderstood = 0
        intent = doubts.elliptic_object(self._talk, understood) or understood.intent
        if intent in _SMALL_TALK:
            return self._small_talk(intent)
        entities = dict(understood.entities)
        if understood.elliptic:
            entities = {**self._talk.memory.entities, **entities}
        if understood.next is not None and understood.next.verdict is Verdict.SURE:
            self._queue.append(understood.next)
        return self._request(intent, entities, heard.text)

    def _small_talk(self, intent: str) -> Draft:
        answer = {"oui": "non_compris_oui", "non": "non_compris_oui", "annuler": "rien_a_annuler"}.get(intent, intent)
        return self._then_ask_again(self._talk.text(answer))

    def _request(self, intent: str, entities: dict[str, str], text: str) -> Draft:
        """Answer a request, or begin its form; then what follows."""
        talk = self._talk
        talk.memory.misunderstood = 0
        before = talk.memory.requests[-1] if talk.memory.requests and talk.memory.intent == intent else ""
        if text:
            talk.memory.requests.append(text)
        elsewhere = requests.located(talk, intent, entities)
        if elsewhere is not None:
            return self._settled(elsewhere)
        named = {name: value for name, value in entities.items() if name not in ("nommee", "hors_territoire")}
        talk.memory.before, talk.memory.entities, talk.memory.intent = talk.memory.entities, named, intent
        if intent == "conseiller":
            return acts.transfer(talk, Draft(), intent)
        form = talk.knowledge.form_for(intent)
        if form is not None and (self._form is None or self._form.form.id != form.id):
            entities = requests.with_object(talk, entities, text or next(reversed(talk.memory.requests), ""))
            return self._start(form.id, entities, text)
        return self._settled(requests.answered(talk, intent, entities, text, before))

    def _start(self, form_id: str, entities: dict[str, str], text: str) -> Draft:
        form = self._talk.knowledge.forms[form_id]
        if not self._talk.knowledge.offers(form):
            return self._talk.text("non_confirme")
        begun = next((run for run in (self._form, *self._waiting) if run is not None and run.form.id == form_id), None)
        if begun is not None:
            return self._resume(begun)
        if self._form is not None:
            self._waiting.append(self._form)
        self._form, draft = form_run.start(self._talk, form, entities, text)
        return self._form_step(draft)

    def _settled(self, draft: Draft) -> Draft:
        """Go on after an answer: the next request of the same sentence, the form in progress, or anything else."""
        talk = self._talk
        bulletins.once_known(talk, draft)
        if requests.offers_form(draft) and (self._form is not None or self._waiting):
            requests.unasked(draft)  # one form at a time: a question aside must not lead away from what is filled in
        if draft.question is not None or any(isinstance(action, (Transfer, HangUp)) for action in draft.actions):
            return draft
        if self._queue:
            following = self._queue.pop(0)
            subject = talk.knowledge.subjects.get(following.intent)
            if subject is not None:
                talk.tell(draft, "suite.demande", {"sujet": subject.name})
            return draft.add(self._request(following.intent, dict(following.entities), ""))
        if self._form is None and self._waiting:
            self._form = self._waiting.pop()
        if self._form is not None:
            return draft.add(self._resume(self._form))
        return acts.more(talk, draft)

    def _resume(self, run: FormRun) -> Draft:
        """Take up a form already begun where it was left."""
        talk = self._talk
        self._waiting = [other for other in (*self._waiting, self._form) if other is not None and other is not run]
        self._form = run
        talk.memory.intent = next(iter(run.form.intents), talk.memory.intent)
        return form_run.put(talk, run, talk.text("formulaire.reprise", {"formulaire": run.form.name}))

    def _clarify(self, understood: Understanding) -> Draft:
        settled = doubts.settled(self._talk, understood)
        if settled:
            return self._request(settled, dict(understood.entities), "")
        return acts.clarification(self._talk, understood) or self._misunderstood(understood)

    # -- when it goes wrong -----------------------------------------------------------------------------------

    def _misunderstood(self, understood: Understanding | None = None) -> Draft:
        talk, memory = self._talk, self._talk.memory
        if understood is not None and doubts.outside(understood) and memory.said["hors_sujet"] < _OUTSIDE_TIMES:
            return talk.text("hors_sujet")
        memory.misunderstood += 1
        policy = talk.knowledge.identity.policy
        if memory.misunderstood < policy.misunderstood_before_menu:
            draft = self._then_ask_again(talk.text("incompris.1"))
            draft.lost = True
            return draft
        if not memory.menu_offered and policy.no_match == "menu":
            memory.menu_offered = True
            self._form = None
            draft = acts.menu(talk, "incompris.menu")
            draft.lost = True
            return draft
        self._form = None
        draft = talk.text("incompris.final" if talk.open else "incompris.final.ferme")
        if talk.open:
            return acts.transfer(talk, draft, memory.intent or "conseiller", announced=True)
        return draft.add(self._start("rappel", {}, "")) if "rappel" in talk.knowledge.forms else draft

    def _silence(self) -> Draft:
        talk, memory = self._talk, self._talk.memory
        memory.silences += 1
        idle = isinstance(self._draft.question, MoreQuestion)
        if memory.silences > (1 if idle else 2):
            return self._take_leave("au_revoir.silence")
        if idle:
            draft = talk.text("silence.apres_reponse")
            draft.question = self._draft.question
            return draft
        return self._then_ask_again(talk.text(f"silence.{memory.silences}"))

    def _take_leave(self, goodbye: str) -> Draft:
        draft = Draft() if self._form is None else form_answers.concluded(self._talk, self._form)
        return self._leave_form(draft.add(acts.goodbye(self._talk, goodbye)))

    def _leave_form(self, draft: Draft) -> Draft:
        self._form = None
        self._waiting.clear()
        self._queue.clear()
        return draft

    def _again(self, draft: Draft) -> Draft:
        """Keep the question being asked: the words repeated end with it."""
        draft.question = self._draft.question
        draft.aside = True
        return draft

    def _then_ask_again(self, draft: Draft) -> Draft:
        """Put the question being asked once more after ``draft``."""
        talk, question = self._talk, self._draft.question
        if isinstance(question, FormQuestion) and self._form is not None:
            return form_run.put(talk, self._form, draft)
        if isinstance(question, SlotQuestion):
            again = slots.ask_slot_again(talk, question)
            return draft.add(again)
        if isinstance(question, FollowUp):
            answer = talk.knowledge.answers[question.answer]
            if answer.question is not None:
                talk.speak(draft, answer.question, {})
        draft.question = question
        draft.aside = True
        return draft

    # -- the reply --------------------------------------------------------------------------------------------

    def _expect(self) -> Expect:
        return expected(self._talk, self._draft.question, self._form)

    def _reply(self, draft: Draft, keep_last: bool = True) -> Reply:
        self._draft = draft
        return replying.reply(self._talk, draft, self._expect(), self._understood, self._filled, keep_last=keep_last)
