/* Many processes that share one token in Redis: whoever finds it too old asks TigerGraph for the next one, under a lock,
 * and the others take that. A token provider (tg_config_set_token_provider) does all of it.
 *
 *     TG_HOST=... TG_SECRET=... REDIS_SOCKET=PATH SHARED_TOKEN_KEY=64_HEX_DIGITS shared_token [SECONDS [LIFETIME]]
 *
 * The token is encrypted with a key that Redis does not have. The lock ends by itself if its owner dies, and only its
 * owner deletes it. Prints how many tokens were seen and how many calls failed; exit code 0 if none did.
 *
 * Built with libhiredis and libcrypto: cc shared_token.c -ltigergraph_auth -lhiredis -lcrypto
 */

#define _POSIX_C_SOURCE 200809L
#include <hiredis/hiredis.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tigergraph_auth.h>
#include <time.h>

#define ENTRY "tigergraph:token"
#define LOCK "tigergraph:token:lock"
/* Whoever holds the lock for longer than this is taken for dead. */
#define LOCK_MS 2000
/* A token is replaced when less than this part of its life is left: a little before the library asks for the next. */
#define LAST_PERCENT 30
#define LONGEST_TOKEN 8192

enum { KEY_BYTES = 32, NONCE_BYTES = 12, TAG_BYTES = 16 };

/* What is kept in Redis, encrypted. */
struct entry {
    int64_t issued_at, expires_at;
    char token[LONGEST_TOKEN + 1];
};

struct store {
    unsigned char key[KEY_BYTES];
    redisContext *redis;
    tg_conn *issuer;      /* logs in with the secret, to request tokens */
    int64_t lifetime_s;
    struct entry given;   /* what the library got last */
};

static void pause_ms(int64_t ms) {
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* ---- Encryption: AES-256-GCM over the entry, with the name in Redis as what must fit. nonce, tag, text. ---- */

static int crypt_entry(const struct store *store, int encrypts, const unsigned char *from, int length,
                       unsigned char *nonce, unsigned char *tag, unsigned char *to) {
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int done = 0, good = cipher != NULL &&
        EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, store->key, nonce, encrypts) == 1 &&
        EVP_CipherUpdate(cipher, NULL, &done, (const unsigned char *)ENTRY, sizeof ENTRY - 1) == 1 &&
        EVP_CipherUpdate(cipher, to, &done, from, length) == 1 &&
        (encrypts || EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) == 1) &&
        EVP_CipherFinal_ex(cipher, to + done, &done) == 1 &&
        (!encrypts || EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, tag) == 1);
    EVP_CIPHER_CTX_free(cipher);
    return good;
}

/* ---- Redis. Every command has the time limit of the connection; after an error that is made anew. ---- */

static int connect_redis(struct store *store) {
    const char *path = getenv("REDIS_SOCKET");
    struct timeval limit = {1, 0};
    if (store->redis != NULL && store->redis->err == 0) return 1;
    if (store->redis != NULL) redisFree(store->redis);
    store->redis = redisConnectUnixWithTimeout(path ? path : "/run/redis/redis-server.sock", limit);
    return store->redis != NULL && store->redis->err == 0 && redisSetTimeout(store->redis, limit) == REDIS_OK;
}

/* 1: found and decrypted; 0: there is none that this key can read; -1: Redis does not answer. */
static int load(struct store *store, struct entry *entry) {
    int found = 0;
    redisReply *reply = connect_redis(store) ? redisCommand(store->redis, "GET %s", ENTRY) : NULL;
    if (reply == NULL) return -1;
    if (reply->type == REDIS_REPLY_STRING && (size_t)reply->len > NONCE_BYTES + TAG_BYTES + 2 * sizeof(int64_t) &&
        (size_t)reply->len <= NONCE_BYTES + TAG_BYTES + sizeof *entry - 1) {
        unsigned char *bytes = (unsigned char *)reply->str;
        memset(entry, 0, sizeof *entry);
        found = crypt_entry(store, 0, bytes + NONCE_BYTES + TAG_BYTES, (int)(reply->len - NONCE_BYTES - TAG_BYTES),
                            bytes, bytes + NONCE_BYTES, (unsigned char *)entry);
    }
    freeReplyObject(reply);
    return found;
}

static void save(struct store *store, const struct entry *entry) {
    unsigned char bytes[NONCE_BYTES + TAG_BYTES + sizeof *entry];
    int length = (int)(offsetof(struct entry, token) + strlen(entry->token));
    int64_t left_ms = (entry->expires_at - (int64_t)time(NULL)) * 1000;
    if (left_ms <= 0 || RAND_bytes(bytes, NONCE_BYTES) != 1 ||
        !crypt_entry(store, 1, (const unsigned char *)entry, length, bytes, bytes + NONCE_BYTES,
                     bytes + NONCE_BYTES + TAG_BYTES)) return;
    /* Where this fails, the next process requests another token. */
    freeReplyObject(redisCommand(store->redis, "SET %s %b PX %lld", ENTRY, bytes,
                                 (size_t)length + NONCE_BYTES + TAG_BYTES, (long long)left_ms));
}

/* Takes the lock under a name that nobody else has. */
static int lock(struct store *store, char owner[33]) {
    unsigned char random[16];
    if (RAND_bytes(random, sizeof random) != 1) return 0;
    for (size_t i = 0; i < sizeof random; i++) snprintf(owner + 2 * i, 3, "%02x", random[i]);
    redisReply *reply = redisCommand(store->redis, "SET %s %s NX PX %d", LOCK, owner, LOCK_MS);
    int taken = reply != NULL && reply->type == REDIS_REPLY_STATUS;
    freeReplyObject(reply);
    return taken;
}

