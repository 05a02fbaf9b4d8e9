/* For static programs by Debian's musl-gcc, tests/common/platform.rs: GCC's libgcc_eh, which unwinds the stack, asks a
 * function for the frames of a piece of code that glibc has had since 2.35 and musl has not. A GCC that was built for musl
 * does without. */
#include <link.h>
#include <stddef.h>
#include <stdint.h>

/* As in glibc's <dlfcn.h> on x86-64. */
struct dl_find_object {
    unsigned long long flags;
    void *map_start, *map_end;
    struct link_map *link_map;
    void *eh_frame;
    unsigned long long reserved[7];
};

struct search {
    uintptr_t code;
    struct dl_find_object *found;
};

static int look(struct dl_phdr_info *object, size_t size, void *argument) {
    struct search *search = argument;
    int has_code = 0;
    (void)size;
    search->found->eh_frame = NULL;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        uintptr_t start = object->dlpi_addr + part->p_vaddr;
        if (part->p_type == PT_LOAD && search->code - start < part->p_memsz) has_code = 1;
        if (part->p_type == PT_GNU_EH_FRAME) search->found->eh_frame = (void *)start;
    }
    return has_code && search->found->eh_frame != NULL;
}

int _dl_find_object(void *code, struct dl_find_object *found);

int _dl_find_object(void *code, struct dl_find_object *found) {
    struct search search = {(uintptr_t)code, found};
    return dl_iterate_phdr(look, &search) ? 0 : -1;
}
