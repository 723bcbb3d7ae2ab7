/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reader: what is kept between the lines of one log; private to this room.
 */
#ifndef LOGLINE_READER_H
#define LOGLINE_READER_H

#include "waybill/buffer.h"
#include "waybill/logline.h"

struct logline_reader {
    int64_t until;         /* see logline_until */
    struct buffer scratch; /* values that do not stand in the line as they are */

    /* of the line that was last read, if it is Sendmail's */
    struct buffer recipients; /* its list of recipients as one value */
    struct slice named;       /* those of them of which no fact was made yet */
    unsigned named_next;      /* number of the fact that the next one of them gives */
    char relay[300], delay[24]; /* as the facts write them */
};

#endif
