/* tg-auth: what differs between systems, on Linux, macOS and their like. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* fallocate, sigaction, O_CLOEXEC */
#endif
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/xattr.h>
#endif

/* --- The program, and what it writes --------------------------------------------------------------------- */

/* Gives the standard descriptors that are closed to /dev/null, so that no file or socket which is opened later gets
 * their numbers, and with them what is printed. Whether standard output was open. */
static int occupy_standard_descriptors(void) {
    int is_open = fcntl(STDOUT_FILENO, F_GETFD) != -1;
    int opened;
    do opened = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (opened >= 0 && opened < STDERR_FILENO);
    if (opened > STDERR_FILENO) close(opened);
    return is_open;
}

int begin_program(int *argc, char ***argv) {
    (void)argc, (void)argv;
    int is_open = occupy_standard_descriptors();
    /* A reader that went away, or a file that reached its limit, is a failed write and not the silent end. */
    signal(SIGPIPE, SIG_IGN);
#ifdef SIGXFSZ
    signal(SIGXFSZ, SIG_IGN);
#endif
    return is_open;
}

int end_program(int code) { return code; }

/* Room for a secret in a file, which a full disk does not have. */
#define SECRET_ROOM 1024
static int file_trouble(const struct stat *file, int flags) {
#ifdef FALLOC_FL_KEEP_SIZE
    off_t at = flags & O_APPEND ? file->st_size : lseek(STDOUT_FILENO, 0, SEEK_CUR);
    if (at < 0 || fallocate(STDOUT_FILENO, FALLOC_FL_KEEP_SIZE, at, SECRET_ROOM) == 0) return 0;
    int is_full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
    return is_full ? errno : 0;
#else
    (void)file, (void)flags;
    return 0;
#endif
}

int refusal_of_output(void) {
    int flags = fcntl(STDOUT_FILENO, F_GETFL);
    struct stat file;
    if (flags == -1 || (flags & O_ACCMODE) == O_RDONLY) return EBADF;
    struct pollfd asked = {.fd = STDOUT_FILENO, .events = POLLOUT};
    if (poll(&asked, 1, 0) == 1 && asked.revents & (POLLERR | POLLHUP | POLLNVAL)) return EPIPE;
    if (fstat(STDOUT_FILENO, &file) != 0) return errno;
    if (S_ISREG(file.st_mode)) return file_trouble(&file, flags);
    /* /dev/full refuses even nothing. */
    if (S_ISCHR(file.st_mode) && write(STDOUT_FILENO, "", 0) < 0 && errno != EAGAIN) return errno;
    return 0;
}

int is_terminal(FILE *stream) { return isatty(fileno(stream)); }

int shows_colours(FILE *stream) {
    const char *term = getenv("TERM");
    return is_terminal(stream) && term && strcmp(term, "dumb") != 0;
}

/* --- What it reads --------------------------------------------------------------------------------------- */

const char *const name_of_input = "/dev/stdin";

int open_to_read(const char *path) { return open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC); }

ptrdiff_t read_some(int file, char *bytes, size_t most) {
    for (;;) {
        ssize_t count = read(file, bytes, most);
        if (count >= 0) return count;
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            struct pollfd asked = {.fd = file, .events = POLLIN};
            poll(&asked, 1, -1);
        } else if (errno != EINTR) {
            return -1;
        }
    }
}

void close_file(int file) { close(file); }

static struct termios shown, hidden;
static char prompt[64];

/* Whether the terminal is this program's, and not that of a shell which has it in the background. */
static int is_in_front(void) {
    pid_t front = tcgetpgrp(STDIN_FILENO);
    return front < 0 || front == getpgrp();
}

static void set_terminal(int when, const struct termios *wanted) {
    if (is_in_front()) tcsetattr(STDIN_FILENO, when, wanted);
}

/* The terminal shows what is typed again before the program ends. */
static void end_by_signal(int number) {
    set_terminal(TCSANOW, &shown);
    signal(number, SIG_DFL);
    raise(number);
}

/* The same before it stops, as by Ctrl-Z. What was typed while it was shown is not taken. */
static void stop_by_signal(int number) {
    struct sigaction usual = {.sa_handler = SIG_DFL}, own;
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, number);
    set_terminal(TCSANOW, &shown);
    sigaction(number, &usual, &own);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &set, &before); /* it stops here */
    sigprocmask(SIG_SETMASK, &before, NULL);
    sigaction(number, &own, NULL);
    set_terminal(TCSAFLUSH, &hidden);
}

/* The shell has used the terminal in between, and has set it as it likes. */
static void go_on_by_signal(int number) {
    int failure = errno;
    (void)number;
    set_terminal(TCSAFLUSH, &hidden);
    ssize_t unused = is_in_front() ? write(STDERR_FILENO, prompt, strlen(prompt)) : 0;
    (void)unused;
    errno = failure;
}

static const struct {
    int number;
    void (*handler)(int number);
} signals[] = {
    {SIGINT, end_by_signal},  {SIGTERM, end_by_signal},  {SIGHUP, end_by_signal},
    {SIGQUIT, end_by_signal}, {SIGTSTP, stop_by_signal}, {SIGCONT, go_on_by_signal},
};
#define SIGNAL_COUNT (sizeof signals / sizeof *signals)
static struct sigaction before_typing[SIGNAL_COUNT];

