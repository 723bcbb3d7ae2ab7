/* SPDX-License-Identifier: BSD-2-Clause */
/* Of a sendmail.cf its options, daemons and filters are read, and what cannot be understood is
 * passed over. */
#include "waybill/mta.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct mta *open_text(const char *text)
{
    char path[] = "/tmp/waybill-test-XXXXXX";
    int fd = mkstemp(path);
    struct mta *mta;
    struct error why;
    int result;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    result = mta_open(&mta, MTA_SENDMAIL, path, &why);
    unlink(path);
    if (result != 0)
        fail_msg("%s", why.text);
    return mta;
}

static void test_options_filters_daemons_and_version(void **state)
{
    struct mta *mta = open_text("V10/Debian\nDZ8.17.1.9/Debian-2\n# O Ignored=1\nO LogLevel=9\n"
                                "O LogLevel=14\nO Milter.LogLevel=0\nOAold\n"
                                "O InputMailFilters=waybill,\n\tclam nowhere\n"
                                "O DaemonPortOptions=Name=MTA, Port=smtp, Addr=127.0.0.1\n"
                                "O DaemonPortOptions=Family=inet6, Name=MSA, M=Ea\n"
                                "Xwaybills, S=local:/wrong\nXclam, S=inet:1@a\n"
                                "Xwaybill, S=local:/w,\n F=, T=C:3s\nO NoEnd=x");
    struct slice list = mta_milters(mta);
    struct mta_milter milter;

    (void)state;
    assert_true(slice_is(mta_version(mta), "8.17.1.9/Debian-2"));
    assert_true(slice_is(mta_value(mta, "LogLevel"), "14"));
    assert_true(slice_is(mta_value(mta, "NoEnd"), "x"));
    assert_null(mta_value(mta, "Ignored").at);
    assert_true(mta_is_set(mta, "Milter.LogLevel") && !mta_is_set(mta, "Timeout.ident"));
    assert_true(mta_milter_next(MTA_SENDMAIL, &list, &milter));
    assert_true(slice_is(milter.name, "waybill") && slice_is(milter.address, "local:/w"));
    assert_true(mta_milter_is(mta, &milter, "unix:/w"));
    assert_true(mta_milter_next(MTA_SENDMAIL, &list, &milter));
    assert_true(slice_is(milter.name, "clam"));
    assert_false(mta_milter_next(MTA_SENDMAIL, &list, &milter));
    assert_int_equal(mta_service_count(mta), 2);
    assert_true(slice_is(mta_service_at(mta, 0).name, "MTA"));
    assert_true(slice_is(mta_service_at(mta, 0).type, "inet"));
    assert_true(slice_is(mta_service_at(mta, 1).name, "MSA"));
    assert_true(slice_is(mta_service_at(mta, 1).type, "inet6"));
    mta_close(&mta);
}

static void test_a_file_without_milters_has_none(void **state)
{
    struct mta *mta = open_text("O =\nO\nX\n\n \nDZ\nO DaemonPortOptions=\nO InputMailFilters=,\n");
    struct slice list = mta_milters(mta);
    struct mta_milter milter;

    (void)state;
    assert_false(mta_milter_next(MTA_SENDMAIL, &list, &milter));
    assert_null(mta_value(mta, "").at);
    assert_int_equal(mta_service_count(mta), 1);
    mta_close(&mta);
}

static void test_a_file_that_is_not_there_is_told(void **state)
{
    struct mta *mta;
    struct error why;

    (void)state;
    assert_int_equal(mta_open(&mta, MTA_SENDMAIL, "/nonexistent/sendmail.cf", &why), -1);
    assert_null(mta);
    assert_string_equal(why.text,
                        "cannot open '/nonexistent/sendmail.cf': No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_filters_daemons_and_version),
        cmocka_unit_test(test_a_file_without_milters_has_none),
        cmocka_unit_test(test_a_file_that_is_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
