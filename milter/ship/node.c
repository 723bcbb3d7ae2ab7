/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * node: claims the number in the store and remembers it beside the journal.
 */
#include "waybill/node.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "waybill/digest.h"
#include "waybill/id.h"
#include "waybill/store.h"
#include "waybill/text.h"

/* ---- files of one short line ---- */

/* -1: the file is not there or cannot be read. */
static int read_line(const char *path, char *line, size_t room)
{
    FILE *from = fopen(path, "re");
    char *got;

    if (from == NULL)
        return -1;
    got = fgets(line, (int)room, from);
    fclose(from);
    if (got == NULL)
        return -1;
    line[strcspn(line, "\r\n")] = '\0';
    return 0;
}

static int put_line(const char *path, const char *line)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    size_t size = strlen(line);
    int result;

    if (fd < 0)
        return -1;
    result = write(fd, line, size) == (ssize_t)size && fsync(fd) == 0 ? 0 : -1;
    close(fd);
    return result;
}

static bool state_path(const struct settings *settings, const char *name, char path[PATH_MAX])
{
    int size = snprintf(path, PATH_MAX, "%s/%s", settings->state_directory, name);

    return size > 0 && size < PATH_MAX;
}

/* By rename, so that a crash leaves the old line or the new one. */
static void write_line(const struct settings *settings, const char *name, const char *line)
{
    char path[PATH_MAX], fresh[PATH_MAX];
    char fresh_name[64];

    snprintf(fresh_name, sizeof fresh_name, "%s.new", name);
    if (!state_path(settings, name, path) || !state_path(settings, fresh_name, fresh) ||
        put_line(fresh, line) < 0 || rename(fresh, path) < 0)
        log_warning("cannot write '%s/%s': %s", settings->state_directory, name, strerror(errno));
}

/* ---- who we are ---- */

/* For machines without /etc/machine-id. */
static void made_up_id(const struct settings *settings, char *line, size_t room)
{
    char path[PATH_MAX];
    uint64_t number;

    if (state_path(settings, "machine", path) && read_line(path, line, room) == 0 &&
        line[0] != '\0')
        return;
    digest_random(&number, sizeof number);
    snprintf(line, room, "%016" PRIx64, number);
    write_line(settings, "machine", line);
}

/* The machine's id does not leave the machine as it is (machine-id(5) asks for that). The state
 * directory goes in, because two daemons with two journals are two nodes, also on one machine. */
static uint64_t machine_hash(const struct settings *settings)
{
    char line[64], all[PATH_MAX + sizeof line + 16];
    int size;

    if (read_line("/etc/machine-id", line, sizeof line) < 0 || strlen(line) < 16)
        made_up_id(settings, line, sizeof line);
    size = snprintf(all, sizeof all, "waybill %s %s", line, settings->state_directory);
    return digest_64(all, size > 0 && (size_t)size < sizeof all ? (size_t)size : sizeof all - 1);
}

static int64_t remembered(const struct settings *settings)
{
    char path[PATH_MAX], line[16];
    uint64_t number;

    if (!state_path(settings, "node", path) || read_line(path, line, sizeof line) < 0 ||
        !text_number(slice_of(line), 0, ID_NODES - 1, &number))
        return -1;
    return (int64_t)number;
}

static void remember(const struct settings *settings, unsigned number)
{
    char line[16];

    if (remembered(settings) == (int64_t)number)
        return;
    snprintf(line, sizeof line, "%u\n", number);
    write_line(settings, "node", line);
}

/* ---- claiming ---- */

enum claim { CLAIM_OURS, CLAIM_TAKEN, CLAIM_AWAY };

static void tell_finding(void *context, const char *finding)
{
    (void)context;
    log_warning("the store: %s", finding);
}

/* The first time that the store answers is also the time to look whether it keeps what it gets. */
static enum claim claim(const struct settings *settings, struct store *store, int64_t wanted,
                        unsigned *number, struct error *why)
{
    char machine[17];

    snprintf(machine, sizeof machine, "%016" PRIx64, machine_hash(settings));
    if (store_claim_node(store, wanted, machine, settings->host, number, why) == 0) {
        (void)store_inspect(store, tell_finding, NULL, NULL);
        return CLAIM_OURS;
    }
    /* Denied, but not at the door: another machine has it. */
    if (store_last_trouble(store) == STORE_DENIED && store_connect(store, NULL) == 0)
        return CLAIM_TAKEN;
    return CLAIM_AWAY;
}

static int choose(struct node *node, const struct settings *settings, struct store *store,
                  struct error *why)
{
    bool fixed = settings->node >= 0;
    int64_t wanted = fixed ? settings->node : remembered(settings);
    enum claim result = claim(settings, store, wanted, &node->number, why);

    if (result == CLAIM_TAKEN && fixed)
        return -1;
    if (result == CLAIM_TAKEN && wanted >= 0) {
        log_warning("%s; taking another number", why->text);
        wanted = -1;
        result = claim(settings, store, wanted, &node->number, why);
    }
    if (result == CLAIM_TAKEN)
        return -1;
    node->claimed = result == CLAIM_OURS;
    if (!node->claimed) {
        node->number =
            wanted >= 0 ? (unsigned)wanted : (unsigned)(machine_hash(settings) % ID_NODES);
        log_trouble_on(&node->trouble, "cannot claim node %u yet: %s", node->number, why->text);
    } else {
        remember(settings, node->number);
    }
    return 0;
}

int node_choose(struct node *node, const struct settings *settings, struct error *why)
{
    struct store *store;
    int result;

    *node = (struct node){.claimed = false};
    if (store_open(&store, settings, why) < 0)
        return -1;
    result = choose(node, settings, store, why);
    store_close(&store);
    return result;
}

void node_claim(struct node *node, const struct settings *settings)
{
    struct store *store;
    struct error why;
    unsigned number;

    if (node->claimed)
        return;
    if (store_open(&store, settings, &why) < 0) {
        log_trouble_on(&node->trouble, "cannot claim node %u: %s", node->number, why.text);
        return;
    }
    switch (claim(settings, store, node->number, &number, &why)) {
    case CLAIM_OURS:
        node->claimed = true;
        remember(settings, node->number);
        log_trouble_off(&node->trouble, "node %u is claimed", node->number);
        break;
    case CLAIM_TAKEN:
        /* Our number cannot change while ids with it are being given out. */
        log_trouble_on(&node->trouble,
                       "node %u is another machine's: restart waybilld soon, with 'node' "
                       "changed if it is set: %s",
                       node->number, why.text);
        break;
    case CLAIM_AWAY:
        log_trouble_on(&node->trouble, "cannot claim node %u yet: %s", node->number, why.text);
        break;
    }
    store_close(&store);
}
