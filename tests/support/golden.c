/* SPDX-License-Identifier: BSD-2-Clause */
/* golden: see golden.h. */
#include "golden.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

unsigned golden_each(const char *folder, const char *end, void (*check)(const char *path))
{
    const char *top = getenv("srcdir");
    const struct dirent *entry;
    char path[GOLDEN_PATH_MAX];
    unsigned cases = 0;
    DIR *stream;

    snprintf(path, sizeof path, "%s/tests/golden/%s", top != NULL ? top : ".", folder);
    stream = opendir(path);
    assert_non_null(stream);
    while ((entry = readdir(stream)) != NULL) {
        size_t size = strlen(entry->d_name), rest = strlen(end);
        if (size <= rest || strcmp(entry->d_name + size - rest, end) != 0)
            continue;
        snprintf(path, sizeof path, "%s/tests/golden/%s/%.*s", top != NULL ? top : ".", folder,
                 (int)(size - rest), entry->d_name);
        check(path);
        cases++;
    }
    closedir(stream);
    return cases;
}

void golden_compare(const char *path, const char *end, const struct buffer *text)
{
    bool anew = getenv("GOLDEN_WRITE") != NULL;
    char name[GOLDEN_PATH_MAX + 16];
    struct buffer kept;
    FILE *file;
    int byte;

    snprintf(name, sizeof name, "%s%s", path, end);
    file = fopen(name, anew ? "w+" : "r");
    if (file == NULL)
        fail_msg("there is no '%s'", name);
    if (anew) {
        fwrite(text->data, 1, text->size, file);
        rewind(file);
    }
    buffer_init(&kept, 1 << 20);
    while ((byte = getc(file)) != EOF)
        buffer_add_char(&kept, (char)byte);
    fclose(file);
    if (strcmp(kept.data, text->data) != 0)
        print_error("%s\n", name);
    assert_string_equal(kept.data, text->data);
    buffer_free(&kept);
}
