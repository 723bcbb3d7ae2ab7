# SPDX-License-Identifier: BSD-2-Clause
"""Whatever comes over the milter's socket: an answer that lets the mail pass, and no harm.

The store is away in all of them: nothing of it is on the path of a mail.
"""
import collections
import os
import random
import resource
import shutil
import socket
import struct
import time

import pytest
from conftest import scaled
from support import journal, milter, place
from support.daemon import Daemon

HARMLESS = {milter.CONTINUE, milter.ACCEPT, milter.SKIP}


@pytest.fixture(name="daemon", scope="module")
def running_daemon():
    base = place.new_directory("protocol")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)  # for 1,100 sessions; the daemon inherits it
    if soft < 4096:
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
    daemon = Daemon(base, f"tcp:127.0.0.1:{place.free_port()}", node=7, log_source=[], log_level="info")
    try:
        daemon.start()
        yield daemon
        assert daemon.process.poll() is None, daemon.log_text()
        assert daemon.stop() == 0, daemon.log_text()
    finally:
        if daemon.process is not None and daemon.process.poll() is None:
            daemon.kill()
        shutil.rmtree(base, ignore_errors=True)


def is_well(daemon):
    """One more mail is taken and kept."""
    sender = f"<well-{random.getrandbits(48):x}@sender.example>"
    with milter.Session(daemon.socket) as session:
        play(session, milter.whole_session(sender))
    fates = fates_by_sender(daemon)
    assert fates[sender.strip("<>")] == ["queued"], fates[sender.strip("<>")]
    assert daemon.process.poll() is None, daemon.log_text()


def play(session, packets):
    """Send them as an MTA would; every answer must be harmless. Returns the letters."""
    letters = []
    for raw in packets:
        if raw[4:5] == b"O":
            session.negotiate()
        else:
            letters.append(session.command(raw))
    assert set(letters) - {None} <= HARMLESS, letters
    return letters


def fates_by_sender(daemon):
    """{sender: [queued | abandoned]}; each mail has one of them, and facts with ids of their own."""
    facts = journal.facts(daemon.state)
    assert len({fact["fact"] for fact in facts}) == len(facts)
    senders, fates = {}, collections.defaultdict(list)
    for fact in facts:
        if fact["kind"] == "mail":
            senders[fact["w"]] = fact["from"]
            fates.setdefault(fact["from"], [])
        elif fact["kind"] in ("queued", "abandoned"):
            fates[senders[fact["w"]]].append(fact["kind"])
    return fates


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def test_a_mail_is_told_as_it_happens(daemon):
    with milter.Session(daemon.socket) as session:
        letters = play(session, milter.whole_session("<told@sender.example>"))
    assert [letter for letter in letters if letter] == [milter.CONTINUE] * 4  # MAIL, RCPT, body, EOM
    mine = [fact for fact in journal.facts(daemon.state) if fact.get("from") == "told@sender.example"]
    told = [fact for fact in journal.facts(daemon.state) if fact.get("w") == mine[0]["w"]]
    assert [fact["kind"] for fact in told] == ["mail", "rcpt", "header", "queued"]
    assert told[0]["host"] == "mx.example" and told[0]["daemon"] == "mx.facts.example"
    assert (told[1]["to"], told[2]["id"]) == ("bob@next.example", "1@sender.example")
    assert (told[3]["q"], told[3]["w"][11:13]) == ("4jX3rc3lgMz1bwkK", "07")


def test_no_reply_is_agreed_wherever_it_does_not_matter(daemon):
    with milter.Session(daemon.socket) as session:
        session.negotiate()
    silent = {letter for letter, flag in milter.NO_REPLY.items() if session.granted & flag}
    assert silent == {b"C", b"H", b"T", b"L", b"N"}
    assert session.granted & ~sum(milter.NO_REPLY.values()) == 0x100D00  # LEADSPC, RCPT_REJ, SKIP, NOUNKNOWN
    assert session.actions == 0x100
    assert "{client_addr}" in session.asked[0] and "{rcpt_mailer}" in session.asked[3]
    assert all("{daemon_name}" not in names for stage, names in session.asked.items() if stage)


@pytest.mark.parametrize("actions, protocol, version", [
    (0x1FF, 0x1FFFFF, 6), (0xFF, 0x1FFFFF, 6), (0x3F, 0x7F, 2), (0xF, 0x3F, 2), (0, 0, 6),
    (0x1FF, 0x400, 6), (0x1FF, 0x1FFFFF & ~0x400, 6), (0xFFFFFFFF, 0xFFFFFFFF, 99)])
def test_every_mta_is_served_with_what_it_offers(daemon, actions, protocol, version):
    sender = f"<offer-{actions:x}-{protocol:x}@sender.example>"
    with milter.Session(daemon.socket) as session:
        session.negotiate(actions=actions, protocol=protocol, version=version)
        assert session.granted & ~(protocol or 0x3F) == 0
        assert session.actions & ~(actions or 0xF) == 0
        play(session, milter.whole_session(sender)[1:])
    assert fates_by_sender(daemon)[sender.strip("<>")] == ["queued"]


