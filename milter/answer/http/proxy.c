/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proxy: see proxy.h.
 *
 * Believed is one header, once, with a name that an entry could have, from a Unix socket, whose
 * mode tells who may speak there, or from loopback. A name that is given twice was given once by
 * somebody else.
 */
#include "proxy.h"

#include <netinet/in.h>
#include <sys/socket.h>

static bool is_near(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *peer = info != NULL ? info->client_addr : NULL;

    if (peer == NULL)
        return false;
    switch (peer->sa_family) {
    case AF_UNIX:
        return true;
    case AF_INET:
        return ntohl(((const struct sockaddr_in *)(const void *)peer)->sin_addr.s_addr) >> 24 ==
               IN_LOOPBACKNET;
    case AF_INET6:
        return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr);
    default:
        return false;
    }
}

struct naming {
    const char *header, *value;
    unsigned count;
};

static enum MHD_Result look(void *context, enum MHD_ValueKind kind, const char *name,
                            const char *value)
{
    struct naming *naming = context;

    (void)kind;
    if (slice_equal_nocase(slice_of(name), slice_of(naming->header))) {
        naming->value = value;
        naming->count++;
    }
    return MHD_YES;
}

void proxy_take_user(struct MHD_Connection *connection, const char *header,
                     struct http_request *request)
{
    struct naming naming = {.header = header};
    size_t at = request->text.size;

    request->user = SLICE_ABSENT;
    if (header[0] == '\0' || !is_near(connection))
        return;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, look, &naming);
    if (naming.count == 1 && naming.value != NULL && access_name_fits(slice_of(naming.value)) &&
        buffer_add_text(&request->text, naming.value) == 0)
        request->user = slice_make(request->text.data + at, request->text.size - at);
}
