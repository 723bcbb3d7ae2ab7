/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Macros, read out of libmilter.
 *
 * libmilter keeps a macro packet as a list of words and searches it two words at a time. If the
 * packet had an odd number of words, smfi_getsymval runs over the end of the list and takes what
 * lies there for a pointer (8.17.1, engine.c and smfi.c; nothing in its interface lets us look
 * first). An honest MTA never sends that, but one garbled packet would end the daemon for all
 * sessions. So a fault inside the search means "no such macro"; the search holds no lock and owns
 * no memory, so it may be left at any point. A fault anywhere else is as deadly as before.
 */
#include "macros.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

/* Lives only during one call of macro_read, so a session that hops between threads is safe. */
static _Thread_local sigjmp_buf way_out;
static _Thread_local volatile sig_atomic_t searching;

static void on_fault(int number)
{
    struct sigaction deadly = {.sa_handler = SIG_DFL};

    if (searching)
        siglongjmp(way_out, 1);
    sigaction(number, &deadly, NULL); /* the same instruction faults again, for good */
}

int macros_guard(struct error *why)
{
    /* SA_NODEFER: the handler is left by a jump, which does not unblock the signal */
    struct sigaction guard = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};

    if (sigaction(SIGSEGV, &guard, NULL) < 0)
        return error_set(why, "cannot guard the reading of macros: %s", strerror(errno));
    return 0;
}

static void search(SMFICTX *context, const char *name, char *to)
{
    const char *value = smfi_getsymval(context, (char *)(void *)name);

    if (value != NULL) /* copied here, since it may lie outside any list, too */
        for (size_t i = 0; i < MACRO_ROOM - 1 && (to[i] = value[i]) != '\0'; i++)
            continue;
}

const char *macro_read(SMFICTX *context, const char *name, struct macro *macro)
{
    macro->text[0] = macro->text[MACRO_ROOM - 1] = '\0';
    searching = 1;
    if (sigsetjmp(way_out, 0) == 0)
        search(context, name, macro->text);
    else
        macro->text[0] = '\0';
    searching = 0;
    return macro->text;
}
