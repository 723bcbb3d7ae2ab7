/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * out: see out.h.
 */
#include "out.h"

#include <inttypes.h>
#include <string.h>
#include <wchar.h>

#include "../catalogue.h"
#include "waybill/escape.h"

#define NARROW 130 /* columns; below that the year is left out of a table */

void out_when(const struct cli *cli, int64_t ms, char text[static WHEN_SIZE])
{
    char whole[CLOCK_TEXT_SIZE];

    clock_text(ms, 0, whole);
    slice_copy(slice_of(cli->terminal && cli->width < NARROW ? whole + 5 : whole), text, WHEN_SIZE);
}

const char *out_state_colour(enum recipient_state state)
{
    switch (state) {
    case STATE_DELIVERED:
        return "green";
    case STATE_DELAYED:
    case STATE_HELD:
    case STATE_UNRESOLVED:
        return "yellow";
    case STATE_FAILED:
    case STATE_EXPIRED:
    case STATE_REJECTED:
        return "red";
    case STATE_EXPANDED:
    case STATE_ACCEPTED:
        return "cyan";
    default:
        return "magenta";
    }
}

void out_colour(const struct cli *cli, const char *name)
{
    static const struct {
        const char *name, *sequence;
    } colours[] = {
        {"bold", "\033[1m"},    {"dim", "\033[2m"},      {"red", "\033[31m"},
        {"green", "\033[32m"},  {"yellow", "\033[33m"},  {"magenta", "\033[35m"},
        {"cyan", "\033[36m"},
    };
    for (size_t i = 0; cli->colour && i < sizeof colours / sizeof colours[0]; i++)
        if (strcmp(colours[i].name, name) == 0)
            fputs(colours[i].sequence, stdout);
}

void out_plain(const struct cli *cli)
{
    if (cli->colour)
        fputs("\033[0m", stdout);
}

void out_heading(const struct cli *cli, const char *words)
{
    out_colour(cli, "bold");
    fputs(words, stdout);
    out_plain(cli);
    putchar('\n');
}

/* Bytes of the character at the front, and the columns it fills. */
static size_t step(const char *text, size_t *columns)
{
    uint32_t code;
    size_t size = text_utf8(slice_of(text), &code);
    int width = size == 0 ? 1 : wcwidth((wchar_t)code);

    *columns = width < 0 ? 1 : (size_t)width;
    return size == 0 ? 1 : size;
}

size_t out_width(const char *text)
{
    size_t width = 0, columns;

    while (*text != '\0') {
        text += step(text, &columns);
        width += columns;
    }
    return width;
}

void out_cut(char *text, size_t columns)
{
    static const char ellipsis[] = "\xe2\x80\xa6";
    size_t width = 0, at = 0, last = 0, step_columns, all = strlen(text);

    if (out_width(text) <= columns)
        return;
    while (text[at] != '\0') {
        size_t size = step(text + at, &step_columns);
        if (width + step_columns + 1 > columns)
            break;
        width += step_columns;
        at += size;
        /* Enough has to go that the ellipsis has room: a cut address must never look whole. */
        if (all - at >= sizeof ellipsis - 1)
            last = at;
    }
    if (all - last >= sizeof ellipsis - 1)
        memcpy(text + last, ellipsis, sizeof ellipsis);
    else
        text[last] = '\0';
}

static void indent_by(size_t columns)
{
    for (size_t i = 0; i < columns; i++)
        putchar(' ');
}

void out_folded(const struct cli *cli, size_t column, size_t indent, const char *words)
{
    bool first = true;

    while (*words != '\0') {
        size_t size = strcspn(words, " "), width = 0, columns;

        for (size_t at = 0; at < size;) {
            at += step(words + at, &columns);
            width += columns;
        }
        if (!first && cli->terminal && column + 1 + width > cli->width) {
            putchar('\n');
            indent_by(indent);
            column = indent;
        } else if (!first) {
            putchar(' ');
            column++;
        }
        fwrite(words, 1, size, stdout);
        column += width;
        words += size;
        words += strspn(words, " ");
        first = false;
    }
    putchar('\n');
}

void out_number(uint64_t number, char text[static 32])
{
    char digits[24];
    size_t length = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, number), to = 0;

    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            text[to++] = ',';
        text[to++] = digits[i];
    }
    text[to] = '\0';
}

void out_states(const struct cli *cli, const uint64_t counts[STATE_COUNT], int columns)
{
    char number[32];

    for (int state = 0; state < STATE_COUNT; state++) {
        if (counts[state] == 0)
            continue;
        out_number(counts[state], number);
        printf("  %*s  ", columns, number);
        out_colour(cli, out_state_colour((enum recipient_state)state));
        printf("%-11s", state_word((enum recipient_state)state));
        out_plain(cli);
        printf(" %s\n", catalogue_state(cli->basis.messages, (enum recipient_state)state));
    }
}

void out_lines(FILE *to, const char *text)
{
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        fprintf(to, "  %.*s\n", (int)size, text);
        text += size + (text[size] == '\n');
    }
}

int out_line(struct buffer *line, struct error *why)
{
    if (line->failed)
        return error_set(why, "cannot write the answer: no memory");
    fwrite(line->data, 1, line->size, stdout);
    putchar('\n');
    buffer_clear(line);
    return 0;
}

int out_said(const struct cli *cli, struct buffer *to, const struct recipient *recipient)
{
    size_t start = to->size;

    if (recipient->state == STATE_EXPANDED)
        return buffer_addf(to, "(%s)", catalogue_state(cli->basis.messages, recipient->state));
    if (recipient->status.size > 0 && recipient->status.size < 16 && recipient->reply.at != NULL &&
        !slice_starts(recipient->status, "2.")) {
        char status[16];
        slice_copy(recipient->status, status, sizeof status);
        if (slice_find_text(recipient->reply, status) < 0) {
            escape_terminal(to, recipient->status);
            buffer_add_char(to, ' ');
        }
    }
    if (recipient->reply.at != NULL)
        escape_terminal(to, recipient->reply);
    if (to->size == start)
        buffer_addf(to, "(%s)", catalogue_state(cli->basis.messages, recipient->state));
    return to->failed ? -1 : 0;
}

int out_address(struct buffer *to, struct slice address)
{
    if (address.at == NULL)
        return buffer_add_text(to, "-");
    if (address.size == 0)
        return buffer_add_text(to, "<>");
    return escape_terminal(to, address);
}
