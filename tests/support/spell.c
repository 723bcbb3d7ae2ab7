/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spells out records as they stand in a store, with all that their text leaves to be inferred.
 *
 *     spell <RECORDS
 *
 * A record in the input is "ID SIZE", a newline, SIZE bytes of text and a newline. It is answered
 * with "HOST INSTANCE QUEUE-ID", or "see ID", a line "TIME WITNESS+ID KIND KEY=VALUE ..." for each
 * fact, and an empty line. One that cannot be read ends the program.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "waybill/error.h"
#include "waybill/record.h"

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "spell: %s\n", what);
    exit(1);
}

static const char *word(const char *known)
{
    return known != NULL ? known : "-";
}

static void print_line(const struct record_line *line)
{
    char id[FACT_ID_SIZE];
    fact_id_text(line->fact, id);
    printf("%" PRId64 " %c%s %.*s\n", line->time, line->witness, id, (int)line->size, line->text);
}

static void spell(uint64_t id, struct slice text)
{
    struct record record;
    struct error why;
    record_init(&record, id);
    if (record_parse(&record, text, &why) != 0)
        fail(why.text);
    if (record.see != 0)
        printf("see %" PRIu64 "\n", record.see);
    else
        printf("%s %s %s\n", word(record.host), word(record.instance), word(record.queue_id));
    for (size_t i = 0; i < record.count; i++)
        print_line(&record.lines[i]);
    putchar('\n');
    record_clear(&record);
}

int main(void)
{
    static char text[RECORD_MAX + 1];
    uint64_t id;
    size_t size;
    while (scanf("%" SCNu64 " %zu", &id, &size) == 2) {
        if (getchar() != '\n' || size > RECORD_MAX || fread(text, 1, size, stdin) != size)
            fail("the input breaks off");
        spell(id, slice_make(text, size));
    }
    return 0;
}
