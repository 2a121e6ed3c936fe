/**
 * Writing: reply or private note, never mistaken for each other; nothing typed is lost.
 * Each message gets an id of its own, is shown at once, and is sent in order until the server has answered for it. Drafts
 * and unsent messages live in this tab's storage, by conversation and operator: whoever signs in next sends none of them.
 * Tells `sc-composer:pending` (shown as sending) and `sc-composer:answered` (stored, with its lines).
 *
 * <form data-controller="sc-composer" data-mode="reply" data-sc-composer-number-value="48217730" data-text-failed="…"
 *       data-sc-composer-url-value="…/messages/send/" data-action="submit->sc-composer#submit">
 *   <input type="radio" name="kind" value="note" data-sc-composer-target="mode" data-action="sc-composer#changeMode">
 *   <textarea data-sc-composer-target="text" data-action="input->sc-composer#typed keydown->sc-composer#key"></textarea>
 *   <button data-sc-composer-target="send">…</button>
 *   <p role="alert" data-sc-composer-target="error"></p>
 *   <p data-sc-composer-target="counter" data-text="%s characters left" hidden></p>
 *   <template data-sc-composer-target="pending"><li>…</li></template>
 * </form>
 */

const TYPING_EVERY = 3000;
const COUNT_FROM = 400;

class ComposerController extends window.StimulusModule.Controller {
  static targets = ["mode", "text", "send", "error", "counter", "pending"];

  static values = { number: String, operator: String, url: String, typing: String, ctrlEnter: Boolean, limit: Number };

  connect() {
    this.queue = [];
    this.onOnline = () => this.resume();
    document.addEventListener("sc-desk:online", this.onOnline);
    this.restore();
    this.changeMode();
    this.measure();
  }

  disconnect() {
    document.removeEventListener("sc-desk:online", this.onOnline);
    clearInterval(this.countdown);
    this.stopTyping();
    this.left = true;
  }

  get desk() {
    return this.application.getControllerForElementAndIdentifier(document.querySelector(".sc-desk"), "sc-desk");
  }

  get mode() {
    return this.modeTargets.find((radio) => radio.checked)?.value || "reply";
  }

  set mode(mode) {
    this.modeTargets.forEach((radio) => {
      radio.checked = radio.value === mode;
    });
    this.changeMode();
  }

  changeMode() {
    this.element.dataset.mode = this.mode;
    const { placeholderReply, placeholderNote } = this.textTarget.dataset;
    this.textTarget.placeholder = this.mode === "note" ? placeholderNote : placeholderReply;
    if (this.mode === "note") this.stopTyping();
    this.saveDraft();
  }

  typed() {
    this.showError("");
    this.measure();
    this.saveDraft();
    this.tellTyping();
  }

  key(event) {
    if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return;
    const withCtrl = event.ctrlKey || event.metaKey;
    const plain = !withCtrl && !event.shiftKey && !event.altKey;
    const enterSends = !this.ctrlEnterValue && !matchMedia("(pointer: coarse)").matches;
    if (!withCtrl && !(plain && enterSends)) return;
    event.preventDefault();
    this.element.requestSubmit();
  }

  /** Alt+N changes between reply and note, whatever the keyboard's language. */
  shortcut(event) {
    if (event.code !== "KeyN" || !event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    event.preventDefault();
    this.mode = this.mode === "note" ? "reply" : "note";
    this.textTarget.focus();
  }

  submit(event) {
    event.preventDefault();
    const text = this.textTarget.value;
    const { textEmpty, textLong } = this.element.dataset;
    if (!text.trim()) return this.showError(textEmpty);
    if (this.remaining() < 0) return this.showError(textLong);
    this.setText("");
    this.stopTyping();
    this.enqueue({ id: newId(), kind: this.mode, text });
    this.run();
    return this.textTarget.focus();
  }

  enqueue(item, reason = "") {
    item.element = this.pendingTarget.content.firstElementChild.cloneNode(true);
    item.element.dataset.clientId = item.id;
    item.element.classList.add(`sc-message--${item.kind}`);
    item.element.querySelector(".sc-text").textContent = item.text;
    item.element.querySelector("[data-retry]").addEventListener("click", () => this.resume());
    item.element.querySelector("[data-edit]").addEventListener("click", () => this.edit(item));
    show(item, reason);
    this.queue.push(item);
    this.saveUnsent();
    this.dispatch("pending", { detail: { element: item.element } });
  }

  resume() {
    this.queue.forEach((item) => show(item, ""));
    this.run();
  }

  /** Send what waits, one after the other. A failure stops the row, so that the order holds. */
  async run() {
    if (this.running || this.blocked) return;
    this.running = true;
    try {
      while (this.queue.length && !this.blocked) await this.sendFirst();
    } catch {
      this.queue.forEach((item) => show(item, this.element.dataset.textFailed));
    } finally {
      this.running = false;
    }
  }

  async sendFirst() {
    const [item] = this.queue;
    const body = new URLSearchParams({ text: item.text, client_id: item.id, kind: item.kind });
    const answer = await this.desk.ask(this.urlValue, body);
    if (answer.ok) {
      const html = await answer.text();
      this.forget(item);
      if (!this.left) this.dispatch("answered", { detail: { html } });
    } else if (answer.status === 429) {
      this.wait(Number(answer.headers.get("Retry-After")) || 5);
    } else {
      this.giveBack(item, await reasonOf(answer, this.element.dataset.textFailed));
    }
  }

  /** Too many at once: count down in front of the operator, then go on. */
  wait(seconds) {
    this.blocked = true;
    const until = Date.now() + seconds * 1000;
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      if (left > 0) return this.showError(this.element.dataset.textWait.replace("%s", left), { quiet: left < seconds });
      clearInterval(this.countdown);
      this.blocked = false;
      this.showError("");
      return this.run();
    };
    this.countdown = setInterval(tick, 1000);
    tick();
  }

