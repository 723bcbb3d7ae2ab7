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
    json_begin_object(&json);
    json_put_key(&json, "a\"b");
    json_begin_array(&json);
    json_put_number(&json, INT64_MIN);
    json_put_bool(&json, true);
    json_put_bool(&json, false);
    json_put_null(&json);
    json_begin_object(&json);
    json_end_object(&json);
    json_begin_array(&json);
    json_end_array(&json);
    json_end_array(&json);
    json_put_key(&json, "s");
    json_put_string(&json, slice_of("x\n"));
    json_put_key(&json, "absent");
    json_put_string(&json, SLICE_ABSENT);
    json_put_key(&json, "null");
    json_put_text(&json, NULL);
    json_put_key(&json, "d");
    json_put_decimal(&json, -1234.567, 2);
    json_put_key(&json, "nan");
    json_put_decimal(&json, NAN, 2);
    json_put_key(&json, "infinite");
    json_put_decimal(&json, INFINITY, 0);
    json_end_object(&json);
    assert_string_equal(buffer.data,
                        "{\"a\\\"b\":[-9223372036854775808,true,false,null,{},[]],\"s\":\"x\\n\","
                        "\"absent\":null,\"null\":null,\"d\":-1234.57,\"nan\":null,"
                        "\"infinite\":null}");
    buffer_free(&buffer);
}

static void test_members_are_keys_with_values(void **state)
{
    struct buffer buffer;
    struct json json;

    (void)state;
    buffer_init(&buffer, 1000);
    json_init(&json, &buffer);
    json_begin_object(&json);
    json_member_string(&json, "string", slice_make("xyz", 2));
    json_member_text(&json, "none", NULL);
    json_member_number(&json, "number", INT64_MAX);
    json_member_decimal(&json, "decimal", 0.25, 3);
    json_member_bool(&json, "bool", false);
    json_member_object(&json, "object");
    json_member_text(&json, "text", "\"");
    json_end_object(&json);
    json_member_array(&json, "array");
    json_put_number(&json, 1);
    json_end_array(&json);
    json_end_object(&json);
    assert_string_equal(buffer.data,
                        "{\"string\":\"xy\",\"none\":null,\"number\":9223372036854775807,"
                        "\"decimal\":0.250,\"bool\":false,\"object\":{\"text\":\"\\\"\"},"
                        "\"array\":[1]}");
    buffer_free(&buffer);
}

static void test_full_buffer_shows(void **state)
{
    struct buffer buffer;
    struct json json;

    (void)state;
    buffer_init(&buffer, 5);
    json_init(&json, &buffer);
    json_begin_array(&json);
    json_put_text(&json, "far too long");
    json_end_array(&json);
    assert_true(buffer.failed);
    buffer_free(&buffer);
}

static void value_without_key(struct json *json)
{
    json_begin_object(json);
    json_put_number(json, 1);
}

static void key_in_array(struct json *json)
{
    json_begin_array(json);
    json_put_key(json, "a");
}

static void wrong_end(struct json *json)
{
    json_begin_array(json);
    json_end_object(json);
}

static void end_after_key(struct json *json)
{
    json_begin_object(json);
    json_put_key(json, "a");
    json_end_object(json);
}

static void too_deep(struct json *json)
{
    for (int i = 0; i <= JSON_DEPTH; i++)
        json_begin_array(json);
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
        cmocka_unit_test(test_members_are_keys_with_values),
        cmocka_unit_test(test_full_buffer_shows),
        cmocka_unit_test(test_misuse_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
