/* The same request as that of send.c by libcurl: a header with the token, and the body kept as it comes. */
#include "curl.h"

static CURL *curl;
static struct curl_slist *headers;

static void open_client(const char *url, const char *ca) {
    headers = curl_slist_append(NULL, "Authorization: Bearer " TOKEN);
    curl = open_curl(url, variable("BENCH_PATH"), headers, ca);
}

static void call(void) {
    struct answer answer = {.limit = 64 * 1024 * 1024};
    perform(curl, &answer);
    if (answer.length != strtoul(variable("BENCH_LENGTH"), NULL, 10)) fail("another answer");
    free(answer.text);
}

static void close_client(void) {
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
}

int main(int argc, char **argv) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return measure_client(argc, argv, (struct client){open_client, call, close_client});
}
