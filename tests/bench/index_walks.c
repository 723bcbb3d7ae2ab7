/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index_walks: the index alone, at a site's rate: index_walks unix:PATH DAYS MAILS-A-DAY [LOOKS]
 *
 * Fills the days before today through store_post_term (nine postings a mail, frequent and rare
 * terms, a day/night curve, batches of a thousand), then looks for recipients and domains, newest
 * fifty, and prints what each look took. The server must be empty; read its INFO for the memory.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "waybill/clock.h"
#include "waybill/id.h"
#include "waybill/store.h"

static struct store *store;
static struct error why;
static uint64_t posted;

static void die(void)
{
    fprintf(stderr, "index_walks: %s\n", why.text);
    exit(1);
}

static double uniform(void)
{
    return (double)random() / ((double)RAND_MAX + 1);
}

/* Few are frequent: 0 is the most. */
static unsigned zipf(unsigned of)
{
    return (unsigned)(exp(uniform() * log(of + 1.0)) - 1.0);
}

static void post(uint64_t id, enum term_kind kind, const char *form, unsigned number)
    __attribute__((format(printf, 3, 0)));
static void look(const char *what, enum term_kind kind, const char *form, unsigned of,
                 bool frequent, unsigned looks) __attribute__((format(printf, 3, 0)));

static void post(uint64_t id, enum term_kind kind, const char *form, unsigned number)
{
    char term[80];

    snprintf(term, sizeof term, form, number, number % 20000);
    store_post_term(store, id, kind, slice_of(term), false);
    posted++;
}

static void post_mail(uint64_t id, unsigned number)
{
    unsigned to = (unsigned)(uniform() * 200000), domain = zipf(20000);
    char term[80];

    snprintf(term, sizeof term, "user%u@domain%u.example", to, to % 5000);
    store_post_term(store, id, TERM_RECIPIENT, slice_of(term), false);
    posted++;
    post(id, TERM_RECIPIENT_DOMAIN, "domain%u.example", domain);
    post(id, TERM_SENDER, "sender%u@from%u.example", (unsigned)(uniform() * 200000));
    post(id, TERM_SENDER_DOMAIN, "from%u.example", zipf(20000));
    post(id, TERM_MESSAGE_ID, "%u.unique@host.example", number);
    post(id, TERM_QUEUE_ID, "4q%uq", number);
    post(id, TERM_CLIENT_IP, "192.0.2.%u", zipf(30000));
    post(id, TERM_REMOTE, "mx.domain%u.example", domain);
    if (number % 25 == 0)
        post(id, TERM_OUTCOME, "failed", 0);
    if (number % 25 == 0)
        post(id, TERM_REASON, "reason%u", zipf(20));
}

static void fill(uint32_t day, unsigned mails, unsigned first)
{
    for (unsigned i = 0; i < mails; i++) {
        double at = 86400.0 * i / mails; /* a wave: three times as much at noon as at midnight */
        uint32_t second = (uint32_t)(at + 0.5 * 86400 / 6.2832 * sin(6.2832 * at / 86400));
        second = second > 86399 ? 86399 : second;
        post_mail(id_make(day, second * UINT64_C(10000000) + i % 4 * 100000 + i % 1000),
                  first + i);
        if (i % 1000 == 999 && store_flush(store, &why))
            die();
    }
    if (store_flush(store, &why))
        die();
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void look(const char *what, enum term_kind kind, const char *form, unsigned of,
                 bool frequent, unsigned looks)
{
    double *took = calloc(looks, sizeof *took);
    uint64_t found = 0;

    for (unsigned i = 0; took && i < looks; i++) {
        unsigned number = frequent ? zipf(of) : (unsigned)(uniform() * of);
        char text[80];
        struct store_term term = {kind, SLICE_ABSENT};
        struct store_walk *walk;
        uint64_t *ids;
        size_t count, all = 0;
        double begun = now_ms();

        snprintf(text, sizeof text, form, number, number % 5000);
        term.term = slice_of(text);
        if (store_walk_open(&walk, store, &term, 1, 0, INT64_MAX, false, &why))
            die();
        while (all < 50 && store_walk_next(walk, &ids, &count, &why) > 0) {
            all += count;
            free(ids);
        }
        store_walk_close(&walk);
        took[i] = now_ms() - begun;
        found += all;
    }
    if (!took)
        return;
    qsort(took, looks, sizeof *took, by_value);
    printf("%-10s p50 %.2f ms  p99 %.2f ms  %.1f ids read a look\n", what, took[looks / 2],
           took[looks * 99 / 100], (double)found / looks);
    free(took);
}

int main(int count, char **words)
{
    struct settings settings;
    unsigned days, mails, looks = count > 4 ? (unsigned)atoi(words[4]) : 1000;
    double begun, ended;

    if (count < 4) {
        fprintf(stderr, "usage: index_walks unix:PATH DAYS MAILS-A-DAY [LOOKS]\n");
        return 2;
    }
    days = (unsigned)atoi(words[2]);
    mails = (unsigned)atoi(words[3]);
    settings = (struct settings){.host = "bench",
                                 .redis = words[1],
                                 .redis_prefix = "wb:",
                                 .redis_timeout_ms = 10000,
                                 .retention_days = 60,
                                 .refused_retention_days = 3};
    if (store_open(&store, &settings, &why))
        die();
    begun = now_ms();
    for (unsigned i = 0; i < days; i++)
        fill(clock_day_add(clock_day(clock_now(), NULL), (int)i - (int)days), mails, i * mails);
    ended = now_ms();
    printf("%llu postings, %.2f us each\n", (unsigned long long)posted,
           (ended - begun) * 1e3 / (double)posted);
    look("recipient", TERM_RECIPIENT, "user%u@domain%u.example", 200000, false, looks);
    look("domain", TERM_RECIPIENT_DOMAIN, "domain%u.example", 20000, true, looks);
    look("outcome", TERM_OUTCOME, "failed", 1, false, looks);
    store_close(&store);
    return 0;
}
