/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * out: words for a person on stdout. What comes from a mail is escaped before it gets here, or by
 * the functions here that say so.
 */
#ifndef WAYBILL_CLI_OUT_H
#define WAYBILL_CLI_OUT_H

#include "command.h"
#include "waybill/buffer.h"
#include "waybill/clock.h"

#define WHEN_SIZE 24
/* "11-21 14:03:09" on a narrow terminal, else "2026-11-21 14:03:09"; local time. */
void out_when(const struct cli *cli, int64_t ms, char text[static WHEN_SIZE]);
/* For colours: a name that libsmartcols knows; NULL: none. */
const char *out_state_colour(enum recipient_state state);
/* A heading in bold. */
void out_heading(const struct cli *cli, const char *words);
/* Begin and end a colour by name ("bold", "dim", "red", ...), if colours are wanted. */
void out_colour(const struct cli *cli, const char *name);
void out_plain(const struct cli *cli);
/* Words folded at the terminal's width, each line after the first indented. `column` is where the
 * first line stands already. Not a terminal: one line. */
void out_folded(const struct cli *cli, size_t column, size_t indent, const char *words);
/* Columns that the text fills. */
size_t out_width(const char *text);
/* Cut `text` to fit into `columns`, with an ellipsis. */
void out_cut(char *text, size_t columns);
/* 43752 as "43,752". */
void out_number(uint64_t number, char text[static 32]);
/* A line for each state that there is: how many, flush right in `columns`, its word and meaning. */
void out_states(const struct cli *cli, const uint64_t counts[STATE_COUNT], int columns);
/* Each line of the text, set in by two. */
void out_lines(FILE *to, const char *text);
/* Print what the buffer has and a newline, for programs, and empty it. -1: the buffer had failed
 * for want of memory, and nothing is printed: half an answer could be taken for a whole one. */
int out_line(struct buffer *line, struct error *why);
/* What the next server said to this recipient, code and words, escaped; else what the state
 * means. */
int out_said(const struct cli *cli, struct buffer *to, const struct recipient *recipient);
/* An address; "<>" for the null sender, "-" where there is none; escaped. */
int out_address(struct buffer *to, struct slice address);

#endif
