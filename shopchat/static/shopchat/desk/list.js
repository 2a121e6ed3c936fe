/**
 * The list of conversations, redrawn when anything moved; rows that did not change stay the same elements.
 * Tells `sc-list:counted` (how many call), `sc-list:inbound` (somebody wrote) and `sc-list:due` (somebody is to be called).
 *
 * <section data-controller="sc-list" data-sc-list-url-value="/admin/chat/list/"
 *          data-action="sc-desk:moved@document->sc-list#moved sc-desk:opened@document->sc-list#opened">
 *   <div data-sc-list-target="body">
 *     <nav class="sc-filters" data-calling="2" data-words="2 conversations are waiting" data-newest="1795300000000"
 *          data-callbacks="0" data-callbacks-words="" data-due="0">…</nav>
 *     <ol data-sc-list-target="rows" data-show="all"><li data-number="48217730" data-inbound="7" data-delivered="5">…</li></ol>
 *   </div>
 * </section>
 */

const CLOCK = 60000;

class ListController extends window.StimulusModule.Controller {
  static targets = ["body", "rows"];

  static values = { url: String };

  connect() {
    this.newest = this.filters ? Number(this.filters.dataset.newest) : 0;
    this.due = this.filters ? Number(this.filters.dataset.due) : 0;
    this.clock = setInterval(() => this.refresh(), CLOCK); // hidden, too: a callback falls due without anything moving
    this.onVisible = () => this.deliver();
    document.addEventListener("visibilitychange", this.onVisible);
    this.deliver();
  }

  disconnect() {
    clearInterval(this.clock);
    document.removeEventListener("visibilitychange", this.onVisible);
  }

  get desk() {
    return this.application.getControllerForElementAndIdentifier(this.element.closest(".sc-desk"), "sc-desk");
  }

  get filters() {
    return this.bodyTarget.querySelector(".sc-filters");
  }

  moved({ detail: { changed } }) {
    if ("desk" in changed) this.refresh();
  }

  opened({ detail: { number } }) {
    this.rowsTarget.querySelectorAll("a[aria-current]").forEach((link) => link.removeAttribute("aria-current"));
    this.rowsTarget.querySelector(`[data-number="${number}"] a`)?.setAttribute("aria-current", "true");
  }

  /** A filter, a search or an older page came in through htmx. */
  swapped() {
    this.count();
    this.deliver();
  }

  async refresh() {
    this.stale = true;
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.stale) {
        this.stale = false;
        await this.redraw();
      }
    } catch {
      // The next movement, or the clock, tries again.
    } finally {
      this.busy = false;
    }
  }

  async redraw() {
    const asked = this.rowsTarget;
    const { show, lookedFor } = asked.dataset;
    const rows = asked.querySelectorAll("[data-number]").length;
    const answer = await this.desk.ask(
      `${this.urlValue}?${new URLSearchParams({ show, rows, open: this.desk.number })}&${lookedFor}`,
    );
    if (!answer.ok || asked !== this.rowsTarget) return; // another filter was chosen meanwhile
    this.draw(new DOMParser().parseFromString(await answer.text(), "text/html"));
  }

  draw(fresh) {
    replaceIfChanged(this.filters, fresh.querySelector(".sc-filters"));
    this.bodyTarget.querySelector(".sc-empty")?.remove();
    const empty = fresh.querySelector(".sc-empty");
    if (empty) this.bodyTarget.append(document.importNode(empty, true));
    reconcile(this.rowsTarget, fresh.querySelector(".sc-rows"));
    this.count();
    this.deliver();
  }

  count() {
    const { calling, words, newest, callbacks, callbacksWords, due } = this.filters.dataset;
    this.desk?.showCount(Number(calling));
    this.dispatch("counted", {
      detail: { conversations: Number(calling), words, callbacks: Number(callbacks), callbacksWords },
    });
    if (Number(newest) > this.newest) this.dispatch("inbound", { detail: { at: Number(newest) } });
    this.newest = Math.max(this.newest, Number(newest));
    if (Number(due) > this.due) this.dispatch("due", { detail: { at: Number(due), kind: "callbacks" } });
    this.due = Math.max(this.due, Number(due));
  }

  /** What stands in a row on a visible screen has been delivered. */
  deliver() {
    if (document.hidden || !this.desk) return;
    const frame = this.element.getBoundingClientRect();
    for (const row of this.rowsTarget.querySelectorAll("[data-number]")) {
      const { number, inbound, delivered } = row.dataset;
      const box = row.getBoundingClientRect();
      const onScreen = box.height && box.top < frame.bottom && box.bottom > frame.top;
      if (onScreen && Number(inbound) > Number(delivered)) this.desk.receipt("delivered", number, Number(inbound));
    }
  }
}

const keyOf = (row) => row.dataset.number || "older";

/** Make `rows` hold what `fresh` holds, moving and replacing no more than needed. */
function reconcile(rows, fresh) {
  const had = new Map([...rows.children].map((row) => [keyOf(row), row]));
  let place = rows.firstElementChild;
  for (const wanted of fresh.children) {
    let row = had.get(keyOf(wanted));
    had.delete(keyOf(wanted));
    const replaced = row && replaceIfChanged(row, wanted);
    if (replaced) {
      if (place === row) place = replaced;
      row = replaced;
    } else if (!row) {
      row = document.importNode(wanted, true);
    }
    if (row === place) place = place.nextElementSibling;
    else rows.insertBefore(row, place);
    window.htmx?.process(row);
  }
  had.forEach((row) => row.remove());
}

/** Returns the element that took the place, or null when nothing changed. The focus stays where it was. */
function replaceIfChanged(old, wanted) {
  if (old.outerHTML === wanted.outerHTML) return null;
  const next = document.importNode(wanted, true);
  const links = [...old.querySelectorAll("a")];
  const focused = links.indexOf(document.activeElement);
  old.replaceWith(next);
  if (focused >= 0) next.querySelectorAll("a")[focused]?.focus({ preventScroll: true });
  window.htmx?.process(next);
  return next;
}

window.wagtail.app.register("sc-list", ListController);
