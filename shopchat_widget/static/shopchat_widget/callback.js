/**
 * Asking for a call: the visitor's own clock, slots that stay true while the form is open, a draft, and the work that
 * shows that nobody's program is asking. The form does without this file; the work alone does not.
 */

const KEY = "shopchat:callback";
const MINUTE = 60_000;

/** What was typed, in this tab only, and for whoever it was typed by. */
export class Draft {
  constructor(open, scope) {
    this.scope = scope;
    try {
      this.storage = open();
    } catch {
      this.storage = null; // forbidden
    }
  }

  read() {
    try {
      const { scope, fields } = JSON.parse(this.storage.getItem(KEY));
      return scope === this.scope ? fields : {};
    } catch {
      return {};
    }
  }

  write(fields) {
    try {
      this.storage.setItem(KEY, JSON.stringify({ scope: this.scope, fields }));
    } catch { /* full, or forbidden: it is a comfort */ }
  }

  forget() {
    this.storage?.removeItem(KEY);
  }
}

/** Finds the counter whose key begins as the challenge wants, see shopchat/core/proof_of_work.py. */
export async function solve({ parameters, signature }, subtle = globalThis.crypto.subtle) {
  const { algorithm, nonce, salt, cost, keyLength, keyPrefix } = parameters;
  const hash = algorithm.split("/")[1];
  const password = new Uint8Array([...bytes(nonce), 0, 0, 0, 0]);
  for (let counter = 0; ; counter += 1) {
    new DataView(password.buffer).setUint32(password.length - 4, counter);
    const key = await subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const derived = await subtle.deriveBits({ name: "PBKDF2", hash, salt: bytes(salt), iterations: cost }, key, keyLength * 8);
    const derivedKey = hex(new Uint8Array(derived));
    if (derivedKey.startsWith(keyPrefix)) {
      return btoa(JSON.stringify({ challenge: { parameters, signature }, solution: { counter, derivedKey } }));
    }
  }
}

const bytes = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
const hex = (array) => [...array].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const element = (id) => document.getElementById(`shopchat-${id}`);

const parse = (html) => new DOMParser().parseFromString(html, "text/html");
const read = (page) => JSON.parse(page.getElementById("shopchat-settings").textContent);

/** Change a text only when it changes: screen readers hear of every write. */
function write(node, text) {
  if (node && node.textContent !== text) node.textContent = text;
}

