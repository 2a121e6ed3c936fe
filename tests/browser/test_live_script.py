"""The scripts alone, in a page of their own: what a server may answer, and what a queue must survive.

Several ``Live`` objects in one page meet as tabs do, through the browser's locks and channels.
"""

import base64
import json
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders

pytestmark = pytest.mark.browser

LIVE, CHAT = "/static/shopchat/live.js", "/static/shopchat_widget/chat.js"

# A server: `opened` are the streams it was asked for, with `say(text)` and `end()`; `answer` may refuse instead.
SERVER = """
window.asked = []; window.polled = []; window.opened = []; window.moves = []; window.states = [];
window.fetch = async (address, { signal, headers }) => {
  const url = new URL(address, location);
  const tickets = url.searchParams.getAll("ticket");
  if (!url.pathname.endsWith("/stream/")) {
    polled.push(tickets[0]);
    if (window.portal) return portal();
    return new Response(JSON.stringify({ topics: window.pollsAnswer ?? {} }), { headers: { "X-Shopchat": "1" } });
  }
  asked.push({ tickets, last: headers["Last-Event-ID"] ?? "" });
  const refusal = window.answer?.(tickets);
  if (refusal) return refusal;
  let control;
  const body = new ReadableStream({ start: (given) => (control = given) });
  signal.addEventListener("abort", () => { try { control.error(signal.reason) } catch {} });
  const encoder = new TextEncoder();
  opened.push({ tickets, signal, say: (text) => control.enqueue(encoder.encode(text)), end: () => control.close() });
  return new Response(body, { headers: { "X-Shopchat": "1", "Content-Type": "text/event-stream" } });
};
window.ticketFor = (...topics) => btoa(JSON.stringify([topics, []])).replace(/=/g, "") + ":1:x" + Math.random();
window.until = async (holds) => {
  for (let n = 0; !holds(); n++) {
    if (n > 2000) throw new Error("it did not come true: " + holds);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
window.rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
window.follow = async (ticket, more = {}) => {
  const { connect } = await import("/static/shopchat/live.js");
  const told = [];
  const options = { stream: "/x/stream/", url: "/x/poll/", ticket, renewTicket: async () => { throw new Error("no") } };
  const live = connect({ ...options, onMove: (moved) => told.push(moved), onConnection: (on) => states.push(on), ...more });
  live.start();
  return Object.assign(live, { news: told });
};
window.event = (topics, id = "1") => `id: ${id}\\ndata: ${JSON.stringify({ topics })}\\n\\n`;
"""


