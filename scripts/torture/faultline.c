/* Runs a program, counts its file operations over all threads, and at the N-th kills it, tears a write, or lets operations fail.
 *
 *     faultline [-p PREFIX]... [-k KIND,...] [-n N] [-a ACTION] [-r] [-w FILE] -l LOG -- PROGRAM ARGUMENT...
 *
 *   -p  only operations on paths that begin with PREFIX (default: all)
 *   -k  kinds: create write rename unlink sync trunc mkdir (default: these), and open read list stat
 *   -n  the operation, counted from 1 (default 0: count only)
 *   -a  kill: SIGKILL instead of the operation; tear: half of the write, then SIGKILL; or an error: ENOSPC EIO EACCES ...
 *   -r  let all operations from the N-th on fail, not it alone
 *   -w  a fault that comes and goes: while FILE exists, all operations fail that its one line `ERROR KIND,... PREFIX` names
 *   -l  a line `NUMBER KIND CALL PATH` for each operation; `HIT NUMBER KIND CALL PATH` for each that was acted on
 *
 * It ends as the program does (128 + signal when a signal ended it), 71 when this system does not permit it, 64 on wrong
 * arguments. SIGTERM and SIGINT are passed on. It works by seccomp user notification: the kernel asks before each operation, so
 * that raw system calls are seen as well, of every thread and with no other thread counted twice.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_PERMITTED = 71, WRONG_ARGUMENTS = 64, MOST_PREFIXES = 8, LONGEST_PATH = 8192 };
/* How long the N-th operation takes to fail. A disk fails slowly, so that other threads already wait for the operation. */
enum { SLOW_FAILURE_US = 100000 };
enum kind { CREATE, WRITE, RENAME, UNLINK, SYNC, TRUNC, MKDIR, OPEN, READ, LIST, STAT, N_KINDS };
static const char *const KINDS[N_KINDS] = {"create", "write", "rename", "unlink", "sync", "trunc", "mkdir", "open", "read", "list", "stat"};
static const unsigned CHANGES = (1u << OPEN) - 1;

/* Where a call names its file: by an open file, by a path, or by a path below an open folder. */
enum place { FILE_AT_0, PATH_AT_0, PATH_AT_1 };

/* O_* decide whether an open creates: OPEN stands for both. */
static const struct call { int number; const char *name; enum kind kind; enum place place; } CALLS[] = {
    {SYS_openat, "openat", OPEN, PATH_AT_1}, {SYS_write, "write", WRITE, FILE_AT_0}, {SYS_pwrite64, "pwrite64", WRITE, FILE_AT_0},
    {SYS_writev, "writev", WRITE, FILE_AT_0}, {SYS_pwritev, "pwritev", WRITE, FILE_AT_0},
    {SYS_copy_file_range, "copy_file_range", WRITE, FILE_AT_0}, {SYS_sendfile, "sendfile", WRITE, FILE_AT_0},
    {SYS_renameat, "renameat", RENAME, PATH_AT_1}, {SYS_renameat2, "renameat2", RENAME, PATH_AT_1},
    {SYS_linkat, "linkat", RENAME, PATH_AT_1}, {SYS_symlinkat, "symlinkat", CREATE, PATH_AT_1},
    {SYS_unlinkat, "unlinkat", UNLINK, PATH_AT_1}, {SYS_fsync, "fsync", SYNC, FILE_AT_0}, {SYS_fdatasync, "fdatasync", SYNC, FILE_AT_0},
    {SYS_sync_file_range, "sync_file_range", SYNC, FILE_AT_0}, {SYS_syncfs, "syncfs", SYNC, FILE_AT_0},
    {SYS_ftruncate, "ftruncate", TRUNC, FILE_AT_0}, {SYS_fallocate, "fallocate", TRUNC, FILE_AT_0},
    {SYS_mkdirat, "mkdirat", MKDIR, PATH_AT_1}, {SYS_read, "read", READ, FILE_AT_0}, {SYS_pread64, "pread64", READ, FILE_AT_0},
    {SYS_readv, "readv", READ, FILE_AT_0}, {SYS_preadv, "preadv", READ, FILE_AT_0}, {SYS_getdents64, "getdents64", LIST, FILE_AT_0},
    {SYS_statx, "statx", STAT, PATH_AT_1},
#ifdef SYS_open /* not every processor has these older calls */
    {SYS_open, "open", OPEN, PATH_AT_0}, {SYS_creat, "creat", CREATE, PATH_AT_0}, {SYS_rename, "rename", RENAME, PATH_AT_0},
    {SYS_link, "link", RENAME, PATH_AT_0}, {SYS_symlink, "symlink", CREATE, PATH_AT_0}, {SYS_unlink, "unlink", UNLINK, PATH_AT_0},
    {SYS_rmdir, "rmdir", UNLINK, PATH_AT_0}, {SYS_mkdir, "mkdir", MKDIR, PATH_AT_0}, {SYS_stat, "stat", STAT, PATH_AT_0},
    {SYS_lstat, "lstat", STAT, PATH_AT_0}, {SYS_newfstatat, "newfstatat", STAT, PATH_AT_1},
#endif
};
enum { N_CALLS = sizeof CALLS / sizeof *CALLS };

