/* What tg-auth makes of the library's texts: each line of standard input, once as it is and once as a part of JSON. */
#include "../../examples-c/tg_auth/tg-auth.h"

#include <stdlib.h>
#include <string.h>

int main(void) {
    static char line[65536];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        int in_json = strncmp(line, "json ", 5) == 0;
        char *words = in_own_words(line, in_json);
        puts(words);
        free(words);
    }
    return 0;
}
