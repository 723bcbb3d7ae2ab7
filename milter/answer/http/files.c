/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * files: the page and its messages. All files are read once, before the first request; a request
 * chooses among them by exact name, and never touches the file system.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http.h"
#include "waybill/log.h"
#include "waybill/messages.h"

#define FILES_MAX 64 /* of a directory */
#define FILE_MAX ((size_t)512 << 10)
#define NAME_SIZE 64
#define START "index.html"         /* is the page itself, at "/" and nowhere else */
#define LANGUAGES "languages.json" /* made here: which languages there are */
#define ENGLISH "en.json"          /* as well: it is built in */

#define POLICY                                                                                     \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "              \
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "                   \
    "frame-ancestors 'none'"

struct file {
    char name[NAME_SIZE];
    const char *type;
    struct buffer bytes;
};
struct shelf {
    struct file files[FILES_MAX];
    size_t count;
};
struct http_files {
    struct shelf page, messages;
};

/* ---- reading them ---- */

/* NULL: it is of no kind that a page has. */
static const char *type_of(struct slice name)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".json", "application/json"},
        {".png", "image/png"},
        {".ico", "image/vnd.microsoft.icon"},
    };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (slice_ends(name, types[i][0]))
            return types[i][1];
    return NULL;
}

/* Letters, digits, hyphens and dots that do not lead: it needs no escaping anywhere. */
static bool is_plain(struct slice name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
    struct slice taken = SLICE_ABSENT, rest = name;

    return name.size > 0 && name.size < NAME_SIZE && name.at[0] != '.' &&
           text_take_any(&rest, plain, &taken) && rest.size == 0;
}

static int read_all(int fd, size_t size, struct buffer *bytes)
{
    char *at;

    buffer_init(bytes, FILE_MAX + 1);
    at = buffer_extend(bytes, size);
    while (at != NULL && size > 0) {
        ssize_t got = read(fd, at, size);

        if (got == 0 || (got < 0 && errno != EINTR))
            return -1;
        at += got > 0 ? got : 0;
        size -= got > 0 ? (size_t)got : 0;
    }
    return at != NULL ? 0 : -1;
}

static void read_file(struct shelf *shelf, int directory, const char *name)
{
    struct file *file = &shelf->files[shelf->count];
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat about;

    slice_copy(slice_of(name), file->name, sizeof file->name);
    file->type = type_of(slice_of(name));
    if (fd < 0 || fstat(fd, &about) != 0 || !S_ISREG(about.st_mode) ||
        (size_t)about.st_size > FILE_MAX ||
        read_all(fd, (size_t)about.st_size, &file->bytes) != 0) {
        log_warning("the page goes without '%s': it cannot be read, or is too large", name);
        buffer_free(&file->bytes);
    } else {
        shelf->count++;
    }
    if (fd >= 0)
        close(fd);
}

/* Files of other kinds are none of ours. */
static void read_directory(struct shelf *shelf, const char *path, const char *end)
{
    const size_t most = FILES_MAX - 2; /* those that are made here have room */
    DIR *directory = path[0] != '\0' ? opendir(path) : NULL;
    const struct dirent *entry;

    if (directory == NULL) {
        if (path[0] != '\0')
            log_warning("the page is not all there: cannot read '%s': %s", path, strerror(errno));
        return;
    }
    while (shelf->count < most && (entry = readdir(directory)) != NULL) {
        struct slice name = slice_of(entry->d_name);

        if (is_plain(name) && type_of(name) != NULL && slice_ends(name, end) &&
            !slice_is(name, ENGLISH) && !slice_is(name, LANGUAGES))
            read_file(shelf, dirfd(directory), entry->d_name);
    }
    closedir(directory);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->name, ((const struct file *)b)->name);
}

/* The next place on the shelf, for an object that is made here. */
static void begin_file(struct shelf *shelf, const char *name, struct json *json)
{
    struct file *file = &shelf->files[shelf->count];

    slice_copy(slice_of(name), file->name, sizeof file->name);
    file->type = type_of(slice_of(name));
    buffer_init(&file->bytes, FILE_MAX);
    json_init(json, &file->bytes);
    json_begin_object(json);
}

static void add_english(struct shelf *messages)
{
    struct json json;

    begin_file(messages, ENGLISH, &json);
    for (size_t i = 0; i < messages_english_count; i++)
        json_member_text(&json, messages_english[i].key, messages_english[i].text);
    json_end_object(&json);
    messages->count++;
}

/* {"languages": ["de", "en"]}: so a language is added by adding its file. */
static void list_languages(struct shelf *messages)
{
    struct json json;

    qsort(messages->files, messages->count, sizeof messages->files[0], by_name);
    begin_file(messages, LANGUAGES, &json);
    json_member_array(&json, "languages");
    for (size_t i = 0; i < messages->count; i++) {
        struct slice name = slice_of(messages->files[i].name);

        json_put_string(&json, slice_make(name.at, name.size - strlen(".json")));
    }
    json_end_array(&json);
    json_end_object(&json);
    messages->count++;
}

struct http_files *http_files_read(const struct settings *settings)
{
    struct http_files *files = calloc(1, sizeof *files);

    if (files == NULL || settings->web_page_directory[0] == '\0')
        return files;
    read_directory(&files->page, settings->web_page_directory, "");
    read_directory(&files->messages, settings->messages_directory, ".json");
    add_english(&files->messages);
    list_languages(&files->messages);
    return files;
}

static void clear(struct shelf *shelf)
{
    for (size_t i = 0; i < shelf->count; i++)
        buffer_free(&shelf->files[i].bytes);
}

void http_files_free(struct http_files **freed)
{
    struct http_files *files = *freed;

    *freed = NULL;
    if (files == NULL)
        return;
    clear(&files->page);
    clear(&files->messages);
    free(files);
}

/* ---- serving them ---- */

static void serve(const struct shelf *shelf, struct slice name, struct http_reply *reply)
{
    for (size_t i = 0; i < shelf->count; i++) {
        const struct file *file = &shelf->files[i];

        if (!slice_is(name, file->name))
            continue;
        reply->type = file->type;
        reply->policy = POLICY;
        buffer_add(&reply->body, file->bytes.data, file->bytes.size);
        return;
    }
    http_problem(reply, 404, "There is no such file of the page.");
}

void http_page(struct http_asker *asker, const struct http_request *request,
               struct http_reply *reply)
{
    (void)request;
    serve(&asker->files->page, slice_of(START), reply);
}

void http_page_file(struct http_asker *asker, const struct http_request *request,
                    struct http_reply *reply)
{
    serve(&asker->files->page, slice_is(request->rest, START) ? slice_of("") : request->rest,
          reply);
}

void http_page_messages(struct http_asker *asker, const struct http_request *request,
                        struct http_reply *reply)
{
    serve(&asker->files->messages, request->rest, reply);
}
