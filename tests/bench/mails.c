/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mails: see mails.h. A name is spelt from its number, so that a universe of 200,000 addresses
 * needs no table; who is meant comes from Zipf's law by inversion.
 */
#include "mails.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "waybill/clock.h"

#define SENDERS 230000
#define RECIPIENTS 215000
#define DOMAINS 20000
#define CLIENTS 30000

static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

static uint64_t draw(struct mails *mails)
{
    return mix(mails->chance++);
}

static unsigned below(struct mails *mails, unsigned end)
{
    return (unsigned)(draw(mails) >> 32) % end;
}

static bool percent(struct mails *mails, double part)
{
    return (double)below(mails, 1000000) < part * 10000;
}

/* 0 .. end-1; the n-th is asked for as often as 1/n. */
static unsigned zipf(struct mails *mails, unsigned end)
{
    double at = (double)(draw(mails) >> 11) / 9007199254740992.0;
    unsigned found = (unsigned)pow((double)end, at) - 1;
    return found < end ? found : end - 1;
}

static struct slice say(struct mails_mail *mail, const char *words, ...)
    __attribute__((format(printf, 2, 3)));

static struct slice say(struct mails_mail *mail, const char *words, ...)
{
    char *at = mail->text + mail->used;
    size_t room = sizeof mail->text - mail->used;
    va_list values;
    va_start(values, words);
    int size = vsnprintf(at, room, words, values);
    va_end(values);
    size_t used = size < 0 ? 0 : (size_t)size < room ? (size_t)size : room - 1;
    mail->used += used;
    return slice_make(at, used);
}

static const char *const syllables[] = {
    "ba", "ker", "lin", "mo", "ra", "sten", "ti", "vo", "nel", "gar", "hu", "per", "dis", "cor",
    "al", "wen", "sch", "ei", "mar", "tor", "no", "vel", "ka", "bri", "den", "fu", "jor", "pla",
    "sun", "rex", "zi", "oma"};

static struct slice spell(struct mails_mail *mail, uint64_t number, unsigned least)
{
    char word[64];
    size_t size = 0;
    uint64_t rest = mix(number ^ mail->world);
    while (size < least) {
        size += (size_t)snprintf(word + size, sizeof word - size, "%s", syllables[rest & 31]);
        rest >>= 5;
    }
    return say(mail, "%s", word);
}

static struct slice domain_of(struct mails_mail *mail, uint64_t number)
{
    static const char *const tops[] = {"com", "de", "net", "org", "co.uk", "fr", "example", "io"};
    static const char *const foreign_tops[] = {"com", "de", "net", "org", "nl", "com", "it", "eu"};
    struct slice name = spell(mail, number * 7 + 1, 6 + (unsigned)(mix(number) >> 40) % 7);
    return say(mail, "%.*s.%s", SLICE_ARGS(name),
               (mail->world != 0 ? foreign_tops : tops)[mix(number + 5) & 7]);
}

static struct slice address_of(struct mails_mail *mail, uint64_t number, struct slice domain)
{
    struct slice first = spell(mail, number * 3 + 2, 3 + (unsigned)(mix(number) >> 40) % 3);
    struct slice last = spell(mail, number * 5 + 3, 4 + (unsigned)(mix(number) >> 50) % 5);
    return say(mail, "%.*s.%.*s@%.*s", SLICE_ARGS(first), SLICE_ARGS(last), SLICE_ARGS(domain));
}

/* ---- what next servers say ---- */

static const char *const greetings[] = {
    "Ok", "OK", "ok", "Accepted", "Message accepted for delivery", "Mail accepted",
    "Message received", "Queued mail for delivery", "Message queued", "Great success",
    "Requested mail action okay, completed", "Thank you, we have your mail",
    "Message received and queued for scanning", "Success", "Message accepted, will be delivered",
    "Done, the message goes on", "Delivered to mailbox", "Saved", "Taken over by the relay",
    "Message stored for further processing by the content filter"};
static const struct {
    const char *before, *behind; /* the id */
} keepers[] = {
    {"queued as ", ""}, {"id=", ""}, {"id ", ""}, {"as ", ""}, {"(", ")"}, {"[", "]"},
    {"Message-ID ", " accepted"}, {"internal id ", ""},
    {"ticket ", ", keep it for questions to our helpdesk"}, {"trace ", ""},
    {"queued for delivery under ", ""}, {"", " - gsmtp"}, {"job ", " in the queue of the relay"}};
