# SPDX-License-Identifier: BSD-2-Clause
"""What `waybill explain --log` reads is the same whatever wrote the log, and nearly all there is."""
import os

import pytest

from support import maillog_formats

pytestmark = pytest.mark.skipif(
    not os.path.isdir(maillog_formats.CORPUS),
    reason=f"SKIPPED: there is no '{maillog_formats.CORPUS}'; set WAYBILL_SHARED")


@pytest.mark.parametrize("transport", maillog_formats.TRANSPORTS)
def test_every_transport_gives_the_fields(transport, tmp_path):
    log = maillog_formats.write(transport, tmp_path)
    expected = maillog_formats.expected_here(transport, tmp_path)
    words = maillog_formats.score(log, expected, tmp_path, 100)
    assert maillog_formats.percent(words) >= 99, words


def test_lines_that_others_test_their_readers_with_give_the_fields(tmp_path):
    log = os.path.join(maillog_formats.CORPUS, "lines.log")
    words = maillog_formats.score(log, maillog_formats.CORPUS, tmp_path, 100)
    assert maillog_formats.percent(words) >= 98, words
    assert maillog_formats.spurious(words) == 0, words


def test_each_transport_tells_the_moment(tmp_path):
    moments = {}
    for transport in maillog_formats.TRANSPORTS:
        log = maillog_formats.write(transport, tmp_path)
        moments[transport] = maillog_formats.times(log)
    lines = maillog_formats.corpus_lines(maillog_formats.given_lines())
    told = [line.usec // 1000 for line in lines]
    assert len(told) > 300
    for transport, times in moments.items():
        if transport not in ("rfc3164", "rfc3164-pri", "postlogd"):  # their years are as it was sorted
            assert [t // 1000 for t in times] == [t // 1000 for t in told], transport
        else:
            assert [t // 1000 % 86400 for t in times] == [t // 1000 % 86400 for t in told], transport
