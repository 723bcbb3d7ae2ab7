/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of this machine: its clock, the disk of the journal, the units, and the guards that may
 * deny waybilld what it needs.
 */
#include "doctor.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "around.h"
#include "waybill/endpoint.h"
#include "waybill/escape.h"
#include "waybill/run.h"

#define MB ((uint64_t)1 << 20)
#define FREE_LEAST_MB 64u
#define INODES_LEAST 1000u
#define DENIALS_TOLD 3
#define DESCRIPTORS_LEAST 4096u

/* ---- clock ---- */

static void look_at_clock(struct doctor *doctor, const struct check *check)
{
    struct timex state = {.modes = 0};

    if (adjtimex(&state) >= 0 && (state.status & STA_UNSYNC) == 0)
        return;
    doctor_find(doctor, check, SEVERITY_WARNING,
                "A clock that runs by itself drifts: mails stand at the wrong time, and two hosts "
                "cannot be compared.",
                "Nothing sets the clock of this machine (the kernel says: not synchronised).");
    doctor_heal(doctor, "timedatectl set-ntp true");
}

/* ---- the journal's disk ---- */

static void look_at_disk(struct doctor *doctor, const struct check *check)
{
    const char *path = doctor->settings->state_directory;
    uint64_t most = (uint64_t)doctor->settings->journal_max_mb, free_mb;
    struct statvfs disk;

    if (statvfs(path, &disk) != 0) {
        doctor_find(doctor, check, SEVERITY_UNKNOWN, NULL, "The disk of '%s' cannot be looked at.",
                    path);
        return;
    }
    free_mb = (uint64_t)disk.f_bavail * disk.f_frsize / MB;
    if (disk.f_files > 0 && disk.f_favail < INODES_LEAST)
        doctor_find(doctor, check, SEVERITY_FAULT, "The journal cannot begin a new file.",
                    "The disk of '%s' has only %llu inodes left.", path,
                    (unsigned long long)disk.f_favail);
    if (free_mb >= most)
        return;
    doctor_find(doctor, check, free_mb < FREE_LEAST_MB ? SEVERITY_FAULT : SEVERITY_WARNING,
                "If the store is away for long the disk is full before the journal is, and facts "
                "are lost.",
                "The disk of '%s' has %llu MB left, journal_max_mb is %llu.", path,
                (unsigned long long)free_mb, (unsigned long long)most);
    if (free_mb >= FREE_LEAST_MB)
        doctor_heal_in(doctor, doctor->settings_file, "journal_max_mb = %llu",
                       (unsigned long long)(free_mb / 2));
}

static void look_at_journal(struct doctor *doctor, const struct check *check)
{
    const char *path = doctor->settings->state_directory, *user = doctor->settings->user;
    struct around_may may;
    struct buffer words, owner;
    struct error why;

    if (around_try(doctor, path, R_OK | W_OK | X_OK, &may, &why) != 0) {
        doctor_find(doctor, check, SEVERITY_UNKNOWN, NULL, "%s; run it as root.", why.text);
        return;
    }
    if (may.may)
        return;
    doctor_find(doctor, check, SEVERITY_FAULT, "waybilld does not start.",
                "The user '%s' may not write into state_directory '%s' (it stops at '%s').", user,
                path, may.blocked);
    buffer_init(&words, 8192);
    escape_shell(&words, slice_of(may.is_folder ? may.blocked : path));
    buffer_init(&owner, 8192);
    escape_shell(&owner, slice_of(user));
    /* The directory alone: root's own files in it stay root's. */
    if (may.is_folder)
        doctor_heal(doctor, "chmod o+x %s", words.data);
    else
        doctor_heal(doctor, "install -d -m 0700 -o %s -g \"$(id -gn %s)\" %s", owner.data,
                    owner.data, words.data);
    buffer_free(&owner);
    buffer_free(&words);
}

/* ---- units ---- */

