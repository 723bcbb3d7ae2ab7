/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls: OpenSSL over a non-blocking socket.
 *
 * The server's certificate must lead to a CA that we trust and must be for the name that we
 * asked for; there is no switch to turn that off. The socket is reached through a BIO of our own,
 * because OpenSSL's writes without MSG_NOSIGNAL: a dead server would kill a program that does not
 * ignore SIGPIPE.
 */
#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "secret.h"

struct tls {
    SSL_CTX *context;
    BIO_METHOD *socket_method;
    const char *name; /* redis_server_name; NULL: the host that is connected to */
};

struct tls_session {
    SSL *ssl;
    int fd;
};

static const char *tls_cause(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    if (reason)
        return reason;
    if (code && ERR_SYSTEM_ERROR(code))
        return strerror(ERR_GET_REASON(code));
    return "no reason given";
}

/* ---- the socket under it ---- */

static int bio_send(BIO *bio, const char *data, int size)
{
    struct tls_session *session = BIO_get_data(bio);
    ssize_t sent = send(session->fd, data, (size_t)size, MSG_NOSIGNAL);

    BIO_clear_retry_flags(bio);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_write(bio);
    return (int)sent;
}

static int bio_receive(BIO *bio, char *data, int size)
{
    struct tls_session *session = BIO_get_data(bio);
    ssize_t got = recv(session->fd, data, (size_t)size, 0);

    BIO_clear_retry_flags(bio);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(bio);
    return (int)got;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

static BIO_METHOD *bio_method_make(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "waybill");

    if (method && BIO_meth_set_write(method, bio_send) && BIO_meth_set_read(method, bio_receive) &&
        BIO_meth_set_ctrl(method, bio_control))
        return method;
    BIO_meth_free(method);
    return NULL;
}

/* ---- whom we trust, who we are ---- */

static int tls_trust(struct tls *tls, const char *ca_file, struct error *why)
{
    SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
    if (ca_file && *ca_file) {
        if (SSL_CTX_load_verify_file(tls->context, ca_file) != 1)
            return error_set(why, "cannot read the CA file '%s': %s", ca_file, tls_cause());
        return 0;
    }
    if (SSL_CTX_set_default_verify_paths(tls->context) != 1)
        return error_set(why, "cannot use the system's CA certificates: %s", tls_cause());
    return 0;
}

static int tls_identify(struct tls *tls, const char *cert, const char *key, struct error *why)
{
    if (!cert || !*cert)
        return 0;
    if (!key || !*key)
        key = cert;
    if (secret_file_check(key, why))
        return -1;
    if (SSL_CTX_use_certificate_chain_file(tls->context, cert) != 1)
        return error_set(why, "cannot read the certificate '%s': %s", cert, tls_cause());
    if (SSL_CTX_use_PrivateKey_file(tls->context, key, SSL_FILETYPE_PEM) != 1)
        return error_set(why, "cannot read the key '%s': %s", key, tls_cause());
    if (SSL_CTX_check_private_key(tls->context) != 1)
        return error_set(why, "the key '%s' does not fit the certificate '%s'", key, cert);
    return 0;
}

