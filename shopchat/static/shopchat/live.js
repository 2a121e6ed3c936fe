/**
 * Learning that something moved; docs/explanation/live.md tells how.
 *
 * Polling, the stream, and who has the stream for all tabs are one file: a page that streams polls, too, whenever the
 * stream is not there, and every further file is a further request and compresses for itself.
 *
 * const live = connect({stream, url, ticket, renewTicket: async () => newTicket, onMove: (stamps) => {}});
 * live.start();  live.nudge();  live.watch(newTicket);  live.stop();
 */

const ACTIVE = 2000;
const IDLE = 30000;
const STRETCH = 1.25;
const FIRST_EVENT = 3000; // what takes longer sits in a proxy's buffer
const SILENCE = 40000; // the server says something every 15 s
// Offers that come together open one stream; a pause longer than NOTICED is bridged by polls; a stream that ends before it
// is STEADY counts as a failure; a leader that is not heard for as long as ASLEEP loses the lock.
const GATHER = 50;
const NOTICED = 2500;
const STEADY = 5000;
const ASLEEP = 10000;
const RENEWED = 600000; // tickets are good for 15 min
const LEAVES = 300000; // a hidden tab of the store
const MOST = 8; // tickets
// The first pause and the longest, for growing().
const REFUSED = [15000, 300000];
const UNREACHED = [1000, 60000];
const RENEWALS = [5000, 300000];

/** `idle`: the longest pause between polls; `hidden`: the one in a hidden tab, null leaves. `stamps` are the stream's. */
export function connect(options) {
  return new (options.stream && navigator.locks ? Live : Polling)(options);
}

export class Polling {
  constructor({ url, ticket, renewTicket, onMove, onConnection = () => {}, idle = IDLE, hidden = null }) {
    Object.assign(this, { url, ticket, renewTicket, onMove, onConnection, idle, hidden });
    Object.assign(this, { stamps: {}, etag: "", wait: ACTIVE, online: true });
  }

  start() {
    if (this.running) return;
    this.running = new AbortController();
    const nudge = () => this.nudge();
    const options = this.running;
    document.addEventListener("visibilitychange", nudge, options);
    addEventListener("online", nudge, options);
    addEventListener("pageshow", nudge, options);
    addEventListener("pagehide", () => clearTimeout(this.timer), options);
    this.poll();
  }

  stop() {
    this.running?.abort();
    this.running = null;
    clearTimeout(this.timer);
  }

  nudge() {
    this.wait = ACTIVE;
    if (!this.running) return;
    clearTimeout(this.timer);
    this.poll();
  }

  watch(ticket) {
    this.ticket = ticket;
    this.etag = "";
    this.nudge();
  }

  async poll() {
    if (this.busy) return;
    this.busy = true;
    try {
      await this.ask();
      this.report(true);
    } catch {
      this.report(false);
    } finally {
      this.busy = false;
      this.schedule();
    }
  }

  async ask() {
    const headers = this.etag ? { "If-None-Match": this.etag } : {};
    const answer = await get(this.url, [this.ticket], { headers });
    if (!answer.headers.get("X-Shopchat")) throw new Error("not ours"); // a captive portal
    if (answer.status === 403) {
      this.etag = "";
      this.ticket = await this.renewTicket();
      return;
    }
    if (answer.status !== 200) return;
    this.etag = answer.headers.get("ETag") || "";
    const { topics } = await answer.json();
    if (tellMoved(this, topics, Object.keys(topics))) this.wait = ACTIVE;
  }

  schedule() {
    if (!this.running) return;
    clearTimeout(this.timer);
    if (document.hidden && this.hidden === null) return;
    this.timer = setTimeout(() => this.poll(), spread(document.hidden ? this.hidden : this.wait));
    this.wait = Math.min(this.idle, this.wait * STRETCH);
  }

  report(online) {
    if (online === this.online) return;
    this.online = online;
    this.onConnection(online);
  }
}

const spread = (ms) => ms * (0.9 + Math.random() * 0.2);
const growing = ([first, most], times) => Math.min(most, first * 2 ** times) * (0.5 + Math.random());

function get(url, tickets, options) {
  const query = new URLSearchParams(tickets.map((ticket) => ["ticket", ticket]));
  return fetch(`${url}?${query}`, { cache: "no-store", credentials: "same-origin", ...options });
}

