/* A name service that uses much stack, as those of directories and of user databases do. Its answer is 127.0.0.1,
 * whatever it is asked for. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <nss.h>
#include <string.h>

#define DEPTH (192 * 1024)

/* Uses that much stack below this function, all of it. */
static __attribute__((noinline)) int dive(void) {
    volatile char deep[DEPTH];
    for (size_t at = 0; at < sizeof deep; at += 64) deep[at] = 1;
    return deep[64];
}

enum nss_status _nss_deep_gethostbyname2_r(const char *name, int family, struct hostent *host, char *buffer,
                                           size_t length, int *error, int *host_error) {
    (void)name;
    struct { char *aliases[1], *addresses[2]; struct in_addr address; } *kept = (void *)buffer;
    if (family != AF_INET || !dive()) {
        *host_error = NO_DATA;
        return NSS_STATUS_NOTFOUND;
    }
    if (length < sizeof *kept) {
        *error = ERANGE;
        *host_error = NETDB_INTERNAL;
        return NSS_STATUS_TRYAGAIN;
    }
    kept->address.s_addr = htonl(INADDR_LOOPBACK);
    kept->addresses[0] = (char *)&kept->address;
    kept->addresses[1] = kept->aliases[0] = NULL;
    host->h_name = (char *)name;
    host->h_aliases = kept->aliases;
    host->h_addrtype = AF_INET;
    host->h_length = sizeof kept->address;
    host->h_addr_list = kept->addresses;
    return NSS_STATUS_SUCCESS;
}