static const struct unit_row {
    const char *name, *matter;
    enum severity severity;
} unit_rows[] = {
    {"waybill.service", "Mails are not seen, at the latest after this machine's next start.",
     SEVERITY_FAULT},
    {"waybill-queue.timer", "A mail whose end the log lost stays open for its whole lifetime.",
     SEVERITY_HINT},
};

/* Linked, static, generated: somebody has seen to it that it starts. */
static bool starts_by_itself(const char *state)
{
    return *state != '\0' && strcmp(state, "disabled") != 0 && strncmp(state, "masked", 6) != 0;
}

static void look_at_unit(struct doctor *doctor, const struct check *check,
                         const struct unit_row *unit)
{
    struct buffer active, file;
    bool runs = around_property(doctor, unit->name, "ActiveState", &active);
    bool starts = around_property(doctor, unit->name, "UnitFileState", &file);
    bool masked = strncmp(file.data, "masked", 6) == 0;

    if (!runs || !starts) {
        doctor_find(doctor, check, SEVERITY_UNKNOWN, NULL, "systemctl tells nothing of %s.",
                    unit->name);
    } else if (strcmp(active.data, "active") != 0 || !starts_by_itself(file.data)) {
        doctor_find(doctor, check, unit->severity, unit->matter, "%s is %s and %s.", unit->name,
                    active.data, file.size > 0 ? file.data : "not installed");
        doctor_heal(doctor, "%s%s%ssystemctl enable --now %s", masked ? "systemctl unmask " : "",
                    masked ? unit->name : "", masked ? " && " : "", unit->name);
    }
    buffer_free(&active);
    buffer_free(&file);
}

static void look_at_units(struct doctor *doctor, const struct check *check)
{
    if (!around_systemd(doctor)) {
        doctor_find(doctor, check, SEVERITY_UNKNOWN, NULL,
                    "This machine is not run by systemd; look yourself that waybilld is started.");
        return;
    }
    for (size_t i = 0; i < sizeof unit_rows / sizeof unit_rows[0]; i++)
        look_at_unit(doctor, check, &unit_rows[i]);
}

/* "Max open files            1024                 524288               files" */
static bool soft_limit(struct slice limits, uint64_t *files)
{
    static const char name[] = "Max open files";
    ptrdiff_t at = slice_find_text(limits, name);
    struct slice rest;

    if (at < 0)
        return false;
    rest = slice_make(limits.at + at + sizeof name - 1, limits.size - (size_t)at - sizeof name + 1);
    rest = slice_trim(rest);
    return text_take_number(&rest, files);
}

static void look_at_descriptors(struct doctor *doctor, const struct check *check)
{
    struct buffer pid, limits;
    char path[64];
    uint64_t files;

    if (around_property(doctor, "waybill.service", "MainPID", &pid) && pid.size > 0 &&
        strcmp(pid.data, "0") != 0) {
        snprintf(path, sizeof path, "/proc/%.20s/limits", pid.data);
        if (around_read(doctor, path, &limits) &&
            soft_limit(slice_make(limits.data, limits.size), &files) &&
            files < DESCRIPTORS_LEAST) {
            doctor_find(doctor, check, SEVERITY_WARNING,
                        "Each open session needs one; without any the mail server waits, then goes "
                        "on without us.",
                        "waybilld may open %llu files.", (unsigned long long)files);
            doctor_heal(doctor,
                        "mkdir -p /etc/systemd/system/waybill.service.d && printf "
                        "'[Service]\\nLimitNOFILE=65536\\n' > "
                        "/etc/systemd/system/waybill.service.d/descriptors.conf && "
                        "systemctl daemon-reload && %s",
                        doctor_renew(doctor));
        }
        buffer_free(&limits);
    }
    buffer_free(&pid);
}

/* ---- guards ---- */

