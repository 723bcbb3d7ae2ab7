/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sheet: what this host says of itself in the store, with each beat.
 *
 * Before it is written the one that stands there is read: two machines that were cloned have one
 * machine id, so both own the node's number and would give out the same ids. Each sees the
 * other's run between two writings of its own. After a restart the run before is no rival, since
 * then we wrote nothing yet.
 */
#include "waybill/sheet.h"

#include "room.h"

#include <string.h>

#include "waybill/clock.h"

static bool sheet_wanted(struct ship *ship, struct sheet *sheet)
{
    pthread_mutex_lock(&ship->lock);
    *sheet = ship->sheet;
    pthread_mutex_unlock(&ship->lock);
    return sheet->version[0] != '\0';
}

static void see_rival(struct ship *ship, struct sheet *sheet, const struct sheet *there)
{
    if (!ship->sheet_told || there->run[0] == '\0' || strcmp(there->run, sheet->run) == 0) {
        log_trouble_off(&ship->trouble.rival, "nobody else writes as node %u any more",
                        ship->node);
        return;
    }
    slice_copy(slice_of(there->host), sheet->rival, sizeof sheet->rival);
    log_trouble_on(&ship->trouble.rival,
                   "another waybilld, on the host '%s', writes as node %u, too: ids will collide; "
                   "give one of the two machines another machine-id(5), or set 'node' on both",
                   there->host, ship->node);
}

/* What the run before noticed must not be forgotten by a restart; a moment to come is no moment. */
static int64_t later_of(int64_t own, int64_t there, int64_t now)
{
    return there > own && there <= now ? there : own;
}

void sheet_put(struct ship *ship)
{
    struct sheet sheet, there;
    int64_t before = clock_now(), server, now;

    if (!sheet_wanted(ship, &sheet) ||
        store_get_sheet(ship->store, ship->node, &there, &server, NULL) != 0)
        return;
    now = clock_now();
    see_rival(ship, &sheet, &there);
    sheet.node = ship->node;
    sheet.written = now;
    sheet.facts_lost_at = later_of(sheet.facts_lost_at, there.facts_lost_at, now);
    sheet.answers_over_1s_at = later_of(sheet.answers_over_1s_at, there.answers_over_1s_at, now);
    if (server != 0)
        sheet.clock_ahead_ms = before + (now - before) / 2 - server;
    store_put_sheet(ship->store, &sheet);
    ship->sheet_told = true;
}
