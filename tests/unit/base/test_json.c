/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json: the exact bytes of a document, and that misuse aborts.
 */
#include "waybill/json.h"

#include <math.h>
#include <signal.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void test_document_of_all_kinds(void **state)
{
    struct buffer buffer;
    struct json json;

    (void)state;
    buffer_init(&buffer, 1000);
    json_init(&json, &buffer);
    json_object(&json);
    json_key(&json, "a\"b");
    json_array(&json);
    json_number(&json, INT64_MIN);
    json_bool(&json, true);
    json_bool(&json, false);
    json_null(&json);
    json_object(&json);
    json_object_end(&json);
    json_array(&json);
    json_array_end(&json);
    json_array_end(&json);
    json_key(&json, "s");
    json_string(&json, slice_of("x\n"));
    json_key(&json, "absent");
    json_string(&json, SLICE_ABSENT);
    json_key(&json, "null");
    json_text(&json, NULL);
    json_key(&json, "d");
    json_decimal(&json, -1234.567, 2);
    json_key(&json, "nan");
    json_decimal(&json, NAN, 2);
    json_key(&json, "infinite");
    json_decimal(&json, INFINITY, 0);
    json_object_end(&json);
    assert_string_equal(buffer.data,
                        "{\"a\\\"b\":[-9223372036854775808,true,false,null,{},[]],\"s\":\"x\\n\","
                        "\"absent\":null,\"null\":null,\"d\":-1234.57,\"nan\":null,"
                        "\"infinite\":null}");
    buffer_free(&buffer);
}

static void test_full_buffer_shows(void **state)
{
    struct buffer buffer;
    struct json json;

    (void)state;
    buffer_init(&buffer, 5);
    json_init(&json, &buffer);
    json_array(&json);
    json_text(&json, "far too long");
    json_array_end(&json);
    assert_true(buffer.failed);
    buffer_free(&buffer);
}

static void value_without_key(struct json *json)
{
    json_object(json);
    json_number(json, 1);
}

static void key_in_array(struct json *json)
{
    json_array(json);
    json_key(json, "a");
}

static void wrong_end(struct json *json)
{
    json_array(json);
    json_object_end(json);
}

static void end_after_key(struct json *json)
{
    json_object(json);
    json_key(json, "a");
    json_object_end(json);
}

static void too_deep(struct json *json)
{
    for (int i = 0; i <= JSON_DEPTH; i++)
        json_array(json);
}

static void test_misuse_aborts(void **state)
{
    void (*const misuses[])(struct json *) = {value_without_key, key_in_array, wrong_end,
                                              end_after_key, too_deep};
    const struct sigaction plain = {.sa_handler = SIG_DFL};

    (void)state;
    for (size_t i = 0; i < sizeof misuses / sizeof misuses[0]; i++) {
        int status;
        pid_t child = fork();
        if (child == 0) {
            struct buffer buffer;
            struct json json;
            sigaction(SIGABRT, &plain, NULL); /* the sanitizers have one of their own */
            buffer_init(&buffer, 1000);
            json_init(&json, &buffer);
            misuses[i](&json);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document_of_all_kinds),
        cmocka_unit_test(test_full_buffer_shows),
        cmocka_unit_test(test_misuse_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
