/* What an engineer would write without this library, as one of the clients that are measured (bench.h):
 * libcurl with its handle used again, verification on, limits on time and size; JSON built and read by cJSON. */
#include "curl.h"
#include <cjson/cJSON.h>

static CURL *curl;
static struct curl_slist *headers;

static void open_client(const char *url, const char *ca) {
    headers = curl_slist_append(NULL, "Content-Type: application/json");
    curl = open_curl(url, "/gsql/v1/tokens", headers, ca);
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
    struct answer answer = {.limit = 1024 * 1024};
    char *body = request_body();
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    perform(curl, &answer);
    cJSON *json = cJSON_ParseWithLength(answer.text, answer.length);
    if (!cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(json, "error"))) fail("an error");
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
