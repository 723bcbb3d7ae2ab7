/* SPDX-License-Identifier: BSD-2-Clause */
/* plain: see plain.h. */
#include "plain.h"

#include "waybill/escape.h"
#include "waybill/id.h"

static void plain_word(struct buffer *to, const char *word)
{
    buffer_add_char(to, ' ');
    escape_value(to, slice_of(word != NULL ? word : "-"));
}

void plain_record(const struct record *record, struct buffer *to)
{
    if (record->see != 0) {
        buffer_addf(to, "1 see=%llu", (unsigned long long)record->see);
        return;
    }
    buffer_add_char(to, '1');
    plain_word(to, record->host);
    plain_word(to, record->instance);
    plain_word(to, record->queue_id);
    for (size_t i = 0; i < record->count; i++) {
        const struct record_line *line = &record->lines[i];
        char id[FACT_ID_SIZE];
        fact_id_text(line->fact, id);
        buffer_addf(to, "\n%lld %c%s %s", (long long)(line->time - id_time(record->id)),
                    line->witness, id, line->text);
    }
}
