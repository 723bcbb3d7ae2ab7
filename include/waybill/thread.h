/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread: one that no signal comes to. Signals are for the thread that waits for them.
 */
#ifndef WAYBILL_THREAD_H
#define WAYBILL_THREAD_H

#include <pthread.h>
#include <stddef.h>

/* 0, or the errno of pthread_create(3). `stack`: bytes; 0: as is usual. */
int thread_start(pthread_t *thread, size_t stack, void *(*run)(void *context), void *context);

#endif
