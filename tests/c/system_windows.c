/* The functions of Windows for driver.c. Its own come in place of the system's in the list of what the library imports. */
#include "driver.h"
#include "network.h"
#include <stdlib.h>
#include <string.h>
#include <windows.h>

/* ---- Names and sockets ---- */

static int WSAAPI look_up(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
    return look_up_as_told(node, service, hints, result, getaddrinfo);
}

static void WSAAPI free_addresses(struct addrinfo *list) {
    free_as_told(list, freeaddrinfo);
}

static int WSAAPI connect_socket(SOCKET socket, const struct sockaddr *address, int length) {
    return connect_as_told(socket, address, length, connect);
}

/* ---- Clocks ---- */

static LONG64 wall_ahead, boot_ahead;

/* The clock that only goes on; wine has no other one. */
static BOOL WINAPI count_of_performance(LARGE_INTEGER *count) {
    LARGE_INTEGER a_second;
    QueryPerformanceFrequency(&a_second);
    BOOL is_there = QueryPerformanceCounter(count);
    count->QuadPart += __atomic_load_n(&boot_ahead, __ATOMIC_SEQ_CST) * a_second.QuadPart;
    return is_there;
}

/* In steps of 100 ns. */
static void WINAPI time_of_day(FILETIME *time) {
    ULARGE_INTEGER steps;
    GetSystemTimePreciseAsFileTime(time);
    steps.u.LowPart = time->dwLowDateTime;
    steps.u.HighPart = time->dwHighDateTime;
    steps.QuadPart += (ULONG64)(__atomic_load_n(&wall_ahead, __ATOMIC_SEQ_CST) * 10000000);
    time->dwLowDateTime = steps.u.LowPart;
    time->dwHighDateTime = steps.u.HighPart;
}

/* "wall", or "boot" for all that only goes on; seconds ahead of the real one */
void clock_command(char **fields, size_t count) {
    (void)count;
    LONG64 *clock = strcmp(fields[1], "wall") == 0 ? &wall_ahead : &boot_ahead;
    __atomic_store_n(clock, _atoi64(fields[2]), __ATOMIC_SEQ_CST);
}

/* ---- In the place of the system's ---- */

/* Puts a function in the place of another in this list, which ends with 0; how often. */
static int replace_in(ULONG_PTR *functions, ULONG_PTR before, ULONG_PTR after) {
    int count = 0;
    for (DWORD protection; *functions; functions++) {
        if (*functions != before) continue;
        if (!VirtualProtect(functions, sizeof *functions, PAGE_READWRITE, &protection)) abort();
        *functions = after;
        if (!VirtualProtect(functions, sizeof *functions, protection, &protection)) abort();
        count++;
    }
    return count;
}

/* From now on the library calls this instead of a function of the system. */
static void replace(const char *system, const char *name, void (*with)(void)) {
    char *library = (char *)GetModuleHandleA("tigergraph_auth.dll");
    FARPROC before = GetProcAddress(GetModuleHandleA(system), name);
    if (library == NULL || before == NULL) abort();
    IMAGE_NT_HEADERS *headers = (IMAGE_NT_HEADERS *)(library + ((IMAGE_DOS_HEADER *)library)->e_lfanew);
    DWORD list = headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT].VirtualAddress;
    int count = 0;
    for (IMAGE_IMPORT_DESCRIPTOR *of = (IMAGE_IMPORT_DESCRIPTOR *)(library + list); of->FirstThunk; of++)
        count += replace_in((ULONG_PTR *)(library + of->FirstThunk), (ULONG_PTR)before, (ULONG_PTR)with);
    if (count == 0) abort();
}

__attribute__((constructor)) static void replace_all(void) {
    replace("ws2_32.dll", "getaddrinfo", (void (*)(void))look_up);
    replace("ws2_32.dll", "freeaddrinfo", (void (*)(void))free_addresses);
    replace("ws2_32.dll", "connect", (void (*)(void))connect_socket);
    replace("kernel32.dll", "QueryPerformanceCounter", (void (*)(void))count_of_performance);
    replace("kernel32.dll", "GetSystemTimePreciseAsFileTime", (void (*)(void))time_of_day);
}

/* ---- The rest of what driver.c wants ---- */

int real_clock(clockid_t clock, struct timespec *time) {
    return clock_gettime(clock, time);
}

int real_thread(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *arg) {
    return pthread_create(thread, attributes, run, arg);
}

void counts_command(char **fields, size_t count) {
    (void)fields, (void)count;
    tell_network();
}
