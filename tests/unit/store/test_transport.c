/* SPDX-License-Identifier: BSD-2-Clause */
/* Every way to reach the server; and with TLS, that nobody else is taken for it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../support/redis.h"
#include "waybill/clock.h"
#include "waybill/id.h"
#include "waybill/store.h"

static struct redis redis;
static struct settings settings;
static struct error why;
static char port[8], port_tls[8], port_nobody[8];
static char ca[128], other_ca[128], certificate[128], key[128];

/* Name the server by `form`, where PORT stands for `at`. */
static void name_server(const char *form, const char *at)
{
    static char address[80];
    const char *place = strstr(form, "PORT");

    snprintf(address, sizeof address, "%.*s%s", (int)(place - form), form, at);
    settings.redis = address;
}

/* OpenSSL 3.5 takes no negative days any more, and 3.0 no dates yet. */
#define GOOD_NOW "-days 30"
#define OVER                                                                                       \
    "$(openssl x509 -help 2>&1 | grep -q not_before && "                                           \
    "echo -not_before 20200101000000Z -not_after 20200102000000Z || echo -days -1)"

/* A certificate `name`.crt for `names`, signed by `by`. */
static void make_certificate(const char *name, const char *names, const char *by,
                             const char *validity)
{
    run_shell("cd %s && printf 'subjectAltName=%s\\n' >%s.ext && "
        "openssl req -new -key key.pem -subj /CN=%s -out %s.csr 2>/dev/null && "
        "openssl x509 -req -in %s.csr -CA %s.crt -CAkey key.pem -CAcreateserial %s "
        "-extfile %s.ext -out %s.crt 2>/dev/null",
        redis.directory, names, name, name, name, name, by, validity, name, name);
}

static void make_certificates(void)
{
    run_shell("cd %s && openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem "
        "2>/dev/null && chmod 600 key.pem",
        redis.directory);
    run_shell("cd %s && for n in ca otherca; do openssl req -x509 -new -key key.pem -subj /CN=$n "
        "-days 30 -out $n.crt 2>/dev/null || exit 1; done",
        redis.directory);
    make_certificate("good", "DNS:redis.example.org,IP:127.0.0.1", "ca", GOOD_NOW);
    make_certificate("late", "DNS:redis.example.org", "ca", OVER);
    make_certificate("client", "DNS:client.example.org", "ca", GOOD_NOW);
    snprintf(ca, sizeof ca, "%s/ca.crt", redis.directory);
    snprintf(other_ca, sizeof other_ca, "%s/otherca.crt", redis.directory);
    snprintf(certificate, sizeof certificate, "%s/client.crt", redis.directory);
    snprintf(key, sizeof key, "%s/key.pem", redis.directory);
}

static int start(void **state)
{
    (void)state;
    snprintf(port, sizeof port, "%u", free_port());
    snprintf(port_tls, sizeof port_tls, "%u", free_port());
    snprintf(port_nobody, sizeof port_nobody, "%u", free_port());
    redis_prepare(&redis);
    make_certificates();
    redis_start(&redis,
                (const char *[]){"--port", port, "--bind", "127.0.0.1", "-::1", "--tls-port",
                                 port_tls, "--tls-cert-file", "good.crt", "--tls-key-file",
                                 "key.pem", "--tls-ca-cert-file", "ca.crt", "--tls-auth-clients",
                                 "no", NULL},
                true);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    redis_remove(&redis);
    return 0;
}

static int fresh(void **state)
{
    (void)state;
    redis_settings(&settings, NULL);
    name_server("tls:127.0.0.1:PORT", port_tls);
    settings.redis_ca_file = ca;
    free(redis_ask(&redis, "CONFIG SET tls-cert-file good.crt"));
    free(redis_ask(&redis, "CONFIG SET tls-auth-clients no"));
    free(redis_ask(&redis, "FLUSHALL"));
    return 0;
}

/* Connect and write megabytes both ways; the trouble, or STORE_FINE. */
static enum store_trouble try_it(void)
{
    static char text[300000] = "1 h i q\n";
    enum store_trouble trouble = STORE_FINE;
    struct store *store;
    uint32_t day = clock_day(clock_now(), NULL);
    uint64_t *ids;
    size_t count;

    why.text[0] = '\0';
    if (store_open(&store, &settings, &why))
        fail_msg("%s", why.text);
    memset(text + 8, 'x', sizeof text - 9);
    for (unsigned i = 0; i < 20; i++)
        store_put_record(store, 1, id_make(day, 100000 + i), slice_of(text), false);
    if (store_flush(store, &why) ||
        store_find_slice(store, clock_of_day(day, 0), false, &ids, &count, &why)) {
        trouble = store_last_trouble(store);
    } else {
        assert_int_equal(count, 20);
        free(ids);
    }
    store_close(&store);
    if (strchr(why.text, '\n'))
        fail_msg("more than a line: %s", why.text);
    return trouble;
}

static void assert_fine(void)
{
    if (try_it() != STORE_FINE)
        fail_msg("%s", why.text);
}