function tellMoved(page, stamps, topics) {
  const moved = topics.filter((topic) => topic in stamps && page.stamps[topic] !== stamps[topic]);
  const news = Object.fromEntries(moved.map((topic) => [topic, stamps[topic]]));
  Object.assign(page.stamps, news);
  if (moved.length) page.onMove(news);
  return moved.length;
}

function topicsOf(ticket) {
  try {
    return JSON.parse(atob(ticket.split(":")[0].replace(/-/g, "+").replace(/_/g, "/")))[0];
  } catch {
    return [];
  }
}

const topicsIn = (tickets) => [...new Set(tickets.flatMap(topicsOf))];

/** One connection at a time. `onStamps(stamps, isFirst)` hears what moved; {} is a sign of life. */
export class Stream {
  constructor(url, onStamps) {
    Object.assign(this, { url, onStamps });
  }

  /** Resolves to {} after close(), {bad: [indexes]}, {refused: seconds}, {unreached} or, once it began, {lived, retry}. */
  async run(tickets, patience) {
    const { signal } = (this.control = new AbortController());
    const of = topicsIn(tickets).sort().join();
    if (of !== this.of) this.id = "";
    Object.assign(this, { of, began: 0, retry: 1000, isLate: false });
    this.expect(patience);
    try {
      const answer = await get(this.url, tickets, { signal, headers: this.id ? { "Last-Event-ID": this.id } : {} });
      const isOurs = answer.headers.get("X-Shopchat");
      if (isOurs && answer.status === 403) return { bad: (await answer.json()).bad };
      if (!isOurs || answer.status !== 200) return { refused: Number(answer.headers.get("Retry-After")) || 0 };
      await this.read(answer.body.getReader());
    } catch {
      if (signal.aborted && !this.isLate) return {};
      if (!this.began && !this.isLate) return { unreached: true };
    } finally {
      clearTimeout(this.timer);
      this.close();
    }
    return this.began ? { lived: Date.now() - this.began, retry: this.retry } : { refused: 0 };
  }

  async read(reader) {
    const decoder = new TextDecoder();
    for (let rest = "", chunk; !(chunk = await reader.read()).done; ) {
      const blocks = (rest + decoder.decode(chunk.value, { stream: true })).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) this.take(Object.fromEntries(block.split("\n").map((line) => line.split(/: ?(.*)/s))));
      if (this.began) this.expect(SILENCE);
    }
  }

  take({ event, id, data, retry }) {
    if (retry) this.retry = Number(retry);
    if (id) this.id = id;
    const isFirst = !this.began;
    if (event === "end" || (isFirst && !data)) return;
    this.began ||= Date.now();
    this.onStamps((data && JSON.parse(data).topics) || {}, isFirst);
  }

  expect(ms) {
    const { control } = this;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => control.abort((this.isLate = true)), ms);
  }

  close() {
    this.control?.abort();
  }
}

/** Has the stream for what all tabs offer. `tell(message)` reaches them all, its own included. */
class Leader {
  constructor(url, tell) {
    Object.assign(this, { tell, offers: new Map(), stamps: {}, failures: 0 });
    this.stream = new Stream(url, (stamps, isFirst) => this.heard(stamps, isFirst));
  }

  async run() {
    this.tell({ leads: true });
    await this.rest(GATHER);
    while (!this.isOver) {
      const tickets = this.choose();
      this.covered = topicsIn(tickets);
      this.end = { idle: true };
      if (tickets.length) this.end = await this.stream.run(tickets, FIRST_EVENT * Math.min(4, 1 + this.failures));
      this.isUp = false;
      if (this.isOver) break;
      const pause = this.judge(this.end, tickets);
      if (pause > NOTICED) this.tell({ down: (this.isDown = true) });
      if (pause !== 0) await this.rest(pause);
    }
  }

  judge({ idle, bad, refused, unreached, lived, retry }, tickets) {
    if (idle) return undefined;
    if (bad && this.drop(bad.map((index) => tickets[index]))) return 0;
    const times = lived > STEADY ? (this.failures = 0) : this.failures++;
    if (unreached) return growing(UNREACHED, times);
    if (bad || refused !== undefined) return Math.max(spread(refused * 1000 || 0), growing(REFUSED, times));
    if (lived === undefined) return (this.failures = 0);
    return Math.max(spread(retry), times && growing(UNREACHED, times));
  }

