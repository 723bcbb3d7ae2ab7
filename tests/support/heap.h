/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heap: what a program that is linked with --wrap of malloc, calloc, realloc, reallocarray and
 * free takes of the heap, as the allocator rounds it; and requests refused on purpose.
 *
 * Old and new count both while realloc copies one to the other. What libc takes for itself does
 * not pass here.
 */
#ifndef WAYBILL_TEST_HEAP_H
#define WAYBILL_TEST_HEAP_H

#include <stdbool.h>
#include <stddef.h>

extern bool heap_counting; /* false: all passes, nothing is counted nor refused */
extern size_t heap_now, heap_peak;
extern size_t heap_asked; /* requests so far */
/* Requests from the one to before the other are refused; the first is 1. */
extern size_t heap_refused_from, heap_refused_to;

#endif
