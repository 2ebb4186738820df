/* Snapshots of rawshm, for readers in C: one writer publishes values, and any number of readers
 * load the last one from a read-only mapping.
 *
 * A loaded value is always whole, whatever the writer does at the same time, and also if it was
 * killed in the middle of a store. Loading makes no system call and never waits. Needs no library;
 * C11, 64-bit Linux. */
#ifndef RAWSHM_SNAPSHOT_H
#define RAWSHM_SNAPSHOT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The start of the object, in the machine's byte order. Slots follow at offset 64, each of
 * value_size bytes rounded up to a multiple of 64. Value number n is in slot n % slots. To sleep
 * until the next store, FUTEX_WAIT on futex, without FUTEX_PRIVATE_FLAG. */
struct rawshm_snapshot {
    char magic[8];                   /* RAWSHM_SNAPSHOT_MAGIC, without a NUL */
    uint32_t version;                /* 1 */
    uint32_t byte_order;             /* 0x01020304 */
    uint64_t fingerprint;            /* of the values' layout */
    uint64_t value_size;             /* bytes of a value */
    uint32_t slots;                  /* a power of two from 2 to 65536 */
    _Atomic uint32_t state;          /* 0, or 1: retired, no value will follow */
    _Atomic uint64_t sequence;       /* the number of the last value; the first is 1 */
    _Atomic uint32_t futex;          /* changes with every store */
    uint32_t reserved[3];            /* 0 */
};

_Static_assert(sizeof(struct rawshm_snapshot) == 64, "the layout is fixed");

#define RAWSHM_SNAPSHOT_MAGIC "rawshm:S"

/* The fingerprint of a layout: FNV-1a of its description, such as "i64". For an array it is the
 * hash of 16 bytes: the fingerprint of its elements and their number, each as a little-endian
 * 64-bit integer. */
static inline uint64_t rawshm_fingerprint(const void *bytes, size_t len)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const unsigned char *byte = bytes; len; byte++, len--)
        hash = (hash ^ *byte) * UINT64_C(0x100000001b3);
    return hash;
}

/* The bytes from one slot to the next. */
static inline uint64_t rawshm_snapshot_stride(uint64_t value_size)
{
    return (value_size + 63) / 64 * 64;
}

/* Returns the number of slots if the map_size bytes at map are a whole snapshot of such values,
 * otherwise 0. Call it once, after mapping, and keep the number: the header may change later. */
static inline uint32_t rawshm_snapshot_slots(const void *map, size_t map_size, uint64_t value_size,
                                             uint64_t fingerprint)
{
    const struct rawshm_snapshot *header = map;
    if (map_size < sizeof *header || memcmp(header->magic, RAWSHM_SNAPSHOT_MAGIC, 8) != 0)
        return 0;
    if (header->byte_order != 0x01020304 || header->version != 1)
        return 0;
    if (header->value_size != value_size || header->fingerprint != fingerprint)
        return 0;
    uint32_t slots = header->slots;
    if (slots < 2 || slots > 65536 || (slots & (slots - 1)) != 0)
        return 0;
    uint64_t space = (map_size - sizeof *header) / slots;
    return space < rawshm_snapshot_stride(value_size) ? 0 : slots;
}

/* Copies the last value, of value_size bytes, and its number. Returns 0 if the writer has
 * overwritten the value at the same time: then call it again. */
static inline int rawshm_snapshot_load(const void *map, uint32_t slots, void *value,
                                       size_t value_size, uint64_t *number)
{
    const struct rawshm_snapshot *header = map;
    uint64_t before = atomic_load_explicit(&header->sequence, memory_order_relaxed);
    atomic_thread_fence(memory_order_acquire);
    uint64_t offset = (before & (slots - 1)) * rawshm_snapshot_stride(value_size);
    const char *slot = (const char *)map + sizeof *header + offset;
    /* C has no copy that may race. Compilers do not change a volatile one. */
    for (size_t at = 0; at < value_size; at++)
        ((char *)value)[at] = ((const volatile char *)slot)[at];
    atomic_thread_fence(memory_order_acquire);
    uint64_t after = atomic_load_explicit(&header->sequence, memory_order_relaxed);
    *number = before;
    return after - before < slots - 1;
}

#endif