/* The kernel's words since this start: its log file, or the journal. */
static bool read_kernel_log(const struct doctor *doctor, struct buffer *to)
{
    static const char *const files[] = {"/var/log/audit/audit.log", "/var/log/kern.log"};
    static const char *const journal[] = {"journalctl", "-q", "-k", "-b", "-n", "5000",
                                          "-o", "cat", "--no-pager", NULL};

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (around_read(doctor, files[i], to) && to->size > 0)
            return true;
        buffer_free(to);
    }
    buffer_init(to, AROUND_FILE_MAX * 4);
    return doctor->root[0] == '\0' && run_program(journal, to, NULL) == 0;
}

/* name="VALUE" in a line of the kernel's. */
static bool field_of(struct slice line, const char *name, char *to, size_t room)
{
    struct slice before, value;

    return text_take_until_text(&line, name, &before) && text_take_until(&line, '"', &value) &&
           slice_copy(value, to, room);
}

/* What the configuration names may be allowed. Anything else is for a person to judge: the profile
 * is there for a waybilld that went wrong. Signs that mean more in a profile, or in a shell, go
 * into no command either. */
static bool is_ours(const struct settings *settings, const char *path)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-+=:./";
    const char *const named[] = {settings->key_file, settings->key_file_before,
                                 settings->redis_password_file, settings->redis_ca_file};
    size_t state = strlen(settings->state_directory);

    if (path[strspn(path, plain)] != '\0' || strstr(path, "/../") != NULL)
        return false;
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (named[i] != NULL && strcmp(named[i], path) == 0)
            return true;
    for (size_t i = 0; i < SETTINGS_LIST_MAX && settings->log_source[i] != NULL; i++)
        if (strcmp(settings->log_source[i], path) == 0)
            return true;
    return strncmp(path, settings->state_directory, state) == 0 && path[state] == '/';
}

static void tell_denial(struct doctor *doctor, const struct check *check, struct slice line)
{
    char path[PATH_MAX], mask[32];

    if (!field_of(line, " name=\"", path, sizeof path) ||
        !field_of(line, "denied_mask=\"", mask, sizeof mask))
        return;
    doctor_find(doctor, check, SEVERITY_FAULT,
                "What waybilld wanted there it does without: a log is not read, a file not "
                "written.",
                "AppArmor denied waybilld '%s' on '%s'.", mask, path);
    if (!is_ours(doctor->settings, path))
        return;
    doctor_heal(doctor,
                "printf '%%s %%s,\\n' '%s' '%s' >> /etc/apparmor.d/local/usr.sbin.waybilld && "
                "apparmor_parser -r /etc/apparmor.d/usr.sbin.waybilld",
                path, strchr(mask, 'w') != NULL || strchr(mask, 'c') != NULL ? "rw" : "r");
}

static bool is_denial(struct slice line)
{
    return slice_find_text(line, "apparmor=\"DENIED\"") >= 0 &&
           slice_find_text(line, "waybilld") >= 0;
}

static void look_for_denials(struct doctor *doctor, const struct check *check,
                             bool (*is)(struct slice line),
                             void (*tell)(struct doctor *doctor, const struct check *check,
                                          struct slice line))
{
    struct buffer log;
    struct slice rest, line;
    unsigned told = 0;

    if (read_kernel_log(doctor, &log)) {
        rest = slice_make(log.data, log.size);
        while (told < DENIALS_TOLD && text_take_until(&rest, '\n', &line))
            if (is(line)) {
                tell(doctor, check, line);
                told++;
            }
    } else {
        doctor_find(doctor, check, SEVERITY_UNKNOWN, NULL,
                    "The kernel's log cannot be read: run it as root.");
    }
    buffer_free(&log);
}

