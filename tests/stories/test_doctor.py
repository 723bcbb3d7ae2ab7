# SPDX-License-Identifier: BSD-2-Clause
"""Broken set-ups: each is found under its name, and healed by exactly the line that doctor prints."""
import os
import signal

import pytest

from support import place
from support.broken import MILTER, Broken, Clinic

OTHER = "inet:127.0.0.1:8999"


@pytest.fixture(name="clinic", scope="module")
def one_clinic():
    with Clinic() as clinic:
        yield clinic


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
    Broken("milters-by-client", "milter-maps", map_clients_to_milters),
    Broken("internal-name-unknown", "internal-name", name_internal_mails_otherwise),
    Broken("internal-name-forged", "internal-name-forged", let_clients_pass_for_internal),
    Broken("postfix-stopped", "postfix-running", stop_postfix),
    Broken("bounces-hidden", "postfix-bounces", hide_bounces),
    Broken("short-queue-ids", "postfix-queue-ids", shorten_queue_ids),
    Broken("early-refusals", "postfix-delay-reject", refuse_early),
    Broken("originals-forgotten", "postfix-originals", forget_originals),
    Broken("proxy-filter", "postfix-proxy", filter_before_the_queue),
    Broken("option-misspelt", "settings", misspell_an_option),
]


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_what_is_broken_is_named_and_its_line_heals_it(clinic, row):
    clinic.examine(row)


def test_a_healthy_set_up_is_told_to_be_well(clinic):
    code, told = clinic.doctor()
    assert [one for one in told["findings"] if one["check"].startswith(("milter", "socket", "postfix"))
            and one["severity"] != "good"] == []
    assert (code, told["verdict"]) in ((0, "good"), (0, "hint"), (0, "unknown"))