static const char *const failures[] = {
    "Recipient address rejected: User unknown in virtual mailbox table",
    "Recipient address rejected: undeliverable address: unknown user", "No such user here",
    "The email account that you tried to reach does not exist, please check for typing errors",
    "mailbox unavailable", "Requested action not taken: mailbox unavailable or access denied",
    "Mailbox full, the owner has to delete messages first", "over quota", "Access denied",
    "Message rejected as spam by content filter", "blocked using zen.blocklist.example",
    "Relay access denied", "This account has been disabled or discontinued", "Policy violation",
    "sender domain has no valid SPF record", "DMARC policy of the sender's domain says reject"};
static const char *const delays[] = {
    "Greylisted, please try again in five minutes", "Temporary lookup failure", "Try again later",
    "Too many connections from your address, slow down", "Service currently unavailable",
    "Resources temporarily unavailable, please come back", "mailbox temporarily locked",
    "The mail system is short of space", "Internal error, the postmaster has been told",
    "Your network sends more than we take in an hour; see our rules for senders of bulk mail"};
#define ONE_OF(mails, table) table[below(mails, sizeof table / sizeof *table)]

/* What a site answers is much the same each time: `site` chooses the words, chance the id. */
static struct slice reply_taken(struct mails *mails, struct mails_mail *mail, unsigned site,
                                struct slice host, struct slice domain, struct slice *next)
{
    uint64_t style = mix(site * 11u + 3), rest = style >> 20;
    size_t keeper;
    char id[48];
    *next = SLICE_ABSENT;
    switch (style % 5) {
    case 0:
        snprintf(id, sizeof id, "4%.10llX", (unsigned long long)draw(mails) >> 24);
        *next = say(mail, "%s", id);
        return say(mail, "250 2.0.0 %s: queued as %s", rest % 3 ? "Ok" : "from MTA(smtp:[127.0.0.1]"
                   ":10025): 250 2.0.0 Ok", id);
    case 1:
        return say(mail,
                   "250 2.6.0 <%llx.%llx@%.*s> [InternalId=%llu, Hostname=%.*s] %u bytes in 0.%u, "
                   "%u.%u KB/sec Queued mail for delivery",
                   (unsigned long long)draw(mails), (unsigned long long)draw(mails) >> 30,
                   SLICE_ARGS(domain), (unsigned long long)draw(mails) >> 18, SLICE_ARGS(host),
                   9000 + below(mails, 90000), below(mails, 900), below(mails, 900),
                   below(mails, 999));
    case 2:
        return say(mail, "250 2.0.0 OK  %llu %llx-%llx%llx.%u - gsmtp",
                   (unsigned long long)(mails->now / 1000),
                   (unsigned long long)draw(mails) >> 20, (unsigned long long)draw(mails),
                   (unsigned long long)draw(mails) >> 24, below(mails, 900));
    default:
        snprintf(id, sizeof id, "%llx-%llx", (unsigned long long)draw(mails) >> 12,
                 (unsigned long long)draw(mails) >> (rest % 40));
        keeper = rest % (sizeof keepers / sizeof *keepers);
        return say(mail, "250 2.%llu.0 %s %s%s%s, %.*s %s %.*s",
                   (unsigned long long)(rest >> 8) % 3,
                   greetings[(rest >> 10) % (sizeof greetings / sizeof *greetings)],
                   keepers[keeper].before, id, keepers[keeper].behind,
                   SLICE_ARGS(host), (rest >> 20) & 1 ? "for" : "delivers to", SLICE_ARGS(domain));
    }
}

static struct slice reply_refused(struct mails *mails, struct mails_mail *mail, bool for_good,
                                  struct slice relay, struct slice to)
{
    const char *words = for_good ? ONE_OF(mails, failures) : ONE_OF(mails, delays);
    struct slice host = relay;
    host.size = (size_t)slice_find(relay, ']') + 1;
    if (!for_good && percent(mails, 30))
        return say(mail, "connect to %.*s:25: Connection timed out", SLICE_ARGS(host));
    return say(mail, "host %.*s said: %s <%.*s>: %s (in reply to %s command)", SLICE_ARGS(host),
               for_good ? "550 5.1.1" : "450 4.2.0", SLICE_ARGS(to), words,
               percent(mails, 80) ? "RCPT TO" : "end of DATA");
}

/* ---- the facts ---- */

