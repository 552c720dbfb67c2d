/* A file that ends the program on purpose: preloaded, it aborts the program that reads a file with END_ON_READ in its path.
 *
 *   cc -shared -fPIC -O2 -o end_on_read.so end_on_read.c -ldl
 *   LD_PRELOAD=./end_on_read.so END_ON_READ=fatal program
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ssize_t read(int file, void *buffer, size_t n) {
    static ssize_t (*real)(int, void *, size_t);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "read");
    const char *fatal = getenv("END_ON_READ");
    char link[32], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (fatal && length > 0) {
        path[length] = 0;
        if (strstr(path, fatal)) abort();
    }
    return real(file, buffer, n);
}