  /** The server will never take it like this: back to the text box, or, if that is in use, it stays and can be edited. */
  giveBack(item, reason) {
    this.showError(reason);
    if (this.textTarget.value) {
      this.queue.splice(this.queue.indexOf(item), 1);
      item.refused = true;
      show(item, reason);
      return;
    }
    this.edit(item);
    this.showError(reason);
  }

  edit(item) {
    const typed = this.textTarget.value;
    this.forget(item);
    item.element.remove();
    this.mode = item.kind;
    this.setText(typed ? `${item.text}\n${typed}` : item.text);
    this.showError("");
    this.textTarget.focus();
  }

  forget(item) {
    this.queue = this.queue.filter((other) => other !== item);
    this.saveUnsent(item);
  }

  setText(text) {
    this.textTarget.value = text;
    this.showError("");
    this.measure();
    this.saveDraft();
  }

  showError(text, { quiet = false } = {}) {
    // The seconds of a countdown are not read out one by one.
    this.errorTarget.setAttribute("aria-live", quiet ? "off" : "assertive");
    this.errorTarget.textContent = text;
    this.textTarget.toggleAttribute("aria-invalid", Boolean(text));
    if (text) this.textTarget.setAttribute("aria-invalid", "true");
  }

  /** The box grows with the text; the counter appears near the end. */
  measure() {
    const box = this.textTarget;
    if (!CSS.supports("field-sizing", "content")) {
      box.style.blockSize = "auto";
      box.style.blockSize = `${box.scrollHeight + box.offsetHeight - box.clientHeight}px`;
    }
    const left = this.remaining();
    this.counterTarget.hidden = left > COUNT_FROM;
    this.counterTarget.textContent = this.counterTarget.dataset.text.replace("%s", left);
    this.counterTarget.classList.toggle("sc-counter--over", left < 0);
  }

  remaining() {
    return this.limitValue - [...this.textTarget.value.trim()].length;
  }

  tellTyping() {
    if (this.mode !== "reply") return;
    if (!this.textTarget.value.trim()) {
      this.stopTyping();
    } else if (Date.now() - (this.typingTold || 0) > TYPING_EVERY) {
      this.typingTold = Date.now();
      this.desk?.ask(this.typingValue, new URLSearchParams()).catch(() => {});
    }
  }

  stopTyping() {
    if (!this.typingTold) return;
    this.typingTold = 0;
    this.desk?.ask(this.typingValue, new URLSearchParams({ stopped: "1" })).catch(() => {});
  }

  restore() {
    const draft = load(this.draftKey, null);
    if (draft && !this.textTarget.value) {
      this.mode = draft.mode;
      this.setText(draft.text);
    }
    load(this.unsentKey, []).forEach((item) => this.enqueue(item, this.element.dataset.textFailed));
  }

  get draftKey() {
    return `shopchat:draft:${this.operatorValue}:${this.numberValue}`;
  }

  get unsentKey() {
    return `shopchat:unsent:${this.operatorValue}:${this.numberValue}`;
  }

  saveDraft() {
    const text = this.textTarget.value;
    save(this.draftKey, text ? { text, mode: this.mode } : null);
  }

  saveUnsent(done = null) {
    // Another conversation may be on screen by now; what was left here under this number stays until it is answered.
    const kept = load(this.unsentKey, []).filter(({ id }) => id !== done?.id);
    const known = new Set(kept.map(({ id }) => id));
    const added = this.queue.filter(({ id }) => !known.has(id)).map(({ id, kind, text }) => ({ id, kind, text }));
    const all = [...kept, ...added];
    save(this.unsentKey, all.length ? all : null);
  }
}

function show(item, reason) {
  item.element.classList.toggle("sc-message--failed", Boolean(reason));
  item.element.classList.toggle("sc-message--refused", Boolean(item.refused));
  item.element.querySelector(".sc-pending__reason").textContent = reason;
}

async function reasonOf(answer, otherwise) {
  const isText = (answer.headers.get("Content-Type") || "").startsWith("text/plain");
  return isText ? answer.text() : otherwise;
}

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function load(key, otherwise) {
  try {
    return JSON.parse(sessionStorage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function save(key, value) {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Storage is full or forbidden: the text is still in the box.
  }
}

window.wagtail.app.register("sc-composer", ComposerController);