static struct fact *begin(struct mails *mails, struct mails_mail *mail, enum witness witness,
                          enum fact_kind kind, int64_t time, struct slice queue_id)
{
    struct fact *fact = &mail->facts[mail->count < MAILS_FACTS_MAX ? mail->count++ : 0];
    fact_init(fact, witness, kind, time);
    if (witness == WITNESS_MILTER) {
        fact->waybill = mail->id;
        fact->id = fact_id_milter(mail->id, (unsigned)mail->milters++);
    } else {
        struct slice line = say(mail, "%lld %.*s %d %llu", (long long)time, SLICE_ARGS(queue_id),
                                (int)kind, (unsigned long long)draw(mails));
        fact->id = fact_id_log(line, 0, 0);
        fact_set(fact, KEY_INSTANCE, slice_of("postfix"));
    }
    if (witness == WITNESS_LOG || kind == FACT_HEADER || kind == FACT_QUEUED)
        fact_set(fact, KEY_QUEUE, queue_id);
    if (kind != FACT_RCPT)
        fact_set(fact, KEY_HOST, slice_of(mails->host));
    return fact;
}

/* How the client came, beside who he is. */
static void make_greeting(struct mails *mails, struct mails_mail *mail, struct fact *fact,
                          bool login, struct slice name, struct slice domain, unsigned number)
{
    fact_set(fact, KEY_PORT, say(mail, "%u", 1024 + below(mails, 64000)));
    if (login)
        fact_set(fact, KEY_HELO, say(mail, "[192.168.%u.%u]", below(mails, 30), below(mails, 255)));
    else
        fact_set(fact, KEY_HELO, percent(mails, 75) && name.size > 7
                                     ? name
                                     : say(mail, "smtp%u.%.*s", number % 9, SLICE_ARGS(domain)));
    fact_set(fact, KEY_DAEMON, slice_of(mails->host));
    fact_set(fact, KEY_DAEMON_PORT, slice_of(login ? "587" : "25"));
}

static void make_client(struct mails *mails, struct mails_mail *mail, struct fact *fact, bool login)
{
    static const char *const ciphers[] = {
        "TLSv1.3:TLS_AES_256_GCM_SHA384:256", "TLSv1.3:TLS_AES_256_GCM_SHA384:256",
        "TLSv1.3:TLS_AES_256_GCM_SHA384:256", "TLSv1.3:TLS_AES_128_GCM_SHA256:128",
        "TLSv1.2:ECDHE-RSA-AES256-GCM-SHA384:256", "TLSv1.2:ECDHE-ECDSA-AES128-GCM-SHA256:128"};
    static const char *const client_names[2][2] = {{"mail", "dyn-"}, {"out-", "ip"}};
    unsigned number = zipf(mails, CLIENTS);
    uint64_t address = mix((number + 77) ^ mails->world);
    struct slice domain = domain_of(mail, number * 13 + 5), name;
    if (percent(mails, 15))
        name = slice_of("unknown");
    else
        name = say(mail, "%s%u.%.*s", client_names[mails->world != 0][login], number % 200,
                   SLICE_ARGS(domain));
    fact_set(fact, KEY_CLIENT, name);
    fact_set(fact, KEY_IP, say(mail, "%u.%u.%u.%u", 11 + (unsigned)(address & 127),
                               (unsigned)(address >> 8 & 255), (unsigned)(address >> 16 & 255),
                               (unsigned)(address >> 24 & 255)));
    if (mails->whole)
        make_greeting(mails, mail, fact, login, name, domain, number);
    if (login || percent(mails, 90))
        fact_set(fact, KEY_TLS, slice_of(ONE_OF(mails, ciphers)));
}

static void make_mail(struct mails *mails, struct mails_mail *mail, struct fact *fact,
                      unsigned size, bool login)
{
    unsigned number = zipf(mails, SENDERS);
    struct slice from =
        address_of(mail, number, domain_of(mail, login ? number % 40 : mix(number) % DOMAINS));
    fact_set(fact, KEY_FROM, percent(mails, 3) && !login ? slice_of("") : from);
    make_client(mails, mail, fact, login);
    if (login) {
        fact_set(fact, KEY_LOGIN, from);
        fact_set(fact, KEY_AUTH, slice_of(percent(mails, 80) ? "PLAIN" : "LOGIN"));
    }
    fact_set(fact, KEY_SIZE, say(mail, "%u", size + below(mails, 3) * 17));
    if (mails->whole && percent(mails, 60))
        fact_set(fact, KEY_BODY, slice_of("8BITMIME"));
}