def test_a_large_body_is_skipped_but_not_that_of_a_report(daemon):
    def answers(sender, *fields):
        with milter.Session(daemon.socket) as session:
            session.negotiate()
            play(session, [milter.connect(), milter.mail(sender), milter.rcpt("<bob@next.example>"),
                           *(milter.header(*field) for field in fields), milter.end_of_header()])
            chunks = [session.command(milter.body(b"x" * milter.CHUNK)) for _ in range(2)]
            return chunks + [session.command(milter.end_of_message())]

    skipped, read = [b"s", b"s", b"c"], [b"c", b"c", b"c"]
    assert answers("<large@sender.example>") == skipped
    assert answers("<>") == read
    assert answers("<a@sender.example>", ("Content-Type", " multipart/report; a=b")) == read
    assert answers("<b@sender.example>", ("Auto-Submitted", " auto-replied")) == read
    sizes = [fact.get("size") for fact in journal.facts(daemon.state) if fact["kind"] == "queued"][-4:]
    assert sizes[0] is None and sizes[1] == str(2 + 2 * milter.CHUNK)


def test_a_client_that_goes_away_after_rcpt_is_not_forgotten(daemon):
    """The MTA closes at once; libmilter does not read what it has not read by then."""
    for number in range(50):
        with milter.Session(daemon.socket) as session:
            session.negotiate()
            play(session, milter.whole_session(f"<gone-{number}@sender.example>")[1:8])
            session.send(milter.abort() + milter.quit_session())
    place.wait_until(lambda: all(fates_by_sender(daemon)[f"gone-{number}@sender.example"] == ["abandoned"]
                                 for number in range(50)), 10, "all are told as abandoned")


def test_a_session_cut_at_any_byte_leaves_its_record(daemon):
    whole = milter.whole_session("<cut@sender.example>")
    stream = b"".join(whole)
    mail_ends = sum(map(len, whole[:6]))
    message_ends = sum(map(len, whole[:-2]))
    step = scaled(1, 7)
    cuts = range(1, len(stream), step)
    before = descriptors(daemon)
    for cut in cuts:
        with milter.Session(daemon.socket) as session:
            session.send(stream[:cut])
            session.socket.shutdown(socket.SHUT_WR)
            while session.socket.recv(65536):
                pass
    place.wait_until(lambda: descriptors(daemon) <= before, 10, "all sessions are closed")
    expected = collections.Counter(
        "queued" if cut >= message_ends else "abandoned" for cut in cuts if cut >= mail_ends)
    # the fact is told a moment after the socket is closed
    place.wait_until(lambda: collections.Counter(fates_by_sender(daemon)["cut@sender.example"]) == expected,
                     10, f"{expected}")
    is_well(daemon)


def test_packets_of_no_and_of_huge_size(daemon):
    """libmilter itself ends such a connection, or waits for bytes that never come."""
    for size in (0, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 65536 + 2, 1 << 24):
        for before in ([], milter.whole_session("<size@sender.example>")[:8]):
            with milter.Session(daemon.socket, seconds=2) as session:
                session.send(b"".join(before) + struct.pack("!I", size) + b"L")
                session.socket.shutdown(socket.SHUT_WR)
                try:
                    while session.socket.recv(65536):
                        pass
                except (ConnectionError, socket.timeout):
                    pass
    is_well(daemon)


def test_unknown_commands_end_the_session_and_nothing_else(daemon):
    known = b"ABCDEHKLMNOQRTU"
    for letter in (bytes([code]) for code in range(256) if bytes([code]) not in known):
        with milter.Session(daemon.socket) as session:
            session.negotiate()
            play(session, [milter.connect(), milter.mail("<odd@sender.example>")])
            try:
                session.send(milter.packet(letter, b"rubbish\0"))
                assert session.ended()
            except milter.Ended:
                pass
    place.wait_until(lambda: set(fates_by_sender(daemon)["odd@sender.example"]) == {"abandoned"} and
                     len(fates_by_sender(daemon)["odd@sender.example"]) == 256 - len(known), 10, "all abandoned")
    is_well(daemon)


def test_commands_in_any_order(daemon):
    """Random walks through the protocol: every answer is harmless, every mail has one end."""
    random.seed(20261121)
    pieces = milter.whole_session("<walk@sender.example>")[1:-1] + [milter.rcpt("<more@next.example>"),
                                                                    milter.body(b"x" * milter.CHUNK)]
    for _ in range(scaled(300, 40)):
        with milter.Session(daemon.socket) as session:
            session.negotiate()
            walk = [random.choice(pieces) for _ in range(30)]
            session.send(b"".join(walk) + milter.quit_session())
            try:
                while True:
                    letter, _ = session.answer()
                    assert letter in HARMLESS, letter
            except milter.Ended:
                pass
    place.wait_until(lambda: all(len(ends) == 1 or sender == "walk@sender.example"
                                 for sender, ends in fates_by_sender(daemon).items()
                                 if sender.startswith("walk")), 10, "each walk has its end")
    mails = [fact["w"] for fact in journal.facts(daemon.state) if fact.get("from") == "walk@sender.example"]
    ends = collections.Counter(fact["w"] for fact in journal.facts(daemon.state)
                               if fact["kind"] in ("queued", "abandoned"))
    assert mails and {ends[waybill] for waybill in mails} == {1}
    is_well(daemon)


