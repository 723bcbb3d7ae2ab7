/* SPDX-License-Identifier: BSD-2-Clause */
/* network: see network.h. */
#include "waybill/network.h"

#include <arpa/inet.h>
#include <string.h>

bool network_address(struct slice text, unsigned char to[static 16], bool *is_four)
{
    char words[INET6_ADDRSTRLEN];

    *is_four = false;
    if (slice_starts(text, "IPv6:"))
        text = slice_make(text.at + 5, text.size - 5);
    if (!slice_copy(text, words, sizeof words))
        return false;
    if (inet_pton(AF_INET6, words, to) == 1) {
        *is_four = IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(const void *)to);
        return true;
    }
    memset(to, 0, 10);
    to[10] = to[11] = 0xff;
    *is_four = true;
    return inet_pton(AF_INET, words, to + 12) == 1;
}

bool network_read(struct network *network, struct slice words, bool *wrong)
{
    struct slice rest = words, front = words;
    bool has_bits = text_take_until(&rest, '/', &front);
    bool is_address = network_address(front, network->address, &network->is_four);
    uint64_t bits = network->is_four ? 32 : 128;
    bool fits = !has_bits || text_number(rest, 0, bits, &bits);

    network->bits = (unsigned)bits + (network->is_four ? 96 : 0);
    if (wrong != NULL)
        *wrong = is_address && !fits;
    return is_address && fits;
}

bool network_holds(const struct network *network, struct slice address)
{
    unsigned char binary[16];
    unsigned whole = network->bits / 8, left = network->bits % 8;
    bool is_four;

    if (address.at == NULL || !network_address(address, binary, &is_four) ||
        is_four != network->is_four || memcmp(binary, network->address, whole) != 0)
        return false;
    return left == 0 || (binary[whole] ^ network->address[whole]) >> (8 - left) == 0;
}
