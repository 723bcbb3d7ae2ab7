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

#include "waybill/text.h"

struct scan {
    char *at;
    const char *end;
    unsigned line;
    unsigned braces; /* open ones */
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

/* libconfuse takes comments between options only, not inside a list. */
static void blank_comment(struct scan *scan)
{
    while (scan->at < scan->end && *scan->at != '\n')
        *scan->at++ = ' ';
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

static void skip_blanks(struct scan *scan)
{
    while (scan_peek(scan, 0) == ' ' || scan_peek(scan, 0) == '\t')
        scan->at++;
}

static bool at_line_end(const struct scan *scan)
{
    char byte = scan_peek(scan, 0);

    return byte == '\0' || byte == '\n' || byte == '#' ||
           (byte == '\r' && scan_peek(scan, 1) == '\n');
}

/* libconfuse would look for the equal sign and the value in the lines that follow, and so take
 * the next option's name for the value. */
static const char *line_fault(const struct scan *from)
{
    struct scan scan = *from;

    skip_blanks(&scan);
    if (at_line_end(&scan) || *scan.at == '}')
        return NULL;
    while (!at_line_end(&scan) && *scan.at != '=')
        scan.at++;
    if (at_line_end(&scan))
        return "no equal sign; write NAME = VALUE";
    scan.at++;
    skip_blanks(&scan);
    return at_line_end(&scan) ? "no value after the equal sign; write NAME = VALUE" : NULL;
}

static const char *skip_bare(struct scan *scan)
{
    char byte = *scan->at, next = scan_peek(scan, 1);

    if (byte == '/' && (next == '/' || next == '*'))
        return "a comment begins with '#'; a value with '//' needs quotes";
    if (byte == '$' && next == '{')
        return "'${' has no meaning here";
    if (byte == '*' || byte == '(' || byte == ')' || byte == '+')
        return "a value with one of + * ( ) needs quotes";
    if (byte == '\r' && next != '\n')
        return "a carriage return stands alone";
    if (byte == '{')
        scan->braces++;
    if (byte == '}' && scan->braces > 0)
        scan->braces--;
    scan->at++;
    return NULL;
}

static const char *next_line(struct scan *scan)
{
    scan->at++;
    scan->line++;
    return scan->braces == 0 ? line_fault(scan) : NULL;
}

static const char *control_fault(struct scan scan, unsigned *line)
{
    for (; scan.at < scan.end; scan.at++) {
        *line = scan.line;
        if (is_control(*scan.at))
            return "a control character; this is no text file";
        scan.line += *scan.at == '\n';
    }
    return NULL;
}

const char *syntax_prepare(char *text, size_t size, unsigned *line)
{
    struct scan scan = {text, text + size, 1, 0};
    const char *fault = control_fault(scan, line);

    if (fault != NULL)
        return fault;
    fault = line_fault(&scan);
    while (fault == NULL && scan.at < scan.end) {
        if (*scan.at == '#')
            blank_comment(&scan);
        else if (*scan.at == '"' || *scan.at == '\'')
            fault = skip_string(&scan);
        else if (*scan.at == '\n')
            fault = next_line(&scan);
        else
            fault = skip_bare(&scan);
    }
    *line = scan.line;
    return fault;
}

static bool says_something(struct slice line)
{
    return slice_trim(line).size > 0;
}

unsigned syntax_last_line(const char *text, unsigned until)
{
    struct slice rest = slice_of(text), line;
    unsigned number = 0, last = 0;

    while (number < until && text_take_until(&rest, '\n', &line)) {
        number++;
        if (says_something(line))
            last = number;
    }
    return last > 0 ? last : until;
}
