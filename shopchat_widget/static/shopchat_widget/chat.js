/**
 * The chat in its frame or in a tab of its own: a queue that loses nothing, a thread, a composer, and what ties them.
 * One file, because each module would be a request more. htmx swaps fragments; the transport is shopchat/live.js.
 */

const KEY = "shopchat:";
const PAUSES = [1, 2, 4, 8, 15, 30]; // seconds between attempts
const GROUPED_WITHIN = 120_000;

/** Our part of a browser's storage; keeps things in memory where the browser forbids it. */
export class Shelf {
  constructor(open) {
    this.memory = new Map();
    try {
      this.storage = open();
      this.storage.getItem(KEY);
    } catch {
      this.storage = null;
    }
  }

  get(name) {
    return this.memory.get(name) ?? this.storage?.getItem(KEY + name) ?? null;
  }

  set(name, value) {
    try {
      this.storage.setItem(KEY + name, value);
      this.memory.delete(name);
    } catch {
      this.memory.set(name, value);
    }
  }

  remove(...names) {
    for (const name of names) {
      this.memory.delete(name);
      this.storage?.removeItem(KEY + name);
    }
  }

  /** All names that begin with `prefix`, sorted. */
  names(prefix = "") {
    const stored = Object.keys(this.storage ?? {}).filter((key) => key.startsWith(KEY));
    const names = [...stored.map((key) => key.slice(KEY.length)), ...this.memory.keys()];
    return [...new Set(names)].filter((name) => name.startsWith(prefix)).sort();
  }
}

/**
 * Messages that were written and not yet acknowledged. Each is stored at once under an id of its own and sent strictly in
 * order, the next after the answer to the one before; the server stores an id once, so a repetition does no harm.
 *
 * `send(entry)` resolves to {stored: html}, {refused: reason}, or {later: seconds, reason} to try again; it never rejects.
 * `onChange(what, entry, result)` hears of "added", "stored", "refused", "removed" and "waiting".
 */
export class Outbox {
  constructor({ shelf, send, onChange, locks = globalThis.navigator?.locks, now = Date.now }) {
    Object.assign(this, { shelf, send, onChange, locks, now });
    this.attempt = 0;
    this.timer = null;
    this.draining = false;
  }

  entries() {
    return this.shelf.names("out:").map((name) => this.read(name)).filter(Boolean);
  }

  add(entry) {
    // The name sorts by time and after all that wait, whatever the clock has done since.
    const latest = Number(this.shelf.names("out:").pop()?.split(":")[1] ?? 0);
    const full = { ...entry, at: this.now(), id: newId() };
    full.name = `out:${String(Math.max(full.at, latest + 1)).padStart(15, "0")}:${full.id}`;
    this.write(full);
    this.onChange("added", full);
    this.drain();
    return full;
  }

  remove(entry) {
    this.shelf.remove(entry.name);
    this.onChange("removed", entry);
  }

  /** Try at once what waits for another attempt. */
  wake() {
    if (!this.limited) this.drain();
  }

  async drain() {
    if (this.draining) return;
    this.draining = true;
    clearTimeout(this.timer);
    this.timer = null;
    this.limited = false;
    try {
      await this.alone(() => this.sendAll());
    } finally {
      this.draining = false;
    }
    if (!this.timer && this.next()) this.drain(); // written after the last look
  }

  /** Of several tabs one sends at a time. Where locks are missing the server still stores each id once. */
  alone(work) {
    return this.locks ? this.locks.request("shopchat-outbox", work) : work();
  }

  async sendAll() {
    for (let entry = this.next(); entry; entry = this.next()) {
      const result = await this.send(entry);
      if (result.later !== undefined) return this.pause(entry, result);
      this.attempt = 0;
      if (result.refused === undefined) this.shelf.remove(entry.name);
      else this.write({ ...entry, refused: result.refused });
      this.onChange(result.refused === undefined ? "stored" : "refused", entry, result);
    }
  }

  pause(entry, result) {
    const seconds = result.later || PAUSES[Math.min(this.attempt, PAUSES.length - 1)];
    this.limited = Boolean(result.later);
    this.attempt += 1;
    this.timer = setTimeout(() => this.drain(), seconds * 1000);
    this.onChange("waiting", entry, { ...result, seconds });
  }

