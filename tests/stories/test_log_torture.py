# SPDX-License-Identifier: BSD-2-Clause
"""A generated log whose truth is known: short queue ids that come again, aliases, filters, requeues,
bounces, mails that are open at its end. Whatever befalls the log and the daemon, the final state of
every recipient is the true one. (tests/bench/log_torture does it with a million lines.)"""
import pytest

from support.log_torture import Torture

from conftest import scaled

LINES = scaled(20000, 8000)
BYTES_A_SECOND = 400_000


@pytest.mark.parametrize("log_format", ["rfc3164", "iso"])
def test_cut_rotated_and_killed_the_log_gives_every_true_state(log_format):
    with Torture(LINES, seed=4, log_format=log_format) as torture:
        torture.configure()
        run = torture.follow(kills=20, rate=BYTES_A_SECOND)
        verdict = torture.judge()
        print(run, verdict)
        assert run.rotations > 100
        assert verdict.recipients > LINES // 10
        assert verdict.all_right(), str(verdict)


def test_import_gives_every_true_state_and_a_second_one_in_pieces_changes_none():
    with Torture(LINES, seed=5) as torture:
        torture.configure()
        torture.take_in([torture.whole])
        once = torture.judge()
        assert once.recipients > LINES // 10
        assert once.all_right(), str(once)
        torture.take_in(torture.pieces(7))
        again = torture.judge()
        assert again.all_right(), str(again)


def test_import_in_pieces_gives_every_true_state():
    with Torture(LINES, seed=6) as torture:
        torture.configure()
        torture.take_in(torture.pieces(7))
        verdict = torture.judge()
        assert verdict.recipients > LINES // 10
        assert verdict.all_right(), str(verdict)
