# SPDX-License-Identifier: BSD-2-Clause
"""Broken set-ups: each is found under its name, and healed by exactly the line that doctor prints."""
import json
import os
import signal

import pytest

from support import place
from support.broken import MILTER, PORTS, Broken, Clinic, Ward

OTHER = "inet:127.0.0.1:8999"


@pytest.fixture(name="clinic", scope="module")
def one_clinic():
    with Clinic() as clinic:
        yield clinic


@pytest.fixture(name="ward", scope="module")
def ward_of_all_rows(request):
    wanted = [item.callspec.params["row"] for item in request.session.items
              if item.function is test_what_is_broken_is_named_and_its_line_heals_it]
    with Ward(wanted) as ward:
        yield ward


# ---- the socket ----

def stop_daemon(clinic):
    clinic.daemon.kill()
    os.unlink(clinic.daemon.socket)


def leave_a_dead_socket(clinic):
    clinic.daemon.kill()


def hang(clinic):
    clinic.daemon.process.send_signal(signal.SIGSTOP)


def put_a_file_in_its_place(clinic):
    clinic.daemon.kill()
    os.unlink(clinic.daemon.socket)
    with open(clinic.daemon.socket, "w", encoding="ascii"):
        pass


def close_its_directory(clinic):
    os.chmod(os.path.dirname(clinic.daemon.socket), 0o700)


def close_the_queue(clinic):
    os.chmod(f"{clinic.postfix.base}/queue", 0o700)


def close_the_socket(clinic):
    os.chown(clinic.daemon.socket, -1, 0)


def give_it_a_narrow_mode(clinic):
    clinic.daemon.configure(listen_mode="0600")
    clinic.restart()


def open_its_directory(clinic):
    os.chmod(os.path.dirname(clinic.daemon.socket), 0o2777)


def name_it_from_outside_the_chroot(clinic):
    clinic.postconf("-e", f"smtpd_milters = {MILTER}".replace("waybill/milter.sock", clinic.daemon.socket))


# ---- Postfix's lines for it ----

def leave_it_out(clinic):
    clinic.postconf("-e", f"smtpd_milters = {OTHER}")


def put_it_second(clinic):
    clinic.postconf("-e", f"smtpd_milters = {OTHER}, {MILTER}")


def name_it_twice(clinic):
    clinic.postconf("-e", f"smtpd_milters = {MILTER}, {OTHER}, unix:waybill/milter.sock")


def give_it_no_action(clinic):
    clinic.postconf("-e", "smtpd_milters = " + MILTER.replace("default_action=accept, ", ""))


def misspell_its_action(clinic):
    clinic.postconf("-e", "smtpd_milters = " + MILTER.replace("accept", "acept"))


def give_it_the_usual_times(clinic):
    clinic.postconf("-e", "smtpd_milters = { unix:waybill/milter.sock, default_action=accept }")


def leave_it_out_for_local_mails(clinic):
    clinic.postconf("-X", "non_smtpd_milters")


def leave_it_out_of_a_service(clinic):
    clinic.service("{port} inet n - y - - smtpd\n    -o smtpd_milters=")


def give_a_service_other_milters(clinic):
    clinic.service("{port} inet n - y - - smtpd\n    -o smtpd_milters=" + OTHER)


def give_a_service_no_milters(clinic):
    clinic.service("{port} inet n - y - - smtpd\n"
                   "    -o receive_override_options=no_milters,no_address_mappings")


def give_nobody_milters(clinic):
    clinic.postconf("-e", "receive_override_options = no_milters")


def speak_an_old_protocol(clinic):
    clinic.postconf("-e", "milter_protocol = 2")


def misspell_the_common_action(clinic):
    clinic.postconf("-e", "milter_default_action = acept")


def come_back_from_a_filter(clinic):
    clinic.service("127.0.0.1:{port} inet n - y - - smtpd\n    -o content_filter=")


def map_clients_to_milters(clinic):
    clinic.postconf("-e", "smtpd_milter_maps = inline:{{192.0.2.1=DISABLE}}")


def name_internal_mails_otherwise(clinic):
    clinic.daemon.configure(internal_daemon_name="INTERNAL")