  next() {
    return this.entries().find((entry) => entry.refused === undefined);
  }

  read(name) {
    try {
      return { ...JSON.parse(this.shelf.get(name)), name };
    } catch {
      return null;
    }
  }

  write(entry) {
    this.shelf.set(entry.name, JSON.stringify(entry));
  }
}

/** The list of messages: every line once, in order, with its day, its group and its tick. */
class Thread {
  constructor(list, { language, texts }) {
    Object.assign(this, { list, texts });
    this.scroller = list.closest("[role=log]");
    this.clock = new Intl.DateTimeFormat(language, { timeStyle: "short" });
    this.date = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
    this.near = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
    for (const line of list.children) line.dataset.old = "";
  }

  /** Put in what is new, wherever it comes from. Returns the elements put in. */
  merge(elements) {
    return this.inPlace(() => {
      const placed = [...elements].filter((element) => this.place(element));
      this.arrange();
      return placed;
    });
  }

  place(element) {
    if (element.matches(".shopchat-older")) {
      this.list.prepend(element);
      return true;
    }
    const { seq, clientId } = element.dataset;
    if (!seq || this.list.querySelector(`[data-seq="${CSS.escape(seq)}"]`)) return false;
    const pending = this.pending(clientId);
    if (pending) element.dataset.old = "";
    pending?.remove();
    const later = [...this.list.children].find((line) => "at" in line.dataset && !(Number(line.dataset.seq || Infinity) < seq));
    this.list.insertBefore(element, later ?? null);
    return true;
  }

  /** A bubble for what is not stored yet. */
  expect(entry) {
    if (this.list.querySelector(`[data-client-id="${entry.id}"]`)) return this.refuse(entry);
    const line = document.getElementById("shopchat-blank").content.firstElementChild.cloneNode(true);
    Object.assign(line.dataset, { clientId: entry.id, at: new Date(entry.at).toISOString(), pending: "" });
    line.querySelector(".shopchat-bubble").textContent = entry.text;
    this.list.append(line);
    this.arrange();
    this.refuse(entry);
    this.toEnd();
  }

  /** The entry was refused, here or in another tab; the reason stands below it, once. */
  refuse({ id, refused }) {
    const line = this.pending(id);
    if (refused === undefined || !line || line.querySelector(".shopchat-refused")) return;
    this.tick(line, "failed");
    const note = document.getElementById("shopchat-refused").content.cloneNode(true);
    line.append(note);
    line.querySelector(".shopchat-reason").textContent = refused;
  }

  forget(entry) {
    this.pending(entry.id)?.remove();
    this.arrange();
  }

  pending(id) {
    return this.list.querySelector(`[data-pending][data-client-id="${CSS.escape(id)}"]`);
  }

  receipts({ delivered, read }) {
    for (const line of this.list.querySelectorAll("[data-author=visitor]:not([data-pending])")) {
      const seq = Number(line.dataset.seq);
      this.tick(line, seq <= read ? "read" : seq <= delivered ? "delivered" : "stored");
    }
  }

  tick(line, state) {
    const tick = line.querySelector(".shopchat-tick");
    if (!tick || tick.dataset.state === state) return;
    tick.dataset.state = state;
    tick.setAttribute("aria-label", this.texts[state]);
  }

  /** Days and times as this browser's zone has them, groups as the neighbours are. */
  arrange() {
    let before = null;
    for (const line of this.list.querySelectorAll("[data-at]")) {
      const at = new Date(line.dataset.at || Date.now());
      const startsDay = before?.at.toDateString() !== at.toDateString();
      this.divide(line, startsDay && at);
      const follows = !startsDay && sameSpeaker(before.line, line) && at - before.at < GROUPED_WITHIN;
      line.classList.toggle("shopchat-message--follows", follows);
      write(line.querySelector(".shopchat-time"), this.clock.format(at));
      before = { line, at };
    }
  }

