/* SPDX-License-Identifier: BSD-2-Clause */
/* domain: see the header; the one place that knows libpsl and libidn2. */
#include "waybill/domain.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <libpsl.h>
#include <pthread.h>
#include <string.h>

#define LABEL_MAX 63u

static pthread_once_t list_once = PTHREAD_ONCE_INIT;
static const psl_ctx_t *list; /* NULL: there is none, so nobody is known to own a name */

/* The system's list is newer than the one that the library was built with, if it is there. */
static void list_open(void)
{
    list = psl_latest(NULL);
    if (list == NULL)
        list = psl_builtin();
}

/* ASCII other than letters, digits, hyphen and underscore stands in no name of a host. */
static bool byte_fits(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
           byte == '_' || byte >= 0x80;
}

/* Lower case, no final dot; labels of 1 to 63 bytes. 0: no domain name. */
static size_t name_normal(struct slice name, char to[static DOMAIN_ROOM])
{
    size_t label = 0;
    if (name.size > 0 && name.at[name.size - 1] == '.')
        name.size--;
    if (name.size == 0 || name.size >= DOMAIN_ROOM)
        return 0;
    for (size_t i = 0; i < name.size; i++) {
        char byte = name.at[i];
        to[i] = text_lower(byte);
        if (byte == '.' ? label == 0 : !byte_fits((unsigned char)to[i]) || label == LABEL_MAX)
            return 0;
        label = byte == '.' ? 0 : label + 1;
    }
    to[name.size] = '\0';
    return label > 0 ? name.size : 0;
}

size_t domain_organisational(struct slice name, char to[static DOMAIN_ROOM])
{
    struct in_addr address;
    char normal[DOMAIN_ROOM];
    to[0] = '\0';
    pthread_once(&list_once, list_open);
    if (list == NULL || name_normal(name, normal) == 0 || inet_pton(AF_INET, normal, &address) == 1)
        return 0;
    const char *owned = psl_registrable_domain(list, normal);
    if (owned == NULL)
        return 0;
    size_t size = strlen(owned);
    memcpy(to, owned, size + 1);
    return size;
}

size_t domain_ascii(struct slice name, char to[static DOMAIN_ROOM])
{
    char *ascii = NULL;
    size_t size = name_normal(name, to), length;
    bool foreign = false;
    for (size_t i = 0; i < size; i++)
        foreign = foreign || (unsigned char)to[i] >= 0x80;
    if (!foreign || idn2_to_ascii_8z(to, &ascii, IDN2_NONTRANSITIONAL) != IDN2_OK)
        return size;
    length = strlen(ascii);
    if (length < DOMAIN_ROOM)
        memcpy(to, ascii, length + 1);
    else
        length = size;
    idn2_free(ascii);
    return length;
}

bool domain_same_organisation(struct slice a, struct slice b)
{
    char left[DOMAIN_ROOM], right[DOMAIN_ROOM];
    size_t size = domain_organisational(a, left);
    return size > 0 && size == domain_organisational(b, right) && memcmp(left, right, size) == 0;
}
