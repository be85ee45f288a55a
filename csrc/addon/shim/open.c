/* Opening what is on a disk that may hang: a log file, and the directories above it (src/shim/task/). */
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

struct opening {
    struct work work;
    struct text path;
    int flags;
    uint32_t mode;
};

static void run_open(struct work *work) {
    const struct opening *opening = (struct opening *)work;
    do
        work->descriptor = open(opening->path.data, opening->flags, (mode_t)opening->mode);
    while (work->descriptor < 0 && errno == EINTR);
    if (work->descriptor < 0)
        work_fail(work, errno, "open", opening->path.data);
}

static void run_make_directory(struct work *work) {
    const struct opening *opening = (struct opening *)work;
    if (mkdir(opening->path.data, (mode_t)opening->mode) < 0)
        work_fail(work, errno, "mkdir", opening->path.data);
}

static void release(struct work *work) {
    text_release(&((struct opening *)work)->path);
    free(work);
}

static struct opening *make_opening(void (*run)(struct work *work)) {
    struct opening *opening = calloc(1, sizeof *opening);
    if (opening == NULL)
        return NULL;
    opening->work.run = run;
    opening->work.release = release;
    opening->work.descriptor = -1;
    opening->path.data = opening->path.room;
    return opening;
}

static napi_value open_async(napi_env env, napi_callback_info info) {
    struct opening *opening = make_opening(run_open);
    if (opening == NULL)
        return fail(env, ENOMEM, "malloc", NULL);
    opening->work.opens = true;
    if (open_async_arguments(env, info, &opening->path, &opening->flags, &opening->mode))
        return work_start(env, &opening->work);
    release(&opening->work);
    return NULL;
}

static napi_value make_directory_async(napi_env env, napi_callback_info info) {
    struct opening *opening = make_opening(run_make_directory);
    if (opening == NULL)
        return fail(env, ENOMEM, "malloc", NULL);
    if (make_directory_async_arguments(env, info, &opening->path, &opening->mode))
        return work_start(env, &opening->work);
    release(&opening->work);
    return NULL;
}

napi_status register_opens(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {
        EXPORT(openAsync, open_async),
        EXPORT(makeDirectoryAsync, make_directory_async),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
