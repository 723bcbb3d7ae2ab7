# SPDX-License-Identifier: BSD-2-Clause
"""The bench of the store runs, answers rightly, and says what it promises. Of its figures, only bytes
are looked at: with so few mails, and on a machine that does other things too, the rest says little."""
import json
import os
import subprocess

from support import place

PROMISED = {"mails", "bytes_per_mail", "text_bytes_per_mail", "naive_bytes_per_mail", "floor_bytes_per_mail",
            "mails_per_cpu_second", "naive_mails_per_cpu_second", "recipient_p50_ms", "recipient_p99_ms"}


def test_the_bench_says_what_a_mail_costs():
    done = subprocess.run([f"{place.SOURCE}/tests/bench/store", "--quick", "--json"], check=False, timeout=300,
                          stdout=subprocess.PIPE, text=True, env={**os.environ, "WAYBILL_BUILD": place.BUILD})
    assert done.returncode == 0, "a wrong answer, or it did not run"
    figures = json.loads(done.stdout)
    assert PROMISED <= figures.keys()
    assert figures["wrong_answers"] == 0
    for name in ("mails_per_cpu_second", "naive_mails_per_cpu_second", "recipient_p50_ms", "recipient_p99_ms"):
        assert figures[name] > 0, name
    assert figures["text_floor_bytes_per_mail"] < figures["text_bytes_per_mail"] < figures["naive_bytes_per_mail"]
    if figures["bytes_per_mail"] is not None:
        assert figures["floor_bytes_per_mail"] < figures["bytes_per_mail"] < figures["text_bytes_per_mail"]
    assert figures["refused_bytes_per_mail"] < figures["naive_refused_bytes_per_mail"]
    check_page(figures, done.stdout)


def check_page(figures, words):
    """The sizing page takes its tables from there."""
    tables = subprocess.run([f"{place.SOURCE}/tests/bench/sizing"], check=True, input=words, stdout=subprocess.PIPE,
                            text=True).stdout
    assert f"| bytes a mail (used_memory) | {figures['text_bytes_per_mail']:,.0f} |" in tables
    assert "| 100 million |" in tables and "Nothing in the next table was measured" in tables
    with open(f"{place.SOURCE}/packaging/doc/SIZING.md", encoding="utf-8") as page:
        lines = page.read().splitlines()
    assert [line for line in lines if line.startswith("<!-- tables ")] == [
        "<!-- tables of tests/bench/sizing begin -->", "<!-- tables of tests/bench/sizing end -->"]