static void look_at_apparmor(struct doctor *doctor, const struct check *check)
{
    struct buffer profiles;
    bool complains;

    if (!around_is_there(doctor, "/sys/kernel/security/apparmor"))
        return;
    if (!around_read(doctor, "/sys/kernel/security/apparmor/profiles", &profiles)) {
        doctor_find(doctor, check, SEVERITY_UNKNOWN, NULL,
                    "AppArmor's profiles cannot be read: run it as root.");
        buffer_free(&profiles);
        return;
    }
    complains = strstr(profiles.data, "waybilld (complain)") != NULL;
    buffer_free(&profiles);
    if (complains) {
        doctor_find(doctor, check, SEVERITY_HINT, "It is told what it would be denied, and no more.",
                    "AppArmor's profile of waybilld only complains.");
        doctor_heal(doctor, "aa-enforce /usr/sbin/waybilld");
    }
    look_for_denials(doctor, check, is_denial, tell_denial);
}

static bool is_avc(struct slice line)
{
    return slice_find_text(line, "avc:  denied") >= 0 &&
           (slice_find_text(line, "comm=\"waybilld\"") >= 0 ||
            slice_find_text(line, "name=\"milter.sock\"") >= 0);
}

static void tell_avc(struct doctor *doctor, const struct check *check, struct slice line)
{
    ptrdiff_t at = slice_find_text(line, "avc:");

    doctor_find(doctor, check, SEVERITY_FAULT,
                "What was wanted there is not done: the milter is not reached, a log not read.",
                "SELinux: %.*s.", (int)(line.size - (size_t)at), line.at + at);
    doctor_heal(doctor, "dnf install waybill-selinux && restorecon -Rv /run/waybill "
                        "/var/lib/waybill /var/spool/postfix/waybill");
}

static void look_at_selinux(struct doctor *doctor, const struct check *check)
{
    if (!around_is_there(doctor, "/sys/fs/selinux/enforce"))
        return;
    look_for_denials(doctor, check, is_avc, tell_avc);
}

/* matchpathcon(8) knows what the policy wants; a directory that was made by hand has another. */
static void compare_label(struct doctor *doctor, const struct check *check, const char *folder)
{
    const char *const words[] = {"matchpathcon", "-V", folder, NULL};
    struct buffer said, quoted;
    struct error why;
    bool right;

    buffer_init(&said, 65536);
    right = run_program(words, &said, &why) == 0;
    if (!right && strstr(said.data, " should be ") != NULL) {
        doctor_find(doctor, check, SEVERITY_FAULT, "The mail server may not reach the milter.",
                    "The directory '%s' has not the label that the policy wants.", folder);
        buffer_init(&quoted, 8192);
        escape_shell(&quoted, slice_of(folder));
        doctor_heal(doctor, "restorecon -Rv %s", quoted.data);
        buffer_free(&quoted);
    } else if (!right) {
        doctor_find(doctor, check, SEVERITY_UNKNOWN, NULL,
                    "The label of '%s' cannot be compared: %s.", folder, why.text);
    }
    buffer_free(&said);
}

static void look_at_label(struct doctor *doctor, const struct check *check)
{
    struct slice directory = endpoint_directory(doctor->settings->listen);
    char folder[PATH_MAX];

    if (!around_is_there(doctor, "/sys/fs/selinux/enforce") || directory.at == NULL)
        return;
    slice_copy(directory, folder, sizeof folder);
    compare_label(doctor, check, folder);
}

const struct check checks_machine[] = {
    {"machine-clock", "the clock is set by NTP", look_at_clock, 0},
    {"journal-disk", "the journal's disk has room", look_at_disk, NEEDS_SETTINGS},
    {"journal-writable", "waybilld may write its journal", look_at_journal, NEEDS_SETTINGS},
    {"units", "waybilld starts with this machine", look_at_units, 0},
    {"descriptors", "waybilld may open files for all sessions", look_at_descriptors, 0},
    {"apparmor", "AppArmor denies waybilld nothing", look_at_apparmor, NEEDS_SETTINGS},
    {"selinux", "SELinux denies waybilld nothing", look_at_selinux, 0},
    {"selinux-label", "the socket's directory has the label that SELinux wants", look_at_label,
     NEEDS_SETTINGS},
    {0},
};
