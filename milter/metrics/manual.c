/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * manual: the rows of a table of metrics, for a manual page.
 */
#include "waybill/metrics.h"

static const char *type_word(enum metric_type type)
{
    static const char *const words[] = {"Counter", "Gauge", "Histogram"};

    return words[type];
}

static void print_row(FILE *to, const struct metric *metric)
{
    fprintf(to, ".It Li %s\n%s", metric->name, type_word(metric->type));
    for (size_t i = 0; i < METRIC_LABELS_MAX && metric->label[i] != NULL; i++)
        fprintf(to, "%s\n.Li %s", i == 0 ? ", by" : "\nand", metric->label[i]);
    fprintf(to, "%s.\n%s.\n", metric->label[0] != NULL ? " " : "", metric->help);
}

void metrics_print_manual(FILE *to, const struct metric *rows, size_t count)
{
    fputs(".Bl -tag -width Ds\n", to);
    for (size_t i = 0; i < count; i++)
        print_row(to, &rows[i]);
    fputs(".El\n", to);
}
