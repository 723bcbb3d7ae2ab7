/* SPDX-License-Identifier: BSD-2-Clause */
/* thread: see thread.h. */
#include "waybill/thread.h"

#include <signal.h>

int thread_start(pthread_t *thread, size_t stack, void *(*run)(void *context), void *context)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    int result;

    pthread_attr_init(&attributes);
    if (stack > 0)
        pthread_attr_setstacksize(&attributes, stack);
    sigfillset(&all); /* a thread begins with what is blocked here */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    result = pthread_create(thread, &attributes, run, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return result;
}
