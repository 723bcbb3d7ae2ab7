/* SPDX-License-Identifier: BSD-2-Clause */
/* What cannot be made real here: systems with other guards and other log daemons, by files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../milter/answer/doctor/doctor.h"
#include "../../../milter/mta/setup.h"

static char root[] = "/tmp/waybill-root-XXXXXX";
static struct settings *settings;
static struct doctor doctor;

/* The file `path` below the root, with the directories before it. */
static void put(const char *path, const char *text)
{
    char whole[600];
    FILE *file;

    snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *at = whole + sizeof root; *at != '\0'; at++)
        if (*at == '/') {
            *at = '\0';
            (void)mkdir(whole, 0755);
            *at = '/';
        }
    file = fopen(whole, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static int start(void **state)
{
    struct error why;

    (void)state;
    snprintf(root, sizeof root, "/tmp/waybill-root-XXXXXX");
    assert_non_null(mkdtemp(root));
    assert_int_equal(settings_read(&settings, NULL, &why), 0);
    doctor = (struct doctor){.settings = settings, .settings_file = "/x/waybill.conf", .root = root};
    return 0;
}

static int stop(void **state)
{
    char words[100];

    (void)state;
    doctor_clear_findings(&doctor);
    settings_free(&settings);
    snprintf(words, sizeof words, "rm -r %s", root);
    return system(words);
}

/* The one finding of a check; NULL: all is good. */
static const struct finding *ask(const char *name)
{
    const struct check *check = doctor_check_find(name);

    if (check == NULL)
        fail_msg("there is no check '%s'", name);
    doctor_clear_findings(&doctor);
    check->look(&doctor, check);
    assert_true(doctor.count <= 1);
    return doctor.count == 1 ? &doctor.findings[0] : NULL;
}

static void assert_says(const struct finding *finding, enum severity severity, const char *what,
                        const char *heal)
{
    assert_non_null(finding);
    assert_int_equal(finding->severity, severity);
    if (strstr(finding->what, what) == NULL)
        fail_msg("'%s' does not say '%s'", finding->what, what);
    if (heal != NULL)
        assert_string_equal(finding->heal, heal);
    else
        assert_null(finding->heal);
    assert_true(severity == SEVERITY_UNKNOWN || finding->matter != NULL);
}

static void follow(const char *source)
{
    free(settings->log_source[0]);
    settings->log_source[0] = strdup(source);
}

#define APPARMOR "/sys/kernel/security/apparmor/profiles"

static void test_a_denial_of_apparmor_is_healed_in_the_local_profile(void **state)
{
    (void)state;
    follow("/srv/log/mail.log");
    assert_null(ask("apparmor")); /* it is not there */
    put(APPARMOR, "waybilld (enforce)\n/usr/bin/man (enforce)\n");
    put("/var/log/kern.log", "kernel: apparmor=\"DENIED\" profile=\"cupsd\" name=\"/x\"\n");
    assert_null(ask("apparmor"));
    put("/var/log/kern.log",
        "kernel: audit: apparmor=\"DENIED\" operation=\"open\" profile=\"waybilld\" "
        "name=\"/srv/log/mail.log\" pid=1 comm=\"waybilld\" requested_mask=\"r\" "
        "denied_mask=\"r\"\n");
    assert_says(ask("apparmor"), SEVERITY_FAULT, "denied waybilld 'r' on '/srv/log/mail.log'",
                "printf '%s %s,\\n' '/srv/log/mail.log' 'r' >> "
                "/etc/apparmor.d/local/usr.sbin.waybilld && apparmor_parser -r "
                "/etc/apparmor.d/usr.sbin.waybilld");
}

/* Whoever makes the kernel log a path must not write into root's shell, nor get what he wanted. */
static void test_a_path_that_nobody_named_is_told_and_comes_into_no_command(void **state)
{
    static const char *const paths[] = {"/a';reboot;'", "/etc/shadow", "/srv/log/mail.log,/etc/** rw",
                                        "/var/lib/waybill/../../../etc/shadow"};

    (void)state;
    follow("/srv/log/mail.log");
    put(APPARMOR, "waybilld (enforce)\n");
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        char line[300];

        snprintf(line, sizeof line,
                 "apparmor=\"DENIED\" profile=\"waybilld\" name=\"%s\" denied_mask=\"r\"\n",
                 paths[i]);
        put("/var/log/kern.log", line);
        assert_says(ask("apparmor"), SEVERITY_FAULT, paths[i], NULL);
    }
}

