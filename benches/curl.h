/* What the two programs with libcurl share (libcurl.c, get.c): a handle with verification on and limits on time and
 * size, as an engineer would set it up, and the answer's body as it comes. */
#ifndef CURL_H
#define CURL_H
#include "bench.h"
#include <curl/curl.h>

struct answer {
    char *text;
    size_t length;
    size_t limit;
};

static inline size_t keep(char *data, size_t size, size_t count, void *into) {
    struct answer *answer = into;
    size_t length = size * count;
    if (length > answer->limit - answer->length) return 0;
    char *text = realloc(answer->text, answer->length + length + 1);
    if (text == NULL) return 0;
    memcpy(text + answer->length, data, length);
    answer->text = text;
    answer->length += length;
    text[answer->length] = '\0';
    return length;
}

static inline CURL *open_curl(const char *url, const char *path, struct curl_slist *headers, const char *ca) {
    char endpoint[256];
    snprintf(endpoint, sizeof endpoint, "%s%s", url, path);
    CURL *curl = curl_easy_init();
    if (curl == NULL) fail("curl_easy_init");
    curl_easy_setopt(curl, CURLOPT_URL, endpoint);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "careful/1.0");
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, strncmp(url, "https", 5) == 0 ? "https" : "http");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 30000L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
    curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    return curl;
}

/* Sends what the handle is set up for; the HTTP status has to be 200. */
static inline void perform(CURL *curl, struct answer *answer) {
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK) fail(curl_easy_strerror(code));
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) fail("an error");
}

#endif
