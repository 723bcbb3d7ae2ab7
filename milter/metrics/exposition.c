/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exposition: the text format 0.0.4 of Prometheus. Promise: whatever a label's value is, it stays
 * within its quotes.
 */
#include "waybill/metrics.h"

static const char *type_word(enum metric_type type)
{
    static const char *const words[] = {"counter", "gauge", "histogram"};

    return words[type];
}

void exposition_init(struct exposition *exposition, size_t limit)
{
    buffer_init(&exposition->text, limit);
    exposition->latest = NULL;
}

void exposition_free(struct exposition *exposition)
{
    buffer_free(&exposition->text);
}

/* ---- escaping ---- */

static void add_escaped(struct buffer *text, char byte, bool quotes)
{
    if (byte == '\\')
        buffer_add_text(text, "\\\\");
    else if (byte == '\n')
        buffer_add_text(text, "\\n");
    else if (byte == '"' && quotes)
        buffer_add_text(text, "\\\"");
    else
        buffer_add_char(text, byte);
}

static void add_help(struct buffer *text, const char *help)
{
    for (; *help != '\0'; help++)
        add_escaped(text, *help, false);
}

static void add_value(struct buffer *text, struct slice value)
{
    while (value.size > 0) {
        uint32_t code;
        size_t size = text_utf8(value, &code);

        if (size == 1)
            add_escaped(text, value.at[0], true);
        else if (size > 1)
            buffer_add(text, value.at, size);
        else
            buffer_add_char(text, '?');
        size = size > 0 ? size : 1;
        value = slice_make(value.at + size, value.size - size);
    }
}

/* ---- samples ---- */

static void begin(struct exposition *exposition, const struct metric *metric)
{
    struct buffer *text = &exposition->text;

    if (exposition->latest == metric)
        return;
    exposition->latest = metric;
    buffer_addf(text, "# HELP %s ", metric->name);
    add_help(text, metric->help);
    buffer_addf(text, "\n# TYPE %s %s\n", metric->name, type_word(metric->type));
}

/* `bound` NULL: no label "le". */
static void add_labels(struct buffer *text, const struct metric *metric, const struct slice *values,
                       const char *bound)
{
    const char *before = "{";

    for (size_t i = 0; i < METRIC_LABELS_MAX && metric->label[i] != NULL; i++) {
        buffer_addf(text, "%s%s=\"", before, metric->label[i]);
        add_value(text, values[i]);
        buffer_add_char(text, '"');
        before = ",";
    }
    if (bound != NULL) {
        buffer_addf(text, "%sle=\"%s\"", before, bound);
        before = ",";
    }
    if (before[0] == ',')
        buffer_add_char(text, '}');
}

void exposition_count(struct exposition *exposition, const struct metric *metric,
                      const struct slice *values, uint64_t value)
{
    begin(exposition, metric);
    buffer_add_text(&exposition->text, metric->name);
    add_labels(&exposition->text, metric, values, NULL);
    buffer_addf(&exposition->text, " %llu\n", (unsigned long long)value);
}

/* Fifteen digits: a time in milliseconds since 1970 keeps them all. */
void exposition_real(struct exposition *exposition, const struct metric *metric,
                     const struct slice *values, double value)
{
    begin(exposition, metric);
    buffer_add_text(&exposition->text, metric->name);
    add_labels(&exposition->text, metric, values, NULL);
    buffer_addf(&exposition->text, " %.15g\n", value);
}

/* ---- histograms ---- */

static void add_bucket(struct buffer *text, const struct metric *metric, const struct slice *values,
                       const char *bound, uint64_t count)
{
    buffer_addf(text, "%s_bucket", metric->name);
    add_labels(text, metric, values, bound);
    buffer_addf(text, " %llu\n", (unsigned long long)count);
}

void exposition_histogram(struct exposition *exposition, const struct metric *metric,
                          const struct slice *values, const struct histogram_reading *reading)
{
    struct buffer *text = &exposition->text;
    uint64_t count = 0;
    char bound[32];

    begin(exposition, metric);
    for (size_t i = 0; i < HISTOGRAM_BOUND_COUNT; i++) {
        count += reading->bucket[i];
        snprintf(bound, sizeof bound, "%.15g", (double)histogram_bounds[i] / 1e6);
        add_bucket(text, metric, values, bound, count);
    }
    add_bucket(text, metric, values, "+Inf", reading->count);
    buffer_addf(text, "%s_sum", metric->name);
    add_labels(text, metric, values, NULL);
    buffer_addf(text, " %.15g\n%s_count", (double)reading->nanoseconds / 1e9, metric->name);
    add_labels(text, metric, values, NULL);
    buffer_addf(text, " %llu\n", (unsigned long long)reading->count);
}
