/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trouble: what lasts is told when it begins, changes and ends, and once an hour in between.
 */
#include "waybill/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "waybill/clock.h"

void log_trouble_on(struct log_trouble *trouble, const char *format, ...)
{
    char text[sizeof trouble->text], span[CLOCK_TEXT_SIZE];
    int64_t now = clock_monotonic();
    va_list arguments;

    va_start(arguments, format);
    if (vsnprintf(text, sizeof text, format, arguments) < 0)
        text[0] = '\0';
    va_end(arguments);
    if (!trouble->on) {
        *trouble = (struct log_trouble){.on = true, .began = now, .told = now, .count = 1};
        memcpy(trouble->text, text, sizeof text);
        log_warning("%s", text);
        return;
    }
    trouble->count++;
    if (strcmp(trouble->text, text) != 0) {
        memcpy(trouble->text, text, sizeof text);
        log_warning("%s", text);
    } else if (now - trouble->told >= HOUR_MS) {
        clock_span(now - trouble->began, span);
        log_warning("still, for %s, %lu times: %s", span, trouble->count, text);
    } else {
        return;
    }
    trouble->told = now;
}

void log_trouble_off(struct log_trouble *trouble, const char *format, ...)
{
    char text[sizeof trouble->text], span[CLOCK_TEXT_SIZE];
    va_list arguments;

    if (!trouble->on)
        return;
    va_start(arguments, format);
    if (vsnprintf(text, sizeof text, format, arguments) < 0)
        text[0] = '\0';
    va_end(arguments);
    clock_span(clock_monotonic() - trouble->began, span);
    log_info("%s (after %s and %lu failures)", text, span, trouble->count);
    *trouble = (struct log_trouble){.on = false};
}