/* One at a time: whoever is to end a stopped program sends the signal for that, and then lets it go on. */
static sigset_t typing_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) sigaddset(&set, signals[i].number);
    return set;
}

/* A signal that is ignored stays so, as Ctrl-Z is where nobody could let the program go on. */
static void take_signals(void) {
    struct sigaction action = {.sa_mask = typing_signals()};
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        sigaction(signals[i].number, NULL, &before_typing[i]);
        action.sa_handler = signals[i].handler;
        if (before_typing[i].sa_handler != SIG_IGN) sigaction(signals[i].number, &action, NULL);
    }
}

int hide_typing(const char *what) {
    if (tcgetattr(STDIN_FILENO, &shown) != 0) return 0;
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    snprintf(prompt, sizeof prompt, "%s: ", what);
    take_signals();
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    fputs(prompt, stderr);
    return 1;
}

void show_typing(void) {
    sigset_t set = typing_signals(), before;
    sigprocmask(SIG_BLOCK, &set, &before);
    tcsetattr(STDIN_FILENO, TCSANOW, &shown);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) sigaction(signals[i].number, &before_typing[i], NULL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    fputc('\n', stderr);
}

/* --- Files that it makes --------------------------------------------------------------------------------- */

int open_new(const char *path) {
    if (remove_file(path) != 0) return -1;
    return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* Whether others than owner, group and everybody are named beside a file. Other systems keep such lists elsewhere. */
static int has_access_list(int file) {
#ifdef __linux__
    return fgetxattr(file, "system.posix_acl_access", NULL, 0) > 0;
#else
    (void)file;
    return 0;
#endif
}

/* The owner first: another one takes bits of the mode away. */
static int set_access(int fresh, const struct stat *wanted) {
    struct stat now;
    if (fstat(fresh, &now) != 0) return 0;
    int is_owned = now.st_uid == wanted->st_uid && now.st_gid == wanted->st_gid;
    if (!is_owned && fchown(fresh, wanted->st_uid, wanted->st_gid) != 0) return 0;
    if (fchmod(fresh, wanted->st_mode & 07777) != 0 || fstat(fresh, &now) != 0) return 0;
    return now.st_uid == wanted->st_uid && now.st_gid == wanted->st_gid && now.st_mode == wanted->st_mode;
}

const char *share_like(int fresh, const char *file) {
    struct stat wanted;
    int old = open_to_read(file);
    if (old < 0) return strerror(errno);
    const char *trouble = NULL;
    if (fstat(old, &wanted) != 0) trouble = strerror(errno);
    else if (has_access_list(old)) trouble = "it has an access list (ACL), which a new file would not have";
    else if (!set_access(fresh, &wanted)) trouble = "its owner, group and mode cannot be given to a new file";
    else if (has_access_list(fresh)) trouble = "a new file would have the access list (ACL) of the folder";
    close(old);
    return trouble;
}

int write_whole(int file, const char *text, size_t length) {
    while (length) {
        ssize_t count = write(file, text, length);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return 0;
        text += count;
        length -= (size_t)count;
    }
    return fsync(file) == 0;
}

int replace_file(const char *fresh, const char *file) { return rename(fresh, file); }

int remove_file(const char *path) { return unlink(path) == 0 || errno == ENOENT ? 0 : -1; }

int settle_folder(const char *path) {
    char *folder = strdup(path), *slash = folder ? strrchr(folder, '/') : NULL;
    int is_settled = folder != NULL;
    if (slash) {
        slash[slash == folder] = '\0';
        int opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        is_settled = opened >= 0 && fsync(opened) == 0;
        if (opened >= 0) close(opened);
    }
    free(folder);
    return is_settled;
}

char *real_path(const char *path) { return realpath(path, NULL); }

/* --- Time and chance ------------------------------------------------------------------------------------- */

int64_t now_ms(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void sleep_ms(int64_t ms) {
    struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) continue;
}

int random_bytes(void *bytes, size_t size) {
    FILE *file = fopen("/dev/urandom", "rb");
    int is_read = file && fread(bytes, size, 1, file) == 1;
    if (file) fclose(file);
    return is_read;
}

/* --- The user's wish to end ------------------------------------------------------------------------------ */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_t watcher;
static sigset_t before_watch;
static int has_watcher, is_over;
static void (*on_end)(void);

void take_lock(void) { pthread_mutex_lock(&lock); }

void give_lock(void) { pthread_mutex_unlock(&lock); }

static sigset_t ending_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    return set;
}

/* A thread waits for signals. The last one only tells that nobody waits any more. */
static void *watch(void *unused) {
    sigset_t set = ending_signals();
    int number, goes_on = 1;
    while (goes_on) {
        if (sigwait(&set, &number) != 0) continue;
        take_lock();
        goes_on = !is_over;
        give_lock();
        if (goes_on) on_end();
    }
    return unused;
}

void watch_for_end(void (*stop)(void)) {
    sigset_t set = ending_signals();
    on_end = stop;
    pthread_sigmask(SIG_BLOCK, &set, &before_watch);
    has_watcher = pthread_create(&watcher, NULL, watch, NULL) == 0;
    if (!has_watcher) pthread_sigmask(SIG_SETMASK, &before_watch, NULL);
}

void end_watch(void) {
    if (!has_watcher) return;
    take_lock();
    is_over = 1;
    give_lock();
    pthread_kill(watcher, SIGTERM);
    pthread_join(watcher, NULL);
}
