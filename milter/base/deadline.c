/* SPDX-License-Identifier: BSD-2-Clause */
/* deadline: see deadline.h. */
#include "waybill/deadline.h"

#include <sys/socket.h>

#include "waybill/clock.h"

struct deadline *deadline_take(struct deadline *table, size_t count, int fd, int64_t at)
{
    for (size_t i = 0; i < count; i++)
        if (table[i].at == 0) {
            table[i] = (struct deadline){fd, at};
            return &table[i];
        }
    return NULL;
}

void deadline_free(struct deadline *place)
{
    if (place != NULL)
        *place = (struct deadline){.fd = -1};
}

int64_t deadline_end_late(struct deadline *table, size_t count, int64_t now)
{
    int64_t rest = SECOND_MS;

    for (size_t i = 0; i < count; i++) {
        if (table[i].at == 0)
            continue;
        if (table[i].at <= now)
            shutdown(table[i].fd, SHUT_RDWR);
        else if (table[i].at - now < rest)
            rest = table[i].at - now;
    }
    return rest;
}
