# SPDX-License-Identifier: BSD-2-Clause
"""The units of systemd as files: how much they lock up, and that systemd understands each line.
test_installed.py runs them."""
import glob
import os
import re
import shutil
import subprocess

import pytest
from support import place

# systemd counts in tenths, from 0 (safe) to 10.
MOST_EXPOSURE = 1.5
UNITS = sorted(os.path.basename(path)[:-len(".in")]
               for path in glob.glob(f"{place.SOURCE}/packaging/systemd/*.service.in"))
EXAMPLES = {"credentials.conf.example": UNITS, "redis-is-local.conf.example": UNITS,
            "mail-log.conf.example": ["postfix@.service"]}

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None,
                                reason="there is no systemd-analyze")


def unit_text(name):
    path = f"{place.BUILD}/packaging/systemd/{name}"
    if not os.path.exists(path):
        pytest.skip("built without systemd: there are no units")
    with open(path, encoding="utf-8") as file:
        return file.read()


def analyze(*arguments):
    done = subprocess.run(["systemd-analyze", "--no-pager", *arguments], check=False, text=True,
                          capture_output=True, env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"})
    return done.returncode, done.stdout + done.stderr


def exposure(path):
    code, said = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSURE * 10:.0f}", path)
    score = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert score, said
    return code, float(score[1]), said


def test_there_are_units_to_look_at():
    assert {"waybill.service", "waybill-queue.service", "waybill-web.service"} <= set(UNITS)


@pytest.mark.parametrize("name", UNITS)
def test_exposure_is_within_what_is_promised(name, place_of_story):
    with open(f"{place_of_story}/{name}", "w", encoding="utf-8") as file:
        file.write(unit_text(name))
    code, score, said = exposure(f"{place_of_story}/{name}")
    assert code == 0 and score <= MOST_EXPOSURE, said


def test_a_unit_that_locks_up_less_would_be_told(place_of_story):
    weak = unit_text("waybill.service").replace("ProtectSystem=strict\n", "").replace(
        "PrivateUsers=yes\n", "").replace("CapabilityBoundingSet=\n", "")
    with open(f"{place_of_story}/weak.service", "w", encoding="utf-8") as file:
        file.write(weak)
    code, score, _ = exposure(f"{place_of_story}/weak.service")
    assert code != 0 and score > MOST_EXPOSURE


def verified(folder, names, drop_in=None):
    """What systemd complains about when it reads the units, with the example as drop-in of each.
    The programs stand for ours: whether those are installed is not asked here."""
    for name in names:
        text = unit_text(name) if name in UNITS else "[Service]\nExecStart=/bin/true\n"
        text = re.sub(r"(?m)^(Exec\w+=)\S*/waybill(?:d|-web)?(?= |$)", r"\1/bin/true", text)
        text = re.sub(r"(?m)^Documentation=.*\n", "", text)  # the manuals are not installed either
        with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
        if drop_in:
            os.makedirs(f"{folder}/{name}.d")
            shutil.copy(f"{place.SOURCE}/packaging/systemd/{drop_in}", f"{folder}/{name}.d/x.conf")
    code, said = analyze("verify", *(f"{folder}/{name}".replace("@.", "@x.") for name in names))
    ours = [line for line in said.splitlines() if any(name in line or name.replace("@.", "@x.") in line
                                                      for name in names)]
    return code, ours


def test_systemd_understands_every_line(place_of_story):
    shutil.copy(f"{place.SOURCE}/packaging/systemd/waybill-queue.timer", place_of_story)
    code, said = verified(place_of_story, UNITS)
    assert (code, said) == (0, [])


@pytest.mark.parametrize("example", EXAMPLES)
def test_systemd_understands_the_examples(example, place_of_story):
    """Their lines that are commented out, too."""
    code, said = verified(place_of_story, EXAMPLES[example], drop_in=example)
    assert (code, said) == (0, [])
    name = EXAMPLES[example][0]
    with open(f"{place_of_story}/{name}.d/x.conf", encoding="utf-8") as file:
        text = re.sub(r"(?m)^#(?=[A-Z]\w+=)", "", file.read())
    with open(f"{place_of_story}/{name}.d/x.conf", "w", encoding="utf-8") as file:
        file.write(text)
    code, said = analyze("verify", f"{place_of_story}/{name}".replace("@.", "@x."))
    assert code == 0 and "x.conf" not in said, said


def test_a_line_that_systemd_does_not_know_would_be_told(place_of_story):
    with open(f"{place_of_story}/waybill.service", "w", encoding="utf-8") as file:
        file.write("[Service]\nExecStart=/bin/true\nPrivateMouse=yes\n")
    assert "PrivateMouse" in analyze("verify", f"{place_of_story}/waybill.service")[1]