static const struct { const char *name; int number; } ERRORS[] = {
    {"ENOSPC", ENOSPC}, {"EIO", EIO}, {"EACCES", EACCES}, {"EMFILE", EMFILE}, {"EDQUOT", EDQUOT}, {"EROFS", EROFS},
    {"ENFILE", ENFILE}, {"EPERM", EPERM}, {"ENOMEM", ENOMEM}, {"ESTALE", ESTALE},
};

static struct {
    const char *prefixes[MOST_PREFIXES];
    int n_prefixes;
    unsigned kinds;
    long at;
    const char *action;
    int error; /* 0: the action kills */
    int all_from_there;
    const char *passing_fault;
    FILE *log;
} plan = {.kinds = CHANGES, .action = "kill"};

static pid_t program;

static void wrong(const char *what, const char *name) {
    fprintf(stderr, "faultline: %s `%s` is not known; the head of faultline.c lists them\n", what, name);
    exit(WRONG_ARGUMENTS);
}

static unsigned kinds_named(char *names) {
    unsigned kinds = 0;
    for (char *rest, *name = strtok_r(names, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        int kind = 0;
        while (kind < N_KINDS && strcmp(name, KINDS[kind])) kind++;
        if (kind == N_KINDS) wrong("kind", name);
        kinds |= 1u << kind;
    }
    return kinds;
}

/* 0: none of that name. */
static int error_named(const char *name) {
    for (size_t i = 0; i < sizeof ERRORS / sizeof *ERRORS; i++)
        if (!strcmp(name, ERRORS[i].name)) return ERRORS[i].number;
    return 0;
}

static void read_action(const char *name) {
    plan.action = name;
    plan.error = error_named(name);
    if (!plan.error && strcmp(name, "kill") && strcmp(name, "tear")) wrong("action", name);
}

static void read_arguments(int argc, char **argv) {
    for (int option; (option = getopt(argc, argv, "+p:k:n:a:rw:l:")) != -1;) {
        switch (option) {
        case 'p':
            if (plan.n_prefixes == MOST_PREFIXES) wrong("one prefix more,", optarg);
            plan.prefixes[plan.n_prefixes++] = optarg;
            break;
        case 'k': plan.kinds = kinds_named(optarg); break;
        case 'n': plan.at = atol(optarg); break;
        case 'a': read_action(optarg); break;
        case 'r': plan.all_from_there = 1; break;
        case 'w': plan.passing_fault = optarg; break;
        case 'l': plan.log = fopen(optarg, "we"); break;
        default: exit(WRONG_ARGUMENTS);
        }
    }
    if (!plan.log || optind == argc) wrong("log or program", "(none)");
}

static int is_wanted(const struct call *call) {
    unsigned of_open = 1u << OPEN | 1u << CREATE;
    return (plan.kinds & (call->kind == OPEN ? of_open : 1u << call->kind)) != 0;
}

/* From here on the kernel asks before each wanted call of this process, its threads and what it executes. */
static int ask_before_calls(void) {
    struct sock_filter code[2 + 2 * N_CALLS] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
    unsigned short length = 1;
    for (int i = 0; i < N_CALLS; i++) {
        if (!is_wanted(&CALLS[i])) continue;
        code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CALLS[i].number, 0, 1);
        code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    }
    code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog filter = {length, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
}

/* The child's part: a group of its own, the filter, and then the program. `to_parent` is used by send and recv alone, which are
 * not asked about. */
static void become_program(int to_parent, char **arguments) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    int listener = ask_before_calls(), error = errno;
    char go;
    if (send(to_parent, &listener, sizeof listener, 0) < 0 || recv(to_parent, &go, 1, 0) != 1 || listener < 0) {
        fprintf(stderr, "faultline: seccomp user notification: %s; run it where that is permitted\n", strerror(error));
        _exit(NOT_PERMITTED);
    }
    close(listener);
    execvp(arguments[0], arguments);
    fprintf(stderr, "faultline: %s: %s\n", arguments[0], strerror(errno));
    _exit(127);
}

