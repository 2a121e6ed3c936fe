// The launcher on the shop's page. What the view puts in arrives in `launch(settings)`, see assembly.py.
// Nothing is stored and nothing is asked before the visitor acts; everything private happens inside the frame.

const PHONE = matchMedia("(max-width:640px),(max-height:480px)");
const OURS = "shopchat:";

// Storage that the browser forbids is a storage with nothing in it.
const stored = (kind) => {
  try { return window[kind] } catch { return {} }
};

class Launcher extends HTMLElement {
  connectedCallback() {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(this.settings.css);
    root.adoptedStyleSheets = [sheet];
    this.draw(root);
    this.listen();
    this.badge(0);
    if (stored("sessionStorage")[OURS + "open"] && !PHONE.matches) this.open(false);
    new Watch(this.settings, this).check();
  }

  // Asked for and not there yet.
  isLoading() {
    return this.frame && !this.panel.className;
  }

  draw(root) {
    const { label, pill, title, close } = this.settings;
    const className = pill ? "pill" : "";
    this.button = make("button", { id: "launcher", type: "button", part: "launcher", className, ariaHasPopup: "dialog" }, root);
    if (pill) make("span", { className: "label", textContent: label }, this.button);
    this.count = make("span", { id: "badge" }, this.button);
    this.panel = make("dialog", { popover: "manual", part: "panel", ariaLabel: title }, root);
    // Until the frame has its own: a page that does not load must not hold a phone's screen.
    this.leave = make("button", { id: "close", type: "button", ariaLabel: close, textContent: "✕" }, this.panel);
    this.show(false);
  }

  listen() {
    this.button.onclick = () => (this.isOpen ? this.close() : this.open());
    this.leave.onclick = this.panel.oncancel = () => this.close();
    PHONE.addEventListener("change", () => this.isOpen && (this.hide(), this.show(true)));
    addEventListener("message", ({ source, origin, data }) => {
      if (!this.frame || source !== this.frame.contentWindow || origin !== location.origin) return;
      if (data.shopchat === "close") this.close();
      if (data.shopchat === "wiped") wipe();
      if (data.shopchat === "unread") this.badge(data.count);
      if (data.shopchat === "ready") {
        this.panel.className = "ready";
        if (this.isOpen) this.enter();
      }
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.isOpen && !event.defaultPrevented) this.close();
    });
    document.addEventListener("click", (event) => {
      const { page } = this.settings;
      const link = event.target.closest?.("a[href]");
      const path = link?.getAttribute("href");
      if (event.ctrlKey || event.metaKey || event.shiftKey || !path?.startsWith(page)) return;
      event.preventDefault();
      // The chat's own address means the chat as it is; another one is where the frame has to go.
      this.open(true, path !== page && link.href);
    });
    const fit = () => {
      this.panel.style.setProperty("--top", `${visualViewport.offsetTop}px`);
      this.panel.style.setProperty("--height", `${visualViewport.height}px`);
    };
    for (const kind of ["resize", "scroll"]) window.visualViewport?.addEventListener(kind, fit);
  }

  open(focus = true, path) {
    this.takeFocus = focus;
    const { frame, title } = this.settings;
    // Also what the browser says where the chat cannot be reached.
    const onload = () => (this.frame.style.visibility = "visible");
    if (!this.frame) this.frame = make("iframe", { title, src: path || frame, onload }, this.panel);
    else if (path) this.frame.contentWindow.location.replace(path);
    if (!this.isOpen) this.show(true);
    this.enter();
    this.keep("open", 1);
  }

  // Hidden until its script runs: what is typed before would go nowhere.
  enter() {
    if (this.takeFocus) this.frame.focus();
    this.tell("open");
  }

  close() {
    if (!this.isOpen) return;
    this.hide();
    this.show(false);
    this.tell("closed");
    this.keep("open");
    this.button.focus();
    if (!this.isLoading()) return;
    this.frame.remove();
    this.frame = null;
  }

  show(on) {
    this.isOpen = on;
    this.button.ariaExpanded = on;
    if (!on) return;
    if (PHONE.matches) this.panel.showModal();
    else if (this.panel.showPopover) this.panel.showPopover();
    else this.panel.show();
  }

  hide() {
    if (this.panel.open) this.panel.close();
    else this.panel.hidePopover?.();
  }

  tell(shopchat) {
    this.frame.contentWindow.postMessage({ shopchat, focus: this.takeFocus }, location.origin);
  }

  keep(name, value) {
    try {
      if (value) sessionStorage.setItem(OURS + name, value);
      else sessionStorage.removeItem(OURS + name);
    } catch { /* forbidden */ }
  }

  badge(count) {
    const { name, unread } = this.settings;
    this.count.hidden = !count;
    this.count.textContent = count > 99 ? "99+" : count;
    this.button.ariaLabel = count ? `${name}, ${unread.replace("%s", count)}` : name;
  }
}

// For somebody who has written: what is unread, and whether the browser is still theirs.
class Watch {
  constructor(settings, launcher) {
    Object.assign(this, { settings, launcher });
    document.addEventListener("visibilitychange", () => document.hidden || this.soon(1));
    // A boosted page changes without loading, a log-out included.
    window.navigation?.addEventListener("currententrychange", (event) => event.navigationType === "push" && this.check());
    document.addEventListener("prerenderingchange", () => this.check());
  }

  async check() {
    const scope = stored("localStorage")[OURS + "scope"];
    // A frame that is on its way asks the same itself.
    if (!scope || document.prerendering || this.launcher.isLoading()) return;
    const answer = await fetch(this.settings.state).catch(() => 0);
    if (answer.ok && answer.headers.get("X-Shopchat")) {
      const { scope: present, joined, unread, ticket, etag } = await answer.json();
      Object.assign(this, { ticket, etag });
      if (present !== scope) {
        if (joined === scope) localStorage[OURS + "scope"] = present;
        else wipe();
      }
      if (!this.launcher.frame) this.launcher.badge(unread);
    }
    this.soon((this.wait = 4));
  }

  soon(seconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.poll(), seconds * 1000);
  }

  // The frame, once there, polls for itself and tells.
  async poll() {
    if (this.launcher.frame || document.hidden || !this.ticket) return;
    const options = { headers: { "If-None-Match": this.etag }, cache: "no-store" };
    const answer = await fetch(`${this.settings.poll}?ticket=${this.ticket}`, options).catch(() => 0);
    if (answer && answer.status !== 204) return this.check();
    this.soon((this.wait = Math.min(30, this.wait * 1.25)));
  }
}

function make(name, properties, parent) {
  const element = Object.assign(document.createElement(name), properties);
  parent.append(element);
  return element;
}

function wipe() {
  for (const kind of ["localStorage", "sessionStorage"]) {
    for (const key of Object.keys(stored(kind))) if (key.startsWith(OURS)) window[kind].removeItem(key);
  }
}

function launch(settings) {
  const name = "shopchat-launcher";
  if (customElements.get(name)) return;
  Launcher.prototype.settings = settings;
  customElements.define(name, Launcher);
  const launcher = document.createElement(name);
  const root = document.documentElement;
  // Beside the body, so that a page that swaps its body keeps the frame and what is being written in it.
  const attach = () => launcher.isConnected || root.append(launcher);
  attach();
  new MutationObserver(attach).observe(root, { childList: true });
}