  divide(line, at) {
    let divider = line.previousElementSibling;
    if (!divider?.matches(".shopchat-day")) divider = null;
    if (!at) return divider?.remove();
    if (!divider) {
      divider = document.createElement("li");
      divider.className = "shopchat-day";
      divider.append(document.createElement("time"));
      line.before(divider);
    }
    write(divider.firstElementChild, this.day(at));
    divider.firstElementChild.dateTime = line.dataset.at.slice(0, 10);
  }

  day(at) {
    const days = Math.round((new Date(at).setHours(12, 0, 0, 0) - new Date().setHours(12, 0, 0, 0)) / 86_400_000);
    const name = days > -2 ? this.near.format(days, "day") : this.date.format(at);
    return name.charAt(0).toLocaleUpperCase() + name.slice(1);
  }

  newestReply() {
    return Math.max(0, ...[...this.list.querySelectorAll("[data-author=operator]")].map((line) => Number(line.dataset.seq)));
  }

  repliesAfter(seq) {
    return [...this.list.querySelectorAll("[data-author=operator]")].filter((line) => line.dataset.seq > seq).length;
  }

  /** The scroller is laid out from its end: 0 is the newest message, and upwards is negative. */
  isAtEnd() {
    return this.scroller.scrollTop > -48;
  }

  toEnd() {
    this.scroller.scrollTop = 0;
  }

  /** Change lines without moving what somebody is reading. */
  inPlace(change) {
    const top = this.scroller.getBoundingClientRect().top;
    const anchor = this.isAtEnd() ? null : [...this.list.querySelectorAll("[data-seq]")].find((line) => bottomOf(line) > top);
    const before = anchor && bottomOf(anchor);
    const result = change();
    if (anchor) this.scroller.scrollTop += bottomOf(anchor) - before;
    else this.toEnd();
    return result;
  }
}

const element = (id) => document.getElementById(`shopchat-${id}`);
const bottomOf = (line) => line.getBoundingClientRect().bottom;
const sameSpeaker = (one, other) =>
  one.dataset.author === other.dataset.author && one.dataset.operator === other.dataset.operator;

function newId() {
  // randomUUID is missing on plain http, where a shop may be tried out.
  return crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");
}

/** Change a text only when it changes: screen readers hear of every write. */
function write(node, text) {
  if (node && node.textContent !== text) node.textContent = text;
}