def let_clients_pass_for_internal(clinic):
    clinic.daemon.configure(internal_daemon_name="INTERNAL")
    clinic.postconf("-P", "cleanup/unix/milter_macro_daemon_name=INTERNAL")
    clinic.service("{port} inet n - y - - smtpd\n    -o milter_macro_daemon_name=INTERNAL")


# ---- the rest of Postfix ----

def stop_postfix(clinic):
    clinic.postfix.stop()


def hide_bounces(clinic):
    clinic.postconf("-e", "internal_mail_filter_classes = notify")


def shorten_queue_ids(clinic):
    clinic.postconf("-e", "enable_long_queue_ids = no")


def refuse_early(clinic):
    clinic.postconf("-e", "smtpd_delay_reject = no")


def forget_originals(clinic):
    clinic.postconf("-e", "enable_original_recipient = no")


def filter_before_the_queue(clinic):
    clinic.postconf("-P", f"127.0.0.1:{clinic.postfix.port}/inet/smtpd_milters={OTHER}")
    if place.have_ipv6():
        clinic.postconf("-P", f"[::1]:{clinic.postfix.port}/inet/smtpd_milters={OTHER}")
    clinic.service("{port} inet n - y - - smtpd\n    -o smtpd_proxy_filter=127.0.0.1:10024")


def misspell_an_option(clinic):
    with open(clinic.daemon.conf, "a", encoding="ascii") as file:
        file.write("retention_dais = 30\n")


def give_up_too_early(clinic):
    clinic.daemon.configure(queue_lifetime_hours=24)
    clinic.restart()


def follow_another_log(clinic):
    other = f"{clinic.base}/other.log"
    with open(other, "w", encoding="ascii"):
        pass
    clinic.daemon.configure(log_source=[other])
    clinic.restart()


def misspell_a_parameter(clinic):
    with open(f"{clinic.postfix.conf}/main.cf", "a", encoding="ascii") as file:
        file.write("smtpd_milter = inet:127.0.0.1:8999\n")


def listen_on_a_port(clinic, address="inet:{port}@127.0.0.1"):
    """A port instead of the socket, in both files."""
    with PORTS:
        port = place.free_port()
    milters = MILTER.replace("unix:waybill/milter.sock", address.format(port=port))
    clinic.daemon.kill()
    clinic.daemon.socket = ("127.0.0.1", port)
    clinic.daemon.configure(listen=f"inet:{port}@127.0.0.1")
    clinic.daemon.start()
    clinic.postconf("-e", f"smtpd_milters = {milters}",
                    "non_smtpd_milters = " + MILTER.replace("unix:waybill/milter.sock", f"inet:127.0.0.1:{port}"))
    return port


def stop_what_has_the_port(clinic):
    listen_on_a_port(clinic, "inet:127.0.0.1:{port}")
    clinic.daemon.kill()


def swap_it_in_the_configuration(clinic):
    port = listen_on_a_port(clinic, "inet:127.0.0.1:{port}")
    clinic.daemon.configure(listen=f"inet:127.0.0.1:{port}")


