/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many sessions, whose every callback may run on another thread, as in libmilter's worker pool,
 * while settings are reloaded. Made for ThreadSanitizer: tests/unit/observe/smtp/tsan.sh.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stage.h"

enum { SESSIONS = 64, THREADS = 8, MAILS = 20, RECIPIENTS = 3 };

/* One session and where it stands; whoever takes it from the queue makes its next step. */
struct play {
    SMFICTX *context;
    unsigned number, mail, step;
};

static struct play plays[SESSIONS];
static struct play *queue[SESSIONS];
static unsigned first, waiting, unfinished;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void put(struct play *play)
{
    queue[(first + waiting++) % SESSIONS] = play;
    pthread_cond_signal(&changed);
}

/* NULL: all sessions are over. */
static struct play *take(void)
{
    struct play *play = NULL;

    pthread_mutex_lock(&lock);
    while (waiting == 0 && unfinished > 0)
        pthread_cond_wait(&changed, &lock);
    if (waiting > 0) {
        play = queue[first];
        first = (first + 1) % SESSIONS;
        waiting--;
    }
    pthread_mutex_unlock(&lock);
    return play;
}

static void give_back(struct play *play, bool over)
{
    pthread_mutex_lock(&lock);
    if (!over)
        put(play);
    else if (--unfinished == 0)
        pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void open_session(struct play *play)
{
    shim_negotiate(play->context, SHIM_ACTIONS, SHIM_PROTOCOL);
    shim_connect(play->context, "mail.sender.example", "192.0.2.7", 40112);
    shim_helo(play->context, "mail.sender.example");
}

/* Every fourth mail is given up. */
static void end_mail(struct play *play)
{
    if (play->mail % 4 == 3)
        shim_abort(play->context);
    else
        shim_eom(play->context);
    play->mail++;
    play->step = 0;
}

static void step(struct play *play)
{
    char words[80];

    if (play->step == 0 && play->mail == 0)
        open_session(play);
    if (play->step == 0)
        snprintf(words, sizeof words, "<s%u.%u@sender.example> SIZE=1", play->number, play->mail);
    else
        snprintf(words, sizeof words, "<r%u@next.example>", play->step);
    if (play->step == 0)
        shim_mail(play->context, words);
    else if (play->step <= RECIPIENTS)
        shim_rcpt(play->context, words);
    else if (play->step == RECIPIENTS + 1)
        shim_header(play->context, "Subject", " Hello");
    else if (play->step == RECIPIENTS + 2)
        shim_eoh(play->context);
    else if (play->step == RECIPIENTS + 3)
        shim_body(play->context, 65535);
    if (play->step++ == RECIPIENTS + 4)
        end_mail(play);
}

static void *work(void *unused)
{
    struct play *play;

    while ((play = take()) != NULL) {
        step(play);
        if (play->mail == MAILS)
            shim_close(play->context);
        give_back(play, play->mail == MAILS);
    }
    return unused;
}

static void *reload(void *unused)
{
    for (int i = 0; i < 100; i++)
        smtp_reload(&stage_settings);
    return unused;
}

static void play_all(void)
{
    pthread_t threads[THREADS + 1];

    unfinished = SESSIONS;
    for (unsigned i = 0; i < SESSIONS; i++) {
        plays[i] = (struct play){.context = shim_connection(), .number = i};
        put(&plays[i]);
    }
    for (int i = 0; i <= THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, i == THREADS ? reload : work, NULL), 0);
    for (int i = 0; i <= THREADS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < SESSIONS; i++)
        shim_forget(plays[i].context);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static size_t distinct(uint64_t *values, size_t count)
{
    size_t kinds = count > 0;

    qsort(values, count, sizeof *values, by_value);
    for (size_t i = 1; i < count; i++)
        kinds += values[i] != values[i - 1];
    return kinds;
}

static void test_sessions_on_hopping_threads_keep_apart(void **state)
{
    const size_t mails = (size_t)SESSIONS * MAILS, facts = mails * (3 + RECIPIENTS);
    uint64_t *waybills = calloc(facts, sizeof *waybills), *ids = calloc(facts, sizeof *ids);
    struct smtp_stats stats;

    (void)state;
    stage_settings = stage_defaults;
    stage_open();
    play_all();
    smtp_read_stats(&stats);
    stage_close();
    assert_int_equal(stats.open_sessions, 0);
    assert_int_equal(stats.queued, mails * 3 / 4);
    assert_int_equal(stats.abandoned, mails / 4);
    assert_int_equal(stage_lines(), facts);
    for (size_t i = 0; i < facts; i++) {
        waybills[i] = stage_fact(i)->waybill;
        ids[i] = stage_fact(i)->id;
    }
    assert_int_equal(distinct(waybills, facts), mails);
    assert_int_equal(distinct(ids, facts), facts);
    assert_int_equal(shim_bad_answers(), 0);
    free(waybills);
    free(ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sessions_on_hopping_threads_keep_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
