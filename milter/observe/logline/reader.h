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
};

#endif
