/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * syntax: looks at quotes, comments and stray bytes before libconfuse does.
 *
 * Its scanner is one for the process and keeps its state: after a file that ends inside a quote,
 * the next file, on a reload, is read as if it began inside that quote. It also drops bytes that
 * it does not know, goes on over line ends in search of a closing quote, so that the line it
 * names is the last of the file, and puts environment variables into values. So all that is
 * refused here, in the line where it stands.
 */
#include "syntax.h"

#include <stdbool.h>
#include <string.h>

struct scan {
    const char *at, *end;
    unsigned line;
};

static char scan_peek(const struct scan *scan, size_t ahead)
{
    return (size_t)(scan->end - scan->at) > ahead ? scan->at[ahead] : '\0';
}

static bool is_control(char byte)
{
    return ((unsigned char)byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') ||
           byte == 0x7f;
}

static void skip_comment(struct scan *scan)
{
    while (scan->at < scan->end && *scan->at != '\n')
        scan->at++;
}

static const char *skip_string(struct scan *scan)
{
    char quote = *scan->at++;

    for (; scan->at < scan->end && *scan->at != '\n'; scan->at++) {
        if (*scan->at == quote) {
            scan->at++;
            return NULL;
        }
        if (*scan->at == '$' && scan_peek(scan, 1) == '{')
            return "'${' has no meaning here";
        if (*scan->at == '\\') {
            scan->at++;
            if (scan_peek(scan, 0) != quote && scan_peek(scan, 0) != '\\')
                return "in quotes a backslash may stand only before a quote or a backslash";
        }
    }
    return "a quote is opened that is not closed in this line";
}

static const char *skip_bare(struct scan *scan)
{
    char byte = *scan->at, next = scan_peek(scan, 1);

    if (byte == '/' && (next == '/' || next == '*'))
        return "a comment begins with '#'; a value with '//' needs quotes";
    if (byte == '$' && next == '{')
        return "'${' has no meaning here";
    if (byte == '*' || byte == '(' || byte == ')' || (byte == '+' && next != '='))
        return "a value with one of + * ( ) needs quotes";
    if (byte == '\r' && next != '\n')
        return "a carriage return stands alone";
    if (byte == '\n')
        scan->line++;
    scan->at++;
    return NULL;
}

const char *syntax_fault(const char *text, size_t size, unsigned *line)
{
    struct scan scan = {text, text + size, 1};
    const char *fault = NULL;

    for (const char *byte = text; byte < scan.end; byte++) {
        if (is_control(*byte)) {
            *line = scan.line;
            return "a control character; this is no text file";
        }
        scan.line += *byte == '\n';
    }
    scan.line = 1;
    while (fault == NULL && scan.at < scan.end) {
        if (*scan.at == '#')
            skip_comment(&scan);
        else if (*scan.at == '"' || *scan.at == '\'')
            fault = skip_string(&scan);
        else
            fault = skip_bare(&scan);
    }
    *line = scan.line;
    return fault;
}
