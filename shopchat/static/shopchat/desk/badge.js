/**
 * The numbers in the menu, on every admin page: beside "Chat" how much there is to do, below it of what kind.
 * The menu items carry what is needed:
 *
 * <button data-shopchat-badge="3" data-shopchat-badge-url="/admin/chat/badge/" data-shopchat-live="/static/shopchat/live.js">
 *   <a data-shopchat-badge="2" data-shopchat-badge-of="conversations">
 *   <a data-shopchat-badge="1" data-shopchat-badge-of="callbacks">
 *   <a data-shopchat-badge="0" data-shopchat-badge-of="baskets">
 *
 * For people without it, who may not answer, nothing happens and nothing is requested. At the desk, which knows the numbers
 * anyway, nothing is requested either.
 */

const ITEM = "[data-shopchat-badge-url]";
const IDLE = 10000;
const CLOCK = 60000;

let status;

const KINDS = ["conversations", "callbacks", "baskets"];

/** `known` names what is known anew, the other numbers stay as they are in the menu. */
function show({ words = "", callbacksWords = "", basketsWords = "", ...known }) {
  const before = Object.fromEntries(KINDS.map((kind) => [kind, shown(kind)]));
  const counts = { ...before, ...known };
  for (const [kind, count] of Object.entries(counts)) {
    for (const item of items(kind)) item.dataset.shopchatBadge = count;
  }
  const sum = KINDS.reduce((total, kind) => total + counts[kind], 0);
  for (const item of document.querySelectorAll(ITEM)) item.dataset.shopchatBadge = sum;
  const sentences = { conversations: words, callbacks: callbacksWords, baskets: basketsWords };
  const grown = KINDS.filter((kind) => counts[kind] > before[kind] && sentences[kind]);
  if (grown.length) announce(grown.map((kind) => sentences[kind]).join(". "));
}

const items = (kind) => document.querySelectorAll(`[data-shopchat-badge-of="${kind}"]`);
const shown = (kind) => Number(items(kind)[0]?.dataset.shopchatBadge || 0);

function announce(words) {
  if (!status) {
    status = document.createElement("p");
    status.className = "shopchat-status";
    status.setAttribute("role", "status");
    document.getElementById("main")?.append(status);
  }
  status.textContent = words;
}

async function follow(item) {
  const { shopchatBadgeUrl: url, shopchatLive: script } = item.dataset;
  const ask = async () => {
    const headers = { "X-Requested-With": "XMLHttpRequest" };
    const answer = await fetch(url, { headers, credentials: "same-origin", cache: "no-store" });
    if (!answer.ok || !answer.headers.get("X-Shopchat")) throw new Error("no answer of the desk");
    return answer.json();
  };
  const refresh = async () => {
    const { count, words, callbacks, callbacks_words: callbacksWords, baskets, baskets_words: basketsWords, ...live } = await ask();
    const { ticket, poll, stream } = live;
    show({ conversations: count, words, callbacks, callbacksWords, baskets, basketsWords });
    return { ticket, url: poll, stream };
  };
  const [{ connect }, options] = await Promise.all([import(script), refresh()]);
  const renewTicket = async () => (await ask()).ticket;
  connect({ ...options, idle: IDLE, renewTicket, onMove: () => refresh().catch(() => {}) }).start();
  setInterval(() => document.hidden || refresh().catch(() => {}), CLOCK); // a promise falls due without anything moving
}

/** Wagtail draws its menu with a script of its own, a little later or earlier than this one runs. */
function whenDrawn() {
  return new Promise((resolve) => {
    const observer = new MutationObserver(() => look());
    const look = () => {
      const item = document.querySelector(ITEM);
      if (!item) return;
      observer.disconnect();
      resolve(item);
    };
    const sidebar = document.querySelector("[data-wagtail-sidebar]");
    if (sidebar) observer.observe(sidebar, { childList: true, subtree: true });
    look();
  });
}

whenDrawn().then((item) => {
  if (document.querySelector(".sc-list")) document.addEventListener("sc-list:counted", ({ detail }) => show(detail));
  else follow(item).catch(() => {});
});
