/* The allocator's functions, which fail on command and count what is in use. Whoever includes this defines REFUSES
 * before: whether an allocation fails, evaluated in the function that was called.
 *
 * Everybody's blocks are counted: a function of the library's that ends by freeing one jumps to free, which then
 * seems to be called by the program. Where a sanitizer has the allocator, nothing fails and nothing is counted. */
#ifndef HEAP_H
#define HEAP_H
#include <errno.h>
#include <malloc.h>

/* Bytes in use, and the most that were. */
static long live, peak;

#ifndef __SANITIZE_ADDRESS__
static long blocks;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

static void *taken(void *block) {
    if (!block) return block;
    long now = __atomic_add_fetch(&live, (long)malloc_usable_size(block), __ATOMIC_SEQ_CST);
    if (now > __atomic_load_n(&peak, __ATOMIC_SEQ_CST)) __atomic_store_n(&peak, now, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&blocks, 1, __ATOMIC_SEQ_CST);
    return block;
}

static void given_back(long size) {
    __atomic_sub_fetch(&live, size, __ATOMIC_SEQ_CST);
    __atomic_sub_fetch(&blocks, 1, __ATOMIC_SEQ_CST);
}

void *malloc(size_t size) {
    return REFUSES ? NULL : taken(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
    return REFUSES ? NULL : taken(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size) {
    if (REFUSES) return NULL;
    long before = old ? (long)malloc_usable_size(old) : 0;
    void *block = __libc_realloc(old, size);
    if (old && (block || size == 0)) given_back(before);
    return taken(block);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    if (REFUSES) return ENOMEM;
    *block = taken(__libc_memalign(alignment, size));
    return *block ? 0 : ENOMEM;
}

void free(void *block) {
    if (block) given_back((long)malloc_usable_size(block));
    __libc_free(block);
}
#endif

#endif
