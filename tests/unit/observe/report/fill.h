/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fill: a page as the reader of mails leaves it to the dialects.
 */
#ifndef TEST_REPORT_FILL_H
#define TEST_REPORT_FILL_H

#include "page.h"

/* `header` is lines "Name: value"; page_free the page. */
void fill_page(struct page *page, const char *header, const char *body);

#endif
