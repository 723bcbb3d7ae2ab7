/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sheet: what a mail server's waybilld says of itself in the store, for other hosts, the help desk
 * and the doctor. One small hash a node, written with the beats of `ship`; the last one of a host
 * that died stays, with its time.
 *
 * Nothing in it is secret: of a key there is a fingerprint that tells nothing but whether two
 * hosts have the same one. What is read comes from outside: bounded here, escaped where printed.
 */
#ifndef WAYBILL_SHEET_H
#define WAYBILL_SHEET_H

#include <stdint.h>

#define SHEET_UNKNOWN INT64_MIN /* of a number: not told */

/* X(field, bytes with the NUL, what it is); "": not told. */
#define SHEET_WORDS(X)                                                                             \
    X(version, 32, "version of waybilld")                                                          \
    X(host, 256, "name of the host in records")                                                    \
    X(mta, 32, "postfix or sendmail, if the log has told")                                         \
    X(listen, 160, "where the mail server reaches the milter")                                     \
    X(redis_prefix, 65, "the option of that name")                                                 \
    X(key_file, 17, "fingerprint of the key, 16 hexadecimal digits")                               \
    X(key_file_before, 17, "fingerprint of the key before it")                                     \
    X(logs, 1024, "logs that are followed, a line each")                                           \
    X(run, 17, "random, made anew at each start")                                                  \
    X(rival, 256, "host of another waybilld that writes as this node, too")

/* X(field, what it is). Moments are in milliseconds since 1970, UTC. */
#define SHEET_NUMBERS(X)                                                                           \
    X(generation, "of the journal, 0 to 7")                                                        \
    X(started, "moment of the start")                                                              \
    X(written, "moment of this sheet, by the host's own clock")                                    \
    X(clock_ahead_ms, "the host's clock against that of the store; negative: behind")              \
    X(retention_days, "the option of that name")                                                   \
    X(refused_retention_days, "the option of that name")                                           \
    X(reply_retention_days, "the option of that name")                                             \
    X(subject_retention_days, "the option of that name")                                           \
    X(queue_lifetime_hours, "the option of that name")                                             \
    X(stamp_envid, "1: mails get an envelope id of ours")                                          \
    X(subject, "0: kept as it is, 1: only its keyed hash, 2: not kept")                            \
    X(log_until, "moment up to which all logs were read; 0: one of them cannot be")                 \
    X(journal_bytes, "bytes in the journal that wait for the store")                               \
    X(journal_age_ms, "so long has the oldest of them waited")                                     \
    X(rewinds, "times that the journal was read again since the start: the store had lost something") \
    X(days_shed, "days given up since the start, because the store was full")                      \
    X(facts_lost, "facts that found no room, since the start")                                     \
    X(facts_lost_at, "moment when the last was noticed, be it by the run before; 0: never")        \
    X(mails, "mails since the start")                                                              \
    X(mails_hour, "mails of the last 60 minutes")                                                  \
    X(answers, "answers to the mail server since the start")                                       \
    X(answers_over_1s, "of these, slower than a second")                                           \
    X(answers_over_1s_at, "moment when the last was noticed, be it by the run before; 0: never")   \
    X(answer_slowest_us, "the slowest of them, microseconds")

struct sheet {
    unsigned node;
#define SHEET_WORD(name, room, text) char name[room];
    SHEET_WORDS(SHEET_WORD)
#undef SHEET_WORD
#define SHEET_NUMBER(name, text) int64_t name;
    SHEET_NUMBERS(SHEET_NUMBER)
#undef SHEET_NUMBER
};

/* Nothing told: words empty, numbers SHEET_UNKNOWN. */
void sheet_clear(struct sheet *sheet);

#endif
