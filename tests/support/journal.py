# SPDX-License-Identifier: BSD-2-Clause
"""Read what lies in a journal, by milter/journal/FORMAT, without the program's code."""
import glob
import struct
import urllib.parse

HEAD, MARK = 48, b"\xf5\xc0\xff"


def records(path):
    """(type, payload) of each whole record of one segment."""
    with open(path, "rb") as file:
        data = file.read()
    at = HEAD
    while at + 20 <= len(data):
        size, kind = struct.unpack("<IB", data[at:at + 5])
        if data[at + 5:at + 8] != MARK or at + 20 + size > len(data):
            return
        yield chr(kind), data[at + 16:at + 16 + size]
        at += 20 + size


def facts(state_directory):
    """All facts as dictionaries: kind, fact, time and the values by key."""
    found = []
    for path in sorted(glob.glob(f"{state_directory}/journal/[0-7]/" + "[0-9]" * 20)):
        for kind, payload in records(path):
            if kind == "F":
                found.append(_fact(payload))
    return found


def _fact(line):
    time, fact, kind, *values = line.split(b" ")
    pairs = (value.partition(b"=") for value in values)
    result = {key.decode(): urllib.parse.unquote_to_bytes(value).decode("utf-8", "replace")
              for key, _, value in pairs}
    result.update(time=int(time), fact=fact.decode(), kind=kind.decode())
    return result
