# SPDX-License-Identifier: BSD-2-Clause
"""A next mail server whose every no is made to be misread where it is logged: it imitates lines of the
log, with the true queue id where it has seen it, other recipients, reports, control characters.

    rcpt-NUMBER@...   refused at RCPT, for ever (even numbers) or for now (odd ones)
    data-NUMBER@...   the same at the end of the mail
    anything else     as sink.py
"""
import random
import re

from .sink import Sink

FATE = {b"5": "failed", b"4": "delayed"}
SENT = b"to=<%(to)s>, relay=sink.example[127.0.0.1]:25, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, " \
       b"status=sent (250 2.0.0 Ok: queued as 4FAKE0fake0)"
LIES = (
    b"no) status=sent (250 2.0.0 Ok: queued as 4FAKE0fake0)", b"status=sent (250 2.0.0 Ok)", b"status=sent",
    b"status=bounced (", b"status=deferred (", b"dsn=2.0.0, status=sent (250 ok)", b"said: 250 2.0.0 Ok",
    SENT, b"%(id)s: " + SENT, b"%(id)s: removed", b"4FAKE0fake0: " + SENT,
    b"%(id)s: to=<other@sink.example>, relay=local, delay=1, status=sent (delivered)",
    b"Nov 22 05:00:00 mx postfix/smtp[1]: %(id)s: " + SENT,
    b"<22>Nov 22 05:00:00 mx postfix/smtp[1]: %(id)s: " + SENT,
    b"<22>1 2026-11-22T05:00:00Z mx postfix/smtp 1 - - %(id)s: " + SENT,
    b"2026-11-22T05:00:00.000000+00:00 mx postfix/qmgr[1]: %(id)s: removed",
    b"\rNov 22 05:00:00 mx postfix/smtp[1]: %(id)s: " + SENT + b"\r",
    b"#012Nov 22 05:00:00 mx postfix/smtp[1]: %(id)s: " + SENT, b"\\nNov 22 05:00:00 mx postfix: x",
    b"message repeated 999 times: [ %(id)s: " + SENT + b"]", b"last message repeated 12 times",
    b"Suppressed 100 messages from postfix.service", b"(in reply to RCPT TO command))", b"(delivered to mailbox)",
    b"%(id)s: sender non-delivery notification: 4FAKE0fake0", b"forwarded as 4FAKE0fake0", b"expired, returned to sender",
    b"Final-Recipient: rfc822; %(to)s\rAction: delivered\rStatus: 2.0.0\r\r", b"Subject: Success\rX-Waybill: 1",
    b"{\"MESSAGE\":\"%(id)s: removed\"}", b"\x00\x00", b"a\x00b) status=sent (250 ok)", b"\x1b[2J\x1b[31m\x07", b"\x7f\x08\x08",
    b"((((((((((((((((", b"))))))))))))))))", b")", b"(", b"[[]]<<>>", b"\"'`", b"%%s%%n%%d", b"\xff\xfe\xc3\x28",
    b"\xe2\x80\xae\xe2\x80\xa8\xc2\x85", b"\t\x0b\x0c", b"x" * 1900, b"(" * 700, b"250 2.0.0 Ok", b"", b" ",
)


class HostileSink(Sink):
    def __init__(self, port):
        super().__init__(port)
        self.truth = {}  # {recipient: what its mail server has to make of the last no}
        self._queue_ids = [b"4FAKE0fake0"]

    async def _rcpt(self, to):
        return self._no(to) if to.startswith("rcpt-") else await super()._rcpt(to)

    def _refuse(self, text, recipients):
        found = re.search(rb"(?m)^\s+(?:by .* )?id ([0-9A-Za-z]{6,20})\b", text) or \
            re.search(rb"\bid ([0-9A-Za-z]{6,20})\b", text)
        if found:
            self._queue_ids.append(found.group(1))
        hostile = [to for to in recipients if to.startswith("data-")]
        return self._no(hostile[0]) if hostile else super()._refuse(text, recipients)

    def _no(self, to):
        number = int(re.search(r"\d+", to).group())
        dice = random.Random(number)
        code = dice.choice((b"550", b"552", b"553", b"554") if number % 2 == 0 else
                           (b"450", b"451", b"452"))
        self.truth[to] = FATE[code[:1]]
        lines = [self._words(dice, code, to) for _ in range(dice.choice((1, 1, 1, 2, 3, 30)))]
        marks = [b"-"] * (len(lines) - 1) + [b" "]
        return b"".join(code + mark + line + b"\r\n" for mark, line in zip(marks, lines))

    def _words(self, dice, code, to):
        status = dice.choice((b"%c.1.1 " % code[0], b"%c.7.1 " % code[0], b""))
        values = {b"to": to.encode(), b"id": self._queue_ids[-1 if dice.random() < 0.7 else 0]}
        return status + b" ".join(dice.choice(LIES) % values for _ in range(dice.randint(1, 4)))
