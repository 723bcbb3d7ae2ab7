/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz the rules: up to the first NUL the text of a rules file, then a server's words. Words are
 * also shown to the shipped rules. The same question gets the same answer, and what is found as a
 * code is one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../milter/reason/book.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask_twice(const struct phrasebook *book, struct slice words)
{
    struct evidence evidence = {.words = words, .host = words, .command = words};
    struct decision one, other;

    phrasebook_ask(book, &evidence, &one);
    phrasebook_ask(book, &evidence, &other);
    if (one.reason != other.reason || one.rule != other.rule || one.reason >= REASON_COUNT ||
        (one.rule != NULL && strlen(one.rule) == 0))
        abort();
}

static void look_for_codes(struct slice words)
{
    char status[STATUS_ROOM];
    unsigned code = smtp_code_in(words);

    if (status_in(words, status) != status_fits(slice_of(status)))
        abort();
    if (code != 0 && (code < 400 || code > 599))
        abort();
}

static void use_rules(struct slice rules, struct slice words)
{
    struct phrasebook *book = book_new();
    struct error why = {""};

    if (book == NULL)
        return;
    if (book_parse(book, "fuzz", rules, &why) == 0 && book_compile(book, &why) == 0)
        ask_twice(book, words);
    else if (strncmp(why.text, "fuzz:", 5) != 0)
        abort();
    phrasebook_close(&book);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct phrasebook *shipped;
    struct slice words = slice_make((const char *)data, size), rules = SLICE_ABSENT;

    if (shipped == NULL && phrasebook_open(&shipped, NULL, NULL) < 0)
        abort();
    if (text_take_until(&words, '\0', &rules))
        use_rules(rules, words);
    look_for_codes(words);
    ask_twice(shipped, words);
    return 0;
}