def test_random_bytes(daemon):
    random.seed(4711)
    for _ in range(scaled(300, 50)):
        raw = bytearray(b"".join(milter.whole_session("<noise@sender.example>")))
        for _ in range(random.randrange(1, 6)):
            raw[random.randrange(len(raw))] = random.randrange(256)
        with milter.Session(daemon.socket, seconds=5) as session:
            try:
                session.send(bytes(raw))
                session.socket.shutdown(socket.SHUT_WR)
                while session.socket.recv(65536):
                    pass
            except (ConnectionError, socket.timeout):
                pass
    is_well(daemon)


def test_macros_without_a_value(daemon):
    """libmilter runs over the end of such a list (milter/observe/smtp/macros.c)."""
    for words in range(1, 40, 2):
        for command in (b"C", b"H", b"M", b"R", b"T", b"N", b"E"):
            odd = milter.packet(b"D", command + milter.strings(*["x" * words] * words))
            with milter.Session(daemon.socket) as session:
                session.negotiate()
                play(session, [odd, *milter.whole_session("<odd-macros@sender.example>")[2:7:1], odd,
                               *milter.whole_session("<odd-macros@sender.example>")[7:]])
    is_well(daemon)


def test_hostile_texts_stay_within_one_fact(daemon):
    evil = b"x\n1795298143051 mAAAAAAAAAA queued w=261121575430700000 \x1b[31m\xff\xfe\xe2\x80\xae%00"
    with milter.Session(daemon.socket) as session:
        session.negotiate()
        play(session, [milter.macros(b"C", daemon_name=evil.decode("latin-1"), client_name="a b=c"),
                       milter.connect(host=evil), milter.helo(evil), milter.mail(b"<" + evil + b"@e>", evil),
                       milter.rcpt(b"<" + evil + b"@e>", b"NOTIFY=" + evil), milter.header(evil, evil),
                       milter.header("Subject", evil), milter.end_of_header(), milter.end_of_message()])
    is_well(daemon)
    told = [fact for fact in journal.facts(daemon.state) if "x\n1795" in fact.get("from", "")]
    assert len(told) == 1 and told[0]["client"] == "a b=c"


def test_a_header_of_a_megabyte_in_pieces_costs_no_memory(daemon):
    def resident():
        with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    before = resident()
    with milter.Session(daemon.socket, seconds=60) as session:
        session.negotiate()
        play(session, [milter.connect(), milter.mail("<big@sender.example>"), milter.rcpt("<bob@next.example>")])
        field = milter.header("Subject", b"y" * 60000)
        for _ in range(scaled(1000, 200)):
            session.send(field)
        session.send(milter.end_of_header())
        assert session.command(milter.end_of_message()) == milter.CONTINUE
    if not os.environ.get("WAYBILL_REPORTS"):  # ASan keeps what was freed
        assert resident() - before < 8192
    queued = next(fact for fact in reversed(journal.facts(daemon.state)) if fact["kind"] == "queued")
    assert int(queued["size"]) == scaled(1000, 200) * (60000 + len("Subject:\r\n")) + 2


def test_close_without_connect(daemon):
    """Health checks: connect and close; negotiate and close."""
    before = descriptors(daemon)
    for _ in range(50):
        milter.Session(daemon.socket).socket.close()
        with milter.Session(daemon.socket) as session:
            session.negotiate()
    place.wait_until(lambda: descriptors(daemon) <= before, 10, "all sessions are closed")
    is_well(daemon)


def test_a_connection_may_be_used_for_a_second_session(daemon):
    with milter.Session(daemon.socket) as session:
        session.negotiate()
        play(session, milter.whole_session("<first@sender.example>")[1:-1])
        session.send(milter.quit_for_new_connection())
        play(session, milter.whole_session("<second@sender.example>")[1:])
    fates = fates_by_sender(daemon)
    assert fates["first@sender.example"] == fates["second@sender.example"] == ["queued"]


def test_1100_open_sessions(daemon):
    count, sessions = 1100, []
    before = descriptors(daemon)
    try:
        for number in range(count):
            session = milter.Session(daemon.socket, seconds=30).negotiate()
            sessions.append(session)
            packets = milter.whole_session(f"<open-{number}@sender.example>")[1:]
            play(session, packets[:5])
        began = time.monotonic()
        for session in sessions:
            play(session, [milter.rcpt("<bob@next.example>"), milter.data(), milter.end_of_header()])
            assert session.command(milter.end_of_message()) == milter.CONTINUE
        assert time.monotonic() - began < 60
    finally:
        for session in sessions:
            session.socket.close()
    place.wait_until(lambda: descriptors(daemon) <= before, 30, "all sessions are closed")
    fates = fates_by_sender(daemon)
    assert all(fates[f"open-{number}@sender.example"] == ["queued"] for number in range(count))
    is_well(daemon)
