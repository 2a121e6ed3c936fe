"""The judge alone: a record in which all is well, and one record for each way in which it is not."""

import json

import pytest

from tests.faults.judging import RULES, judge, proof

NUMBER = "11111111"
ASKED, ANSWERED, NOTED, AGAIN = (f"MARK-{who}-{n}-abcdef{n}" for n, who in enumerate(("eve", "anna", "anna", "eve")))


def line(seq, text, author="visitor", *, private=False):
    return {"seq": seq, "author": author, "id": f"id{seq}", "text": text, "private": private}


LINES = [
    line(1, f"{ASKED} one"),
    line(2, f"{ANSWERED} two", "operator"),
    line(3, f"{NOTED} three", "operator", private=True),
    line(4, f"{AGAIN} four"),
]
PUBLIC = [shown for shown in LINES if not shown["private"]]


def said(t, party, kind, shown, marker, outcome="acked"):
    send = {"e": "send", "t": t, "party": party, "marker": marker, "text": shown["text"], "kind": kind}
    lines = [shown] if outcome == "acked" else []
    told = {"e": "told", "t": t + 0.1, "party": party, "marker": marker, "outcome": outcome, "lines": lines}
    return [send | {"conversation": NUMBER, "id": shown["id"]}, told]


def final(party, lines, **marks):
    return {"e": "final", "t": 9, "party": party, "conversation": NUMBER, "lines": lines, "cursor": 4} | marks


@pytest.fixture
def record():
    """Eve asks, Anna answers and notes, a fault, Eve goes on; her page was open all the time."""
    return _apart(
        [
            {"e": "owns", "t": 0, "party": "eve", "conversation": NUMBER},
            *said(1, "eve", "inbound", LINES[0], ASKED),
            {
                "e": "opened",
                "t": 1.5,
                "reader": "r",
                "party": "eve",
                "conversation": NUMBER,
                "lines": LINES[:1],
                "cursor": 1,
            },
            *said(2, "anna", "reply", LINES[1], ANSWERED),
            {"e": "got", "t": 2.5, "reader": "r", "party": "eve", "after": 1, "cursor": 2, "lines": LINES[1:2]},
            {"e": "receipt", "t": 2.6, "party": "eve", "conversation": NUMBER, "what": "seen", "up_to": 2},
            *said(3, "anna", "note", LINES[2], NOTED),
            {"e": "fault", "t": 4, "kind": "kill:web", "bit": "web died", "took": 1},
            *said(5, "eve", "inbound", LINES[3], AGAIN),
            {"e": "got", "t": 5.5, "reader": "r", "party": "eve", "after": 2, "cursor": 4, "lines": LINES[3:]},
            final("eve", PUBLIC, seen=2, read=0, delivered=0),
            {"e": "listed", "t": 9, "party": "anna", "conversations": [NUMBER]},
            final("anna", LINES, seen=2, read=0, delivered=0),
        ]
    )


def _apart(record):
    """Each line an object of its own, as it is when a record is read from a file."""
    return json.loads(json.dumps(record))


def entries(record, **wanted):
    return [entry for entry in record if all(entry.get(name) == value for name, value in wanted.items())]


def rules(record):
    return {violation.rule for violation in judge(record)}


def test_a_clean_record_is_clean(record):
    assert judge(record) == []


def lose_for_anna(record):
    entries(record, e="final", party="anna")[0]["lines"].pop(0)


def lose_for_both(record):
    for found in entries(record, e="final"):
        found["lines"] = [shown for shown in found["lines"] if shown["seq"] != 2]


def show_twice(record):
    for found in entries(record, e="final"):
        found["lines"].append(line(5, f"{AGAIN} four"))


def answer_twice_differently(record):
    record.append({"e": "answers differ", "t": 6, "party": "eve", "marker": AGAIN, "places": [4, 5]})


def cut_a_text(record):
    entries(record, e="final", party="anna")[0]["lines"][0]["text"] = ASKED


def lose_a_marker(record):
    entries(record, e="got", after=2)[0]["lines"][0]["text"] = "four"