static void make_date(struct mails *mails, struct mails_mail *mail, struct fact *fact)
{
    static const char *const zones[] = {"+0000", "+0100", "+0200", "-0500"};
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    static const int hours[] = {0, 1, 2, -5};
    unsigned zone = below(mails, 4);
    int64_t when = mails->now - (int64_t)zipf(mails, 4000) * 1000 + hours[zone] * HOUR_MS;
    uint32_t second, day = clock_day(when, &second);
    fact_set(fact, KEY_DATE,
             say(mail, "%s, %u %s 20%02u %02u:%02u:%02u %s", days[(when / DAY_MS + 4) % 7],
                 day % 100, months[day / 100 % 100 - 1], day / 10000, second / 3600,
                 second / 60 % 60, second % 60, zones[zone]));
}

static void make_author(struct mails *mails, struct mails_mail *mail, struct fact *fact,
                        struct slice from)
{
    struct slice name = spell(mail, draw(mails) % SENDERS, 5);
    if (from.size == 0)
        fact_set(fact, KEY_HEADER_FROM, slice_of("Mail Delivery System <MAILER-DAEMON@example.net>"));
    else if (percent(mails, 70))
        fact_set(fact, KEY_HEADER_FROM,
                 say(mail, "%.*s %.*s <%.*s>", SLICE_ARGS(name),
                     SLICE_ARGS(spell(mail, draw(mails) % 5000, 6)), SLICE_ARGS(from)));
    else
        fact_set(fact, KEY_HEADER_FROM, from);
}

static void make_header(struct mails *mails, struct mails_mail *mail, struct fact *fact,
                        struct slice from)
{
    ptrdiff_t at = slice_find(from, '@');
    struct slice domain = at < 0 || percent(mails, 35)
                              ? domain_of(mail, draw(mails) % DOMAINS)
                              : slice_make(from.at + at + 1, from.size - (size_t)at - 1);
    fact_set(fact, KEY_MESSAGE_ID,
             say(mail, "%08llx-%04x-%04x-%04x-%012llx@%.*s", (unsigned long long)draw(mails) >> 32,
                 below(mails, 65536), below(mails, 65536), below(mails, 65536),
                 (unsigned long long)draw(mails) >> 16, SLICE_ARGS(domain)));
    if (mails->whole) {
        make_date(mails, mail, fact);
        make_author(mails, mail, fact, from);
    }
    if (mails->subjects)
        fact_set(fact, KEY_SUBJECT,
                 say(mail, "%s %.*s %.*s for you %u", percent(mails, 30) ? "Re: the" : "Your new",
                     SLICE_ARGS(spell(mail, draw(mails) % 3000, 6)),
                     SLICE_ARGS(spell(mail, draw(mails) % 3000, 6)), below(mails, 100000)));
}

struct target {
    unsigned site;
    struct slice domain, relay, host, to, original;
};

static struct slice host_of(struct mails_mail *mail, unsigned server)
{
    static const char *const names[] = {"mx", "mail", "smtp-in.l", "in", "mx-relay", "mta.eu"};
    struct slice domain = domain_of(mail, server);
    if (mail->world != 0)
        return say(mail, "%s%u.%.*s", names[server % 6], server % 4, SLICE_ARGS(domain));
    return say(mail, "mx%02u.mail-in.%.*s", server % 20, SLICE_ARGS(domain));
}

static struct target make_target(struct mails *mails, struct mails_mail *mail)
{
    unsigned number = zipf(mails, RECIPIENTS);
    struct target target = {.site = (unsigned)(mix(number + 9) % DOMAINS)};
    /* Four of ten are served by one of some big sites. */
    unsigned server = percent(mails, 40) ? zipf(mails, 40) : target.site;
    uint64_t address = mix((server + 777) ^ mails->world);
    target.domain = domain_of(mail, target.site);
    target.to = address_of(mail, number * 17 + 1, target.domain);
    if (percent(mails, 10))
        target.original = address_of(
            mail, number * 19 + 4,
            slice_of(mail->world != 0 ? "groups.example.net" : "lists.example.org"));
    target.host = host_of(mail, server);
    target.relay = say(mail, "%.*s[%u.%u.%u.%u]:25", SLICE_ARGS(target.host),
                       11 + (unsigned)(address & 127), (unsigned)(address >> 8 & 255),
                       (unsigned)(address >> 16 & 255), (unsigned)(address >> 24 & 255));
    target.site = server;
    return target;
}

