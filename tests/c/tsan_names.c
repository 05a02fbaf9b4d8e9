/* The library with ThreadSanitizer inside asks for functions that LLVM names anew and GCC's runtime does not have. The
 * plain ones do the same: the runtime is called by them too. For Tool::ThreadInside, see tests/common/tool.rs. */
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

void *__tsan_memcpy(void *to, const void *from, size_t length);
void *__tsan_memmove(void *to, const void *from, size_t length);
void *__tsan_memset(void *to, int byte, size_t length);

void *__tsan_memcpy(void *to, const void *from, size_t length) {
    return memcpy(to, from, length);
}

void *__tsan_memmove(void *to, const void *from, size_t length) {
    return memmove(to, from, length);
}

void *__tsan_memset(void *to, int byte, size_t length) {
    return memset(to, byte, length);
}

#ifdef __cplusplus
}
#endif