function begin() {
  const settings = JSON.parse(element("settings").textContent);
  const { urls, texts } = settings;
  const { htmx } = globalThis;
  const shop = parent === window ? null : parent;
  const shelf = new Shelf(() => localStorage);
  const thread = new Thread(element("messages"), settings);
  const [form, text, error, connection] = ["composer", "text", "error", "connection"].map(element);
  const state = { number: "", cursor: 0, delivered: 0, read: 0, seen: 0 };
  let [live, isOpen, activeAt] = [null, !shop, 0];

  // --- what the browser may keep -------------------------------------------------------------------------------------

  /** Another person's things never outlive a log-in or a log-out; an unknown visitor's go along into the account. */
  function clearOthers() {
    const kept = shelf.get("scope");
    if (kept === null || kept === settings.scope) return;
    if (kept === "" || kept === settings.joined) remember();
    else {
      shelf.remove(...shelf.names());
      tell("wiped");
    }
  }

  /** Some answer, perhaps in another tab, came with the log-in that made the browser's conversations the account's. */
  function heard(joined) {
    const [before, present] = joined?.split(" ") ?? [];
    if (!present || shelf.get("scope") !== before) return;
    settings.scope = present;
    remember();
  }

  /** Called with everything that is stored: says whose it is. Nothing is stored before the visitor acts. */
  function remember() {
    if (shelf.get("scope") !== settings.scope) shelf.set("scope", settings.scope);
  }

  // --- sending -------------------------------------------------------------------------------------------------------

  async function request(url, fields) {
    const body = fields && new URLSearchParams({ ...fields, csrfmiddlewaretoken: settings.csrf });
    const options = { credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout?.(20_000) };
    const answer = await fetch(url, body ? { ...options, method: "POST", body } : options);
    if (answer.status === 403) return answer; // the CSRF check's page is the shop's
    if (!answer.headers.get("X-Shopchat")) throw new Error("not an answer of ours"); // a captive portal, a proxy
    heard(answer.headers.get("X-Shopchat-Joined"));
    return answer;
  }

  async function send(entry, isSecondTry = false) {
    try {
      const fields = { text: entry.text, client_id: entry.id, start: entry.start, page: pageOfShop() };
      const answer = await request(urls.messages, { ...fields, conversation: entry.number || state.number });
      if (answer.status === 403 && !isSecondTry) return (await renew()) && (await send(entry, true));
      const words = await answer.text();
      if (answer.ok) return { stored: words };
      if (answer.status === 429) return { later: Number(answer.headers.get("Retry-After")) || 30, reason: words };
      return answer.status >= 500 || answer.status === 403 ? { later: 0 } : { refused: words };
    } catch {
      return { later: 0 };
    }
  }

  async function renew() {
    const answer = await request(state.number ? `${urls.ticket}&c=${state.number}` : urls.ticket);
    if (answer.status === 404) location.reload(); // signed out meanwhile
    const fresh = await answer.json();
    settings.csrf = fresh.csrf;
    return fresh;
  }

  function pageOfShop() {
    try {
      return shop ? shop.location.pathname : "";
    } catch {
      return "";
    }
  }

  const changes = {
    added: (entry) => thread.expect(entry),
    removed: (entry) => thread.forget(entry),
    refused: ({ id }, { refused }) => thread.refuse({ id, refused }),
    stored(entry, { stored }) {
      const fragment = new DOMParser().parseFromString(stored, "text/html").body.children;
      calm();
      thread.merge(fragment);
      adopt([...fragment].find((part) => part.id === "shopchat-state")?.dataset ?? {});
      thread.forget(entry); // drawn by another tab meanwhile
    },
    waiting(entry, { seconds, reason }) {
      if (reason) countDown(seconds, reason);
      else interrupted();
    },
  };
  const outbox = new Outbox({ shelf, send, onChange: (what, entry, result) => changes[what](entry, result) });

  let countdown = null;
  function countDown(seconds, reason) {
    const until = Date.now() + seconds * 1000;
    const shown = document.createElement("span");
    shown.setAttribute("aria-hidden", "true"); // the reason is read out once, the seconds are not
    write(error, reason);
    connection.replaceChildren(shown);
    const show = () => {
      const left = Math.max(1, Math.ceil((until - Date.now()) / 1000));
      write(shown, left < 120 ? texts.wait.replace("%s", left) : texts.waitLong.replace("%s", Math.ceil(left / 60)));
    };
    show();
    clearInterval(countdown);
    countdown = setInterval(show, 1000);
  }

  /** Says it once, with a way to try at once what waits. */
  function interrupted() {
    if (connection.firstElementChild?.matches("button")) return;
    write(connection, texts.offline);
    if (!outbox.next()) return;
    const again = element("refused").content.querySelector("[data-do=retry]").cloneNode(true);
    again.onclick = () => outbox.wake();
    connection.append(" ", again);
  }

  function calm() {
    clearInterval(countdown);
    write(error, "");
    write(connection, "");
  }

  // --- what the server says --------------------------------------------------------------------------------------------

  /** Take over where the conversation stands. Everything in it only moves forward. */
  function adopt({ number, readable, open, cursor, delivered, read, seen, ticket, scope }) {
    for (const [name, value] of Object.entries({ cursor, delivered, read, seen })) {
      state[name] = Math.max(state[name], Number(value) || 0);
    }
    if (open) element("closed").hidden = open === "yes";
    if (scope !== undefined && scope !== settings.scope) {
      settings.scope = scope;
      remember();
    }
    if (number && number !== state.number) {
      state.number = number;
      shelf.remove("start");
      write(element("number"), texts.conversation.replace("%s", readable));
      watch(ticket || settings.ticket);
    }
    thread.receipts(state);
    look();
  }

  async function watch(ticket) {
    const { connect } = await import(urls.live);
    live = connect({
      url: urls.poll,
      stream: urls.stream,
      ticket,
      stamps: settings.stamps,
      renewTicket: async () => (await renew()).ticket,
      onMove,
      onConnection: (online) => {
        if (!online) return interrupted();
        calm();
        outbox.wake();
      },
    });
    live.start();
  }

  function onMove(moved) {
    for (const [topic, stamp] of Object.entries(moved)) {
      if (topic.startsWith("typing.")) showTyping(Boolean(stamp));
      else refresh();
    }
  }

  let typingTimer = null;
  function showTyping(on) {
    clearTimeout(typingTimer);
    write(element("typing"), on ? element("typing").dataset.text : "");
    if (on) typingTimer = setTimeout(showTyping, 8000);
  }

  let [refreshing, again, failures] = [false, false, 0];
  async function refresh() {
    again = true;
    if (refreshing) return;
    refreshing = true;
    try {
      while (again) {
        again = false;
        await fetchUpdates();
      }
      failures = 0;
    } catch {
      failures += 1;
      setTimeout(refresh, 1000 * PAUSES[Math.min(failures, PAUSES.length - 1)]);
    }
    refreshing = false;
  }

  async function fetchUpdates() {
    const source = thread.list;
    const url = `${urls.conversation}${state.number}/updates/${urls.query}&after=${state.cursor}`;
    const answered = new Promise((resolve) => source.addEventListener("htmx:beforeOnLoad", resolve, { once: true }));
    await htmx.ajax("GET", url, { source, target: source, swap: "shopchat" });
    const { xhr } = (await answered).detail;
    if (xhr.status === 404) location.reload(); // signed out meanwhile: nothing may stay on the screen
    if (xhr.status >= 300 || !xhr.getResponseHeader("X-Shopchat")) throw new Error("not an answer of ours");
  }

  htmx?.defineExtension("shopchat", {
    isInlineSwap: (style) => style === "shopchat",
    handleSwap(style, target, fragment) {
      if (style !== "shopchat") return false;
      const parts = [...fragment.children];
      // What was asked for is there, or there is no more of it.
      if (!parts.some((part) => part.id === "shopchat-state")) thread.list.querySelector(".shopchat-older")?.remove();
      const known = thread.newestReply();
      const placed = thread.merge(parts);
      adopt(parts.find((part) => part.id === "shopchat-state")?.dataset ?? {});
      if (placed.some((line) => line.dataset.author === "operator" && line.dataset.seq > known)) {
        showTyping(false);
        element("newest").hidden = thread.isAtEnd();
      }
      return placed;
    },
  });
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr } = event.detail;
    if (xhr.getResponseHeader("X-Shopchat")) heard(xhr.getResponseHeader("X-Shopchat-Joined"));
    else event.preventDefault();
  });
  // Messages are kept and sent again; whoever pressed a button of the address form does that themselves.
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (!detail.successful && detail.elt.matches("#shopchat-address form")) write(element("email-error"), texts.undone);
  });

  // --- reading -------------------------------------------------------------------------------------------------------

  /** Somebody may be looking: what they see is read, and the launcher learns what is not. */
  function look() {
    if (thread.isAtEnd()) element("newest").hidden = true;
    const newest = thread.newestReply();
    if (isOpen && !document.hidden && thread.isAtEnd() && newest > state.seen) {
      const before = state.seen;
      state.seen = Math.max(newest, state.cursor);
      post("seen", { up_to: state.seen }).catch(() => (state.seen = before));
    }
    tell("unread", { count: thread.repliesAfter(state.seen) });
  }

  const post = (what, fields) => request(`${urls.conversation}${state.number}/${what}/${urls.query}`, fields);
  const tell = (what, more) => shop?.postMessage({ shopchat: what, ...more }, location.origin);

  /** Ask every two seconds while somebody is here; the transport slows down by itself afterwards. */
  function active() {
    activeAt = Date.now();
    live?.nudge();
  }

  setInterval(() => {
    if (isOpen && !document.hidden && Date.now() - activeAt < 120_000) live?.nudge();
  }, 2000);
  setInterval(() => {
    if (isOpen && !document.hidden) htmx?.trigger("#shopchat-answering", "shopchat:look");
  }, 60_000);

  // --- writing -------------------------------------------------------------------------------------------------------

  function submit() {
    const words = text.value.trim();
    const length = [...words].length;
    if (!words || length > settings.maxLength) return complain(words ? texts.tooLong.replace("%s", length) : texts.empty);
    complain("");
    remember();
    if (!state.number && !shelf.get("start")) shelf.set("start", settings.start);
    const start = state.number ? "" : shelf.get("start");
    text.value = "";
    shelf.remove("draft");
    typed();
    outbox.add({ text: words, number: state.number, start });
    active();
  }

  function complain(words) {
    write(error, words);
    if (!words) return text.removeAttribute("aria-invalid");
    text.setAttribute("aria-invalid", "true");
    text.focus();
  }

  let typingSince = 0;
  function typed() {
    const length = [...text.value].length;
    write(element("counter"), length > settings.maxLength * 0.9 ? `${length} / ${settings.maxLength}` : "");
    if (!CSS.supports("field-sizing", "content")) {
      text.style.height = "auto";
      text.style.height = `${text.scrollHeight + 2}px`;
    }
    if (!state.number) return;
    if (!text.value) typingSince = 0;
    else if (Date.now() - typingSince > 3000) {
      typingSince = Date.now();
      post("typing", { on: 1 }).catch(() => {});
    }
  }

  function edit(entry) {
    outbox.remove(entry);
    text.value = text.value ? `${text.value}\n${entry.text}` : entry.text;
    typed();
    text.focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  text.addEventListener("keydown", (event) => {
    // 229: a key that an input method is still making something of.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    submit();
  });
  text.addEventListener("input", () => {
    remember();
    shelf.set("draft", text.value);
    if (error.textContent) complain("");
    typed();
  });
  thread.list.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-do]");
    const id = button?.closest("[data-client-id]").dataset.clientId;
    const entry = outbox.entries().find((one) => one.id === id);
    if (!entry) return;
    if (button.dataset.do === "edit") return edit(entry);
    outbox.remove(entry);
    outbox.add({ text: entry.text, number: state.number, start: entry.start });
  });

  // --- the frame -----------------------------------------------------------------------------------------------------

  addEventListener("message", ({ source, origin, data }) => {
    if (source !== shop || origin !== location.origin) return;
    if (data?.shopchat !== "open" && data?.shopchat !== "closed") return;
    isOpen = data.shopchat === "open";
    if (!isOpen) return;
    if (data.focus) (matchMedia("(pointer: coarse)").matches ? thread.scroller : text).focus();
    active();
    look();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing) tell("close");
  });
  addEventListener("storage", ({ key, newValue }) => {
    if (key === `${KEY}scope` && (newValue ?? "") !== settings.scope) location.reload();
    if (key?.startsWith(`${KEY}out:`)) showOwn();
  });
  addEventListener("online", () => outbox.wake());
  document.addEventListener("visibilitychange", look);
  for (const kind of ["keydown", "pointerdown", "focus"]) {
    addEventListener(kind, () => Date.now() - activeAt > 5000 && active(), { capture: true, passive: true });
  }
  thread.scroller.addEventListener("scroll", look, { passive: true });
  element("newest").addEventListener("click", () => thread.toEnd());
  element("check").hidden = true;
  element("close").hidden = !shop;
  element("close").addEventListener("click", () => tell("close"));

  // --- beginning -----------------------------------------------------------------------------------------------------

  function showOwn() {
    for (const entry of outbox.entries()) {
      if ((entry.number || state.number) === state.number) thread.expect(entry);
    }
  }

  const root = document.documentElement.style;
  root.setProperty("--shopchat-accent", settings.accent);
  root.setProperty("--shopchat-on-accent", settings.onAccent);
  clearOthers();
  thread.arrange();
  adopt(element("state").dataset);
  // Somebody may have been quicker than this file, on a slow phone.
  if (text.value !== text.defaultValue) shelf.set("draft", text.value);
  text.value ||= shelf.get("draft") ?? "";
  if (state.number) remember();
  showOwn();
  typed();
  outbox.drain();
  tell("ready");
}

if (globalThis.document) {
  // This file runs before htmx, which at once notes its path in the tab's session storage, under the very key that the
  // shop's own htmx uses. Without that storage it keeps its history to itself.
  Object.defineProperty(window, "sessionStorage", { get: () => null });
  document.addEventListener("DOMContentLoaded", begin);
}
