/* SPDX-License-Identifier: BSD-2-Clause */
/* book: see book.h. */
#include "book.h"

#include <stdio.h>

struct phrasebook *book;

int book_open(void **state)
{
    struct error why;
    int result = phrasebook_open(&book, NULL, &why);

    (void)state;
    if (result != 0)
        fprintf(stderr, "%s\n", why.text);
    return result;
}

int book_close(void **state)
{
    (void)state;
    phrasebook_close(&book);
    return 0;
}
