#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The shared log lines in ten transports, as syslogds and journalctl would write them, and what
`waybill explain --log` reads out of each.

    tests/support/maillog_formats.py [--keep DIRECTORY] [--errors NUMBER]

The lines are the given ones (expected.jsonl), their moments those of formats/expected.jsonl. Each
transport is scored by the corpus's own score.py."""
import argparse
import datetime
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import place  # noqa: E402

SHARED = os.environ.get("WAYBILL_SHARED", os.path.join(os.path.dirname(place.SOURCE), "shared"))
CORPUS = os.path.join(SHARED, "corpora", "maillog")
HEADER = re.compile(rb"^\0*(?:[A-Z][a-z]{2} +\d+ [\d:]{8}|\d{4}-\d\d-\d\dT\S+) (\S+) "
                    rb"([^\s\[:]+)(?:\[(\d+)\])?: ?(.*)$", re.DOTALL)


class Line:
    """One line of the corpus, taken apart."""

    def __init__(self, given, epoch_us):
        found = HEADER.match(given)
        self.host, self.program, self.pid, self.body = found.groups()
        self.usec = epoch_us
        self.utc = (datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) +
                    datetime.timedelta(microseconds=epoch_us))

    def iso(self, zone, digits=6):
        hours = {"Z": 0, "+00:00": 0, "+02:00": 2}[zone]
        text = (self.utc + datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.%f")
        return (text[:19 + (digits and 1 + digits)] + zone).encode()

    def old(self, day):
        return self.utc.strftime("%b " + day + " %H:%M:%S").encode()

    def tag(self):
        return self.program + (b"[" + self.pid + b"]" if self.pid else b"") + b": "

    def syslog(self, when, host=None):
        return when + b" " + (host or self.host) + b" " + self.tag() + self.body + b"\n"

    def rfc5424(self, when, structured, mark):
        return b" ".join([b"<22>1", when, self.host, self.program, self.pid or b"-", b"-",
                          structured, mark + self.body]) + b"\n"

    def fields(self, number):
        pid = [("SYSLOG_PID", self.pid), ("_PID", self.pid)] if self.pid else []
        return [("__CURSOR", b"s=abc;i=%x" % number), ("__REALTIME_TIMESTAMP", b"%d" % self.usec),
                ("_HOSTNAME", self.host), ("SYSLOG_FACILITY", b"2"), ("PRIORITY", b"6"),
                ("SYSLOG_IDENTIFIER", self.program), *pid, ("MESSAGE", self.body)]


def is_text(value):
    try:
        return all(c >= " " or c == "\t" for c in value.decode())
    except UnicodeDecodeError:
        return False


def export(line, number):
    out = b""
    for name, value in line.fields(number):
        if is_text(value):
            out += name.encode() + b"=" + value + b"\n"
        else:
            out += name.encode() + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"
    return out + b"\n"


def as_json(line, number):
    values = {name: value.decode() if is_text(value) else list(value)
              for name, value in line.fields(number)}
    return json.dumps(values).encode() + b"\n"


STRUCTURED = b'[timeQuality tzKnown="1" isSynced="1" syncAccuracy="0"]'
TRANSPORTS = {
    "rfc3164": lambda l, n: l.syslog(l.old("%e")),
    "rfc3164-pri": lambda l, n: b"<22>" + l.syslog(l.old("%e")),
    "rsyslog-iso": lambda l, n: l.syslog(l.iso("+00:00")),
    "iso-z": lambda l, n: l.syslog(l.iso("Z", 0)),
    "iso-tz": lambda l, n: l.syslog(l.iso("+02:00")),
    "rfc5424": lambda l, n: l.rfc5424(l.iso("+00:00"), b"-", b""),
    "rfc5424-sd-bom": lambda l, n: l.rfc5424(l.iso("Z"), STRUCTURED, b"\xef\xbb\xbf"),
    "postlogd": lambda l, n: l.syslog(l.old("%d"), l.host.split(b".")[0]),
    "journal.export": export,
    "journal.json": as_json,
}


def rows(name):
    with open(os.path.join(CORPUS, name), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def given_lines():
    """Bytes of the lines by id. Of lines.rfc3164.log only the end is whole: it has those that are
    no UTF-8, which expected.jsonl has not."""
    given = {row["id"]: row["line"].encode("utf-8", "surrogateescape")
             for row in rows("expected.jsonl")}
    with open(os.path.join(CORPUS, "formats", "lines.rfc3164.log"), "rb") as file:
        tail = [line.strip(b"\0") for line in file.read().rstrip(b"\n").split(b"\n")]
    for row, line in zip(reversed(rows("formats/expected.jsonl")), reversed(tail)):
        given.setdefault(row["id"], line)
    return {name: line for name, line in given.items() if HEADER.match(line)}


def corpus_lines(given):
    """The lines that the transports carry, in the order of formats/expected.jsonl."""
    return [Line(given[row["id"]], row["epoch_us"]) for row in rows("formats/expected.jsonl")
            if row["id"] in given]


def write(transport, directory):
    """The log in that transport; returns its path."""
    path = os.path.join(directory, "lines." + transport)
    with open(path, "wb") as file:
        for number, line in enumerate(corpus_lines(given_lines())):
            file.write(TRANSPORTS[transport](line, number))
    return path


def expected_of(transport):
    postlogd = "formats/expected.postlogd.jsonl"
    return os.path.join(CORPUS, postlogd if transport == "postlogd" else "formats/expected.jsonl")


def expected_here(transport, directory):
    """The expectations of the lines that could be rebuilt, numbered anew."""
    given = given_lines()
    path = os.path.join(directory, transport + ".expected.jsonl")
    with open(expected_of(transport), encoding="utf-8") as file, open(path, "w") as out:
        kept = [row for row in map(json.loads, file) if row["id"] in given]
        for number, row in enumerate(kept, 1):
            out.write(json.dumps({**row, "line_no": number}) + "\n")
    return path


def explain(log):
    """What is read from it, as bytes."""
    return subprocess.run([f"{place.BUILD}/waybill", "explain", "--log", log], check=True,
                          stdout=subprocess.PIPE, env={**os.environ, "TZ": "UTC"}).stdout


def times(log):
    """The moments of its lines in ms."""
    return [round(datetime.datetime.fromisoformat(json.loads(line)["time"].replace("Z", "+00:00"))
                  .timestamp() * 1000) for line in explain(log).splitlines()]


def score(log, expected, directory, errors=0):
    """What score.py says of our reading of that log."""
    out = os.path.join(directory, os.path.basename(log) + ".out.jsonl")
    with open(out, "wb") as file:
        file.write(explain(log))
    done = subprocess.run([sys.executable, os.path.join(CORPUS, "score.py"), "lines", expected, out,
                           "--errors", str(errors)], stdout=subprocess.PIPE, check=True)
    return done.stdout.decode("utf-8", "replace")


def percent(words):
    return float(re.search(r"^ALL .* ([\d.]+)%", words, re.MULTILINE).group(1))


def spurious(words):
    return int(re.search(r"must-not-parse lines \d+, spurious (\d+)", words).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--keep", metavar="DIRECTORY", help="leave the logs and answers there")
    parser.add_argument("--errors", type=int, default=0, help="show so many fields that are wrong")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        directory = arguments.keep or temporary
        os.makedirs(directory, exist_ok=True)
        for transport in TRANSPORTS:
            words = score(write(transport, directory), expected_here(transport, directory),
                          directory, arguments.errors)
            print(f"{transport:16} {percent(words):7.2f} %")
            if arguments.errors:
                print(*[line for line in words.splitlines() if " | " in line], sep="\n")
        words = score(os.path.join(CORPUS, "lines.log"), CORPUS, directory, arguments.errors)
        print(f"{'lines.log':16} {percent(words):7.2f} %, spurious {spurious(words)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
