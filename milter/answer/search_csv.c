/* SPDX-License-Identifier: BSD-2-Clause */
/* search_csv: see search_csv.h. */
#include "search_csv.h"

#include <stdio.h>

#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/id.h"

const char search_csv_headings[] =
    "time,case_code,waybill_id,state,sender,recipient,original_recipient,status,response,relay,"
    "next_queue_id,host,instance,queue_id,message_id,client_name,client_ip,login,size,subject\r\n";

static void add_csv(struct buffer *to, struct slice value)
{
    buffer_add_char(to, ',');
    if (value.at != NULL)
        escape_csv(to, value);
}

static void add_csv_mail(struct buffer *to, const struct waybill *waybill)
{
    char size[24] = "";

    add_csv(to, waybill->host);
    add_csv(to, waybill->instance);
    add_csv(to, waybill->queue_id);
    add_csv(to, waybill->message_id);
    add_csv(to, waybill->client);
    add_csv(to, waybill->ip);
    add_csv(to, waybill->login);
    if (waybill->size >= 0)
        snprintf(size, sizeof size, "%lld", (long long)waybill->size);
    add_csv(to, slice_of(size));
    add_csv(to, waybill->subject_text);
}

static int csv_row(struct buffer *to, const struct waybill *waybill,
                   const struct recipient *recipient, struct error *why)
{
    static const struct recipient nobody;
    char time[CLOCK_TEXT_SIZE], code[ID_CODE_SIZE], digits[24];
    enum recipient_state state = recipient != NULL ? recipient->state : waybill_state(waybill);

    if (recipient == NULL)
        recipient = &nobody;
    clock_rfc3339(waybill->arrived, time);
    id_code(waybill->id, code);
    snprintf(digits, sizeof digits, "%018llu", (unsigned long long)waybill->id);
    escape_csv(to, slice_of(time));
    add_csv(to, slice_of(code));
    add_csv(to, slice_of(digits));
    add_csv(to, slice_of(state_word(state)));
    add_csv(to, waybill->from);
    add_csv(to, recipient->address);
    add_csv(to, recipient->original);
    add_csv(to, recipient->status);
    add_csv(to, recipient->reply);
    add_csv(to, recipient->relay);
    add_csv(to, recipient->next);
    add_csv_mail(to, waybill);
    buffer_add_text(to, "\r\n");
    if (to->failed)
        return error_set(why, "cannot write a row of %s: no memory", code);
    return 0;
}

int search_csv_mail(struct buffer *to, const struct query *query, const struct waybill *waybill,
                    struct error *why)
{
    int result = 0;

    for (size_t i = 0; i < waybill->recipient_count && result == 0; i++)
        if (query_fits_recipient(query, waybill, &waybill->recipients[i]))
            result = csv_row(to, waybill, &waybill->recipients[i], why);
    if (waybill->recipient_count == 0)
        result = csv_row(to, waybill, NULL, why);
    return result;
}
