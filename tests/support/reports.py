# SPDX-License-Identifier: BSD-2-Clause
"""Reports: one to send, and what the store knows of those that came in."""
import email.utils
import os
import pwd
import secrets

BOUNCE = """\
From: MAILER-DAEMON@{reporting} (Mail Delivery System)
To: sender@shop.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <{own_id}@{reporting}>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"

--{boundary}
Content-Type: text/plain; charset=us-ascii

It could not be delivered.

--{boundary}
Content-Type: message/delivery-status

Reporting-MTA: dns; {reporting}
{fields}Arrival-Date: {now}

Final-Recipient: rfc822; {to}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user here

--{boundary}
Content-Type: text/rfc822-headers

{returned}Subject: a test

--{boundary}--
"""


def bounce(to, reporting="mx.next.example", token=None, queue_id=None, message_id=None):
    """The text of a bounce on a mail to `to` that was sent just now; what is None it does not say."""
    now = email.utils.formatdate()
    fields = (f"Original-Envelope-Id: {token}\n" if token else "")
    fields += (f"X-Postfix-Queue-ID: {queue_id}\n" if queue_id else "")
    returned = (f"Message-ID: <{message_id}>\n" if message_id else "")
    if queue_id:
        returned = ("Received: from pc.shop.example (pc.shop.example [192.0.2.7])\n"
                    f"\tby mx.example (Postfix) with ESMTP id {queue_id};\n"
                    f"\t{now}\n") + returned
    return BOUNCE.format(to=to, now=now, reporting=reporting, fields=fields, returned=returned,
                         own_id=secrets.token_hex(8), boundary=secrets.token_hex(8))


def reports_on(world, waybill):
    """The facts that reports told about this mail: [{key: value}]."""
    return [fact for fact in world.facts(waybill["queue_id"]) if fact["witness"] == "r"]


def new_key(path):
    """A secret that the daemon, as the user nobody, can read."""
    with open(path, "wb") as file:
        file.write(secrets.token_bytes(32))
    nobody = pwd.getpwnam("nobody")
    os.chown(path, nobody.pw_uid, nobody.pw_gid)
    os.chmod(path, 0o600)
    return path