/* Milliseconds as Postfix writes them: two digits that count, no zeros behind a dot. */
static struct slice say_delay(struct mails_mail *mail, unsigned ms)
{
    unsigned delay = ms / 10;
    if (delay >= 1000)
        return say(mail, "%u", delay / 100);
    unsigned shown = delay >= 100 ? delay / 10 * 10 : delay;
    if (shown % 100 == 0)
        return say(mail, "%u", shown / 100);
    return shown % 10 ? say(mail, "%u.%02u", shown / 100, shown % 100)
                      : say(mail, "%u.%u", shown / 100, shown / 10 % 10);
}

static struct slice say_delays(struct mails_mail *mail, const unsigned parts[static 4])
{
    struct slice all = say_delay(mail, parts[0]);
    for (int i = 1; i < 4; i++) {
        say(mail, "/");
        say_delay(mail, parts[i]);
    }
    all.size = (size_t)(mail->text + mail->used - all.at);
    return all;
}

static void make_attempt(struct mails *mails, struct mails_mail *mail, enum fact_kind kind,
                         int64_t time, struct slice queue_id, const struct target *target)
{
    struct fact *fact = begin(mails, mail, WITNESS_LOG, kind, time, queue_id);
    int64_t waited = time - mails->now < MINUTE_MS ? 0 : time - mails->now;
    unsigned parts[4] = {(unsigned)waited + below(mails, 400), below(mails, 40),
                         below(mails, 900), below(mails, 1500)};
    struct slice next = SLICE_ABSENT;
    fact_set(fact, KEY_TO, target->to);
    if (target->original.at != NULL)
        fact_set(fact, KEY_ORIGINAL, target->original);
    fact_set(fact, KEY_RELAY, target->relay);
    if (percent(mails, 8))
        fact_set(fact, KEY_CONNECTION, say(mail, "%u", 2 + below(mails, 5)));
    fact_set(fact, KEY_DELAYS, say_delays(mail, parts));
    fact_set(fact, KEY_DELAY, say_delay(mail, parts[0] + parts[1] + parts[2] + parts[3]));
    if (kind == FACT_DELIVERED)
        fact_set(fact, KEY_REPLY, reply_taken(mails, mail, target->site, target->host,
                                              target->domain, &next));
    else
        fact_set(fact, KEY_REPLY,
                 reply_refused(mails, mail, kind == FACT_FAILED, target->relay, target->to));
    if (slice_starts(fact->value[KEY_REPLY], "connect to "))
        fact_set(fact, KEY_RELAY, slice_of("none"));
    fact_set(fact, KEY_STATUS,
             kind != FACT_DELIVERED ? slice_of(kind == FACT_FAILED ? "5.1.1"
                                               : slice_is(fact->value[KEY_RELAY], "none")
                                                   ? "4.4.1"
                                                   : "4.2.0")
                                    : slice_make(fact->value[KEY_REPLY].at + 4, 5));
    if (next.at != NULL)
        fact_set(fact, KEY_NEXT, next);
    fact_set(fact, KEY_VIA, slice_of("smtp"));
}

static void make_refused(struct mails *mails, struct mails_mail *mail, int64_t time,
                         const struct target *target)
{
    struct fact *fact =
        begin(mails, mail, WITNESS_MILTER, FACT_REFUSED, time, SLICE_ABSENT);
    fact_set(fact, KEY_TO, target->to);
    fact_set(fact, KEY_PHASE, slice_of("rcpt"));
    fact_set(fact, KEY_STATUS, slice_of("5.1.1"));
    fact_set(fact, KEY_REPLY, slice_of("User unknown in virtual mailbox table"));
}