  drop(tickets) {
    const renew = [...this.offers.keys()].filter((tab) => tickets.includes(this.offers.get(tab).ticket));
    for (const tab of renew) this.offers.delete(tab);
    this.tell({ renew });
    return renew.length;
  }

  /** The fewest tickets for all topics, the newer one of two. */
  choose() {
    const covered = new Set();
    const fresh = [...this.offers.values()].filter(({ at }) => Date.now() - at < 1.5 * RENEWED).reverse();
    const tickets = fresh.map(({ ticket }) => ticket).sort((one, other) => topicsOf(other).length - topicsOf(one).length);
    const adds = (ticket) => topicsOf(ticket).filter((topic) => !covered.has(topic) && covered.add(topic)).length;
    return tickets.filter(adds).slice(0, MOST);
  }

  offered(tab, ticket) {
    this.offers.delete(tab);
    this.offers.set(tab, { ticket, at: Date.now() });
    clearTimeout(this.gathering);
    this.gathering = setTimeout(() => this.look(), GATHER);
  }

  look() {
    if (this.isDown) return this.tell({ down: true });
    const isCovered = topicsIn(this.choose()).every((topic) => this.covered?.includes(topic));
    if (!isCovered) {
      this.stream.close();
      this.wake();
    } else if (this.isUp) this.tell({ stamps: this.stamps, all: true });
  }

  heard(stamps, isFirst) {
    if (isFirst && Object.keys(stamps).length) this.stamps = {};
    Object.assign(this.stamps, stamps);
    if (!isFirst) return this.tell({ stamps });
    Object.assign(this, { isUp: true, isDown: false });
    this.look();
  }

  rest(ms) {
    return new Promise((resolve) => {
      this.wake = resolve;
      clearTimeout(this.resting);
      if (ms) this.resting = setTimeout(resolve, ms);
    });
  }

  reached() {
    if (this.end?.unreached) this.wake();
  }

  close() {
    this.isOver = true;
    clearTimeout(this.gathering);
    this.stream.close();
    this.wake();
  }
}

/**
 * One stream for all tabs: the one that holds the lock has it and hands on what it hears. Each compares stamps itself, so
 * that a new leader's first event tells what was missed and nothing else. Who is not covered polls.
 *
 * Messages: {tab, offer}, {tab} when gone; a leader's {leads}, {stamps, all}, {down}, {renew: [tabs]}.
 */
export class Live {
  constructor(options) {
    const { stream, ticket, renewTicket, onMove, onConnection = () => {}, hidden = null, stamps } = options;
    Object.assign(this, { stream, renewTicket, onMove, onConnection, hidden, stamps: { ...stamps } });
    Object.assign(this, { name: `shopchat-live ${stream}`, tab: Math.random(), online: true });
    this.polling = new Polling({
      ...options,
      renewTicket: () => this.renew(),
      onMove: (moved) => this.onMove(moved),
      onConnection: (online) => this.polled(online),
    });
    this.take(ticket);
  }

  start() {
    this.running = new AbortController();
    const listen = (target, kind, listener) => target.addEventListener(kind, listener, this.running);
    listen(document, "visibilitychange", () => this.seen());
    listen(document, "prerenderingchange", () => this.enter());
    listen(window, "pageshow", () => this.enter());
    listen(window, "pagehide", () => this.leave());
    listen(window, "offline", () => this.leader?.stream.close());
    listen(window, "online", () => this.leader?.reached());
    this.enter();
  }

  stop() {
    this.running.abort();
    this.leave();
  }

  nudge() {
    if (this.isBad && Date.now() - this.askedAt > RENEWALS[0]) this.tryRenewal();
    if (this.isServed && Date.now() - this.heardAt > SILENCE) {
      // the device slept
      this.leader?.stream.close();
      this.offer();
    }
    this.polling.nudge();
  }

  watch(ticket) {
    this.take(ticket);
    this.polling.watch(ticket);
    this.offer();
  }

