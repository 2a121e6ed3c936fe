/**
 * The queue of callbacks and the page of one request: what is left of each promise, and what colleagues do, without a reload.
 * Selections, and forms in which somebody has written, stay as they are.
 */

const TICK = 15000;
const MINUTE = 60000;
const HOUR = 60;
const DAY = 24 * HOUR;

/**
 * Keeps the time that is left true. Words and time are the server's: of a browser's clock only the going is used.
 *
 * <div data-controller="sc-countdown" data-sc-countdown-words-value='{"one": {"ahead": {"minutes": "in %(count)s min"}}}'>
 *   <div data-now="1795300000000">
 *     <span data-sc-countdown-target="left" data-from="2026-11-22T10:00:00+00:00" data-until="…">in 12 min</span>
 */
class CountdownController extends window.StimulusModule.Controller {
  static targets = ["left"];

  static values = { words: Object };

  connect() {
    this.plural = new Intl.PluralRules(document.documentElement.lang || "en");
    this.ticking = setInterval(() => this.tick(), TICK);
    this.onVisible = () => document.hidden || this.tick();
    document.addEventListener("visibilitychange", this.onVisible);
  }

  disconnect() {
    clearInterval(this.ticking);
    document.removeEventListener("visibilitychange", this.onVisible);
  }

  leftTargetConnected(element) {
    const drawnAt = element.closest("[data-now]")?.dataset.now;
    if (drawnAt) this.ahead = Number(drawnAt) - Date.now();
  }

  tick() {
    const now = Date.now() + (this.ahead || 0);
    for (const element of this.leftTargets) {
      const words = this.words(Date.parse(element.dataset.from), Date.parse(element.dataset.until), now);
      if (element.textContent !== words) element.textContent = words;
    }
  }

  words(from, until, now) {
    if (until <= now) return this.phrase("late", Math.floor((now - until) / MINUTE));
    if (from <= now) return this.phrase("left", Math.ceil((until - now) / MINUTE));
    return this.phrase("ahead", Math.ceil((from - now) / MINUTE));
  }

  phrase(kind, minutes) {
    const unit = minutes < HOUR ? "minutes" : minutes < DAY ? "hours" : "days";
    const count = { minutes, hours: Math.floor(minutes / HOUR), days: Math.floor(minutes / DAY) }[unit];
    const words = this.wordsValue[this.plural.select(count)] || this.wordsValue.other;
    return words[kind][unit].replace("%(count)s", count).replace("%(minutes)s", minutes % HOUR);
  }
}

/**
 * What both pages do when something moved, and each minute, because time moves requests, too.
 * Tells `…:due` when somebody has to be called from now on.
 */
class FollowingController extends window.StimulusModule.Controller {
  static targets = ["body"];

  static values = { url: String };

  connect() {
    this.newest = this.calling.newest;
    this.clock = setInterval(() => this.refresh(), MINUTE);
  }

  disconnect() {
    clearInterval(this.clock);
  }

  get desk() {
    return this.application.getControllerForElementAndIdentifier(this.element, "sc-desk");
  }

  get calling() {
    const { due, newest } = this.bodyTarget.querySelector("[data-newest]").dataset;
    return { due: Number(due), newest: Number(newest) };
  }

  count() {
    const { due, newest } = this.calling;
    this.desk?.showCount(due);
    if (newest > this.newest) this.dispatch("due", { detail: { at: newest, kind: "callbacks" } });
    this.newest = Math.max(this.newest, newest);
  }

  moved({ detail: { changed } }) {
    if ("desk" in changed) this.refresh();
  }

  async refresh() {
    this.stale = true;
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.stale) {
        this.stale = false;
        const answer = await this.desk.ask(this.urlValue);
        if (answer.ok) this.draw(new DOMParser().parseFromString(await answer.text(), "text/html").body);
      }
    } catch {
      // The next movement, or the clock, tries again.
    } finally {
      this.busy = false;
    }
  }
}

/**
 * The queue, redrawn as a whole; what was chosen in it stays chosen, and the focus where it was.
 *
 * <div data-controller="sc-callbacks" data-sc-callbacks-url-value="/admin/chat/callbacks/rows/">
 *   <div data-sc-callbacks-target="body">
 *     <div class="sc-queue" data-due="2" data-newest="1795300000000">…</div>
 *   </div>
 *   <form data-sc-callbacks-target="assign"><output data-sc-callbacks-target="chosen" data-words="…"></output></form>
 * </div>
 */
class CallbacksController extends FollowingController {
  static targets = ["body", "assign", "chosen"];

  connect() {
    super.connect();
    this.choose();
  }

  get boxes() {
    return [...this.bodyTarget.querySelectorAll("input[type=checkbox]")];
  }

  draw(fresh) {
    const chosen = new Set(this.boxes.filter((box) => box.checked).map((box) => box.value));
    const focused = this.bodyTarget.contains(document.activeElement) ? document.activeElement.id : "";
    this.bodyTarget.replaceChildren(...[...fresh.children].map((child) => document.importNode(child, true)));
    for (const box of this.boxes) box.checked = chosen.has(box.value);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    this.choose();
    this.count();
  }

  /** How many are chosen; those that left the queue are not chosen any more. */
  choose() {
    if (!this.hasAssignTarget) return;
    const count = this.boxes.filter((box) => box.checked).length;
    this.assignTarget.classList.toggle("sc-assign--idle", !count);
    const words = count ? this.chosenTarget.dataset.words.replace("%(count)s", count) : "";
    if (this.chosenTarget.textContent !== words) this.chosenTarget.textContent = words;
  }
}

/**
 * The page of one request. Its parts are redrawn one by one; one that somebody works in is left, and says that it is old.
 *
 * <div data-controller="sc-callback" data-sc-callback-url-value="/admin/chat/callbacks/4821/now/">
 *   <div data-sc-callback-target="body">
 *     <section data-part="promise">…</section>
 *     <section data-part="work" data-version="waiting-3-1" data-action="input->sc-callback#typed">…</section>
 *   </div>
 *   <p data-sc-callback-target="changed" hidden>…</p>
 * </div>
 */
class CallbackController extends FollowingController {
  static targets = ["body", "changed"];

  draw(fresh) {
    for (const wanted of fresh.querySelectorAll("[data-part]")) {
      const old = this.bodyTarget.querySelector(`[data-part="${wanted.dataset.part}"]`);
      if (old) this.replace(old, wanted);
    }
    this.count();
  }

  replace(old, wanted) {
    const isInUse = this.isInUse(old);
    const isSame = "version" in old.dataset && old.dataset.version === wanted.dataset.version;
    if (isSame && (isInUse || old.dataset.suggested === wanted.dataset.suggested)) return;
    if (isInUse) {
      if (this.hasChangedTarget) this.changedTarget.hidden = false;
      return;
    }
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    const next = document.importNode(wanted, true);
    old.replaceWith(next);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  /** Somebody typed or chose something here, or is about to. */
  isInUse(part) {
    return "typed" in part.dataset || (part.dataset.part === "work" && part.contains(document.activeElement));
  }

  typed({ currentTarget }) {
    currentTarget.dataset.typed = "";
  }

  /** The phone dials; the desk notes that a call began. */
  async began({ currentTarget }) {
    const { url, clientId } = currentTarget.dataset;
    try {
      await this.desk.ask(url, new URLSearchParams({ client_id: clientId }));
      this.refresh();
    } catch {
      // The outcome is recorded all the same.
    }
  }
}

window.wagtail.app.register("sc-countdown", CountdownController);
window.wagtail.app.register("sc-callbacks", CallbacksController);
window.wagtail.app.register("sc-callback", CallbackController);
