# SPDX-License-Identifier: BSD-2-Clause
"""The configuration file: what is wrong is named by file and line, and a reload says what it did."""
import subprocess

import pytest

from support import place
from support.daemon import Daemon

CONFIG, USAGE = 78, 64
BAD_LINES = [
    # the line, what must be said about it
    ('listne = "unix:/run/x.sock"', ["listne"]),
    ('listen = "somewhere"', ["listen", "unix:", "inet:"]),
    ("batch_ms = 70000", ["batch_ms", "60000"]),
    ("batch_ms = -1", ["batch_ms", "0"]),
    ('batch_ms = "soon"', ["batch_ms"]),
    ('subject = "maybe"', ["subject", "full", "hash", "off"]),
    ('redis = "http://127.0.0.1"', ["redis", "tcp:"]),
    ('state_directory = "relative/path"', ["state_directory", "absolute"]),
    ('listen_mode = "0999"', ["listen_mode"]),
    ('log_source = { "relative.log" }', ["log_source", "absolute"]),
    ("log_level = ", []),
    ('log_level = "info', []),
    ("retention_days = 99999999999999999999", ["retention_days"]),
]


def check(conf):
    return subprocess.run([f"{place.BUILD}/waybilld", "-t", "-c", conf], check=False, text=True,
                          capture_output=True, timeout=20, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("line,said", BAD_LINES)
def test_a_bad_line_is_named_with_what_is_allowed(tmp_path, line, said):
    conf = tmp_path / "waybill.conf"
    conf.write_text(f"# a comment\nhost = \"mx.example\"\n{line}\n", encoding="utf-8")
    done = check(str(conf))
    assert done.returncode == CONFIG, done.stderr
    assert f"{conf}:3" in done.stderr or (not said and f"{conf}:" in done.stderr), done.stderr
    for word in said:
        assert word in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_daemon_itself_ends_with_78_too(tmp_path):
    conf = tmp_path / "waybill.conf"
    conf.write_text("batch_ms = 70000\n", encoding="utf-8")
    done = subprocess.run([f"{place.BUILD}/waybilld", "-c", str(conf)], check=False, text=True,
                          capture_output=True, timeout=20, stdin=subprocess.DEVNULL)
    assert done.returncode == CONFIG
    assert f"{conf}:1" in done.stderr


@pytest.mark.parametrize("line,name", [('subject = "hash"\nkey_file = "/nowhere/key"', "key_file"),
                                       ('stamp_envid = "yes"\nkey_file = "/nowhere/key"', "key_file"),
                                       ('key_file_before = "/nowhere/key"', "key_file_before"),
                                       ('redis_ca_file = "/nowhere/ca"', "redis_ca_file")])
def test_a_file_that_the_settings_name_must_be_there(place_of_story, line, name):
    conf = f"{place_of_story}/waybill.conf"
    with open(conf, "w", encoding="utf-8") as file:
        file.write(f'user = "nobody"\nstate_directory = "{place_of_story}/state"\n'
                   f'listen = "unix:{place_of_story}/socket"\n{line}\n')
    for mode in ([], ["-t"]):
        done = subprocess.run([f"{place.BUILD}/waybilld", *mode, "-c", conf], check=False,
                              text=True, capture_output=True, timeout=20, stdin=subprocess.DEVNULL)
        assert done.returncode == CONFIG, done.stderr
        assert name in done.stderr and "/nowhere/" in done.stderr, done.stderr


@pytest.mark.parametrize("mode,redis,said", [
    ("single", "tcp:127.0.0.1:1, tcp:127.0.0.1:2", "sentinel or cluster?"),
    ("cluster", "tcp:127.0.0.1:1, tls:127.0.0.1:2", "all by tcp:, or all by tls:"),
    ("sentinel", "unix:/run/redis.sock", "by host and port")])
def test_addresses_of_the_store_must_go_together(tmp_path, mode, redis, said):
    conf = tmp_path / "waybill.conf"
    conf.write_text(f'redis_mode = "{mode}"\nredis = "{redis}"\n', encoding="utf-8")
    done = check(str(conf))
    assert done.returncode == CONFIG and f"{conf}: " in done.stderr and said in done.stderr, done.stderr


def test_a_missing_file_is_named(tmp_path):
    done = check(f"{tmp_path}/nowhere.conf")
    assert done.returncode == CONFIG
    assert "nowhere.conf" in done.stderr


def test_a_wrong_rule_is_named_and_the_printed_rules_are_good_ones(tmp_path):
    conf, rules = tmp_path / "waybill.conf", tmp_path / "local.rules"
    conf.write_text(f'rules_directory = "{tmp_path}"\n', encoding="utf-8")
    rules.write_text("# ours\nuserunknown code=250\n", encoding="utf-8")
    done = check(str(conf))
    assert done.returncode == CONFIG
    assert f"{rules}:2: code=250: allowed is 400 to 599" in done.stderr
    printed = subprocess.run([f"{place.BUILD}/waybilld", "--print-rules"], check=True,
                             capture_output=True, stdin=subprocess.DEVNULL).stdout
    rules.write_bytes(printed)
    assert check(str(conf)).returncode == 0, check(str(conf)).stderr


def test_the_printed_example_is_a_configuration(tmp_path):
    example = subprocess.run([f"{place.BUILD}/waybilld", "--print-config"], check=True, text=True,
                             capture_output=True, stdin=subprocess.DEVNULL).stdout
    conf = tmp_path / "waybill.conf"
    conf.write_text(example, encoding="utf-8")
    assert "batch_ms" in example
    assert check(str(conf)).returncode == 0, check(str(conf)).stderr


def test_root_without_a_user_to_become_is_refused(place_of_story):
    daemon = Daemon(f"{place_of_story}/daemon", "tcp:127.0.0.1:1", user="root",
                    log_source=[f"{place_of_story}/mail.log"])
    with pytest.raises(RuntimeError) as why:
        daemon.start()
    assert "root" in str(why.value)
    assert daemon.process.returncode not in (0, None)


def test_a_reload_says_what_took_effect_and_what_needs_a_restart(place_of_story):
    daemon = Daemon(f"{place_of_story}/daemon", "tcp:127.0.0.1:1",
                    log_source=[f"{place_of_story}/mail.log"]).start()
    try:
        before = len(daemon.log_text())
        daemon.configure(batch_ms=77, state_directory=f"{place_of_story}/elsewhere")
        daemon.reload()
        daemon.wait_for_log("batch_ms", after=before)
        told = daemon.wait_for_log("state_directory", after=before)
        about_state = next(line for line in told.splitlines() if "state_directory" in line)
        assert "restart" in about_state
        assert "redis_prefix" not in told

        before = len(daemon.log_text())
        daemon.configure(batch_ms=70000)
        daemon.reload()
        told = daemon.wait_for_log("60000", after=before)
        assert f"{daemon.conf}:" in told
        assert daemon.process.poll() is None, "a bad reload ended the daemon"
    finally:
        assert daemon.stop() == 0