  enter() {
    if (this.channel || document.prerendering) return;
    this.staying = new AbortController();
    this.channel = new BroadcastChannel(this.name);
    this.channel.onmessage = ({ data }) => this.received(data);
    this.renewLater(Math.max(0, RENEWED - (Date.now() - this.takenAt)));
    this.offer();
    this.queue({ signal: this.staying.signal });
  }

  /** A page is kept for "back" only without connection, channel and lock. */
  leave() {
    this.channel?.postMessage({ tab: this.tab });
    this.channel?.close();
    this.channel = null;
    this.isServed = false;
    this.staying?.abort();
    this.resign();
    this.polling.stop();
    for (const timer of [this.expecting, this.renewing, this.leaving]) clearTimeout(timer);
  }

  seen() {
    clearTimeout(this.leaving);
    if (!document.hidden) {
      this.enter();
      this.nudge();
    } else if (this.hidden === null) this.leaving = setTimeout(() => this.leave(), LEAVES);
  }

  queue(options) {
    const { signal } = this.staying;
    const lead = () =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        signal.addEventListener("abort", resolve);
        this.leader = new Leader(this.stream, (message) => {
          this.channel?.postMessage(message);
          this.told(message);
        });
        this.leader.run();
      });
    navigator.locks.request(this.name, options, lead).catch(() => {
      if (signal.aborted || !this.leader) return;
      this.resign(); // stolen: this tab slept
      this.queue({ signal });
    });
  }

  resign() {
    this.leader?.close();
    this.leader = null;
  }

  take(ticket) {
    Object.assign(this, { ticket, topics: topicsOf(ticket), takenAt: Date.now(), isBad: false });
    this.polling.ticket = ticket;
    this.renewLater(spread(RENEWED));
  }

  renew() {
    this.askedAt = Date.now();
    this.renewal ??= this.renewTicket()
      .then((ticket) => {
        this.take(ticket);
        this.offer();
        return ticket;
      })
      .finally(() => (this.renewal = null));
    return this.renewal;
  }

  tryRenewal(times = 0) {
    this.renew().catch(() => this.renewLater(growing(RENEWALS, times), times + 1));
  }

  renewLater(ms, times) {
    clearTimeout(this.renewing);
    if (this.channel) this.renewing = setTimeout(() => this.tryRenewal(times), ms);
  }

  offer() {
    if (!this.channel || this.isBad) return;
    this.channel.postMessage({ tab: this.tab, offer: this.ticket });
    this.leader?.offered(this.tab, this.ticket);
    this.expect(FIRST_EVENT);
  }

  received(message) {
    const { tab, offer } = message;
    if (!tab) this.told(message);
    else if (offer) this.leader?.offered(tab, offer);
    else this.leader?.offers.delete(tab);
  }

  told({ leads, stamps, all, down, renew }) {
    this.heardAt = Date.now();
    if (leads) this.offer();
    if (down) this.unserved();
    if (renew?.includes(this.tab)) {
      this.isBad = true;
      this.unserved();
      this.tryRenewal();
    }
    if (!stamps) return;
    if (all) this.topics.every((topic) => topic in stamps) ? this.served() : this.unserved();
    else if (this.isServed) this.expect(1.5 * SILENCE);
    tellMoved(this, stamps, this.topics);
  }

  served() {
    if (this.isBad) return;
    this.isServed = true;
    this.polling.stop();
    this.polling.online = true;
    this.report(true);
    this.expect(1.5 * SILENCE);
  }

  unserved() {
    clearTimeout(this.expecting);
    this.isServed = false;
    if (this.isBad) this.polling.stop();
    else this.polling.start();
  }

  /** If nobody is heard, poll; if not even then, the leader's tab may sleep with the lock. */
  expect(ms) {
    clearTimeout(this.expecting);
    this.expecting = setTimeout(() => {
      this.unserved();
      this.expecting = setTimeout(() => this.leader || document.hidden || this.queue({ steal: true }), ASLEEP);
    }, ms);
  }

  polled(online) {
    if (this.isServed) return (this.polling.online = true); // still on its way
    this.report(online);
    if (online) this.leader?.reached();
  }

  report(online) {
    if (online === this.online) return;
    this.online = online;
    this.onConnection(online);
  }
}