/* Starts the program; the listener on which the kernel asks. */
static int start(char **arguments) {
    int pair[2], theirs = -1, listener = -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) return -1;
    program = fork();
    if (!program) {
        close(pair[0]);
        become_program(pair[1], arguments);
    }
    close(pair[1]);
    if (recv(pair[0], &theirs, sizeof theirs, 0) == sizeof theirs && theirs >= 0) {
        int process = (int)syscall(SYS_pidfd_open, program, 0);
        listener = (int)syscall(SYS_pidfd_getfd, process, theirs, 0);
        close(process);
    }
    if (listener >= 0) send(pair[0], "", 1, MSG_NOSIGNAL);
    close(pair[0]);
    return listener;
}

/* The text at an address of the program, page by page: the next one may not be there. */
static void read_text(pid_t thread, unsigned long address, char *text, size_t size) {
    size_t length = 0;
    text[0] = 0;
    while (length + 1 < size) {
        size_t n = 4096 - (address + length) % 4096;
        if (n > size - 1 - length) n = size - 1 - length;
        struct iovec here = {text + length, n}, there = {(void *)(address + length), n};
        ssize_t got = process_vm_readv(thread, &here, 1, &there, 1, 0);
        if (got <= 0) return;
        if (memchr(text + length, 0, (size_t)got)) return;
        length += (size_t)got;
        text[length] = 0;
    }
}

static void path_of_file(pid_t thread, int file, char *path, size_t size) {
    char link[64];
    if (file == AT_FDCWD) snprintf(link, sizeof link, "/proc/%d/cwd", thread);
    else snprintf(link, sizeof link, "/proc/%d/fd/%d", thread, file);
    ssize_t length = readlink(link, path, size - 1);
    path[length < 0 ? 0 : length] = 0;
}

static void path_of_call(const struct seccomp_notif *asked, enum place place, char *path, size_t size) {
    pid_t thread = (pid_t)asked->pid;
    int folder = place == PATH_AT_0 ? AT_FDCWD : (int)asked->data.args[0];
    if (place == FILE_AT_0) {
        path_of_file(thread, folder, path, size);
        return;
    }
    char name[4096];
    read_text(thread, asked->data.args[place == PATH_AT_1], name, sizeof name);
    if (name[0] == '/') {
        snprintf(path, size, "%s", name);
        return;
    }
    path_of_file(thread, folder, path, size);
    if (name[0]) { /* an empty one means the open file itself */
        size_t length = strlen(path);
        snprintf(path + length, size - length, "/%s", name);
    }
}

static enum kind kind_of(const struct call *call, const struct seccomp_notif *asked) {
    if (call->kind != OPEN) return call->kind;
    unsigned long flags = asked->data.args[call->place == PATH_AT_1 ? 2 : 1];
    return flags & (O_CREAT | O_TRUNC | O_WRONLY | O_RDWR) ? CREATE : OPEN;
}

static int is_below_a_prefix(const char *path) {
    for (int i = 0; i < plan.n_prefixes; i++)
        if (!strncmp(path, plan.prefixes[i], strlen(plan.prefixes[i]))) return 1;
    return !plan.n_prefixes;
}