ROWS = [
    Broken("daemon-stopped", "socket-served", stop_daemon),
    Broken("daemon-died", "socket-served", leave_a_dead_socket),
    Broken("daemon-hangs", "socket-served", hang),
    Broken("socket-is-a-file", "socket-served", put_a_file_in_its_place),
    Broken("directory-closed", "socket-reached", close_its_directory),
    Broken("socket-of-another-group", "socket-reached", close_the_socket),
    Broken("socket-mode-narrow", "socket-reached", give_it_a_narrow_mode),
    Broken("path-from-outside-the-chroot", "socket-reached", name_it_from_outside_the_chroot),
    Broken("directory-open-to-all", "socket-safe", open_its_directory),
    Broken("not-asked", "milter-asked", leave_it_out),
    Broken("not-first", "milter-first", put_it_second),
    Broken("asked-twice", "milter-once", name_it_twice),
    Broken("no-default-action", "milter-action", give_it_no_action),
    Broken("default-action-misspelt", "milter-action", misspell_its_action),
    Broken("usual-time-outs", "milter-timeouts", give_it_the_usual_times),
    Broken("not-asked-for-local-mails", "milter-local", leave_it_out_for_local_mails),
    Broken("service-without-milters", "milter-services", leave_it_out_of_a_service),
    Broken("service-with-other-milters", "milter-services", give_a_service_other_milters),
    Broken("service-no-milters", "milter-no-milters", give_a_service_no_milters),
    Broken("no-milters-at-all", "milter-no-milters", give_nobody_milters),
    Broken("old-protocol", "milter-protocol", speak_an_old_protocol),
    Broken("common-action-misspelt", "milter-action-word", misspell_the_common_action),
    Broken("seen-again-after-filter", "milter-again", come_back_from_a_filter),
    Broken("internal-name-unknown", "internal-name", name_internal_mails_otherwise),
    Broken("internal-name-forged", "internal-name-forged", let_clients_pass_for_internal),
    Broken("postfix-stopped", "postfix-running", stop_postfix),
    Broken("bounces-hidden", "postfix-bounces", hide_bounces),
    Broken("short-queue-ids", "postfix-queue-ids", shorten_queue_ids),
    Broken("early-refusals", "postfix-delay-reject", refuse_early),
    Broken("originals-forgotten", "postfix-originals", forget_originals),
    Broken("proxy-filter", "postfix-proxy", filter_before_the_queue),
    Broken("option-misspelt", "settings", misspell_an_option),
    Broken("lifetime-too-short", "log-lifetime", give_up_too_early),
    Broken("log-elsewhere", "log-file", follow_another_log),
    Broken("daemon-of-a-port-stopped", "socket-served", stop_what_has_the_port),
    Broken("inet-swapped-in-main-cf", "milter-address", listen_on_a_port),
    Broken("inet-swapped-in-waybill-conf", "settings", swap_it_in_the_configuration),
]


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_what_is_broken_is_named_and_its_line_heals_it(ward, row):
    ward.result(row)


# ---- the doctor himself ----

def of_ours(told):
    """Without what this machine has of its own: clock, units."""
    return [one for one in told["findings"]
            if not one["check"].startswith(("machine", "units", "journal-disk"))]


def test_a_healthy_set_up_is_told_to_be_well(clinic):
    _, told = clinic.doctor()
    assert {one["severity"] for one in of_ours(told)} == {"good"}, told


def test_the_exit_code_is_the_worst_that_was_found(clinic):
    try:
        assert clinic.doctor("--only", "milter-protocol")[0] == 0
        clinic.postconf("-e", "smtpd_delay_reject = no")
        assert clinic.doctor("--only", "postfix-delay-reject")[0] == 0
        clinic.postconf("-e", "milter_protocol = 2")
        assert clinic.doctor("--only", "milter-protocol")[0] == 1
        clinic.postconf("-e", "smtpd_milters =")
        assert clinic.doctor("--only", "milter-asked")[0] == 3
    finally:
        clinic.restore()
    assert clinic.world.cli.run("doctor", "--only", "no-such-check").returncode == 2
    assert clinic.world.cli.run("doctor", "--send-test", "a b@sink.example").returncode == 2


def test_a_word_is_known_from_a_version_on(clinic):
    """main.cf may say any version: doctor is told it as by a Postfix of that version."""
    def is_known(version):
        clinic.postconf("-e", f"mail_version = {version}")
        return clinic.doctor("--only", "milter-action-word")[0] == 0

    try:
        assert is_known("3.7.11")  # not set: the program's own word, whichever that is
        clinic.postconf("-e", "milter_default_action = shutdown")
        known = {version: is_known(version) for version in (
            "2.11.3", "3.6.15", "3.7.19", "3.7.20", "3.8.14", "3.8.15", "3.9.9", "3.10.7", "3.10.13",
            "3.11.0", "3.11-20260101", "4.0.0")}
        assert known == {"2.11.3": False, "3.6.15": False, "3.7.19": False, "3.7.20": True,
                         "3.8.14": False, "3.8.15": True, "3.9.9": True, "3.10.7": False,
                         "3.10.13": True, "3.11.0": True, "3.11-20260101": True, "4.0.0": True}
    finally:
        clinic.restore()