/* It may have ended meanwhile and be another's: compared and deleted in one step. */
static void unlock(struct store *store, const char *owner) {
    static const char script[] =
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";
    freeReplyObject(redisCommand(store->redis, "EVAL %s 1 %s %s", script, LOCK, owner));
}

/* ---- The provider ---- */

static int is_young(const struct entry *entry) {
    int64_t life = entry->expires_at - entry->issued_at;
    return (int64_t)time(NULL) < entry->expires_at - life * LAST_PERCENT / 100;
}

/* Whether the stored token can be given. If the library asks again while what it got last is still young, that one was
 * rejected, and is not given once more. */
static int serves(const struct store *store, const struct entry *entry) {
    return is_young(entry) && strcmp(entry->token, store->given.token) != 0;
}

static void give(tg_provider_request *request, struct store *store, const struct entry *entry) {
    store->given = *entry;
    tg_provider_request_set_token(request, entry->token, entry->expires_at, NULL);
}

/* Requests the next token for everybody, in the time that there is. */
static void replace(tg_provider_request *request, struct store *store, struct entry *entry) {
    tg_token *token = NULL;
    tg_error *error = NULL;
    tg_conn_set_timeout(store->issuer, (uint32_t)tg_provider_request_time_left_ms(request) + 1);
    tg_status status = tg_get_token(store->issuer, NULL, store->lifetime_s, TG_TOKEN_KEEP_CURRENT, &token, &error);
    if (status == TG_STATUS_OK) {
        entry->issued_at = (int64_t)time(NULL);
        entry->expires_at = tg_token_expires_at(token);
        snprintf(entry->token, sizeof entry->token, "%s", tg_token_value(token));
        save(store, entry);
        give(request, store, entry);
    } else {
        tg_provider_request_fail(request, status, tg_error_message(error), tg_error_retry_after_ms(error), NULL);
    }
    tg_token_free(token);
    tg_error_free(error);
}

static void provide(tg_provider_request *request, void *user_data) {
    struct store *store = user_data;
    struct entry entry;
    char owner[33];
    while (!tg_provider_request_is_cancelled(request)) {
        int found = load(store, &entry);
        if (found < 0) {
            tg_provider_request_fail(request, TG_STATUS_UNAVAILABLE, "Redis does not answer", -1, NULL);
            break;
        }
        if (found && serves(store, &entry)) {
            give(request, store, &entry);
            break;
        }
        if (lock(store, owner)) {
            /* Another process may have been faster. */
            if (load(store, &entry) == 1 && serves(store, &entry)) give(request, store, &entry);
            else replace(request, store, &entry);
            unlock(store, owner);
            break;
        }
        pause_ms(20 + rand() % 30);
    }
    OPENSSL_cleanse(&entry, sizeof entry);
}

static void release(void *user_data) {
    struct store *store = user_data;
    if (store->redis != NULL) redisFree(store->redis);
    tg_conn_free(store->issuer);
    OPENSSL_cleanse(store, sizeof *store);
    free(store);
}

/* ---- The program ---- */

static int read_key(struct store *store) {
    const char *hex = getenv("SHARED_TOKEN_KEY");
    if (hex == NULL || strlen(hex) != 2 * KEY_BYTES) return 0;
    for (int i = 0; i < KEY_BYTES; i++) {
        unsigned byte;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1) return 0;
        store->key[i] = (unsigned char)byte;
    }
    return 1;
}

static tg_conn *connect_by_store(struct store *store) {
    tg_conn *conn = NULL;
    tg_config *config = tg_config_new(NULL);
    tg_config_load_env(config);
    tg_status status = tg_conn_new(config, &store->issuer, NULL);
    tg_config_free(config);
    if (status != TG_STATUS_OK) {
        release(store);
        return NULL;
    }
    config = tg_config_new(getenv("TG_HOST"));
    tg_config_set_token_provider(config, provide, store, release);
    /* After this the store is released by the library alone. */
    tg_conn_new(config, &conn, NULL);
    tg_config_free(config);
    return conn;
}

int main(int argc, char **argv) {
    time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 10);
    int calls = 0, failures = 0, tokens = 0;
    char last[LONGEST_TOKEN + 1] = "";
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL || !read_key(store)) {
        fprintf(stderr, "SHARED_TOKEN_KEY has to be a key of 64 hexadecimal digits\n");
        free(store);
        return 2;
    }
    store->lifetime_s = argc > 2 ? atoi(argv[2]) : 0;
    srand((unsigned)time(NULL));
    tg_conn *conn = connect_by_store(store);
    if (conn == NULL) {
        fprintf(stderr, "%s\n", tg_last_error_message());
        return 2;
    }
    do {
        tg_token *token = NULL;
        calls++;
        if (tg_authorization(conn, &token, NULL) != TG_STATUS_OK) {
            failures++;
            fprintf(stderr, "%s\n", tg_last_error_message());
        } else if (strcmp(tg_token_value(token), last) != 0) {
            tokens++;
            snprintf(last, sizeof last, "%s", tg_token_value(token));
        }
        tg_token_free(token);
        pause_ms(20);
    } while (time(NULL) < end);
    printf("%d calls, %d tokens, %d failures\n", calls, tokens, failures);
    tg_conn_free(conn);
    return failures != 0;
}
