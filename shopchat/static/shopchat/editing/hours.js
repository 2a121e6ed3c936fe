/**
 * The week of a schedule: in place of each day's line of text a picture of it and fields for times. What is sent stays the
 * line, so that there is one way to check it; a line that cannot be read stays a line.
 *
 * <div data-controller="sc-hours">
 *   <div data-sc-hours-target="day"><label id="id_day_0-label">…</label> <input type="text" value="09:00–18:00"></div> …
 *   <p role="status" data-sc-hours-target="status" data-text="Copied"></p>
 *   <template data-sc-hours-target="tools"><div><svg>…</svg><ul></ul><div><button data-action="sc-hours#add">…</div></div></template>
 *   <template data-sc-hours-target="copying"><button data-action="sc-hours#copy" data-sc-hours-until-param="4">…</template>
 *   <template data-sc-hours-target="interval">
 *     <li><input type="time" data-part="opens"> <input type="time" data-part="closes"> <span data-part="next" hidden>…</span>
 *       <button data-action="sc-hours#remove">…</button></li>
 *   </template>
 * </div>
 */

const SPAN = /^(\d{1,2})(?:[:.](\d{2}))?\s*[-\u2013\u2014\u2212]\s*(\d{1,2})(?:[:.](\d{2}))?$/;
const DAY = 1440;

function clock(hour, minute = "00") {
  const midnight = Number(hour) === 24 && Number(minute) === 0;
  if ((Number(hour) > 23 && !midnight) || Number(minute) > 59) return null;
  return `${midnight ? "00" : hour.padStart(2, "0")}:${minute}`;
}

/** `"9-13, 14-18"` as pairs of times, or null if any of it cannot be read. */
function parse(text) {
  const parts = text.split(/[,;]/).map((part) => part.trim()).filter(Boolean);
  const pairs = parts.map((part) => {
    const [, ...found] = SPAN.exec(part) || [];
    const pair = [found[0] && clock(found[0], found[1]), found[2] && clock(found[2], found[3])];
    return pair.every(Boolean) && found[0] !== "24" ? pair : null;
  });
  return pairs.every(Boolean) ? pairs : null;
}

function minutes(time) {
  const [hour, minute] = time.split(":").map(Number);
  return hour * 60 + minute;
}

class HoursController extends window.StimulusModule.Controller {
  static targets = ["day", "status", "tools", "copying", "interval"];

  connect() {
    this.dayTargets.forEach((day) => {
      this.line(day).addEventListener("change", () => this.show(day));
      this.show(day);
    });
    this.draw();
  }

  line(day) {
    return day.querySelector("input[type=text]");
  }

  tools(day) {
    return day.querySelector(".sc-week__tools");
  }

  intervals(day) {
    return [...day.querySelectorAll(".sc-week__interval")];
  }

  pair(interval) {
    return ["opens", "closes"].map((part) => interval.querySelector(`[data-part=${part}]`).value);
  }

  show(day) {
    const line = this.line(day);
    const pairs = parse(line.value);
    if (this.tools(day) || !pairs) return;
    line.hidden = true;
    line.parentElement.append(this.toolsTarget.content.cloneNode(true));
    if (day === this.dayTargets[0]) {
      this.tools(day).querySelector(".sc-week__buttons").append(this.copyingTarget.content.cloneNode(true));
    }
    this.fill(day, pairs);
  }

  fill(day, pairs) {
    this.tools(day).querySelector("ul").replaceChildren();
    pairs.forEach((pair) => this.append(day, pair));
  }

  append(day, [opens, closes]) {
    const interval = this.intervalTarget.content.firstElementChild.cloneNode(true);
    interval.querySelector("[data-part=opens]").value = opens;
    interval.querySelector("[data-part=closes]").value = closes;
    this.tools(day).querySelector("ul").append(interval);
    return interval;
  }

  add({ target }) {
    const day = target.closest("[data-sc-hours-target=day]");
    this.append(day, ["", ""]).querySelector("input").focus();
  }

  remove({ target }) {
    const day = target.closest("[data-sc-hours-target=day]");
    target.closest("li").remove();
    this.tools(day).querySelector("[data-action='sc-hours#add']").focus();
    this.store(day);
  }

  copy({ params: { until } }) {
    const [first, ...others] = this.dayTargets;
    const text = this.line(first).value;
    others.slice(0, until).forEach((day) => {
      this.line(day).value = text;
      this.show(day);
      if (this.tools(day)) this.fill(day, this.intervals(first).map((interval) => this.pair(interval)));
      if (this.tools(day)) this.store(day);
    });
    this.statusTarget.textContent = "";
    requestAnimationFrame(() => {
      this.statusTarget.textContent = this.statusTarget.dataset.text;
    });
  }

  write({ target }) {
    this.store(target.closest("[data-sc-hours-target=day]"));
  }

  store(day) {
    const pairs = this.intervals(day).map((interval) => this.pair(interval)).filter((pair) => pair.some(Boolean));
    const line = this.line(day);
    line.value = pairs.map((pair) => pair.join("\u2013")).join(", ");
    line.dispatchEvent(new Event("change", { bubbles: true }));
    this.draw();
  }

  draw() {
    const nights = this.dayTargets.map(() => 0);
    const today = this.dayTargets.map((day, place) =>
      this.intervals(day).flatMap((interval) => {
        const [opens, closes] = this.pair(interval);
        const overMidnight = Boolean(opens && closes && closes <= opens);
        interval.querySelector("[data-part=next]").hidden = !overMidnight || closes === "00:00";
        if (!opens || !closes) return [];
        if (overMidnight) nights[(place + 1) % 7] = Math.max(nights[(place + 1) % 7], minutes(closes));
        return [[minutes(opens), overMidnight ? DAY : minutes(closes)]];
      }),
    );
    this.dayTargets.forEach((day, place) => {
      const bars = today[place].map(([from, to]) => this.bar(from, to, "sc-week__bar"));
      if (nights[place]) bars.unshift(this.bar(0, nights[place], "sc-week__bar sc-week__bar--night"));
      this.tools(day)?.querySelector("svg").replaceChildren(...this.marks(), ...bars);
    });
  }

  marks() {
    return [6, 12, 18].map((hour) => this.bar(hour * 60 - 2, hour * 60 + 2, "sc-week__mark"));
  }

  bar(from, to, name) {
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    Object.entries({ x: from, y: 0, width: to - from, height: 10, class: name }).forEach(([key, value]) => {
      bar.setAttribute(key, value);
    });
    return bar;
  }
}

/**
 * Rows of a Django formset, with a button for one more.
 *
 * <div data-controller="sc-rows">
 *   <input type="hidden" name="other-TOTAL_FORMS" value="1"> …
 *   <div data-sc-rows-target="rows">…</div>
 *   <template data-sc-rows-target="empty">… name="other-__prefix__-name" …</template>
 *   <button data-sc-rows-target="add" data-action="sc-rows#add" hidden>…</button>
 * </div>
 */
class RowsController extends window.StimulusModule.Controller {
  static targets = ["rows", "empty", "add"];

  connect() {
    this.addTarget.hidden = false;
  }

  add() {
    const total = this.element.querySelector("[name$=-TOTAL_FORMS]");
    const html = this.emptyTarget.innerHTML.replaceAll("__prefix__", total.value);
    this.rowsTarget.insertAdjacentHTML("beforeend", html);
    total.value = Number(total.value) + 1;
    this.rowsTarget.lastElementChild.querySelector("input").focus();
  }
}

window.wagtail.app.register("sc-hours", HoursController);
window.wagtail.app.register("sc-rows", RowsController);
