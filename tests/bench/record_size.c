/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record_size: what the record of a mail costs: bytes of its text by part, and compressed with a
 * dictionary trained on other mails; and the time that reading and writing it take.
 *
 *     record_size [--mails N] [--seed N] [--show N] [--bound BYTES] [--model] [--world N]
 *
 * --show prints so many records instead; --bound fails if the mean is over it. --model: mails as
 * tests/bench/store has them (see `whole` in mails.h); --world: whose (0: those that are measured).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zdict.h>
#include <zstd.h>

#include "tests/bench/mails.h"
#include "waybill/clock.h"
#include "waybill/waybill.h"

#define START INT64_C(1795300000000)

struct sizes {
    double head, times, ids, kinds, keys, values, facts;
};

struct texts {
    char *data;
    size_t size, room, *sizes, count;
};

static void keep(struct texts *texts, const struct buffer *text)
{
    if (texts->size + text->size > texts->room) {
        texts->room = (texts->size + text->size) * 2;
        texts->data = realloc(texts->data, texts->room);
    }
    memcpy(texts->data + texts->size, text->data, text->size);
    texts->size += text->size;
    texts->sizes[texts->count++] = text->size;
}

/* "time id kind key=value ..." of either format; what has no '=' before a blank is a value. */
static void sort_line(struct slice line, struct sizes *sizes)
{
    struct slice word, name;
    size_t at = 0;
    sizes->facts++;
    sizes->times++; /* the end of the line */
    while (line.size > 0) {
        bool pair = false;
        text_take_char(&line, ' ');
        if (!text_take_word(&line, &word))
            continue;
        size_t cost = word.size + 1;
        pair = text_take_until(&word, '=', &name) && name.size < 9;
        if (pair) {
            sizes->keys += (double)name.size + 2;
            sizes->values += (double)word.size;
        } else if (at == 0) {
            sizes->times += (double)cost;
        } else if (at == 1) {
            sizes->ids += (double)cost;
        } else if (at == 2) {
            sizes->kinds += (double)cost;
        } else {
            sizes->values += (double)cost;
        }
        at++;
    }
}

static void sort_text(struct slice text, struct sizes *sizes)
{
    struct slice line;
    text_take_part(&text, '\n', &line);
    sizes->head += (double)line.size;
    while (text_take_part(&text, '\n', &line))
        sort_line(line, sizes);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void make_record(const struct mails_mail *mail, struct record *record)
{
    struct error why;
    record_init(record, mail->id);
    for (size_t i = 0; i < mail->count; i++)
        if (record_add(record, &mail->facts[i], &why) < 0) {
            fprintf(stderr, "record_size: %s\n", why.text);
            exit(1);
        }
}

static void compress(const struct texts *train, const struct texts *texts, size_t room)
{
    static const int levels[] = {3, 9, 12, 19};
    void *dictionary = malloc(room), *to = malloc(ZSTD_compressBound(RECORD_MAX));
    size_t size = ZDICT_trainFromBuffer(dictionary, room, train->data, train->sizes,
                                        (unsigned)train->count);
    if (ZDICT_isError(size)) {
        fprintf(stderr, "record_size: no dictionary: %s\n", ZDICT_getErrorName(size));
        exit(1);
    }
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        ZSTD_CDict *ready = ZSTD_createCDict(dictionary, size, levels[i]);
        ZSTD_CCtx *context = ZSTD_createCCtx();
        double bytes = 0, before = seconds();
        size_t at = 0, count = texts->count < 20000 ? texts->count : 20000;
        ZSTD_CCtx_refCDict(context, ready);
        ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1);
        for (size_t k = 0; k < count; at += texts->sizes[k++])
            bytes += (double)ZSTD_compress2(context, to, ZSTD_compressBound(RECORD_MAX),
                                            texts->data + at, texts->sizes[k]);
        printf("zstd -%-2d  dictionary %3zu KiB %6.1f bytes, %5.1f us\n", levels[i], size / 1024,
               bytes / (double)count, (seconds() - before) * 1e6 / (double)count);
        ZSTD_freeCCtx(context);
        ZSTD_freeCDict(ready);
    }
    free(dictionary);
    free(to);
}

static void measure_time(struct mails *mails, size_t count)
{
    enum { ADD, FORMAT, PARSE, READ, PHASES };
    static const char *const words[] = {"add all facts", "format", "parse", "waybill_read"};
    double spent[PHASES] = {0};
    static struct mails_mail mail;
    for (size_t i = 0; i < count; i++) {
        struct record record, back;
        struct buffer text;
        struct waybill waybill;
        struct error why;
        double at[PHASES + 1];
        mails_next(mails, &mail);
        buffer_init(&text, RECORD_MAX * 2);
        at[0] = seconds();
        make_record(&mail, &record);
        at[1] = seconds();
        record_format(&record, UINT64_MAX, &text);
        at[2] = seconds();
        record_init(&back, mail.id);
        record_parse(&back, slice_make(text.data, text.size), &why);
        at[3] = seconds();
        waybill_read(&waybill, &back, mails->now, 5 * DAY_MS, &why);
        at[4] = seconds();
        for (int k = 0; k < PHASES; k++)
            spent[k] += at[k + 1] - at[k];
        waybill_clear(&waybill);
        record_clear(&record);
        record_clear(&back);
        buffer_free(&text);
    }
    for (int k = 0; k < PHASES; k++)
        printf("%-14s %7.0f ns a mail\n", words[k], spent[k] * 1e9 / (double)count);
}

