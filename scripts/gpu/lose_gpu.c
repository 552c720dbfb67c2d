/* A GPU that is lost on purpose: preloaded, it lets the call number LOSE_GPU_AT of CUDA's runtime and all after it fail.
 *
 *   cc -shared -fPIC -O2 -o lose_gpu.so lose_gpu.c -ldl
 *   LD_PRELOAD=./lose_gpu.so LOSE_GPU_AT=1000 LOSE_GPU_COUNT=FILE program
 *
 * Counted are the copies and the waits, which libtorch makes for every batch; without LOSE_GPU_AT they are only counted.
 * The number of calls so far stands in LOSE_GPU_COUNT. The error is the one of a kernel that crashed
 * (cudaErrorLaunchFailure), after which a real GPU refuses everything of this process too. Declared by hand: CUDA's headers
 * need not be installed. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LAUNCH_FAILURE = 719 };

static atomic_long calls;
static atomic_int lost;
static long fatal;
static int count = -1;

__attribute__((constructor)) static void begin(void) {
    const char *at = getenv("LOSE_GPU_AT");
    fatal = at ? atol(at) : 0;
    const char *path = getenv("LOSE_GPU_COUNT");
    if (path) count = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
}

/* Whether this call, which counts, fails. */
static int fails(void) {
    long number = atomic_fetch_add(&calls, 1) + 1;
    char text[32];
    int length = snprintf(text, sizeof text, "%ld\n", number);
    /* Written over and over: a program that ends without ceremony runs no destructor. Only more digits can follow. */
    if (count >= 0 && pwrite(count, text, (size_t)length, 0) != length) close(count), count = -1;
    if (fatal && number >= fatal) atomic_store(&lost, 1);
    return atomic_load(&lost);
}

#define FORWARD(name, parameters, arguments, condition)                       \
    int name parameters {                                                     \
        static int(*real) parameters;                                         \
        if (condition) return LAUNCH_FAILURE;                                 \
        if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name);                 \
        return real ? real arguments : LAUNCH_FAILURE;                        \
    }

/* What libtorch calls for every batch. */
FORWARD(cudaMemcpyAsync, (void *to, const void *from, size_t n, int kind, void *stream), (to, from, n, kind, stream), fails())
FORWARD(cudaEventSynchronize, (void *event), (event), fails())
FORWARD(cudaStreamSynchronize, (void *stream), (stream), fails())

/* What a lost GPU refuses as well. */
FORWARD(cudaEventRecord, (void *event, void *stream), (event, stream), atomic_load(&lost))
FORWARD(cudaEventRecordWithFlags, (void *event, void *stream, unsigned flags), (event, stream, flags), atomic_load(&lost))
FORWARD(cudaEventQuery, (void *event), (event), atomic_load(&lost))
FORWARD(cudaStreamQuery, (void *stream), (stream), atomic_load(&lost))
FORWARD(cudaDeviceSynchronize, (void), (), atomic_load(&lost))
FORWARD(cudaMalloc, (void **to, size_t n), (to, n), atomic_load(&lost))
FORWARD(cudaFree, (void *block), (block), atomic_load(&lost))
FORWARD(cudaHostAlloc, (void **to, size_t n, unsigned flags), (to, n, flags), atomic_load(&lost))
FORWARD(cudaFreeHost, (void *block), (block), atomic_load(&lost))
FORWARD(cudaGetLastError, (void), (), atomic_load(&lost))
FORWARD(cudaPeekAtLastError, (void), (), atomic_load(&lost))
