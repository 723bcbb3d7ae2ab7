/* SPDX-License-Identifier: BSD-2-Clause */
/* fill: see fill.h. */
#include "fill.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

void fill_page(struct page *page, const char *header, const char *body)
{
    struct slice rest = slice_of(header), line, name;
    page_init(page);
    while (page_line(&rest, &line)) {
        assert_true(text_take_until(&line, ':', &name));
        page_add_field(page, name, slice_trim(line));
    }
    rest = slice_of(body);
    while (page_line(&rest, &line))
        assert_true(page_add_line(page, line));
    page_split(page);
    page->null_sender = slice_is(page_field(page, "Return-Path"), "<>");
}