static void make_log(struct mails *mails, struct mails_mail *mail, struct slice queue_id,
                     const struct target *targets, unsigned count, unsigned size)
{
    const struct fact *envelope = &mail->facts[0], *header = &mail->facts[mail->count - 2];
    struct slice from = envelope->value[KEY_FROM], message_id = header->value[KEY_MESSAGE_ID];
    int64_t time = mails->now + 12, last = 0;
    struct fact *fact = begin(mails, mail, WITNESS_LOG, FACT_CLIENT, time, queue_id);
    static const enum fact_key same[] = {KEY_CLIENT, KEY_IP, KEY_PORT, KEY_AUTH, KEY_LOGIN};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        fact_set(fact, same[i], envelope->value[same[i]]);
    time += below(mails, 300);
    fact = begin(mails, mail, WITNESS_LOG, FACT_CLEANUP, time, queue_id);
    fact_set(fact, KEY_MESSAGE_ID, message_id);
    fact = begin(mails, mail, WITNESS_LOG, FACT_ACTIVE, time + 30, queue_id);
    fact_set(fact, KEY_FROM, from);
    fact_set(fact, KEY_SIZE, say(mail, "%u", size + 600));
    fact_set(fact, KEY_RECIPIENTS, say(mail, "%u", count));
    bool waits = false;
    for (unsigned i = 0; i < count; i++) {
        int64_t at = time + 60 + below(mails, 4000);
        unsigned tries = percent(mails, 8) ? 1 + below(mails, 3) : 0;
        bool never = percent(mails, 0.5);
        for (unsigned k = 0; k < tries + never; k++) {
            make_attempt(mails, mail, FACT_DELAYED, at, queue_id, &targets[i]);
            at += (300 << k) * SECOND_MS + below(mails, 4000);
        }
        if (!never)
            make_attempt(mails, mail, percent(mails, 3.8) ? FACT_FAILED : FACT_DELIVERED, at,
                         queue_id, &targets[i]);
        waits = waits || never;
        last = at > last ? at : last;
    }
    if (waits)
        return;
    fact = begin(mails, mail, WITNESS_LOG, FACT_REMOVED, last + 3, queue_id);
    fact_set(fact, KEY_VIA, slice_of("qmgr"));
}

void mails_init(struct mails *mails, uint64_t seed, unsigned node, int64_t start, double gap)
{
    *mails = (struct mails){.chance = mix(seed), .now = start, .gap = gap,
                            .host = "mx1.example.org", .whole = true};
    id_mint_init(&mails->mint, node, 0, 0);
}

void mails_next(struct mails *mails, struct mails_mail *mail)
{
    static const char base52[] = "BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
    struct target targets[8];
    unsigned count = 1, size = 2000 + zipf(mails, 200000), taken = 0;
    char tail[5] = "";
    bool login = percent(mails, 39);
    mails->now += (int64_t)(-log(1.0 - (double)(draw(mails) >> 11) / 9007199254740992.0) *
                            mails->gap);
    mails->number++;
    mail->count = mail->milters = mail->used = 0;
    mail->world = mails->world;
    mail->id = id_mint_next(&mails->mint, mails->now);
    for (int i = 0; i < 4; i++)
        tail[i] = base52[below(mails, 42)];
    struct slice queue_id =
        say(mail, "4%c%c%c%c%c%02uz%02u%s", base52[mails->now / 40000000 % 42],
            base52[mails->now / 1000000 % 42], base52[mails->now / 20000 % 42],
            base52[mails->now / 500 % 42], base52[mails->now % 42], below(mails, 100),
            below(mails, 100), tail);
    struct fact *fact = begin(mails, mail, WITNESS_MILTER, FACT_MAIL, mails->now + 3, queue_id);
    make_mail(mails, mail, fact, size, login);
    struct slice from = fact->value[KEY_FROM];
    while (count < 8 && percent(mails, 22))
        count++;
    int64_t time = mails->now + 5 + below(mails, 40);
    for (unsigned i = 0; i < count; i++, time += 1 + below(mails, 30)) {
        struct target target = make_target(mails, mail);
        if (percent(mails, 0.7)) {
            make_refused(mails, mail, time, &target);
            continue;
        }
        targets[taken++] = target;
        fact = begin(mails, mail, WITNESS_MILTER, FACT_RCPT, time, queue_id);
        fact_set(fact, KEY_TO, target.original.at != NULL ? target.original : target.to);
    }
    if (taken == 0) {
        fact = begin(mails, mail, WITNESS_MILTER, FACT_ABANDONED, time, queue_id);
        fact_set(fact, KEY_PHASE, slice_of("rcpt"));
        return;
    }
    make_header(mails, mail,
                begin(mails, mail, WITNESS_MILTER, FACT_HEADER, time + 10, queue_id), from);
    fact = begin(mails, mail, WITNESS_MILTER, FACT_QUEUED, time + 20 + below(mails, 200), queue_id);
    fact_set(fact, KEY_SIZE, say(mail, "%u", size));
    make_log(mails, mail, queue_id, targets, taken, size);
}
