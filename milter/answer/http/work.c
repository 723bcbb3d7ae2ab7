/* SPDX-License-Identifier: BSD-2-Clause */
/* work: see work.h. */
#include "work.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream.h"
#include "waybill/thread.h"
#include "waybill/web.h"

struct job_list {
    struct work_job *first, *last;
    size_t count;
};

struct worker {
    struct work *work;
    struct http_asker asker;
    pthread_t thread;
    bool runs;
};

struct work {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct job_list queued, answered; /* under the lock, as `stop` */
    bool stop;
    int done;
    struct http_files *files;
    struct http_streams *streams;
    struct http_common *common;
    struct worker workers[WEB_WORKERS];
};

static void put(struct job_list *list, struct work_job *job)
{
    job->next = NULL;
    if (list->last != NULL)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
    list->count++;
}

static struct work_job *take(struct job_list *list)
{
    struct work_job *job = list->first;

    if (job == NULL)
        return NULL;
    list->first = job->next;
    if (list->first == NULL)
        list->last = NULL;
    list->count--;
    return job;
}

/* ---- a worker ---- */

static struct work_job *next_job(struct work *work)
{
    struct work_job *job = NULL;

    pthread_mutex_lock(&work->lock);
    while (!work->stop && work->queued.first == NULL)
        pthread_cond_wait(&work->wake, &work->lock);
    if (!work->stop)
        job = take(&work->queued);
    pthread_mutex_unlock(&work->lock);
    return job;
}

static void hand_back(void *context, struct work_job *job)
{
    struct work *work = context;
    uint64_t one = 1;

    pthread_mutex_lock(&work->lock);
    put(&work->answered, job);
    pthread_mutex_unlock(&work->lock);
    if (write(work->done, &one, sizeof one) < 0 && errno != EAGAIN)
        return; /* EAGAIN: it is awake already; nothing else can be, of an eventfd */
}

static void *run(void *context)
{
    struct worker *worker = context;
    struct work_job *job;

    while ((job = next_job(worker->work)) != NULL) {
        http_answer(&worker->asker, &job->request, &job->reply);
        if (job->reply.body.failed)
            http_problem(&job->reply, 500, "The answer is too large; ask for less.");
        if (job->reply.stream != NULL) {
            http_stream_go(job);
            continue;
        }
        http_finish(worker->asker.compressor, &job->request, &job->reply);
        hand_back(worker->work, job);
    }
    return NULL;
}

/* ---- start and stop ---- */

static int start_worker(struct worker *worker, struct error *why)
{
    int result = thread_start(&worker->thread, 0, run, worker);

    worker->runs = result == 0;
    return result == 0 ? 0 : error_set(why, "cannot start a thread: %s", strerror(result));
}

int work_start(struct work **started, const struct settings *settings, int done, struct error *why)
{
    struct work *work = calloc(1, sizeof *work);

    if (work == NULL)
        return error_set(why, "no memory");
    pthread_mutex_init(&work->lock, NULL);
    pthread_cond_init(&work->wake, NULL);
    work->done = done;
    *started = work;
    work->files = http_files_read(settings);
    if (work->files == NULL)
        return error_set(why, "no memory");
    if (http_common_open(&work->common, settings, why) != 0)
        return -1;
    work->streams = http_streams_new(done, hand_back, work);
    if (work->streams == NULL)
        return error_set(why, "no memory");
    for (size_t i = 0; i < WEB_WORKERS; i++) {
        work->workers[i].work = work;
        if (http_asker_open(&work->workers[i].asker, work->common, why) != 0)
            return -1;
        work->workers[i].asker.files = work->files;
        work->workers[i].asker.streams = work->streams;
    }
    for (size_t i = 0; i < WEB_WORKERS; i++)
        if (start_worker(&work->workers[i], why) != 0)
            return -1;
    return 0;
}

int work_reload(struct work *work, const struct settings *settings, struct error *why)
{
    return http_common_reload(work->common, settings, why);
}

bool work_put(struct work *work, struct work_job *job)
{
    bool taken;

    pthread_mutex_lock(&work->lock);
    taken = !work->stop && work->queued.count < WORK_QUEUE_MAX;
    if (taken) {
        put(&work->queued, job);
        pthread_cond_signal(&work->wake);
    }
    pthread_mutex_unlock(&work->lock);
    return taken;
}

struct http_streams *work_streams(struct work *work)
{
    return work->streams;
}

struct work_job *work_take(struct work *work)
{
    struct work_job *job;

    pthread_mutex_lock(&work->lock);
    job = take(&work->answered);
    pthread_mutex_unlock(&work->lock);
    return job;
}

void work_stop(struct work *work)
{
    struct work_job *job;

    pthread_mutex_lock(&work->lock);
    work->stop = true;
    pthread_cond_broadcast(&work->wake);
    pthread_mutex_unlock(&work->lock);
    for (size_t i = 0; i < WEB_WORKERS; i++)
        if (work->workers[i].runs)
            pthread_join(work->workers[i].thread, NULL);
    if (work->streams != NULL)
        http_streams_stop(work->streams);
    while ((job = take(&work->queued)) != NULL) {
        http_problem(&job->reply, 503, "The service ends; try again later.");
        put(&work->answered, job);
    }
}

void work_free(struct work **freed)
{
    struct work *work = *freed;

    if (work == NULL)
        return;
    *freed = NULL;
    http_files_free(&work->files);
    http_streams_free(&work->streams);
    for (size_t i = 0; i < WEB_WORKERS; i++)
        http_asker_close(&work->workers[i].asker);
    http_common_free(&work->common);
    pthread_cond_destroy(&work->wake);
    pthread_mutex_destroy(&work->lock);
    free(work);
}
