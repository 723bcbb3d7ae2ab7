/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * network: addresses of the Internet, alone or all that begin alike. IPv4 is mapped into IPv6
 * (RFC 4291, 2.5.5.2), and yet holds no address of IPv6, nor the other way round.
 */
#ifndef WAYBILL_NETWORK_H
#define WAYBILL_NETWORK_H

#include <stdbool.h>

#include "waybill/text.h"

struct network {
    unsigned char address[16];
    unsigned bits; /* that count, of all 128 */
    bool is_four;
};

/* "192.0.2.7", "2001:db8::7", "IPv6:2001:db8::7" (RFC 5321, 4.1.3). False: it is none. */
bool network_address(struct slice text, unsigned char to[static 16], bool *is_four);
/* An address alone, or "192.0.2.0/24", "2001:db8::/32". False: it is none; `wrong` tells, if it is
 * not NULL, whether only what stands behind '/' is not right. */
bool network_read(struct network *network, struct slice words, bool *wrong);
/* False, too, of what is no address. */
bool network_holds(const struct network *network, struct slice address);

#endif
