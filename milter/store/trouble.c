/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trouble: what an error reply of the server means for the caller.
 *
 * Redis begins an error with a word in capitals. The table has those that a writer or a reader
 * can meet; what is not in it is a reply that cannot be.
 */
#include "trouble.h"

static const struct {
    const char *begins;
    enum store_trouble trouble;
} troubles[] = {
    {"OOM ", STORE_FULL},
    {"MISCONF ", STORE_FULL},
    {"READONLY ", STORE_READONLY},
    {"NOAUTH ", STORE_DENIED},
    {"WRONGPASS ", STORE_DENIED},
    {"NOPERM ", STORE_DENIED},
    {"DENIED ", STORE_DENIED},
    {"ERR invalid password", STORE_DENIED}, /* before Redis 6 */
    {"ERR Client sent AUTH, but no password is set", STORE_DENIED},
    {"ERR AUTH <password> called without any password", STORE_DENIED},
    {"WRONGTYPE ", STORE_FOREIGN},
    {"LOADING ", STORE_BUSY},
    {"BUSY ", STORE_BUSY},
    {"TRYAGAIN ", STORE_BUSY},
    {"MASTERDOWN ", STORE_BUSY},
    {"CLUSTERDOWN ", STORE_BUSY},
    {"NOREPLICAS ", STORE_BUSY},
    {"MOVED ", STORE_BUSY},
    {"ASK ", STORE_BUSY},
    {"UNBLOCKED ", STORE_BUSY},
    {"ERR max number of clients reached", STORE_BUSY},
};

static const char *const words[] = {
    [STORE_FINE] = "fine",       [STORE_UNREACHABLE] = "unreachable", [STORE_BUSY] = "busy",
    [STORE_FULL] = "full",       [STORE_READONLY] = "readonly",       [STORE_DENIED] = "denied",
    [STORE_FOREIGN] = "foreign", [STORE_PROTOCOL] = "protocol",
    [STORE_PARTLY] = "partly",
};

const char *store_trouble_word(enum store_trouble trouble)
{
    return trouble >= STORE_FINE && trouble < STORE_TROUBLE_COUNT ? words[trouble] : "unknown";
}

enum store_trouble trouble_of(struct slice reply)
{
    for (size_t i = 0; i < sizeof troubles / sizeof troubles[0]; i++)
        if (slice_starts(reply, troubles[i].begins))
            return troubles[i].trouble;
    return STORE_PROTOCOL;
}

bool trouble_ends_connection(enum store_trouble trouble)
{
    return trouble == STORE_READONLY || trouble == STORE_DENIED || trouble == STORE_UNREACHABLE ||
           trouble == STORE_PROTOCOL;
}
