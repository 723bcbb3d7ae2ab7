/* SPDX-License-Identifier: BSD-2-Clause */
/* store_traffic: see the header. */
#include "store_traffic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "waybill/clock.h"

#define SCANNERS 30000 /* clients that are refused */

static uint64_t draw(struct traffic *traffic)
{
    uint64_t x = traffic->chance += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

/* Three times as much at two in the afternoon as at two at night; and all of it before the end. */
static double gap_at(const struct traffic *traffic, int64_t time)
{
    double hour = (double)(time % DAY_MS) / HOUR_MS;
    double left = (double)(traffic->count + TRAFFIC_NODES - traffic->made);
    double gap = time < traffic->end ? (double)(traffic->end - time) / left : 0;
    return TRAFFIC_NODES * gap / (1 - 0.5 * cos((hour - 2) * 2 * 3.14159265358979 / 24));
}

static void node_next(struct traffic *traffic, struct traffic_node *node)
{
    node->mails.gap = gap_at(traffic, node->mails.now);
    mails_next(&node->mails, &node->next);
}

struct traffic *traffic_open(uint64_t seed, uint64_t count, unsigned refused, bool whole,
                             int64_t now)
{
    static const char *const hosts[TRAFFIC_NODES] = {"mx1", "mx2", "mx3", "mx4"};
    struct traffic *traffic = calloc(1, sizeof *traffic);
    int64_t start = now - TRAFFIC_DAYS * DAY_MS + HOUR_MS;
    if (traffic == NULL)
        abort();
    traffic->chance = seed;
    traffic->end = now - 5 * MINUTE_MS;
    traffic->count = count;
    traffic->refused = refused;
    for (unsigned i = 0; i < TRAFFIC_NODES; i++) {
        mails_init(&traffic->nodes[i].mails, seed * 100 + i, i, start, 1);
        traffic->nodes[i].mails.whole = whole;
        if (!whole)
            traffic->nodes[i].mails.host = hosts[i];
        node_next(traffic, &traffic->nodes[i]);
    }
    return traffic;
}

void traffic_close(struct traffic *traffic)
{
    free(traffic);
}

static struct slice say(struct mails_mail *mail, const char *text)
{
    size_t size = strlen(text);
    if (mail->used + size > sizeof mail->text)
        abort();
    memcpy(mail->text + mail->used, text, size);
    mail->used += size;
    return slice_make(mail->text + mail->used - size, size);
}

static struct slice refusal_words(struct traffic *traffic, struct mails_mail *mail, struct slice to,
                                  struct slice ip)
{
    char words[512];
    uint64_t which = draw(traffic);
    switch (which % 6) {
    case 0:
    case 1:
        snprintf(words, sizeof words,
                 "Service unavailable; Client host [%.*s] blocked using zen.dnsbl.example; "
                 "https://www.dnsbl.example/query/ip/%.*s",
                 SLICE_ARGS(ip), SLICE_ARGS(ip));
        break;
    case 2:
        snprintf(words, sizeof words,
                 "<%.*s>: Recipient address rejected: User unknown in virtual "
                 "mailbox table",
                 SLICE_ARGS(to));
        break;
    case 3:
        snprintf(words, sizeof words, "<%.*s>: Relay access denied", SLICE_ARGS(to));
        break;
    case 4:
        snprintf(words, sizeof words,
                 "<%.*s>: Recipient address rejected: Greylisted for %u "
                 "seconds",
                 SLICE_ARGS(to), (unsigned)(which >> 20) % 300);
        break;
    default:
        snprintf(words, sizeof words, "Client host rejected: cannot find your hostname, [%.*s]",
                 SLICE_ARGS(ip));
    }
    return say(mail, words);
}

/* Make of a mail a session that ended at RCPT: the client is one of those that are refused. */
static void make_refused(struct traffic *traffic, struct mails_mail *mail)
{
    double place = (double)(draw(traffic) >> 11) / 9007199254740992.0;
    uint64_t number = (uint64_t)pow(SCANNERS, place) * UINT64_C(0x9E3779B97F4A7C15);
    struct fact *envelope = &mail->facts[0], *refused = &mail->facts[1], *gone = &mail->facts[2];
    char ip[32];
    struct slice to = SLICE_ABSENT;
    for (size_t i = 1; i < mail->count && to.at == NULL; i++)
        to = mail->facts[i].value[KEY_TO];
    snprintf(ip, sizeof ip, "%u.%u.%u.%u", 11 + (unsigned)(number >> 20 & 127),
             (unsigned)(number >> 30 & 255), (unsigned)(number >> 40 & 255),
             (unsigned)(number >> 50 & 255));
    envelope->value[KEY_IP] = say(mail, ip);
    envelope->value[KEY_LOGIN] = envelope->value[KEY_AUTH] = SLICE_ABSENT;
    envelope->keys &= ~(KEY_BIT(LOGIN) | KEY_BIT(AUTH));
    fact_init(refused, WITNESS_MILTER, FACT_REFUSED, mail->facts[1].time);
    refused->waybill = gone->waybill = mail->id;
    refused->id = fact_id_milter(mail->id, 1);
    fact_set(refused, KEY_TO, to);
    fact_set(refused, KEY_PHASE, slice_of("rcpt"));
    fact_set(refused, KEY_STATUS, slice_of("5.7.1"));
    fact_set(refused, KEY_REPLY, refusal_words(traffic, mail, to, envelope->value[KEY_IP]));
    fact_init(gone, WITNESS_MILTER, FACT_ABANDONED, refused->time + 40);
    gone->waybill = mail->id;
    gone->id = fact_id_milter(mail->id, 2);
    fact_set(gone, KEY_PHASE, slice_of("rcpt"));
    mail->count = mail->milters = 3;
}

static void copy_mail(struct mails_mail *to, const struct mails_mail *from)
{
    to->id = from->id;
    to->count = from->count;
    to->milters = from->milters;
    to->used = from->used;
    memcpy(to->text, from->text, from->used);
    memcpy(to->facts, from->facts, from->count * sizeof from->facts[0]);
    for (size_t i = 0; i < to->count; i++) {
        uint64_t keys = to->facts[i].keys;
        while (keys != 0) {
            struct slice *value = &to->facts[i].value[fact_take_key(&keys)];
            if (value->at >= from->text && value->at < from->text + from->used)
                value->at = to->text + (value->at - from->text);
        }
    }
}

void traffic_next(struct traffic *traffic, struct mails_mail *mail)
{
    struct traffic_node *first = &traffic->nodes[0];
    for (unsigned i = 1; i < TRAFFIC_NODES; i++)
        if (traffic->nodes[i].next.id / 10000000 < first->next.id / 10000000)
            first = &traffic->nodes[i];
    copy_mail(mail, &first->next);
    node_next(traffic, first);
    traffic->made++;
    if (draw(traffic) % 100 < traffic->refused)
        make_refused(traffic, mail);
}
