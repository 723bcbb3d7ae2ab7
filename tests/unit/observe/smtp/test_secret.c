/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A key for one purpose; a secret that is none is refused by name.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "milter/observe/smtp/secret.h"

static char path[] = "/tmp/waybill-secret-XXXXXX";

static void write_secret(size_t size, unsigned mode)
{
    static const char bytes[8192] = "a secret that has zero bytes in it";
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void test_each_purpose_has_its_own_key(void **state)
{
    unsigned char a[32], b[32], again[32];
    struct error why;

    (void)state;
    write_secret(32, 0640);
    assert_int_equal(secret_derive(path, "subject", a, &why), 0);
    assert_int_equal(secret_derive(path, "envid", b, &why), 0);
    assert_int_equal(secret_derive(path, "subject", again, &why), 0);
    assert_memory_equal(a, again, 32);
    assert_memory_not_equal(a, b, 32);
}

static void refuse(const char *file, const char *words)
{
    unsigned char key[32];
    struct error why;

    assert_int_equal(secret_derive(file, "subject", key, &why), -1);
    if (strstr(why.text, words) == NULL)
        fail_msg("'%s' does not say '%s'", why.text, words);
}

static void test_a_secret_that_is_none_is_refused(void **state)
{
    (void)state;
    write_secret(32, 0644);
    refuse(path, "its mode 0644 is wider than 0640");
    write_secret(15, 0600);
    refuse(path, "16 to 4096 bytes");
    write_secret(4097, 0600);
    refuse(path, "16 to 4096 bytes");
    refuse("/tmp", "not a file");
    refuse("/nowhere/key", "cannot open key_file '/nowhere/key'");
    refuse(NULL, "key_file is not set");
    refuse("", "key_file is not set");
}

static int set_up(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_purpose_has_its_own_key),
        cmocka_unit_test(test_a_secret_that_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