/* Neither that the program is missing nor that it has no policy says anything of the label. */
static void test_a_label_that_cannot_be_compared_is_unknown(void **state)
{
    (void)state;
    free(settings->listen);
    settings->listen = strdup("unix:/nonexistent it's/milter.sock");
    assert_null(ask("selinux-label")); /* no SELinux */
    put("/sys/fs/selinux/enforce", "1");
    assert_says(ask("selinux-label"), SEVERITY_UNKNOWN,
                "The label of '/nonexistent it's' cannot be compared", NULL);
    free(settings->listen);
    settings->listen = strdup("inet:8891@127.0.0.1");
    assert_null(ask("selinux-label"));
}

static void test_a_profile_that_only_complains_is_a_hint(void **state)
{
    (void)state;
    put(APPARMOR, "waybilld (complain)\n");
    put("/var/log/kern.log", "nothing\n");
    assert_says(ask("apparmor"), SEVERITY_HINT, "only complains", "aa-enforce /usr/sbin/waybilld");
}

static void test_a_denial_of_selinux_is_told_with_its_words(void **state)
{
    (void)state;
    put("/var/log/audit/audit.log",
        "type=AVC msg=audit(1:2): avc:  denied  { write } for  pid=7 comm=\"smtpd\" "
        "name=\"milter.sock\" dev=\"tmpfs\"\n");
    assert_null(ask("selinux")); /* no SELinux, old file */
    put("/sys/fs/selinux/enforce", "1");
    assert_says(ask("selinux"), SEVERITY_FAULT, "denied  { write } for  pid=7 comm=\"smtpd\"",
                "dnf install waybill-selinux && restorecon -Rv /run/waybill /var/lib/waybill "
                "/var/spool/postfix/waybill");
}

static void test_a_limit_of_journald_ends_with_the_drop_in_of_the_line(void **state)
{
    (void)state;
    assert_null(ask("log-journald")); /* a file is followed, or nobody knows */
    follow("journal");
    assert_says(ask("log-journald"), SEVERITY_HINT, "of postfix.service",
                "mkdir -p /etc/systemd/system/postfix.service.d && printf "
                "'[Service]\\nLogRateLimitIntervalSec=0\\n' > "
                "/etc/systemd/system/postfix.service.d/waybill.conf && systemctl daemon-reload");
    put("/lib/systemd/system/postfix@.service", "");
    assert_says(ask("log-journald"), SEVERITY_HINT, "of postfix@.service",
                "mkdir -p /etc/systemd/system/postfix@.service.d && printf "
                "'[Service]\\nLogRateLimitIntervalSec=0\\n' > "
                "/etc/systemd/system/postfix@.service.d/waybill.conf && systemctl daemon-reload");
    put("/etc/systemd/system/postfix@.service.d/waybill.conf",
        "[Service]\nLogRateLimitIntervalSec=0\n");
    assert_null(ask("log-journald"));
}

static void test_a_limit_for_all_that_is_switched_off_is_enough(void **state)
{
    (void)state;
    follow("journal");
    put("/etc/systemd/journald.conf", "[Journal]\n#RateLimitIntervalSec=0\n");
    assert_non_null(ask("log-journald"));
    put("/etc/systemd/journald.conf", "[Journal]\nRateLimitIntervalSec = 0\n");
    assert_null(ask("log-journald"));
}