static void assert_refused(const char *words)
{
    assert_int_equal(try_it(), STORE_UNREACHABLE);
    if (!strstr(why.text, words))
        fail_msg("'%s' has not '%s'", why.text, words);
    assert_int_equal(redis_number(&redis, "DBSIZE"), 0);
}

static void test_all_plain_ways_lead_to_the_server(void **state)
{
    (void)state;
    name_server("tcp:127.0.0.1:PORT", port);
    assert_fine();
    name_server("tcp:localhost:PORT", port);
    assert_fine();
    settings.redis = redis.address;
    assert_fine();
    if (access("/proc/net/if_inet6", R_OK) == 0) {
        name_server("tcp:[::1]:PORT", port);
        assert_fine();
    }
}

static void test_nobody_there_is_unreachable(void **state)
{
    (void)state;
    name_server("tcp:127.0.0.1:PORT", port_nobody);
    assert_refused("cannot connect to Redis at 'tcp:127.0.0.1:");
    assert_non_null(strstr(why.text, "': Connection refused"));
    settings.redis = (char *)(uintptr_t) "tcp:no-such-host.invalid:6379";
    assert_int_equal(try_it(), STORE_UNREACHABLE);
    settings.redis = (char *)(uintptr_t) "unix:/no/such/socket";
    assert_refused("No such file");
}

static void test_tls_with_the_right_name_works(void **state)
{
    (void)state;
    settings.redis_server_name = (char *)(uintptr_t) "redis.example.org";
    assert_fine();
    settings.redis_server_name = NULL; /* the address stands in the certificate */
    assert_fine();
}

static void test_tls_wrong_name_is_refused(void **state)
{
    (void)state;
    settings.redis_server_name = (char *)(uintptr_t) "other.example.org";
    assert_refused("the server's certificate is refused: hostname mismatch");
    settings.redis_server_name = (char *)(uintptr_t) "127.0.0.2";
    assert_refused("the server's certificate is refused: IP address mismatch");
}

static void test_tls_unknown_ca_is_refused(void **state)
{
    (void)state;
    settings.redis_ca_file = other_ca;
    assert_refused("the server's certificate is refused: ");
    settings.redis_ca_file = NULL; /* the system's */
    assert_refused("the server's certificate is refused: ");
}

static void test_tls_expired_certificate_is_refused(void **state)
{
    char *answer = redis_ask(&redis, "CONFIG SET tls-cert-file late.crt");

    (void)state;
    assert_string_equal(answer, "OK");
    free(answer);
    settings.redis_server_name = (char *)(uintptr_t) "redis.example.org";
    assert_refused("the server's certificate is refused: certificate has expired");
}

static void test_tls_client_certificate_is_shown(void **state)
{
    (void)state;
    free(redis_ask(&redis, "CONFIG SET tls-auth-clients yes"));
    assert_refused("certificate required");
    settings.redis_cert_file = certificate;
    settings.redis_key_file = key;
    assert_fine();
}

static void test_tls_to_a_plain_port_and_back_is_refused(void **state)
{
    (void)state;
    settings.redis_timeout_ms = 400;
    name_server("tls:127.0.0.1:PORT", port);
    assert_int_equal(try_it(), STORE_UNREACHABLE);
    name_server("tcp:127.0.0.1:PORT", port_tls);
    assert_int_not_equal(try_it(), STORE_FINE);
}

static void test_tls_faults_of_the_configuration_are_told_at_once(void **state)
{
    struct store *store;

    (void)state;
    settings.redis_ca_file = (char *)(uintptr_t) "/no/such/file";
    assert_int_equal(store_open(&store, &settings, &why), -1);
    assert_non_null(strstr(why.text, "cannot read the CA file '/no/such/file'"));
    settings.redis_ca_file = ca;
    settings.redis_cert_file = certificate;
    settings.redis_key_file = ca; /* 0644 */
    assert_int_equal(store_open(&store, &settings, &why), -1);
    assert_non_null(strstr(why.text, "at most 0640"));
    settings.redis_cert_file = key;
    settings.redis_key_file = key;
    assert_int_equal(store_open(&store, &settings, &why), -1);
    assert_non_null(strstr(why.text, "cannot read the certificate"));
    assert_null(store);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup(test, fresh)
    const struct CMUnitTest tests[] = {
        EACH(test_all_plain_ways_lead_to_the_server),
        EACH(test_nobody_there_is_unreachable),
        EACH(test_tls_with_the_right_name_works),
        EACH(test_tls_wrong_name_is_refused),
        EACH(test_tls_unknown_ca_is_refused),
        EACH(test_tls_expired_certificate_is_refused),
        EACH(test_tls_client_certificate_is_shown),
        EACH(test_tls_to_a_plain_port_and_back_is_refused),
        EACH(test_tls_faults_of_the_configuration_are_told_at_once),
    };

    signal(SIGPIPE, SIG_DFL);
    return cmocka_run_group_tests_name("store transport", tests, start, stop);
}
