# SPDX-License-Identifier: BSD-2-Clause
"""The rules for logcheck in the Debian package: what waybilld says in a normal run is silenced, what it
warns of is not. Both for the lines of a real run and for each line that the source can write."""
import os
import re
import shutil
import subprocess

from support import place
from support.daemon import Daemon
from support.private_redis import PrivateRedis

RULES = f"{place.SOURCE}/packaging/debian/waybill.logcheck.ignore.server"
HEADERS = ("Nov 22 09:00:00 mx waybilld[314]: ", "2026-11-22T09:00:00.123456+00:00 mx waybilld[314]: ")
STRING = r'"(?:\\.|[^"\\])*"'
CALL = re.compile(rf"\b(log_(?:info|warning|error)|log_trouble_o(?:n|ff))\(\s*(?:&[\w.>-]+,\s*)?"
                  rf"((?:{STRING}|PACKAGE_VERSION|\s)+)")
OWN = ("milter/base/trouble.c",)  # it words what its callers say
# What stands for %s where a word alone would not do.
WORDS = {"reload: %s %s": ("hold_seconds", "needs a restart"),
         "reload: %s applied": ("web_rate",), "reload: %s needs a restart": ("web_listen",),
         "reading the mail log from '%s', %s": ("the systemd journal", "where it was left"),
         "reading the mail log from all files '%s', %s":
             ("/var/log/mail/*.log", "beginning with what is written from now on")}


def silenced(lines):
    """Those of `lines` that logcheck would not show, as it asks: egrep with our file."""
    done = subprocess.run(["grep", "-E", "-f", RULES], input="\n".join(lines) + "\n", text=True,
                          capture_output=True, check=False)
    assert done.returncode in (0, 1) and not done.stderr, done.stderr
    return set(done.stdout.splitlines())


def lines_of_the_source():
    """(function, file, text) of each call, its values filled in."""
    for folder, _, names in os.walk(f"{place.SOURCE}/milter"):
        for path in (os.path.join(folder, name) for name in names if name.endswith(".c")):
            if path.endswith(OWN):
                continue
            with open(path, encoding="utf-8") as file:
                for function, pieces in CALL.findall(file.read()):
                    text = "".join(re.findall(STRING, pieces.replace("PACKAGE_VERSION", '"0.1.0~rc1"')))
                    yield function, os.path.basename(path), filled(text.replace('""', "")[1:-1])


def filled(text):
    words = iter(WORDS.get(text, ()))

    def value(found):
        return next(words, "mx.example") if found.group(1) == "s" else "3"
    return re.sub(r"%[.*]*(?:ll|z|l)?([sudcx])", value, text)


def test_all_that_a_normal_run_may_say_is_silenced_and_no_warning_is():
    quiet, loud = [], []
    for function, path, text in lines_of_the_source():
        for header in HEADERS:
            if path == "waybill_web.c":
                header = header.replace("waybilld", "waybill-web")
            if function == "log_trouble_off":
                quiet.append((path, f"{header}{text} (after 2 min 3 s and 17 failures)"))
            elif function == "log_info":
                quiet.append((path, header + text))
            else:
                loud += [(path, header + text),
                         (path, f"{header}still, for 1 h 0 min, 9 times: {text}")]
    assert len(quiet) > 20 and len(loud) > 100, "the calls were not found"
    hidden = silenced([line for _, line in quiet + loud])
    assert [(path, line) for path, line in quiet if line not in hidden] == []
    assert [(path, line) for path, line in loud if line in hidden] == []


def test_a_real_run_shows_its_trouble_and_nothing_else():
    base = place.new_directory("logcheck")
    redis = PrivateRedis(f"{base}/redis")
    with open(f"{base}/mail.log", "w", encoding="utf-8"):
        daemon = Daemon(f"{base}/daemon", redis.address, log_level="info",
                        log_source=[f"{base}/mail.log"])
    try:
        redis.start()
        daemon.start()
        daemon.configure(hold_seconds=3, batch_facts=500, host="other.example")
        daemon.reload()
        daemon.wait_for_log("reload: host needs a restart")
        redis.stop()
        daemon.wait_for_log("warning:")
        redis.start()
        daemon.wait_for_log("the store takes facts again")
    finally:
        daemon.stop()
        said = re.findall(r"waybilld\[\d+\]: (\w+): (.*)", daemon.log_text())
        redis.stop()
        shutil.rmtree(base)
    assert said[-1] == ("info", "waybilld ends") and "warning" in {level for level, _ in said}
    hidden = silenced([HEADERS[0] + text for _, text in said])
    for level, text in said:
        assert (HEADERS[0] + text in hidden) == (level == "info"), (level, text)
