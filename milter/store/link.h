/* SPDX-License-Identifier: BSD-2-Clause */
/* link: one connection to one server, and who the server is. */
#ifndef STORE_LINK_H
#define STORE_LINK_H

#include "pipeline.h"
#include "server.h"
#include "transport.h"

#define RUN_ID_SIZE 48

/* How servers are spoken to: the login, and redis_timeout_ms of the settings. */
struct manner {
    const struct settings *settings;
    struct tls *tls; /* NULL: without */
    const char *user, *password_file;
};

/* What a run still has to do with a link: see run.h. */
struct lane {
    struct slice out;      /* the commands, formed */
    size_t sent;           /* of these bytes */
    const uint32_t *asked; /* the command behind each reply; NULL: all in their order */
    size_t count, answered;
    const struct reply *waiting; /* read, and not taken yet: an earlier one must come first */
    int64_t until;               /* clock_monotonic: too late */
};

struct link {
    struct server server;
    struct transport transport;
    struct reply_reader *reader;
    struct lane lane;
    char run_id[RUN_ID_SIZE]; /* of the server's process; "": not known */
    bool stranger;            /* it was another one before */
};

void link_init(struct link *link);
void link_close(struct link *link); /* free of it afterwards: link_open may follow */
bool link_is_open(const struct link *link);
/* Connect, log in, say our name, ask who it is. STORE_FINE, or what failed. */
enum store_trouble link_open(struct link *link, const struct manner *manner, struct error *why);
/* The value of "name:value" in the text of INFO, whose lines end with CR LF. */
struct slice link_info(struct slice info, const char *name);

#endif
