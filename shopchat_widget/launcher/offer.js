// The bubble beside the launcher and the window with the basket. Loaded only where there is something to show.
// What the view puts in arrives in `whenHere(settings, quiet, wait)`, see assembly.py. All words are drawn as text.

const SIGNS = ["pointermove", "pointerdown", "keydown", "scroll", "touchstart"];
const STILL = 15; // seconds without a sign are a pause to think
const PHONE = matchMedia("(max-width:640px),(max-height:480px)");
const CONTROLS = "button, input, select, textarea, [role=button], [type=submit]";

/**
 * Wait for the first sign that somebody is here, then ask for the words and show them.
 * `wait` is empty for somebody who comes back; else the seconds until somebody who fills a basket has taken long.
 */
function whenHere(settings, quiet, wait) {
  const due = performance.now() + wait * 1000;
  const launcher = document.querySelector("shopchat-launcher");
  const isQuiet = () => launcher.isOpen || quiet.test(location.pathname);
  const here = async () => {
    for (const kind of SIGNS) removeEventListener(kind, here, true);
    if (wait) await stillness(due);
    if (isQuiet()) return;
    const answer = await post(settings.show, {});
    if (answer?.status !== 200 || !answer.headers.get("X-Shopchat") || isQuiet()) return;
    const offer = new Offer(launcher, await answer.json(), settings.css);
    // A boosted page changes without loading, and may be the checkout.
    globalThis.navigation?.addEventListener("currententrychange", () => quiet.test(location.pathname) && offer.leave());
    if (offer.told.window && !PHONE.matches) offer.openWindow();
    else offer.drawBubble();
  };
  for (const kind of SIGNS) addEventListener(kind, here, { capture: true, passive: true });
}

/** Until `due`, and until somebody who looks at the page does nothing for a while. One timer, which no sign winds up. */
const stillness = (due) => new Promise((done) => {
  let last;
  const note = () => (last = performance.now());
  const look = () => {
    if (document.hidden) return document.addEventListener("visibilitychange", back, { once: true });
    const left = Math.max(due, last + STILL * 1000) - performance.now();
    if (left > 0) return setTimeout(look, left);
    for (const kind of SIGNS) removeEventListener(kind, note, true);
    done();
  };
  const back = () => (note(), look());
  for (const kind of SIGNS) addEventListener(kind, note, { capture: true, passive: true });
  back();
});

class Offer {
  constructor(launcher, told, css) {
    Object.assign(this, { launcher, told });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    launcher.shadowRoot.adoptedStyleSheets.push(sheet);
    this.announce();
    addEventListener("message", ({ source, origin, data }) => {
      if (source !== launcher.frame?.contentWindow || origin !== location.origin) return;
      if (data.shopchat === "offer") this.heard(data);
    });
  }

  // --- the bubble ----------------------------------------------------------------------------------------------------

  drawBubble() {
    const { label, words, open, close } = this.told;
    this.bubble = make("section", { id: "bubble", ariaLabel: label }, this.launcher.shadowRoot);
    make("p", { textContent: words, dir: "auto" }, this.bubble);
    const more = make("button", { type: "button", className: "more", textContent: open }, this.bubble);
    const away = make("button", { type: "button", className: "away", textContent: "✕", ariaLabel: close }, this.bubble);
    more.onclick = () => (this.leave(), this.open(true));
    away.onclick = () => (this.answer("later"), this.leave(), this.launcher.button.focus());
    this.bubble.onkeydown = (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      away.click();
    };
    // Whoever opens the chat has what the bubble offers.
    this.launcher.button.addEventListener("click", () => this.leave());
    this.makeWay = () => requestAnimationFrame(() => this.bubble && this.bubble.classList.toggle("waits", this.isInTheWay()));
    for (const kind of ["scroll", "resize"]) addEventListener(kind, this.makeWay, { passive: true, capture: true });
    this.makeWay();
  }

  /** Whether something of the shop that can be pressed or filled in lies beneath. It comes first. */
  isInTheWay() {
    if (this.bubble.contains(this.launcher.shadowRoot.activeElement)) return false;
    const { left, top, width, height } = this.bubble.getBoundingClientRect();
    const places = [0.02, 0.25, 0.5, 0.75, 0.98];
    const covered = places.flatMap((x) => places.flatMap((y) => document.elementsFromPoint(left + x * width, top + y * height)));
    return covered.some((element) => element !== this.launcher && element.closest(CONTROLS));
  }

  leave() {
    this.bubble?.remove();
    this.bubble = null;
    if (this.isWindow) this.launcher.close();
  }

  // --- the window ----------------------------------------------------------------------------------------------------

  /** Beside the page, without taking the focus from it. */
  openWindow() {
    const before = document.activeElement;
    this.open(false);
    // The next page of the shop begins without it.
    this.launcher.keep("open");
    if (document.activeElement === this.launcher) before === document.body ? this.launcher.shadowRoot.activeElement.blur() : before.focus();
  }

  open(focus) {
    const { launcher, told } = this;
    this.isWindow = true;
    launcher.panel.classList.add("small");
    launcher.open(focus, told.page);
    launcher.keep("open");
    const { close } = Object.getPrototypeOf(launcher);
    launcher.close = () => {
      delete launcher.close;
      const { activeElement } = launcher.shadowRoot;
      close.call(launcher);
      if (!activeElement) launcher.button.blur();
      // The next time it is the chat that opens.
      if (this.isWindow) this.forget();
    };
  }

  forget() {
    const { launcher } = this;
    this.isWindow = false;
    launcher.frame?.remove();
    launcher.frame = null;
    launcher.panel.className = "";
  }

  heard({ height, is }) {
    const { launcher } = this;
    if (height) {
      launcher.panel.style.setProperty("--small", `${height}px`);
      launcher.panel.classList.add("small");
    }
    if (is !== "asked") return;
    // From here on it is the chat.
    this.isWindow = false;
    launcher.panel.classList.remove("small");
    launcher.panel.style.removeProperty("--small");
    launcher.takeFocus = true;
    launcher.keep("open", 1);
  }

  // --- both ----------------------------------------------------------------------------------------------------------

  /** Said once to those who do not see it. The region is there before its words, or nobody would hear them. */
  announce() {
    const status = make("p", { className: "said", role: "status" }, this.launcher.shadowRoot);
    setTimeout(() => (status.textContent = this.told.words), 200);
  }

  answer(what) {
    post(this.told.answer, { do: what });
  }
}

const post = (url, fields) => fetch(url, { method: "POST", body: new URLSearchParams(fields), keepalive: true }).catch(() => null);

function make(name, properties, parent) {
  const element = Object.assign(document.createElement(name), properties);
  parent.append(element);
  return element;
}
