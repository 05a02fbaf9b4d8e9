/* What driver.c and system.c know of each other. */
#ifndef DRIVER_H
#define DRIVER_H

#include <pthread.h>
#include <stddef.h>
#include <time.h>

/* mingw's own format is that of Windows, and programs here have that of C. */
#ifdef _WIN32
#define PRINTF gnu_printf
#else
#define PRINTF printf
#endif

/* Writes one line. */
void say(const char *format, ...) __attribute__((format(PRINTF, 1, 2)));

/* The system's own functions, which no command makes fail. */
int real_clock(clockid_t clock, struct timespec *time);
int real_thread(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *arg);

/* Commands; their fields are described where they are defined. Windows has not all of them. */
void names_command(char **fields, size_t count);
void route_command(char **fields, size_t count);
void fail_command(char **fields, size_t count);
void clock_command(char **fields, size_t count);
void counts_command(char **fields, size_t count);

#endif
