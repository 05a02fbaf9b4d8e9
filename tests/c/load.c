/* What the library does by being loaded and by tg_conn_new: no thread, no socket.   load LIBRARY */
#include <dirent.h>
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int count(const char *folder, const char *wanted) {
    DIR *dir = opendir(folder);
    int found = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char link[512], target[256] = "";
        snprintf(link, sizeof link, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] == '.') continue;
        if (wanted != NULL && readlink(link, target, sizeof target - 1) < 0) continue;
        found += wanted == NULL || strncmp(target, wanted, strlen(wanted)) == 0;
    }
    closedir(dir);
    return found;
}

int main(int argc, char **argv) {
    void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
    if (library == NULL) return 2;
    int threads = count("/proc/self/task", NULL), sockets = count("/proc/self/fd", "socket:");
    void *(*config_new)(const char *) = (void *(*)(const char *))(intptr_t)dlsym(library, "tg_config_new");
    int32_t (*conn_new)(void *, void **, void **) = (int32_t (*)(void *, void **, void **))(intptr_t)dlsym(library, "tg_conn_new");
    void *conn = NULL;
    int32_t status = conn_new(config_new("http://localhost:1"), &conn, NULL);
    int threads_after = count("/proc/self/task", NULL), sockets_after = count("/proc/self/fd", "socket:");
    printf("threads             %d after loading, %d after tg_conn_new\n", threads, threads_after);
    printf("sockets             %d after loading, %d after tg_conn_new\n", sockets, sockets_after);
    return status == 0 && threads == 1 && threads_after == 1 && sockets == 0 && sockets_after == 0 ? 0 : 1;
}
