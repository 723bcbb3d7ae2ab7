/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apply: make the changes. Promise: all of them or none, and what was there before is with the
 * disk before the first is made.
 */
#include "waybill/mta.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"
#include "waybill/run.h"
#include "setup.h"

/* postconf makes all that one of its calls names, or nothing. main.cf comes last, because Postfix's
 * programs wait for a second or two before they read it when it has just changed. */
enum step { STEP_SERVICE, STEP_SET, STEP_UNSET, STEP_COUNT };

static bool is_of(enum step step, const struct mta_change *change, bool back)
{
    bool sets = (back ? change->before : change->after) != NULL;

    if (change->kind == MTA_CHANGE_SERVICE)
        return step == STEP_SERVICE;
    return change->kind == MTA_CHANGE_MAIN && step == (sets ? STEP_SET : STEP_UNSET);
}

/* "name = value", or the name alone; -P knows no blanks. */
static char *setting_of(enum step step, const struct mta_change *change, bool back)
{
    const char *value = back ? change->before : change->after;
    char *setting;

    if (step == STEP_UNSET)
        return strdup(change->parameter);
    return asprintf(&setting, step == STEP_SERVICE ? "%s=%s" : "%s = %s", change->parameter,
                    value) < 0
               ? NULL
               : setting;
}

static int run_step(const struct mta *mta, const struct mta_changes *changes, enum step step,
                    bool back, struct error *why)
{
    static const char *const options[] = {"-P", "-e", "-X"};
    char **words = calloc(changes->count + 5, sizeof *words);
    size_t count = 4;
    int result = 0;

    if (words == NULL)
        return error_set(why, "cannot run postconf: no memory");
    for (size_t i = 0; i < changes->count; i++)
        if (is_of(step, &changes->list[i], back)) {
            words[count] = setting_of(step, &changes->list[i], back);
            if (words[count++] == NULL)
                result = error_set(why, "cannot run postconf: no memory");
        }
    words[0] = (char *)"postconf";
    words[1] = (char *)"-c";
    words[2] = mta->where;
    words[3] = (char *)options[step];
    if (count > 4 && result == 0)
        result = run_program((const char *const *)words, NULL, why);
    for (size_t i = 4; i < count; i++)
        free(words[i]);
    free(words);
    return result;
}

/* What was set anew is taken out again, and what was taken out is set again. The step that failed
 * made nothing, so of main.cf only what was set may stand there when it comes to taking out. */
static int undo(const struct mta *mta, const struct mta_changes *changes, enum step failed,
                struct error *why)
{
    if (failed == STEP_UNSET && (run_step(mta, changes, STEP_SET, true, why) < 0 ||
                                 run_step(mta, changes, STEP_UNSET, true, why) < 0))
        return -1;
    return failed > STEP_SERVICE ? run_step(mta, changes, STEP_SERVICE, true, why) : 0;
}

/* `stuck`: half of it is made and could not be undone. */
static int make_all(const struct mta *mta, const struct mta_changes *changes, bool *stuck,
                    struct error *why)
{
    *stuck = false;
    for (enum step step = STEP_SERVICE; step < STEP_COUNT; step++) {
        struct error cause, worse;
        if (run_step(mta, changes, step, false, &cause) == 0)
            continue;
        *stuck = undo(mta, changes, step, &worse) < 0;
        if (*stuck)
            return error_set(why, "%.200s; and what was changed could not be undone: %.200s",
                             cause.text, worse.text);
        return error_set(why, "%s; nothing was changed", cause.text);
    }
    return 0;
}

/* "waybill:postfix, mode 2710", as the plan says it. */
static int make_directory(const struct mta_change *change, struct error *why)
{
    struct slice rest = slice_of(change->after), name;
    const struct passwd *user;
    const struct group *group;
    char user_name[256], group_name[256];

    text_take_until(&rest, ':', &name);
    slice_copy(name, user_name, sizeof user_name);
    text_take_until(&rest, ',', &name);
    slice_copy(name, group_name, sizeof group_name);
    user = getpwnam(user_name);
    group = getgrnam(group_name);
    if (user == NULL || group == NULL)
        return error_set(why, "cannot make directory '%s': there is no user '%s' or group '%s'",
                         change->parameter, user_name, group_name);
    if (mkdir(change->parameter, 0700) < 0)
        return error_set(why, "cannot make directory '%s': %s", change->parameter, strerror(errno));
    if (lchown(change->parameter, user->pw_uid, group->gr_gid) < 0 ||
        chmod(change->parameter, 02710) < 0) {
        error_set(why, "cannot give '%s' to '%s': %s", change->parameter, user_name,
                  strerror(errno));
        rmdir(change->parameter);
        return -1;
    }
    return 0;
}

static const struct mta_change *directory_of(const struct mta_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++)
        if (changes->list[i].kind == MTA_CHANGE_DIRECTORY)
            return &changes->list[i];
    return NULL;
}

static int apply_attach(const struct mta *mta, const struct mta_changes *changes,
                        const struct memory *old, const char *path, struct error *why)
{
    const struct mta_change *directory = directory_of(changes);
    bool stuck = false;
    struct error lost, cause;

    if (memory_write(old, mta, changes, path, why) < 0)
        return -1;
    if ((directory == NULL || make_directory(directory, why) == 0)) {
        if (make_all(mta, changes, &stuck, why) == 0)
            return 0;
        if (stuck) { /* the old values are wanted more than ever */
            cause = *why;
            return error_set(why, "%.350s; the old values are in %.130s", cause.text, path);
        }
        if (directory != NULL)
            rmdir(directory->parameter);
    }
    memory_restore(old, path, &lost);
    return -1;
}

static int apply_detach(const struct mta *mta, const struct mta_changes *changes, const char *path,
                        struct error *why)
{
    bool stuck;

    if (make_all(mta, changes, &stuck, why) < 0)
        return -1;
    if (unlink(path) < 0 && errno != ENOENT)
        return error_set(why, "cannot remove '%s': %s", path, strerror(errno));
    return 0;
}

int mta_apply(const struct mta *mta, const struct mta_changes *changes, const char *memory,
              struct error *why)
{
    struct memory old;
    int result;

    if (mta->kind == MTA_SENDMAIL)
        return error_set(why, "sendmail.mc is not edited by a program");
    if (changes->detach)
        return apply_detach(mta, changes, memory, why);
    result = memory_read(&old, mta, memory, why);
    if (result == 0)
        result = apply_attach(mta, changes, &old, memory, why);
    memory_clear(&old);
    return result;
}

bool mta_is_running(const struct mta *mta)
{
    const char *const words[] = {"postfix", "-c", mta->where, "status", NULL};

    return mta->kind == MTA_POSTFIX && run_program(words, NULL, NULL) == 0;
}

int mta_reload(const struct mta *mta, struct error *why)
{
    const char *const words[] = {"postfix", "-c", mta->where, "reload", NULL};

    return run_program(words, NULL, why);
}
