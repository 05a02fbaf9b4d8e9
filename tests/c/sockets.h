/* Sockets of POSIX, or those of Windows, which differ in little that a test needs. */
#ifndef SOCKETS_H
#define SOCKETS_H

#ifdef _WIN32
#include <stdlib.h>
#include <winsock2.h>
#include <ws2tcpip.h>

static inline void start_sockets(void) {
    WSADATA about;
    if (WSAStartup(MAKEWORD(2, 2), &about) != 0) abort();
}

static inline void close_socket(int number) { closesocket((SOCKET)number); }
#else
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

static inline void start_sockets(void) {}

static inline void close_socket(int number) { close(number); }
#endif

#endif