static int is_due(long number) { return plan.at && (plan.all_from_there ? number >= plan.at : number == plan.at); }

/* The error with which the fault that comes and goes lets this operation fail; 0: it does not. */
static int passing_error(enum kind kind, const char *path) {
    FILE *file = plan.passing_fault ? fopen(plan.passing_fault, "re") : NULL;
    if (!file) return 0;
    char error[32], kinds[128], prefix[4096];
    int n_words = fscanf(file, "%31s %127s %4095s", error, kinds, prefix);
    fclose(file);
    if (n_words != 3 || !error_named(error)) wrong("fault in", plan.passing_fault);
    return kinds_named(kinds) & 1u << kind && !strncmp(path, prefix, strlen(prefix)) ? error_named(error) : 0;
}

/* Writes the first half of what the program was about to write. False where there is no half. */
static int tear(const struct seccomp_notif *asked) {
    size_t half = asked->data.args[2] / 2;
    if ((asked->data.nr != SYS_write && asked->data.nr != SYS_pwrite64) || !half) return 0;
    int process = (int)syscall(SYS_pidfd_open, program, 0);
    int file = (int)syscall(SYS_pidfd_getfd, process, (int)asked->data.args[0], 0);
    char *bytes = malloc(half);
    struct iovec here = {bytes, half}, there = {(void *)asked->data.args[1], half};
    int whole = bytes && process_vm_readv(program, &here, 1, &there, 1, 0) == (ssize_t)half;
    if (whole && asked->data.nr == SYS_write) whole = write(file, bytes, half) == (ssize_t)half;
    else if (whole) whole = pwrite(file, bytes, half, (off_t)asked->data.args[3]) == (ssize_t)half;
    free(bytes);
    close(file);
    close(process);
    return whole;
}

/* Acts on one call. False: it is never answered, because the program is dead. */
static int answer(const struct seccomp_notif *asked, struct seccomp_notif_resp *reply) {
    static long number;
    const struct call *call = CALLS;
    while (call->number != asked->data.nr) call++;
    enum kind kind = kind_of(call, asked);
    char path[LONGEST_PATH];
    path_of_call(asked, call->place, path, sizeof path);
    if (!(plan.kinds & 1u << kind) || !is_below_a_prefix(path)) return 1;
    number++;
    fprintf(plan.log, "%ld %s %s %s\n", number, KINDS[kind], call->name, path);
    int error = passing_error(kind, path);
    if (!error && !is_due(number)) return 1;
    if (!error) error = plan.error;
    int acted = error || strcmp(plan.action, "tear") || tear(asked);
    if (acted) fprintf(plan.log, "HIT %ld %s %s %s\n", number, KINDS[kind], call->name, path);
    fflush(plan.log);
    if (error) {
        if (number == plan.at) usleep(SLOW_FAILURE_US);
        reply->flags = 0;
        reply->error = -error;
        return 1;
    }
    kill(-program, SIGKILL);
    return 0;
}

static void pass_on(int signal) { kill(program, signal); }

int main(int argc, char **argv) {
    read_arguments(argc, argv);
    int listener = start(argv + optind);
    struct sigaction passes_on = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
    sigaction(SIGTERM, &passes_on, NULL);
    sigaction(SIGINT, &passes_on, NULL);
    /* The kernel's record may be longer than the one this was compiled with. */
    union { struct seccomp_notif it; char room[1024]; } asked;
    union { struct seccomp_notif_resp it; char room[1024]; } reply;
    while (listener >= 0) {
        struct pollfd ready = {listener, POLLIN, 0};
        if (poll(&ready, 1, -1) < 0 && errno != EINTR) break;
        if (ready.revents & POLLHUP) break;
        if (!(ready.revents & POLLIN)) continue;
        memset(&asked, 0, sizeof asked);
        memset(&reply, 0, sizeof reply);
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked)) continue;
        reply.it.id = asked.it.id;
        reply.it.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        if (answer(&asked.it, &reply.it)) ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
    }
    int status = NOT_PERMITTED << 8;
    while (waitpid(program, &status, 0) < 0 && errno == EINTR) {}
    fclose(plan.log);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