@pytest.fixture(scope="module")
def _page(_browser):
    """An empty page with our scripts beside it; no server is needed."""
    context = _browser.new_context()

    def answer(route):
        path = urlsplit(route.request.url).path
        if path in (LIVE, CHAT):
            route.fulfill(path=finders.find(path.removeprefix("/static/")), content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html>", content_type="text/html")

    context.route("**/*", answer)
    yield context.new_page()
    context.close()


@pytest.fixture
def run(_page):
    """Runs a piece of script in an empty page and answers with its result."""
    _page.goto("http://localhost/")  # browsers trust it like https, else there were no locks
    _page.evaluate(f"() => {{ {SERVER} }}")
    return lambda script: _page.evaluate(f"async () => {{ {script} }}")


def test_events_are_understood_however_they_are_cut(run):
    assert run("""
        const live = await follow(ticketFor("a", "b"), { stamps: { a: "1" } });
        await until(() => opened.length);
        for (const letter of "retry: 700\\n\\n" + event({ a: "1", b: "" })) opened[0].say(letter);
        opened[0].say(": \\n\\n" + event({ a: "2" }, "2") + event({ a: "3" }, "3"));
        await until(() => live.news.length === 3);
        return live.news;
    """) == [{"b": ""}, {"a": "2"}, {"a": "3"}]


def test_a_stream_that_ended_goes_on_after_its_last_event_and_tells_only_what_moved(run):
    assert run("""
        const live = await follow(ticketFor("a"));
        await until(() => opened.length);
        opened[0].say("retry: 10\\n\\n" + event({ a: "1" }, "7"));
        opened[0].say('event: end\\nretry: 20\\ndata: {"reason": "lifetime"}\\n\\n');
        opened[0].end();
        await until(() => opened.length === 2);
        opened[1].say("retry: 10\\n\\nevent: ready\\nid: 7\\ndata: {}\\n\\n");
        await rest(50);
        opened[1].say(event({ a: "2" }, "8"));
        await until(() => live.news.length === 2);
        return [asked.map(({ last }) => last), live.news, polled.length];
    """) == [["", "7"], [{"a": "1"}, {"a": "2"}], 0]


@pytest.mark.parametrize(
    "refusal",
    [
        "new Response('{}', { status: 503, headers: { 'X-Shopchat': '1', 'Retry-After': '1' } })",
        "new Response('{}', { status: 429, headers: { 'X-Shopchat': '1' } })",
        "new Response('nothing here', { status: 404 })",
        """new Response('data: {"topics": {"a": "portal"}}\\n\\n', { headers: { 'Content-Type': 'text/event-stream' } })""",
        "new Response(': hello', { headers: { 'X-Shopchat': '1' } })",
        "new Promise(() => {})",
        "Promise.reject(new TypeError('Failed to fetch'))",
    ],
)
def test_what_is_no_stream_is_bridged_by_polls(run, refusal):
    asked, told = run(f"""
        window.answer = () => {refusal};
        window.pollsAnswer = {{ a: "x" }};
        const live = await follow(ticketFor("a"));
        await until(() => live.news.length);
        live.stop();
        return [asked.length, live.news];
    """)
    assert asked <= 3
    assert told == [{"a": "x"}]


@pytest.mark.parametrize("status", [200, 403, 511])
def test_what_a_captive_portal_answers_to_a_poll_is_no_connection(run, status):
    assert run(f"""
        window.answer = () => Promise.reject(new TypeError("Failed to fetch"));
        window.portal = () => new Response('{{"topics": {{"a": "portal"}}}}', {{ status: {status} }});
        let renewals = 0;
        const live = await follow(ticketFor("a"), {{ renewTicket: async () => (renewals++, ticketFor("a")) }});
        await until(() => states.length);
        window.portal = null;
        window.pollsAnswer = {{ a: "x" }};
        live.nudge();
        await until(() => live.news.length && states.length === 2);
        live.stop();
        return [states, live.news, renewals];
    """) == [[False, True], [{"a": "x"}], 0]


def test_a_stream_that_falls_silent_is_opened_anew_where_it_stood(run):
    assert run("""
        const wait = setTimeout;
        window.setTimeout = (work, ms) => wait(work, ms === 40000 ? 400 : ms);
        await follow(ticketFor("a"));
        await until(() => opened.length);
        opened[0].say("retry: 10\\n\\n" + event({ a: "1" }, "7"));
        for (let n = 0; n < 16; n++) {
            await rest(50);
            opened[0].say(": \\n\\n");
        }
        const steady = opened.length;
        await until(() => opened.length === 2);
        return [steady, asked.at(-1).last, opened[0].signal.aborted];
    """) == [1, "7", True]


def test_tabs_share_a_stream_and_each_hears_its_own_topics_once(run):
    assert run("""
        const [one, two, three] = [await follow(ticketFor("a")), await follow(ticketFor("a")), await follow(ticketFor("b"))];
        await until(() => asked.length && asked.at(-1).tickets.length === 2);
        const last = opened.at(-1);
        last.say(event({ a: "1", b: "1" }));
        await until(() => one.isServed && two.isServed && three.isServed);
        last.say(event({ b: "2" }));
        await until(() => three.news.length === 2);
        await rest(50);
        one.stop();
        await until(() => opened.at(-1) !== last);
        opened.at(-1).say(event({ a: "2", b: "2" }));
        await until(() => two.news.length === 2);
        await rest(50);
        return [one.news, two.news, three.news, last.signal.aborted, polled.length];
    """) == [[{"a": "1"}], [{"a": "1"}, {"a": "2"}], [{"b": "1"}, {"b": "2"}], True, 0]


def test_a_ticket_that_is_refused_disturbs_nobody_else(run):
    result = run("""
        const [good, bad, fresh] = [ticketFor("a"), ticketFor("b"), ticketFor("b")];
        let renewals = 0;
        window.answer = (tickets) => tickets.includes(bad) &&
            new Response(JSON.stringify({ bad: [tickets.indexOf(bad)] }), { status: 403, headers: { "X-Shopchat": "1" } });
        const one = await follow(good);
        const two = await follow(bad, { renewTicket: async () => (renewals++, fresh) });
        await until(() => opened.length && opened.at(-1).tickets.includes(fresh));
        opened.at(-1).say(event({ a: "1", b: "1" }));
        await until(() => one.news.length && two.news.length);
        return [renewals, opened.at(-1).tickets.length, one.news, two.news, polled.length];
    """)
    assert result == [1, 2, [{"a": "1"}], [{"b": "1"}], 0]


def test_somebody_signed_out_asks_for_a_ticket_once_and_not_again_and_again(run):
    assert run("""
        let renewals = 0;
        window.answer = () => new Response('{"bad": [0]}', { status: 403, headers: { "X-Shopchat": "1" } });
        const live = await follow(ticketFor("a"), { renewTicket: async () => { renewals++; throw new Error("signed out") } });
        await until(() => renewals);
        for (let n = 0; n < 20; n++) { live.nudge(); await rest(50); }
        return [renewals, asked.length, polled.length];
    """) == [1, 1, 0]


def test_the_ninth_ticket_polls_for_itself(run):
    stream, alone = run("""
        const lives = [];
        for (let n = 0; n < 9; n++) lives.push(await follow(ticketFor("t" + n)));
        await until(() => asked.length && asked.at(-1).tickets.length === 8);
        await rest(200);
        const last = opened.at(-1);
        const topics = last.tickets.map((ticket) => JSON.parse(atob(ticket.split(":")[0]))[0][0]);
        last.say(event(Object.fromEntries(topics.map((topic) => [topic, "1"]))));
        await until(() => polled.length);
        await rest(100);
        return [last.tickets.length, lives.filter((live) => !live.isServed).length];
    """)
    assert (stream, alone) == (8, 1)


def test_a_ticket_reads_as_the_server_writes_it(run):
    # What the server signs may need padding, and its alphabet is that of addresses.
    packed = base64.urlsafe_b64encode(json.dumps([["typing.1.ÿ>?"], []]).encode()).decode().rstrip("=")
    assert run(f"""
        const live = await follow("{packed}:1:x");
        live.stop();
        return live.topics;
    """) == ["typing.1.ÿ>?"]


QUEUE = """
const { Outbox, Shelf } = await import("/static/shopchat_widget/chat.js");
localStorage.clear();
const shelf = new Shelf(() => localStorage);
const sent = [];
const make = (more = {}) => new Outbox({
    shelf, onChange() {}, send: async (entry) => (sent.push(entry.text), { stored: "" }), ...more });
"""


def test_the_order_is_kept_when_the_clock_is_set_back(run):
    assert run(f"""{QUEUE}
        let now = 2e12;
        const off = {{ send: async () => ({{ later: 0 }}), now: () => now }};
        make(off).add({{ text: "one" }});
        now -= 36e5;
        make(off).add({{ text: "two" }});  // after a reload
        now -= 36e5;
        make(off).add({{ text: "three" }});
        await make().drain();
        return sent;
    """) == ["one", "two", "three"]


def test_a_full_storage_keeps_messages_in_memory(run):
    assert run(f"""{QUEUE}
        const full = {{ getItem: () => null, removeItem() {{}}, setItem() {{ throw new DOMException("full") }} }};
        const outbox = make({{ shelf: new Shelf(() => full) }});
        outbox.add({{ text: "one" }});
        outbox.add({{ text: "two" }});
        await until(() => sent.length === 2 && !outbox.entries().length);
        return sent;
    """) == ["one", "two"]


def test_a_storage_that_has_room_again_is_not_hidden_by_memory(run):
    assert (
        run(f"""{QUEUE}
        let isFull = false;
        const store = {{}};
        const tight = {{ ...store, getItem: (key) => store[key] ?? null, removeItem: (key) => delete store[key],
            setItem(key, value) {{ if (isFull) throw new DOMException("full"); store[key] = value }} }};
        const shelf2 = new Shelf(() => tight);
        shelf2.set("draft", "one"); isFull = true; shelf2.set("draft", "two"); isFull = false; shelf2.set("draft", "three");
        return [shelf2.get("draft"), shelf2.names("draft")];
    """)[0]
        == "three"
    )


def test_two_tabs_send_each_message_once_and_in_order(run):
    assert run(f"""{QUEUE}
        const slow = {{ send: async (entry) => (await rest(5), sent.push(entry.text), {{ stored: "" }}) }};
        const [one, two] = [make(slow), make(slow)];
        for (let n = 0; n < 10; n++) (n % 2 ? one : two).add({{ text: n }});
        await until(() => !one.entries().length);
        await rest(50);
        return sent;
    """) == list(range(10))


def test_a_refused_message_does_not_hold_up_the_others(run):
    assert run(f"""{QUEUE}
        const outbox = make({{ send: async (entry) => (sent.push(entry.text),
            entry.text === "bad" ? {{ refused: "no" }} : {{ stored: "" }}) }});
        for (const text of ["bad", "good"]) outbox.add({{ text }});
        await until(() => sent.length === 2);
        await rest(20);
        return [sent, outbox.entries().map((entry) => [entry.text, entry.refused])];
    """) == [["bad", "good"], [["bad", "no"]]]