/* Is it the model's mail? */
static void tell_model(struct mails *mails, size_t count)
{
    static const enum fact_key keys[] = {KEY_FROM, KEY_TO, KEY_MESSAGE_ID, KEY_RELAY, KEY_REPLY,
                                         KEY_TLS, KEY_LOGIN, KEY_HEADER_FROM};
    static struct mails_mail mail;
    double kinds[FACT_KIND_COUNT] = {0}, bytes[FACT_KEY_COUNT] = {0}, seen[FACT_KEY_COUNT] = {0};
    for (size_t i = 0; i < count; i++) {
        mails_next(mails, &mail);
        for (size_t k = 0; k < mail.count; k++) {
            kinds[mail.facts[k].kind]++;
            for (uint64_t set = mail.facts[k].keys; set != 0;) {
                enum fact_key key = fact_take_key(&set);
                bytes[key] += (double)mail.facts[k].value[key].size;
                seen[key]++;
            }
        }
    }
    printf("model:");
    for (int kind = 0; kind < FACT_KIND_COUNT; kind++)
        if (kinds[kind] > 0)
            printf(" %.3f %s", kinds[kind] / (double)count, fact_kind_word((enum fact_kind)kind));
    printf("; mean bytes:");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        printf(" %s %.0f", fact_key_word(keys[i]), bytes[keys[i]] / seen[keys[i]]);
    printf("\n");
}

static void fill(struct mails *mails, size_t count, struct texts *texts, struct sizes *sizes,
                 bool show)
{
    static struct mails_mail mail;
    texts->sizes = calloc(count, sizeof *texts->sizes);
    for (size_t i = 0; i < count; i++) {
        struct record record;
        struct buffer text;
        mails_next(mails, &mail);
        make_record(&mail, &record);
        buffer_init(&text, RECORD_MAX * 2);
        record_format(&record, UINT64_MAX, &text);
        if (show)
            printf("%s\n\n", text.data);
        if (sizes != NULL)
            sort_text(slice_make(text.data, text.size), sizes);
        keep(texts, &text);
        buffer_free(&text);
        record_clear(&record);
    }
}

static void mails_begin(struct mails *mails, uint64_t seed, bool model, uint64_t world)
{
    mails_init(mails, seed, 4, START + (int64_t)(seed % 1000) * DAY_MS, 100);
    mails->whole = !model;
    mails->world = world * UINT64_C(0x5851F42D4C957F2D);
    if (model)
        mails->host = "mx2";
}

static void usage(void)
{
    fprintf(stderr, "usage: record_size [--mails N] [--seed N] [--show N] [--bound BYTES] "
                    "[--model] [--world N]\n");
    exit(2);
}

int main(int argc, char **argv)
{
    uint64_t count = 50000, seed = 1, show = 0, bound = 0, world = 0;
    struct sizes sizes = {0};
    struct texts train = {0}, texts = {0};
    bool model = false;
    struct mails mails;
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--model") == 0) {
            model = true;
            i--;
            continue;
        }
        uint64_t *option = strcmp(argv[i], "--mails") == 0   ? &count
                           : strcmp(argv[i], "--seed") == 0  ? &seed
                           : strcmp(argv[i], "--show") == 0  ? &show
                           : strcmp(argv[i], "--bound") == 0 ? &bound
                           : strcmp(argv[i], "--world") == 0 ? &world
                                                             : NULL;
        if (option == NULL || i + 1 >= argc ||
            !text_number(slice_of(argv[i + 1]), 1, 100000000, option))
            usage();
    }
    mails_begin(&mails, seed, model, world);
    if (show > 0) {
        fill(&mails, show, &texts, NULL, true);
        return 0;
    }
    fill(&mails, count, &texts, &sizes, false);
    tell_model(&mails, count);
    double n = (double)count;
    printf("%.1f bytes of text a mail, %.2f facts: head %.1f, times %.1f, ids %.1f, kinds %.1f, "
           "keys %.1f, values %.1f\n",
           (double)texts.size / n, sizes.facts / n, sizes.head / n, sizes.times / n, sizes.ids / n,
           sizes.kinds / n, sizes.keys / n, sizes.values / n);
    measure_time(&mails, count < 20000 ? count : 20000);
    mails_begin(&mails, seed + 1, model, world);
    fill(&mails, 20000, &train, NULL, false);
    compress(&train, &texts, 64 * 1024);
    compress(&train, &texts, 110 * 1024);
    return bound > 0 && (double)texts.size / n > (double)bound;
}