def show_a_note(record):
    entries(record, e="final", party="eve")[0]["lines"].insert(2, LINES[2])


def show_a_stranger(record):
    record.append({"e": "saw", "t": 6, "party": "mallory", "how": "", "status": 200, "lines": LINES[:1]})


def swap_for_anna(record):
    lines = entries(record, e="final", party="anna")[0]["lines"]
    lines[0], lines[1] = lines[1], lines[0]


def number_differently(record):
    entries(record, e="final", party="anna")[0]["lines"][3]["seq"] = 5


def swap_eves(record):
    for found in entries(record, e="final"):
        found["lines"][0]["text"], found["lines"][-1]["text"] = found["lines"][-1]["text"], found["lines"][0]["text"]


def keep_what_was_refused(record):
    entries(record, e="told", marker=AGAIN)[0]["outcome"] = "rejected"


def double_what_is_unknown(record):
    entries(record, e="told", marker=AGAIN)[0]["outcome"] = "unknown"
    show_twice(record)


def miss_on_the_page(record):
    entries(record, e="got", after=2)[0]["lines"].clear()


def repeat_on_the_page(record):
    entries(record, e="got", after=2)[0]["lines"].insert(0, LINES[1])


def stay_away(record):
    for found in record:
        if found["t"] >= 5:
            found["t"] += 11


def never_answer(record):
    record.append({"e": "never answered", "t": 6, "party": "eve"})


def send_twice(record):
    record += [
        {"e": "effect", "t": 6, "purpose": "<1@shop>", "about": "anna about 1", "left": left} for left in (4.5, 5.5)
    ]


def send_nothing(record):
    record.append({"e": "expected effect", "t": 6, "about": "anna about 1"})


def forget_a_receipt(record):
    entries(record, e="final", party="anna")[0]["seen"] = 0


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (lose_for_anna, "I1"),
        (lose_for_both, "I1"),
        (show_twice, "I2"),
        (answer_twice_differently, "I2"),
        (cut_a_text, "I3"),
        (lose_a_marker, "I3"),
        (show_a_note, "I4"),
        (show_a_stranger, "I4"),
        (swap_for_anna, "I5"),
        (number_differently, "I5"),
        (swap_eves, "I6"),
        (keep_what_was_refused, "I7"),
        (double_what_is_unknown, "I7"),
        (miss_on_the_page, "I8"),
        (repeat_on_the_page, "I8"),
        (stay_away, "I9"),
        (never_answer, "I9"),
        (send_twice, "I10"),
        (send_nothing, "I10"),
        (forget_a_receipt, "I11"),
    ],
)
def test_a_spoilt_record_breaks_the_rule(record, spoil, rule):
    spoil(record)

    assert rule in rules(record)


def test_every_rule_has_a_record_that_breaks_it():
    mark = next(mark for mark in test_a_spoilt_record_breaks_the_rule.pytestmark if mark.name == "parametrize")

    assert {rule for _spoil, rule in mark.args[1]} == set(RULES)


def test_what_is_unknown_may_be_there_once_or_not_at_all(record):
    entries(record, e="told", marker=ANSWERED)[0]["outcome"] = "unknown"
    record += said(8, "eve", "inbound", line(5, "MARK-eve-9-fedcba9 gone"), "MARK-eve-9-fedcba9", outcome="unknown")

    assert judge(record) == []


def test_a_worker_that_was_killed_may_send_again_what_it_had_sent(record):
    send_twice(record)
    assert rules(record) == {"I10"}

    entries(record, e="fault")[0]["kind"] = "kill:worker"

    assert rules(record) == set()


def test_a_short_run_proves_nothing(record):
    assert proof(record, faults=1) == ["only 4 messages were acknowledged"]


def test_a_fault_that_bit_nobody_does_not_count(record):
    entries(record, e="fault")[0]["bit"] = ""

    assert "only 0 of 1 faults bit anybody" in proof(record, faults=1)


def test_somebody_who_was_never_answered_proves_nothing(record):
    for found in entries(record, e="told", party="anna"):
        found["outcome"] = "unknown"

    assert "anna never had a message acknowledged" in proof(record, faults=1)
