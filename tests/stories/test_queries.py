# SPDX-License-Identifier: BSD-2-Clause
"""Random questions about random mails, which went the real way into the store, have the answers that a
plain list gives. (tests/bench/queries does it with 100,000 mails and 10,000 questions.)"""
import shutil

from support import place
from support.both_answers import Bench

MAILS, QUESTIONS = 2000, 500
RARE = {"original alternatives", "original alternatives not", "list alternatives not"}  # not always met in so few


def test_random_questions_have_the_answers_of_a_plain_list():
    base = place.new_directory("queries")
    try:
        with Bench(base, MAILS, seed=3) as bench:
            bench.put_all(QUESTIONS)
    finally:
        shutil.rmtree(base)
    assert bench.compared >= QUESTIONS
    assert not bench.differences, "\n".join(bench.differences[:5])
    assert len([kind for kind in bench.missed() if kind not in RARE]) <= 6, bench.missed()
