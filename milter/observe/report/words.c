/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * words: the names of kinds and actions.
 */
#include "waybill/report.h"

const char *report_kind_word(enum report_kind kind)
{
    static const char *const words[] = {
#define X(symbol, word, text) word,
        REPORT_KINDS(X)
#undef X
    };
    return words[kind];
}

const char *report_action_word(enum report_action action)
{
    static const char *const words[] = {
#define X(symbol, word) word,
        REPORT_ACTIONS(X)
#undef X
    };
    return words[action];
}
