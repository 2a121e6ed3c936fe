/**
 * One conversation: what is new is appended, what lies before is put in front, nothing is drawn twice.
 *
 * <section data-controller="sc-thread" data-number="48217730" data-sc-thread-cursor-value="12"
 *          data-sc-thread-newer-value="…/messages/?show=all" data-sc-thread-older-value="…/messages/older/">
 *   <div data-sc-thread-target="bar">…</div>
 *   <div role="log" data-sc-thread-target="log">
 *     <p data-sc-thread-target="older"><button data-action="sc-thread#loadOlder">…</button></p>
 *     <ol data-sc-thread-target="messages"><li data-seq="12" data-client-id="…" data-author="visitor">…</li></ol>
 *   </div>
 *   <button data-sc-thread-target="jump" hidden>…</button>
 *   <p role="status" data-sc-thread-target="typing" data-text="…"></p>
 * </section>
 */

const NEAR_END = 60;
const NEAR_START = 120;
const CUSTOMER = 20000;
const TYPING = 8000;

class ThreadController extends window.StimulusModule.Controller {
  static targets = ["bar", "log", "messages", "older", "jump", "typing"];

  static values = { newer: String, older: String, cursor: Number };

  connect() {
    this.number = this.element.dataset.number;
    this.scrollToEnd();
    this.onVisible = () => this.read();
    document.addEventListener("visibilitychange", this.onVisible);
    this.resizing = new ResizeObserver(() => this.stuck && this.scrollToEnd());
    this.resizing.observe(this.logTarget);
    this.customerClock = setInterval(() => document.hidden || this.refreshCustomer(), CUSTOMER);
    requestAnimationFrame(() => this.read());
  }

  disconnect() {
    document.removeEventListener("visibilitychange", this.onVisible);
    clearInterval(this.customerClock);
    clearTimeout(this.typingClock);
    this.resizing.disconnect();
  }

  get desk() {
    return this.application.getControllerForElementAndIdentifier(this.element.closest(".sc-desk"), "sc-desk");
  }

  moved({ detail: { changed } }) {
    if (`desk-conversation.${this.number}` in changed) this.loadNewer();
    const typing = changed[`typing.${this.number}.visitor`];
    if (typing !== undefined) this.showTyping(Boolean(typing));
    if (Object.keys(changed).some((topic) => topic.startsWith("basket.") && changed[topic])) this.refreshCustomer();
  }

  /** A button above the conversation was answered. */
  acted({ detail, target }) {
    if (detail.successful && target.closest(".sc-bar")) this.desk.nudge();
  }

  /** The composer's message was stored: here is how it looks. */
  answered({ detail: { html } }) {
    this.take(html, { toEnd: true });
    this.desk.nudge();
  }

  /** The composer is sending this. */
  pending({ detail: { element } }) {
    this.messagesTarget.append(element);
    this.scrollToEnd();
  }

