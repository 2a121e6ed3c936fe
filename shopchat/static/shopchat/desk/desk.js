/**
 * The desk as a whole: asks the server, learns what moved, says that somebody is here, passes receipts on.
 * Other controllers reach it through `closest(".sc-desk")`; it tells them
 * `sc-desk:moved`, `sc-desk:opened` and, after an interruption, `sc-desk:online`.
 *
 * <div class="sc-desk" data-controller="sc-desk" data-sc-desk-live-value="/static/shopchat/live.js" …>
 *   <p data-sc-desk-target="offline" hidden>…</p>
 *   <p data-sc-desk-target="signedOut" hidden>…</p>
 *   <section data-sc-desk-target="pane" data-number="48217730" data-ticket="…">…</section>
 * </div>
 */

const HEARTBEAT = 30000;
const IDLE = 4000;
const HIDDEN = 10000;
const PROBE = 3000;
const TOGETHER = 150;

class DeskController extends window.StimulusModule.Controller {
  static targets = ["pane", "offline", "signedOut"];

  static values = {
    live: String,
    csrf: String,
    poll: String,
    stream: String,
    ticket: String,
    here: String,
    receipts: String,
  };

  initialize() {
    this.told = new Map();
    this.untold = [];
    this.baseTitle = document.title.replace(/^\(\d+\) /, "");
  }

  connect() {
    this.heartbeat();
    this.beating = setInterval(() => this.heartbeat(), HEARTBEAT);
    this.listen();
  }

  disconnect() {
    clearInterval(this.beating);
    clearTimeout(this.probing);
    this.live?.stop();
    this.live = null;
  }

  async listen() {
    const { connect } = await import(this.liveValue);
    if (!this.element.isConnected || this.live) return;
    this.live = connect({
      url: this.pollValue,
      stream: this.streamValue,
      ticket: this.paneTarget.dataset.ticket,
      renewTicket: () => this.renewTicket(),
      onMove: (changed) => this.dispatch("moved", { detail: { changed } }),
      onConnection: (online) => this.connection(online),
      idle: IDLE,
      hidden: HIDDEN,
    });
    this.live.start();
  }

  /** Another conversation was opened, or none. */
  paneTargetConnected(pane) {
    this.element.classList.toggle("sc-desk--open", Boolean(pane.dataset.number));
    this.live?.watch(pane.dataset.ticket);
    if (this.live) this.keepFocus(pane);
    this.dispatch("opened", { detail: { number: pane.dataset.number } });
  }

  /** On a phone the list gives way to the conversation, and the focus must not stay behind. */
  keepFocus(pane) {
    const active = document.activeElement;
    if (active === document.body || !active.getClientRects().length) pane.querySelector(".sc-log")?.focus();
  }

  get number() {
    return this.hasPaneTarget ? this.paneTarget.dataset.number : "";
  }

  /** Fetch from the desk. Rejects when no answer of ours came back. */
  async ask(url, body = null) {
    const headers = { "X-Requested-With": "XMLHttpRequest" };
    if (body) headers["X-CSRFToken"] = this.csrfValue;
    const options = { method: body ? "POST" : "GET", body, headers, credentials: "same-origin", cache: "no-store" };
    const answer = await fetch(url, options).catch((error) => {
      this.unreached();
      throw error;
    });
    if (!answer.headers.get("X-Shopchat")) {
      if (answer.status === 403) this.signedOutTarget.hidden = false;
      else this.unreached();
      throw new Error(`no answer of the desk: ${answer.status}`);
    }
    this.reached();
    return answer;
  }

  nudge() {
    this.live?.nudge();
  }

  showCount(count) {
    document.title = count ? `(${count}) ${this.baseTitle}` : this.baseTitle;
  }

  /** Say that a conversation was on screen (`delivered`) or read (`read`) up to a place; once, and together. */
  receipt(kind, number, seq) {
    const key = `${kind}:${number}`;
    if (!seq || (this.told.get(key) || 0) >= seq) return;
    this.told.set(key, seq);
    this.untold.push([kind, `${number}:${seq}`]);
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.tell(), TOGETHER);
  }

  async tell() {
    const receipts = this.untold.splice(0);
    try {
      await this.ask(this.receiptsValue, new URLSearchParams(receipts));
      this.nudge();
    } catch {
      receipts.forEach(([kind, receipt]) => this.told.delete(`${kind}:${receipt.split(":")[0]}`));
    }
  }

  async heartbeat() {
    try {
      await this.ask(this.hereValue, new URLSearchParams());
    } catch {
      // The next one will do; the poll reports a broken connection.
    }
  }

  async renewTicket() {
    const answer = await this.ask(`${this.ticketValue}?open=${this.number}`);
    return (await answer.json()).ticket;
  }

  connection(online) {
    if (online) this.reached();
    else this.unreached();
  }

  /** A request of htmx was refused. */
  refused({ detail }) {
    if (detail.xhr.status === 403) this.signedOutTarget.hidden = false;
    else if (detail.xhr.status >= 500) this.unreached();
  }

  /** Something did not come through: say so and try until it does. */
  unreached() {
    this.offlineTarget.hidden = false;
    clearTimeout(this.probing);
    if (this.element.isConnected) this.probing = setTimeout(() => this.heartbeat(), PROBE);
  }

  reached() {
    if (!this.signedOutTarget.hidden) {
      this.signedOutTarget.hidden = true;
      this.live?.nudge(); // signed in again in another tab
    }
    if (this.offlineTarget.hidden) return;
    clearTimeout(this.probing);
    this.offlineTarget.hidden = true;
    this.dispatch("online");
  }
}

window.wagtail.app.register("sc-desk", DeskController);
