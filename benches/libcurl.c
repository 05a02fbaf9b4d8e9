/* What an engineer would write without this library, as one of the clients that are measured (bench.h):
 * libcurl with its handle used again, verification on, limits on time and size; JSON built and read by cJSON. */
#include "bench.h"
#include <cjson/cJSON.h>
#include <curl/curl.h>

#define MAX_ANSWER (1024 * 1024)

static CURL *curl;
static struct curl_slist *headers;

struct answer {
    char *text;
    size_t length;
};

static size_t keep(char *data, size_t size, size_t count, void *into) {
    struct answer *answer = into;
    size_t length = size * count;
    if (length > MAX_ANSWER - answer->length) return 0;
    char *text = realloc(answer->text, answer->length + length + 1);
    if (text == NULL) return 0;
    memcpy(text + answer->length, data, length);
    answer->text = text;
    answer->length += length;
    text[answer->length] = '\0';
    return length;
}

static void open_client(const char *url, const char *ca) {
    char endpoint[256];
    snprintf(endpoint, sizeof endpoint, "%s/gsql/v1/tokens", url);
    curl = curl_easy_init();
    if (curl == NULL) fail("curl_easy_init");
    headers = curl_slist_append(NULL, "Content-Type: application/json");
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
}

static char *request_body(void) {
    cJSON *request = cJSON_CreateObject();
    if (cJSON_AddStringToObject(request, "secret", SECRET) == NULL) fail("no memory");
    char *body = cJSON_PrintUnformatted(request);
    cJSON_Delete(request);
    if (body == NULL) fail("no memory");
    return body;
}

static char *copy_of(const cJSON *json, const char *member) {
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, member));
    char *copy = text == NULL ? NULL : strdup(text);
    if (copy == NULL) fail(member);
    return copy;
}

static void call(void) {
    struct answer answer = {NULL, 0};
    char *body = request_body();
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK) fail(curl_easy_strerror(code));
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    cJSON *json = cJSON_ParseWithLength(answer.text, answer.length);
    if (status != 200 || !cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(json, "error"))) fail("an error");
    char *token = copy_of(json, "token"), *expiration = copy_of(json, "expiration");
    if (strcmp(token, TOKEN) != 0) fail("another token");
    free(token);
    free(expiration);
    cJSON_Delete(json);
    free(answer.text);
    free(body);
}

static void close_client(void) {
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
}

int main(int argc, char **argv) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return measure_client(argc, argv, (struct client){open_client, call, close_client});
}