static void test_limits_of_rsyslog_are_found_and_their_absence_is_good(void **state)
{
    (void)state;
    assert_null(ask("log-rsyslog"));
    put("/etc/rsyslog.conf", "module(load=\"imuxsock\")\n");
    assert_null(ask("log-rsyslog"));
    put("/etc/rsyslog.conf", "module(load=\"imjournal\"\n  StateFile=\"x\")\n");
    assert_says(ask("log-rsyslog"), SEVERITY_HINT, "20,000 lines",
                "sed -i 's/\"imjournal\"/& Ratelimit.Interval=\"0\"/' /etc/rsyslog.conf && "
                "systemctl restart rsyslog");
    put("/etc/rsyslog.conf", "module(load=\"imjournal\" Ratelimit.Interval=\"0\"\n");
    assert_null(ask("log-rsyslog"));
    put("/etc/rsyslog.conf", "$SystemLogRateLimitInterval 5\n");
    assert_non_null(ask("log-rsyslog"));
    put("/etc/rsyslog.conf", "$SystemLogRateLimitInterval 0\n");
    assert_null(ask("log-rsyslog"));
}

static void test_lines_without_a_year_are_a_hint(void **state)
{
    char path[100];

    (void)state;
    snprintf(path, sizeof path, "/mail.log");
    follow(path);
    put(path, "Nov 22 10:03:07 mx postfix/qmgr[1]: x\n");
    assert_says(ask("log-form"), SEVERITY_HINT, "'/mail.log' have the old form",
                "sed -i 's/^\\$ActionFileDefaultTemplate.*/$ActionFileDefaultTemplate "
                "RSYSLOG_FileFormat/' /etc/rsyslog.conf && systemctl restart rsyslog");
    put(path, "2026-11-22T10:03:07.123456+01:00 mx postfix/qmgr[1]: x\n");
    assert_null(ask("log-form"));
    put(path, "");
    assert_null(ask("log-form"));
}

/* The set-up of a Postfix that is nowhere to be had any more. */
static void test_a_postfix_that_is_too_old_is_a_fault(void **state)
{
    struct parameter version = {.name = slice_of("mail_version"), .set = false};
    struct mta mta = {.kind = MTA_POSTFIX, .parameters = &version, .parameter_count = 1};

    (void)state;
    doctor.mta = &mta;
    version.value = slice_of("2.11.3");
    assert_says(ask("postfix-version"), SEVERITY_FAULT, "This is Postfix 2.11.3", NULL);
    version.value = slice_of("3.0.0");
    assert_null(ask("postfix-version"));
    version.value = slice_of("3.12-20260821");
    assert_null(ask("postfix-version"));
}

/* What systemd did not start it takes for stopped. */
static void test_a_postfix_that_is_down_is_started_as_it_is_every_day(void **state)
{
    struct mta mta = {.kind = MTA_POSTFIX, .where = root};

    (void)state;
    doctor.mta = &mta;
    doctor.postfix = "postfix";
    assert_says(ask("postfix-running"), SEVERITY_FAULT, "is not running", "postfix start");
    put("/run/systemd/system/x", "");
    assert_says(ask("postfix-running"), SEVERITY_FAULT, "is not running",
                "systemctl start postfix");
    doctor.postfix = "postfix -c /etc/postfix-out";
    assert_says(ask("postfix-running"), SEVERITY_FAULT, "is not running",
                "postfix -c /etc/postfix-out start");
}

static void test_without_systemd_units_are_unknown(void **state)
{
    (void)state;
    assert_says(ask("units"), SEVERITY_UNKNOWN, "not run by systemd", NULL);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        EACH(test_a_denial_of_apparmor_is_healed_in_the_local_profile),
        EACH(test_a_path_that_nobody_named_is_told_and_comes_into_no_command),
        EACH(test_a_label_that_cannot_be_compared_is_unknown),
        EACH(test_a_profile_that_only_complains_is_a_hint),
        EACH(test_a_denial_of_selinux_is_told_with_its_words),
        EACH(test_a_limit_of_journald_ends_with_the_drop_in_of_the_line),
        EACH(test_a_limit_for_all_that_is_switched_off_is_enough),
        EACH(test_limits_of_rsyslog_are_found_and_their_absence_is_good),
        EACH(test_lines_without_a_year_are_a_hint),
        EACH(test_a_postfix_that_is_too_old_is_a_fault),
        EACH(test_a_postfix_that_is_down_is_started_as_it_is_every_day),
        EACH(test_without_systemd_units_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