  async loadNewer() {
    this.stale = true;
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.stale) {
        this.stale = false;
        const answer = await this.desk.ask(`${this.newerValue}&after=${this.cursorValue}`);
        if (answer.status === 200) this.take(await answer.text());
      }
    } catch {
      // The topic keeps its stamp; the next movement fetches everything after the same cursor.
      this.retry = setTimeout(() => this.element.isConnected && this.loadNewer(), 3000);
    } finally {
      this.busy = false;
    }
  }

  async loadOlder() {
    const first = this.messagesTarget.querySelector("[data-seq]");
    if (this.loadingOlder || this.olderTarget.hidden || !first) return;
    this.loadingOlder = true;
    try {
      const answer = await this.desk.ask(`${this.olderValue}?before=${first.dataset.seq}`);
      if (answer.status !== 200) return;
      const fromEnd = this.logTarget.scrollHeight - this.logTarget.scrollTop;
      const news = parse(await answer.text());
      this.place(news);
      this.olderTarget.hidden = !news.dataset.hasOlder;
      this.logTarget.scrollTop = this.logTarget.scrollHeight - fromEnd;
    } catch {
      // The button stays.
    } finally {
      this.loadingOlder = false;
    }
  }

  take(html, { toEnd = false } = {}) {
    const news = parse(html);
    const follow = toEnd || this.isAtEnd();
    const inbound = this.place(news);
    if (news.dataset.cursor) this.cursorValue = Number(news.dataset.cursor);
    this.tick(Number(news.dataset.seen));
    this.drawBar(news.querySelector(".sc-bar"));
    if (inbound) {
      this.showTyping(false);
      this.refreshCustomer();
    }
    if (follow) this.scrollToEnd();
    else if (inbound) this.jumpTarget.hidden = false;
    this.read();
  }

  /** Put each message at its place in the order. Returns whether the customer wrote any of them. */
  place(news) {
    let day = null;
    let inbound = false;
    for (const item of [...news.querySelector("ol").children]) {
      if (item.dataset.day) {
        day = item;
      } else {
        inbound = this.placeMessage(document.importNode(item, true), day) || inbound;
        day = null;
      }
    }
    return inbound;
  }

  placeMessage(message, day) {
    const { seq, clientId, author } = message.dataset;
    if (this.find(`[data-seq="${seq}"]`)) return false;
    if (author === "operator") this.find(`.sc-message--pending[data-client-id="${clientId}"]`)?.remove();
    const later = [...this.messagesTarget.querySelectorAll("[data-seq]")].find((other) => Number(other.dataset.seq) > Number(seq));
    this.messagesTarget.insertBefore(message, beforeDay(later) || this.find(".sc-message--pending"));
    if (day) this.placeDay(day, message);
    return author === "visitor";
  }

  /** A day is announced once, before its first message. */
  placeDay(day, message) {
    const there = this.find(`.sc-day[data-day="${day.dataset.day}"]`);
    if (!there) message.before(document.importNode(day, true));
    else if (message.compareDocumentPosition(there) & Node.DOCUMENT_POSITION_FOLLOWING) message.before(there);
  }

  find(selector) {
    return this.messagesTarget.querySelector(selector);
  }

  tick(seen) {
    for (const mark of this.messagesTarget.querySelectorAll('.sc-tick[data-state="stored"]')) {
      if (Number(mark.closest("[data-seq]").dataset.seq) <= seen) mark.dataset.state = "read";
    }
  }

  drawBar(bar) {
    const shown = this.barTarget.querySelector(".sc-bar");
    if (!bar || shown?.dataset.version === bar.dataset.version) return;
    const hadFocus = this.barTarget.contains(document.activeElement);
    this.barTarget.replaceChildren(document.importNode(bar, true));
    window.htmx?.process(this.barTarget);
    if (hadFocus) this.barTarget.querySelector("button")?.focus({ preventScroll: true });
  }

  showTyping(typing) {
    const { text } = this.typingTarget.dataset;
    this.typingTarget.textContent = typing ? text : "";
    clearTimeout(this.typingClock);
    if (typing) this.typingClock = setTimeout(() => this.showTyping(false), TYPING);
  }

  refreshCustomer() {
    document.body.dispatchEvent(new CustomEvent("sc-desk:customer"));
  }

  scrolled() {
    this.stuck = this.isAtEnd();
    if (this.stuck) {
      this.jumpTarget.hidden = true;
      this.read();
    }
    if (this.logTarget.scrollTop < NEAR_START) this.loadOlder();
  }

  isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.logTarget;
    return scrollHeight - scrollTop - clientHeight < NEAR_END;
  }

  jumpToEnd() {
    this.scrollToEnd();
    this.logTarget.focus({ preventScroll: true });
  }

  scrollToEnd() {
    this.stuck = true;
    this.logTarget.scrollTop = this.logTarget.scrollHeight;
    this.jumpTarget.hidden = true;
  }

  /** What stands at the end of a visible thread has been read. */
  read() {
    if (document.hidden || !this.desk || !this.logTarget.offsetHeight || !this.isAtEnd()) return;
    const inbound = this.messagesTarget.querySelectorAll('[data-author="visitor"][data-seq]');
    if (inbound.length) this.desk.receipt("read", this.number, Number(inbound[inbound.length - 1].dataset.seq));
  }
}

const parse = (html) => new DOMParser().parseFromString(html, "text/html").querySelector(".sc-news");

/** The element itself, or the day that stands above it. */
function beforeDay(message) {
  const above = message?.previousElementSibling;
  return above?.dataset.day ? above : message || null;
}

window.wagtail.app.register("sc-thread", ThreadController);