static bool name_is_address(const char *name)
{
    unsigned char bytes[16];

    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

int tls_open(struct tls **tls, const struct settings *settings, struct error *why)
{
    struct tls *new = calloc(1, sizeof *new);

    *tls = NULL;
    if (!new)
        return error_set(why, "cannot prepare TLS: no memory");
    ERR_clear_error();
    if (settings->redis_server_name && *settings->redis_server_name)
        new->name = settings->redis_server_name;
    new->context = SSL_CTX_new(TLS_client_method());
    new->socket_method = bio_method_make();
    if (!new->context || !new->socket_method ||
        SSL_CTX_set_min_proto_version(new->context, TLS1_2_VERSION) != 1) {
        tls_close(&new);
        return error_set(why, "cannot prepare TLS: %s", tls_cause());
    }
    SSL_CTX_set_mode(new->context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (tls_trust(new, settings->redis_ca_file, why) ||
        tls_identify(new, settings->redis_cert_file, settings->redis_key_file, why)) {
        tls_close(&new);
        return -1;
    }
    *tls = new;
    return 0;
}

void tls_close(struct tls **tls)
{
    if (!*tls)
        return;
    SSL_CTX_free((*tls)->context);
    BIO_meth_free((*tls)->socket_method);
    free(*tls);
    *tls = NULL;
}

/* ---- one connection ---- */

static bool session_ask_for(struct tls_session *session, const char *name)
{
    X509_VERIFY_PARAM *wanted = SSL_get0_param(session->ssl);

    if (name_is_address(name))
        return X509_VERIFY_PARAM_set1_ip_asc(wanted, name) == 1;
    SSL_set_hostflags(session->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set_tlsext_host_name(session->ssl, name) == 1 &&
           SSL_set1_host(session->ssl, name) == 1;
}

int tls_session_open(struct tls_session **session, struct tls *tls, const char *host, int fd,
                     struct error *why)
{
    const char *name = tls->name ? tls->name : host;
    struct tls_session *new = calloc(1, sizeof *new);
    BIO *bio = BIO_new(tls->socket_method);

    *session = NULL;
    if (new) {
        new->fd = fd;
        new->ssl = SSL_new(tls->context);
    }
    if (!new || !new->ssl || !bio) {
        BIO_free(bio);
        tls_session_close(&new);
        return error_set(why, "no memory for TLS");
    }
    BIO_set_data(bio, new);
    BIO_set_init(bio, 1);
    SSL_set_bio(new->ssl, bio, bio); /* owns it now */
    SSL_set_connect_state(new->ssl);
    if (!session_ask_for(new, name)) {
        tls_session_close(&new);
        return error_set(why, "cannot ask for a certificate of '%s'", name);
    }
    *session = new;
    return 0;
}

void tls_session_close(struct tls_session **session)
{
    if (!*session)
        return;
    SSL_free((*session)->ssl);
    free(*session);
    *session = NULL;
}

/* Sort out what an SSL call that did not succeed wants or says. */
static int session_sort(struct tls_session *session, int result, int cause, short *events,
                        struct error *why)
{
    long verified = SSL_get_verify_result(session->ssl);

    switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        *events = POLLIN;
        return 0;
    case SSL_ERROR_WANT_WRITE:
        *events = POLLOUT;
        return 0;
    case SSL_ERROR_ZERO_RETURN:
        return error_set(why, "the server closed the connection");
    case SSL_ERROR_SYSCALL:
        return error_set(why, "%s",
                         cause && cause != EPIPE && cause != ECONNRESET
                             ? strerror(cause)
                             : "the server closed the connection");
    default:
        break;
    }
    if (verified != X509_V_OK)
        return error_set(why, "the server's certificate is refused: %s",
                         X509_verify_cert_error_string(verified));
    return error_set(why, "TLS failed: %s", tls_cause());
}

int tls_handshake(struct tls_session *session, short *events, struct error *why)
{
    int result;

    ERR_clear_error();
    errno = 0;
    result = SSL_do_handshake(session->ssl);
    return result == 1 ? 1 : session_sort(session, result, errno, events, why);
}

int64_t tls_session_until(const struct tls_session *session)
{
    X509 *certificate = SSL_get1_peer_certificate(session->ssl);
    struct tm end;
    int64_t until = 0;

    if (certificate && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1)
        until = (int64_t)timegm(&end) * 1000;
    X509_free(certificate);
    return until;
}

ssize_t tls_send(struct tls_session *session, const void *data, size_t size, short *events,
                 struct error *why)
{
    int result;

    ERR_clear_error();
    errno = 0;
    result = SSL_write(session->ssl, data, size > 1 << 20 ? 1 << 20 : (int)size);
    return result > 0 ? result : session_sort(session, result, errno, events, why);
}

ssize_t tls_receive(struct tls_session *session, void *data, size_t size, short *events,
                    struct error *why)
{
    int result;

    ERR_clear_error();
    errno = 0;
    result = SSL_read(session->ssl, data, size > 1 << 20 ? 1 << 20 : (int)size);
    return result > 0 ? result : session_sort(session, result, errno, events, why);
}
