/* What network.c offers to what takes the place of the system's functions, system.c and system_windows.c. */
#ifndef NETWORK_H
#define NETWORK_H
#include "sockets.h"
#ifdef _WIN32
typedef SOCKET socket_number;
#else
#include <netdb.h>
typedef int socket_number;
#endif

/* The number of an error by its name in POSIX. */
int error_number(const char *name);

/* These do what commands say; `real` is the system's function. */
int look_up_as_told(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result,
                    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **));
void free_as_told(struct addrinfo *list, void (*real)(struct addrinfo *));
int connect_as_told(socket_number socket, const struct sockaddr *address, socklen_t length,
                    int (*real)(socket_number, const struct sockaddr *, socklen_t));

/* Says what was counted since the last time. */
void tell_network(void);

#endif
