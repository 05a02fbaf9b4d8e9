/* tg-auth doctor --contract: what its files share. */
#ifndef TG_AUTH_CONTRACT_H
#define TG_AUTH_CONTRACT_H

#include "tg-auth.h"

/* The generations of servers; see docs/generations.md. */
#define GEN_A 1u /* 2.x to 3.4 */
#define GEN_B 2u /* 3.5 to 3.11 */
#define GEN_C 4u /* 4.1 and later */
#define GEN_ALL (GEN_A | GEN_B | GEN_C)

/* {"alg":"HS256"}, {"sub":"tg_auth_contract","iat":1700000000,"exp":4102444800,"iss":"TigerGraph"}, and as its signature a
 * text: nobody has signed it. */
#define INVENTED_JWT \
    "eyJhbGciOiJIUzI1NiJ9." \
    "eyJzdWIiOiJ0Z19hdXRoX2NvbnRyYWN0IiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjQxMDI0NDQ4MDAsImlzcyI6IlRpZ2VyR3JhcGgifQ." \
    "dGdfYXV0aF9jb250cmFjdCBoYXMgbm8gc2lnbmF0dXI"
/* So long are tokens before 4.1. */
#define INVENTED_TOKEN "tg_auth_contract_no_token_000000"
#define INVENTED_SECRET "tgauthcontract00no00secret000000"

enum need {
    NOTHING,    /* no credential, or one that nobody has given out */
    A_TOKEN,    /* a valid token of the login */
    OWN_SECRET, /* --create */
    AT_LAST,    /* nothing, but the connections are not as they were after it */
};

/* What came back, as far as it is judged. */
struct answer {
    int status;            /* of HTTP; 0: there is none */
    char reason[48];       /* of the library; "" if it has read no error in it */
    const char *body;
    size_t length;
    tg_response *response; /* whose body that is; NULL: the library has read the answer, and gives no body */
};

/* Everything that one run of doctor --contract has. */
struct contract {
    tg_config *config;
    const struct given *given;
    const char *login_kind;             /* "secret", "password", "token" or "none" */
    char graph[160], restpp_port[8], gsql_port[8];    /* as they are set, or "" */
    tg_conn *login;                     /* the user's */
    tg_conn *nobody;                    /* without a credential */
    tg_conn *malformed, *opaque, *jwt;  /* with tokens that nobody has given out */
    tg_conn *bearer;                    /* with the token that was got */
    char alias[40];                     /* of the secret of its own */
    tg_secrets *secret;
    tg_token *token;
    unsigned generation;                /* one bit */
    int32_t major, minor, patch;        /* of the server; 0.0.0: not known */
    int takes_tokens_at_gsql;           /* whether the GSQL server has taken the token */
    int first_refusal, second_refusal;  /* HTTP status without a token, and with one that has expired */
    char switches[1024];                /* the positions that were found, for the stand-in */
};

/* A request, and the question that it asks. */
struct question {
    const char *row;         /* of the table in tests/standin/README.md, or "-" */
    const char *what;
    const char *method, *server, *path, *credential;
    unsigned generations;
    enum need need;
    void (*ask)(struct contract *contract, const struct question *question); /* NULL: sent by the way */
};

extern const struct question questions[];
extern const size_t question_count;

/* --- What runs (contract.c) ------------------------------------------------------------------------------ */

/* Waits; 0 if the user wants to stop. */
int wait_ms(int64_t ms);
/* Around each call of the library. NULL instead of the connection if the user wants to stop. */
tg_conn *begin_call(tg_conn *conn);
void end_call(void);
/* A connection with the settings of the user and, in place of the login, this token, or nothing for NULL. */
tg_conn *connect_with(struct contract *contract, const char *token);
/* The same with a function that brings the token, so that it is sent after its end. */
tg_conn *connect_with_dead(struct contract *contract, const char *token);
/* The same with a user and a password, or with another graph. */
tg_conn *connect_as(struct contract *contract, const char *user, const char *password);
tg_conn *connect_for_graph(struct contract *contract, const char *graph);
/* The same with REST++ at this port; NULL if it is not at a port of its own. */
tg_conn *connect_to_port(struct contract *contract, uint16_t port);
/* Sends what the question says, with this body, on this connection. */
struct answer ask(tg_conn *conn, const struct question *question, const char *body);
/* What the last call of the library got; frees the error, which is NULL if there is none. */
struct answer answer_of_call(tg_error *error);
void forget(struct answer *answer);
/* Whether the library has said since the last call began that the server counts lifetimes in milliseconds. */
int counts_milliseconds(void);

/* --- What is asked (questions.c) ------------------------------------------------------------------------- */

/* The first questions of all: tells what is wrong and gives the exit code if they have no answer. */
int find_generation(struct contract *contract);
/* A token of the login, or else by the secret of its own, and what its answer tells. */
void get_token(struct contract *contract);
void create_own_secret(struct contract *contract);
/* 0, or the exit code after it was told that the secret is still there. */
int drop_own_secret(struct contract *contract);
void delete_token(struct contract *contract);

/* --- The report (answer.c) ------------------------------------------------------------------------------- */

/* The line of a question: its beginning, the answer without what the server says in words, and its end. */
void begin_line(const struct question *question);
void print_answer_form(const struct answer *answer);
/* The end of the line, with the position of a switch of the stand-in, or NULL. */
void end_line(struct contract *contract, const char *name, const char *position);
void tell(struct contract *contract, const struct question *question, const struct answer *answer, const char *name,
          const char *position);
int is_success(const struct answer *answer);
int is_refusal(const struct answer *answer);
int is_json(const struct answer *answer);
/* "", or the HTTP status in decimal digits. In a buffer that the next call uses again. */
const char *status_text(const struct answer *answer);
/* The value of a member at the top of the answer; of results if it has none. */
struct json member_of(const struct answer *answer, const char *name);
void print_requests(int creates);
void print_not_asked(void);

#endif