def test_what_is_missing_is_told_once(clinic):
    """Neither settings nor a store nor a mail server: no check fails for want of them."""
    done = clinic.world.cli.run("doctor", "-c", "/nonexistent/waybill.conf", "--config-directory",
                                "/nonexistent", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 3 and told["verdict"] == "fault"
    faults = [one["check"] for one in told["findings"] if one["severity"] == "fault"]
    assert faults == ["settings"]
    assert ["mail-server"] == [one["check"] for one in told["findings"] if one["severity"] == "warning"
                               and not one["check"].startswith("machine")]
    assert [one["what"] for one in told["findings"]
            if one["check"] == "settings" and one["severity"] == "unknown"]


def test_a_foreign_value_cannot_speak_to_the_terminal(clinic):
    try:
        clinic.postconf("-e", "milter_default_action = \x1b[2J\x1b]0;owned\x07; rm -rf /")
        done = clinic.world.cli.run("doctor", "--config-directory", clinic.postfix.conf)
        assert "milter-action-word" in done.stdout and "\x1b" not in done.stdout
        assert "\\x1B" in done.stdout
    finally:
        clinic.restore()


def test_a_misspelt_parameter_is_told_in_the_words_of_postconf(clinic):
    try:
        misspell_a_parameter(clinic)
        clinic.age()
        told, = [one for one in clinic.findings() if one["check"] not in clinic.before]
        assert (told["check"], told["severity"], told["heal"]) == ("postfix-warnings", "hint", None)
        assert "unused parameter: smtpd_milter=inet:127.0.0.1:8999" in told["what"]
    finally:
        clinic.restore()


def test_no_line_empties_a_map_of_the_administrator(clinic):
    try:
        map_clients_to_milters(clinic)
        new = [one for one in clinic.findings() if one["check"] not in clinic.before]
        assert [(one["check"], one["heal"]) for one in new] == [("milter-maps", None)]
    finally:
        clinic.restore()


# ---- the test mail ----

def send_test(clinic, address, *words):
    """{check: finding} of the test mail's steps."""
    _, told = clinic.doctor("--only", "settings", "--send-test", address, *words)
    return {one["check"]: one for one in told["findings"] if one["check"].startswith("test-")}


def severities(steps):
    return {name: one["severity"] for name, one in steps.items()}


GOOD = {"test-taken": "good", "test-milter": "good", "test-log": "good", "test-end": "good"}


def test_a_test_mail_is_followed_to_its_end(clinic):
    steps = send_test(clinic, "ok-doctor@sink.example", "--sender", "ann@box.example")
    assert severities(steps) == GOOD, steps
    assert "queued as SINK" in steps["test-end"]["what"]
    assert [found["sender"] for found in clinic.world.cli.trace("--from", "ann@box.example")] == \
        ["ann@box.example"]


def test_a_test_mail_that_fails_tells_the_words_of_the_other_side(clinic):
    steps = send_test(clinic, "never-doctor@sink.example")
    assert severities(steps) == {**GOOD, "test-end": "hint"}, steps
    assert "no such user here" in steps["test-end"]["what"]


def test_a_test_mail_that_is_refused_tells_by_whom(clinic):
    steps = send_test(clinic, "refused@sink.example")
    assert severities(steps) == {"test-taken": "fault"}
    assert "we do not take mail" in steps["test-taken"]["what"]


def test_a_milter_that_sees_nothing_is_named(clinic):
    try:
        clinic.postconf("-e", "smtpd_milters =")
        clinic.reload()
        steps = send_test(clinic, "ok-unseen@sink.example")
        assert severities(steps) == {**GOOD, "test-milter": "fault"}, steps
    finally:
        clinic.restore()
        clinic.reload()


def test_a_log_that_tells_nothing_is_named(clinic):
    empty = f"{clinic.base}/empty.log"
    with open(empty, "w", encoding="ascii"):
        pass
    try:
        clinic.daemon.configure(log_source=[empty])
        clinic.restart()
        steps = send_test(clinic, "ok-unlogged@sink.example")
        assert severities(steps) == {"test-taken": "good", "test-milter": "good",
                                     "test-log": "fault"}, steps
    finally:
        clinic.restore()
