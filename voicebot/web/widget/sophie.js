/* The chat window: one line in any page, no framework, its own shadow tree. See docs/chat.md.

   <script src="https://assistant.example.org/widget/sophie.js" async></script>

   data-position="left" puts it on the left; data-open opens it with the page. All that it shows comes from the API and
   is written as text, never as HTML. */
(() => {
  "use strict";

  const script = document.currentScript;
  const base = new URL("..", script.src);
  const api = new URL("api/chat/", base);
  const KEPT = "sophie.chat." + base.host;
  const FIRST_WAIT_MS = 500;
  const LONGEST_WAIT_MS = 15000;
  const FAILURES_BEFORE_HTTP = 3;
  const HTTP_FOR_MS = 60000;
  const POLL_S = 20;
  const TELEPHONE = /\b0\d(?:[ \u00a0.]\d\d){4}\b|\b0 8\d\d(?: \d\d){3}\b/g;
  const EMERGENCY = new RegExp(`${TELEPHONE.source}|\\b(?:15|18|112|114|3114)\\b`, "g");
  const FOR_VISITORS = new Set(["message_too_long", "too_many_waiting", "too_fast", "conversation_ended", "full"]);
  const ICONS = {
    talk: "M4 4h16a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-8l-5 4v-4H4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2zm3 5v2h10V9zm0 3.5v1.8h7v-1.8z",
    close: "M6.4 5 12 10.6 17.6 5 19 6.4 13.4 12l5.6 5.6-1.4 1.4-5.6-5.6L6.4 19 5 17.6 10.6 12 5 6.4z",
  };

  /* ---- small tools ---- */

  function make(tag, properties, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(properties || {})) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  }

  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    for (const [key, value] of [["viewBox", "0 0 24 24"], ["aria-hidden", "true"], ["focusable", "false"]]) svg.setAttribute(key, value);
    const path = document.createElementNS(svg.namespaceURI, "path");
    path.setAttribute("d", ICONS[name]);
    path.setAttribute("fill", "currentColor");
    path.setAttribute("fill-rule", "evenodd");
    svg.append(path);
    return svg;
  }

  function newId() {
    return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function pause(ms) {
    return new Promise((done) => setTimeout(done, ms));
  }

  class Refused extends Error {
    constructor(status, problem) {
      super(problem.detail || String(status));
      this.status = status;
      this.code = problem.code || "";
    }
  }

  async function call(path, body, signal) {
    const options = { signal, cache: "no-store", credentials: "omit" };
    if (body !== undefined) {
      Object.assign(options, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    }
    const response = await fetch(new URL(path, api), options);
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Refused(response.status, answer);
    return answer;
  }

  /* What this tab remembers between two pages: the conversation's id, nothing else. */
  const memory = {
    get() {
      try { return JSON.parse(sessionStorage.getItem(KEPT)) || {}; } catch { return {}; }
    },
    set(value) {
      try { sessionStorage.setItem(KEPT, JSON.stringify(value)); } catch { /* storage is refused: the tab forgets */ }
    },
  };

  /* ---- the conversation: one id, messages in order, whatever carries them ---- */

  class Conversation {
    constructor(view) {
      this.view = view;
      this.id = "";
      this.last = 0;
      this.ended = false;
      this.unsent = [];
      this.failures = 0;
      this.httpUntil = 0;
      this.socket = null;
      this.carrying = 0;
    }

    get path() { return `sessions/${encodeURIComponent(this.id)}`; }

    async start() {
      const kept = memory.get().id;
      if (kept) {
        this.id = kept;
        this.view.quiet(true);
        try {
          this.take(await call(`${this.path}/messages`));
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
          this.id = "";
        } finally {
          this.view.quiet(false);
        }
      }
      if (!this.id || this.ended) await this.open(Boolean(kept) && !this.ended);
      this.carry();
    }

    async open(interrupted) {
      const opened = await call("sessions", {});
      Object.assign(this, { id: opened.session, last: 0, ended: false });
      memory.set({ ...memory.get(), id: this.id });
      this.view.cleared(interrupted);
      this.take(opened);
      this.view.fromTop();
    }

    take(answer) {
      answer.messages.forEach((message) => this.one(message));
      if (answer.ended) this.finish();
    }

    one(message) {
      if (message.seq <= this.last) return;
      this.last = message.seq;
      if (message.client_id) this.unsent = this.unsent.filter((waiting) => waiting.client_id !== message.client_id);
      this.view.show(message);
    }

    finish() {
      if (this.ended) return;
      this.ended = true;
      this.unsent = [];
      if (this.socket) this.socket.close();
      this.view.finished();
    }

    say(said, shown) {
      const waiting = { ...said, client_id: newId() };
      this.unsent.push(waiting);
      this.view.pending(shown, waiting.client_id);
      if (this.socket) this.send(waiting);
      else if (Date.now() < this.httpUntil) this.post().catch(() => { /* posted again by the next poll */ });
    }

    async leave() {
      try {
        this.take(await call(`${this.path}/end`, { after: this.last }));
      } catch (error) {
        this.failed(error);
      }
    }

    /* Keeps the messages coming until the conversation ends or another takes its place: socket first, HTTP when
       sockets do not get through. */
    async carry() {
      const turn = ++this.carrying;
      const current = () => turn === this.carrying && !this.ended;
      while (current()) {
        if (Date.now() < this.httpUntil || !("WebSocket" in window)) await this.poll(current);
        else await this.hold();
        if (!current()) return;
        if (this.failures) {
          this.view.state("connexion");
          await pause(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (this.failures - 1)) * (0.75 + Math.random() / 2));
        }
      }
    }

    /* Holds a socket until it closes. */
    hold() {
      return new Promise((closed) => {
        const url = new URL(`${this.path}/socket?after=${this.last}`, api);
        url.protocol = url.protocol.replace("http", "ws");
        const socket = new WebSocket(url);
        socket.onopen = () => {
          this.socket = socket;
          this.connected();
          this.unsent.forEach((waiting) => this.send(waiting)); /* those never confirmed are taken once */
        };
        socket.onmessage = (event) => this.frame(JSON.parse(event.data));
        socket.onclose = async () => {
          if (this.socket === socket) this.socket = null;
          if (!this.ended) await this.lost();
          closed();
        };
      });
    }

    frame(frame) {
      if (frame.type === "message") this.one(frame.message);
      else if (frame.type === "working") this.view.working(frame.working);
      else if (frame.type === "ended") this.finish();
      else if (frame.type === "error") this.failed(new Refused(0, frame), frame.client_id);
    }

    /* Asks by HTTP, and leaves as soon as sockets may be tried again. */
    async poll(current) {
      while (current() && (Date.now() < this.httpUntil || !("WebSocket" in window))) {
        try {
          if (!(await this.post())) this.take(await call(`${this.path}/messages?after=${this.last}&wait_s=${POLL_S}`));
          this.connected();
        } catch {
          await this.lost();
          return;
        }
      }
    }

    connected() {
      if (this.failures) this.view.state("retablie", 4000);
      this.failures = 0;
    }

    async lost() {
      this.failures += 1;
      if (this.failures >= FAILURES_BEFORE_HTTP) this.httpUntil = Date.now() + HTTP_FOR_MS;
      try { /* a server that was started again has forgotten us */
        this.take(await call(`${this.path}/messages?after=${this.last}`));
      } catch (trouble) {
        if (trouble instanceof Refused && trouble.status === 404) await this.restart();
      }
    }

    async restart() {
      try {
        await this.open(true);
        this.unsent = [];
        this.failures = 0;
      } catch { /* tried again after the next wait */ }
    }

    send(waiting) {
      this.socket.send(JSON.stringify({ type: "message", ...waiting }));
    }

    /* Sends the oldest message that waits, and takes its answer; false when there is none. */
    async post() {
      const waiting = this.unsent[0];
      if (!waiting) return false;
      this.view.working(true);
      try {
        this.take(await call(`${this.path}/messages`, { ...waiting, after: this.last }));
      } catch (error) {
        if (!(error instanceof Refused) || error.status >= 500 || error.status === 404) throw error;
        this.failed(error, waiting.client_id);
      } finally {
        this.view.working(false);
      }
      return true;
    }

    failed(error, clientId) {
      if (clientId) {
        this.unsent = this.unsent.filter((waiting) => waiting.client_id !== clientId);
        this.view.withdrawn(clientId);
      }
      this.view.say(FOR_VISITORS.has(error.code) ? error.message : this.view.words.non_envoye);
      if (error.code === "conversation_ended") this.finish();
    }
  }

  /* ---- what is seen ---- */

  class View {
    constructor(look, host) {
      this.look = look;
      this.words = look.labels;
      this.root = host.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      this.root.adoptedStyleSheets = [sheet];
      host.style.setProperty("--main", look.colours.main);
      host.style.setProperty("--on-main", look.colours.on_main);
      host.style.setProperty("--link", look.colours.on_main === "#ffffff" ? look.colours.main : "#1b2530");
      this.conversation = new Conversation(this);
      this.started = null;
      this.build();
    }

    build() {
      const { words } = this;
      this.launcher = make("button", { type: "button", class: "launcher", part: "launcher", "aria-haspopup": "dialog", onclick: () => this.open() }, icon("talk"), make("span", {}, words.ouvrir));
      this.log = make("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": words.conversation });
      this.dots = make("div", { class: "working", hidden: true }, make("i"), make("i"), make("i"));
      this.writing = make("span", { class: "unseen", role: "status" });
      this.choices = make("div", { class: "choices", role: "group", "aria-label": words.suggestions, hidden: true });
      this.status = make("p", { class: "state", role: "status" });
      this.input = make("textarea", { id: "input", rows: "1", maxlength: this.look.message_chars, placeholder: words.exemple, enterkeyhint: "send", onkeydown: (event) => this.typed(event), oninput: () => this.grow() });
      this.leave = make("button", { type: "button", class: "plain", onclick: () => this.conversation.leave() }, words.terminer);
      this.form = make("form", { onsubmit: (event) => this.submit(event) },
        make("label", { for: "input" }, words.saisie),
        make("div", { class: "row" }, this.input, make("button", { class: "send" }, words.envoyer)));
      this.again = make("button", { type: "button", class: "send again", hidden: true, onclick: () => this.restart() }, words.recommencer);
      this.scroll = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": words.conversation },
        make("p", { class: "about" }, words.automatique), this.log, this.dots, this.writing, this.choices);
      this.panel = make("section", { class: "panel", role: "dialog", "aria-labelledby": "title", tabindex: "-1", hidden: true, onkeydown: (event) => this.pressed(event) },
        make("header", { class: "head" },
          make("span", { class: "face", "aria-hidden": "true" }, this.look.assistant.slice(0, 1)),
          make("h2", { id: "title" }, words.titre, make("small", {}, words.sous_titre)),
          make("button", { type: "button", class: "icon", "aria-label": words.fermer, onclick: () => this.close() }, icon("close"))),
        this.scroll, this.status,
        make("footer", { class: "foot" }, this.form, this.again,
          make("div", { class: "below" },
            this.link(words.confidentialite, new URL(this.look.privacy_url.replace(/^\//, ""), base).href), this.leave)));
      this.frame = make("div", { class: script.dataset.position === "left" ? "left" : "" }, this.launcher, this.panel);
      this.root.append(this.frame);
    }

    link(label, url) {
      return make("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label, make("span", { class: "unseen" }, ` (${this.words.nouvelle_fenetre})`));
    }

    /* -- opening and closing -- */

    open(byHand = true) {
      this.panel.hidden = false;
      this.launcher.hidden = true;
      memory.set({ ...memory.get(), open: true });
      if (!this.started) {
        this.started = this.conversation.start().catch((error) => {
          this.started = null;
          this.say(FOR_VISITORS.has(error.code) ? error.message : this.words.indisponible);
        });
      }
      if (byHand) this.focus();
    }

    close() {
      this.panel.hidden = true;
      this.launcher.hidden = false;
      memory.set({ ...memory.get(), open: false });
      this.launcher.focus();
    }

    /* On a touch screen the text box would bring up the keyboard over the conversation. */
    focus() {
      if (this.form.hidden) this.again.focus();
      else if (matchMedia("(pointer: coarse)").matches) this.panel.focus();
      else this.input.focus();
    }

    pressed(event) {
      if (event.key === "Escape") {
        event.stopPropagation();
        this.close();
      }
    }

    /* -- writing -- */

    typed(event) {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.submit(event);
    }

    submit(event) {
      event.preventDefault();
      const text = this.input.value.trim();
      if (!text || !this.conversation.id || this.conversation.ended) return;
      this.input.value = "";
      this.grow();
      this.conversation.say({ text }, text);
    }

    grow() {
      this.input.style.height = "";
      if (this.input.value) this.input.style.height = `${this.input.scrollHeight + 3}px`;
    }

    choose(choice) {
      this.focus();
      this.conversation.say({ choice: choice.id }, choice.label);
    }

    async restart() {
      try {
        await this.conversation.open(false);
        this.conversation.carry();
      } catch (error) {
        this.say(FOR_VISITORS.has(error.code) ? error.message : this.words.indisponible);
      }
      this.focus();
    }

    /* -- what the conversation tells -- */

    pending(text, clientId) {
      this.offer([]);
      this.say("");
      const bubble = this.bubble({ from: "visitor", kind: "visitor", parts: [{ text, lang: "fr" }], links: [] });
      bubble.classList.add("pending");
      bubble.dataset.clientId = clientId;
      this.log.append(bubble);
      this.reveal(bubble);
    }

    withdrawn(clientId) {
      const bubble = this.bubbleOf(clientId);
      if (!bubble) return;
      if (!this.input.value) this.input.value = bubble.querySelector("p:last-child").textContent;
      bubble.remove();
      this.grow();
    }

    bubbleOf(clientId) {
      return Array.from(this.log.children).find((bubble) => bubble.dataset.clientId === clientId);
    }

    show(message) {
      const waiting = message.client_id && this.bubbleOf(message.client_id);
      if (waiting) {
        waiting.classList.remove("pending");
        return;
      }
      const bubble = this.bubble(message);
      this.log.append(bubble);
      if (message.from === "assistant") {
        this.working(false);
        this.offer(message.choices);
        this.input.setAttribute("inputmode", message.entry);
        this.input.setAttribute("autocomplete", message.entry === "text" ? "off" : message.entry);
      } else {
        this.offer([]);
      }
      this.reveal(bubble);
    }

    bubble(message) {
      const mine = message.from === "visitor";
      const bubble = make("div", { class: `message ${message.from} ${message.kind}` });
      bubble.append(make("span", { class: "unseen" }, `${mine ? this.words.vous : this.look.assistant} : `));
      if (message.important) {
        bubble.classList.add("important");
        bubble.append(make("p", { class: "mark" }, this.words.important));
      } else if (message.kind === "notice") {
        bubble.append(make("p", { class: "mark" }, this.words.information));
      }
      for (const part of message.parts) bubble.append(make("p", { lang: part.lang }, ...(mine ? [part.text] : this.dialled(part.text, message.important))));
      const links = message.links.filter((link) => /^(https?:|mailto:|tel:)/.test(link.url));
      if (links.length) bubble.append(make("ul", { "aria-label": this.words.liens }, ...links.map((link) => make("li", {}, this.link(link.label, link.url)))));
      return bubble;
    }

    /* Numbers become links that dial them; 114 takes text messages only. */
    dialled(text, important) {
      const nodes = [];
      let from = 0;
      for (const found of text.matchAll(important ? EMERGENCY : TELEPHONE)) {
        const number = found[0].replace(/\D/g, "");
        nodes.push(text.slice(from, found.index), make("a", { class: "number", href: `${number === "114" ? "sms" : "tel"}:${number}` }, found[0]));
        from = found.index + found[0].length;
      }
      return [...nodes, text.slice(from)];
    }

    offer(choices) {
      this.choices.replaceChildren(...choices.map((choice) => make("button", { type: "button", class: "choice", onclick: () => this.choose(choice) }, choice.label)));
      this.choices.hidden = !choices.length;
    }

    working(yes) {
      this.dots.hidden = !yes;
      this.writing.textContent = yes ? this.words.ecrit : "";
      if (yes) this.reveal(this.dots);
    }

    /* Brings the top of what is new into sight, and what follows it when there is room. */
    reveal(node) {
      const top = node.offsetTop - this.scroll.offsetTop - 16;
      this.scroll.scrollTop = Math.min(top, this.scroll.scrollHeight);
    }

    fromTop() {
      this.scroll.scrollTop = 0;
    }

    /* Old messages brought back are not to be read out again. */
    quiet(yes) {
      this.log.setAttribute("aria-live", yes ? "off" : "polite");
    }

    cleared(interrupted) {
      this.log.replaceChildren();
      this.offer([]);
      this.again.hidden = true;
      this.form.hidden = false;
      this.leave.hidden = false;
      this.say(interrupted ? this.words.interrompue : "");
    }

    finished() {
      this.working(false);
      this.offer([]);
      const here = this.root.activeElement;
      this.form.hidden = true;
      this.leave.hidden = true;
      this.again.hidden = false;
      if (here && !this.panel.hidden) this.again.focus();
    }

    state(name, forMs) {
      const text = this.words[name];
      if (this.status.textContent !== text) this.status.textContent = text;
      if (forMs) setTimeout(() => { if (this.status.textContent === text) this.status.textContent = ""; }, forMs);
    }

    say(text) {
      this.status.textContent = text;
    }
  }

  async function begin() {
    const look = await call("look");
    const host = make("div", { id: "sophie-chat", lang: "fr" });
    document.body.append(host);
    const view = new View(look, host);
    if ("open" in script.dataset || memory.get().open) view.open(false);
  }

  const STYLE = "/* style */";
  const ready = () => begin().catch((error) => console.warn("sophie.js:", error.message));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