function begin() {
  let settings = read(document);
  const { urls, texts } = settings;
  const shop = parent === window ? null : parent;
  const form = () => element("call");
  const when = () => element("when");
  const tell = (what, more) => shop?.postMessage({ shopchat: what, ...more }, location.origin);

  // --- when we can call ------------------------------------------------------------------------------------------------

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  let [drawn, asking] = ["", false];
  const ticked = () => [...new FormData(when().form)].filter(([name]) => /^(when|day|slot-.*)$/.test(name));
  const asText = (fields) => new URLSearchParams(fields).toString();

  /** Draw the slots anew with what is ticked still ticked. Where that is no longer possible the answer says so. */
  async function refresh() {
    if (!when() || document.hidden || asking) return;
    asking = true;
    const before = asText([...ticked(), ["zone", zone]]);
    const html = await get(`${when().dataset.refresh}&${before}`);
    asking = false;
    // Something else was ticked meanwhile: the answer is to another question.
    if (!html || html === drawn || before !== asText([...ticked(), ["zone", zone]])) return;
    drawn = html;
    draw(parse(html).body.firstElementChild);
  }

  function draw(fresh) {
    const { name, value } = when().contains(document.activeElement) ? document.activeElement : {};
    const said = element("when-error").textContent;
    const wasWrong = when().getAttribute("aria-invalid");
    when().replaceWith(fresh);
    const error = element("when-error");
    // What was said to the form stays until something is ticked.
    if (!error.textContent && said) write(error, said);
    if (wasWrong) fresh.setAttribute("aria-invalid", wasWrong);
    if (name) [...fresh.querySelectorAll("input")].find((input) => input.name === name && input.value === value)?.focus();
  }

  async function get(url) {
    const options = { cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout?.(20_000) };
    const answer = await fetch(url, options).catch(() => null);
    return answer?.status === 200 && answer.headers.get("X-Shopchat") ? answer.text() : "";
  }

  // --- sending ---------------------------------------------------------------------------------------------------------

  let busy = false;

  async function send({ name, value } = {}) {
    if (busy) return;
    busy = true;
    disable(true, settings.challenge ? texts.working : texts.sending);
    const { captcha, csrfmiddlewaretoken } = form().elements;
    if (captcha && globalThis.crypto?.subtle) captcha.value = await solve(settings.challenge);
    // A log-in in another tab has changed the token; where nobody answers, the form stays as it is.
    const fresh = await get(urls.ticket);
    if (!fresh) return calm(texts.offline);
    csrfmiddlewaretoken.value = JSON.parse(fresh).csrf;
    if (name) form().append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    form().submit();
  }

  function calm(words) {
    busy = false;
    disable(false, words);
  }

  function disable(on, words) {
    for (const button of form()?.querySelectorAll("button") ?? []) button.setAttribute("aria-disabled", on);
    write(element("sending"), words);
  }

  // --- what was asked for ----------------------------------------------------------------------------------------------

  /** Somebody has worked on a request, or has written: show it, and let the launcher count. */
  async function watch() {
    if (!settings.scope) return;
    const state = JSON.parse((await get(urls.state)) || "{}");
    count(state.unread);
    if (!state.ticket) return;
    const { connect } = await import(urls.live);
    const renewTicket = async () => JSON.parse(await get(urls.state)).ticket;
    const live = connect({ url: urls.poll, stream: urls.stream, ticket: state.ticket, stamps: {}, renewTicket, onMove, onConnection() {} });
    live.start();
  }

  async function onMove() {
    count(JSON.parse((await get(urls.state)) || "{}").unread);
    if (!settings.isAsked) return;
    const page = parse(await get(location.href));
    if (!page.getElementById("shopchat-calls")) return;
    settings = read(page);
    element("calls").replaceWith(page.getElementById("shopchat-calls"));
    refresh();
  }

  function count(unread = 0) {
    tell("unread", { count: unread });
    const tab = document.querySelector(".shopchat-tabs a");
    if (!tab) return;
    tab.dataset.unread = unread || "";
    if (unread) tab.setAttribute("aria-label", `${tab.textContent.trim()}, ${texts.unread.replace("%s", unread)}`);
    else tab.removeAttribute("aria-label");
  }

  // --- the draft -------------------------------------------------------------------------------------------------------

  const draft = new Draft(() => sessionStorage, settings.scope);
  const KEPT = ["phone", "name", "about"];

  function restore() {
    const fields = draft.read();
    const inputs = KEPT.map((name) => form().elements[name]);
    for (const input of inputs) input.value ||= fields[input.name] ?? "";
    // Somebody was quicker than this file, on a slow phone.
    if (inputs.some((input) => input.value !== input.defaultValue)) keep();
  }

  function keep() {
    draft.write(Object.fromEntries(KEPT.map((name) => [name, form().elements[name].value])));
  }

  // --- beginning -------------------------------------------------------------------------------------------------------

  function pageOfShop() {
    try {
      return shop ? shop.location.pathname : "";
    } catch {
      return "";
    }
  }

  /** Where somebody's eyes are to go. A keyboard that covers half of a phone's screen does not come by itself. */
  function look() {
    const wrong = document.querySelector("[autofocus]") ?? element("refusal");
    const first = matchMedia("(pointer: coarse)").matches ? null : form()?.elements.phone;
    (wrong ?? first ?? element("title"))?.focus();
  }

  const root = document.documentElement.style;
  root.setProperty("--shopchat-accent", settings.accent);
  root.setProperty("--shopchat-on-accent", settings.onAccent);

  if (form()) {
    restore();
    if (pageOfShop()) form().elements.page.value = pageOfShop();
  } else if (settings.isAsked) draft.forget();
  // Nobody has to press the button a second time for what their browser has to prove.
  if (form() && settings.challenge && globalThis.crypto?.subtle) send();
  else if (settings.challenge) write(element("sending"), texts.insecure);
  if (when() && zone && zone !== when().elements.zone.value) refresh();
  watch();

  setInterval(refresh, MINUTE);
  document.addEventListener("visibilitychange", refresh);
  document.addEventListener("submit", (event) => {
    if (event.target !== form()) return;
    event.preventDefault();
    send(event.submitter ?? {});
  });
  document.addEventListener("input", ({ target }) => target.form === form() && form() && keep());
  document.addEventListener("change", ({ target }) => when()?.contains(target) && write(element("when-error"), ""));
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    calm("");
    refresh();
  });
  addEventListener("message", ({ source, origin, data }) => {
    if (source !== shop || origin !== location.origin || data?.shopchat !== "open") return;
    refresh();
    if (data.focus) look();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing) tell("close");
  });
  element("close").hidden = !shop;
  element("close").addEventListener("click", () => tell("close"));
  tell("ready");
}

if (globalThis.document) begin();
