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

/* The start of the object, in the machine's byte order. Slots follow at offset 64. Value number n is
 * in slot n % slots, which begins with its stamp: 2 * n, and 1 more while the value is written. */
struct rawshm_snapshot {
    char magic[8];                   /* RAWSHM_SNAPSHOT_MAGIC, without a NUL */
    uint32_t version;                /* 2 */
    uint32_t byte_order;             /* 0x01020304 */
    uint64_t fingerprint;            /* of the values' layout */
    uint64_t value_size;             /* bytes of a value */
    uint32_t slots;                  /* a power of two from 2 to 65536 */
    uint32_t reserved;               /* 0 */
    _Atomic uint64_t last;           /* 2 * the number of the last value; the first is 1. 1 more:
                                      * retired, no value will follow */
    uint64_t reserved_too[2];        /* 0 */
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

/* The offset of a value in its slot: a small one is in the same cache line as its stamp. */
static inline uint64_t rawshm_snapshot_value_offset(uint64_t value_size)
{
    return value_size <= 56 ? 8 : 64;
}

/* The bytes from one slot to the next. */
static inline uint64_t rawshm_snapshot_stride(uint64_t value_size)
{
    return (rawshm_snapshot_value_offset(value_size) + value_size + 63) / 64 * 64;
}

/* The slot of a number. */
static inline const char *rawshm_snapshot_slot(const void *map, uint32_t slots, size_t value_size,
                                               uint64_t number)
{
    uint64_t offset = (number & (slots - 1)) * rawshm_snapshot_stride(value_size);
    return (const char *)map + sizeof(struct rawshm_snapshot) + offset;
}

/* Returns the number of slots if the map_size bytes at map are a whole snapshot of such values,
 * otherwise 0. Call it once, after mapping, and keep the number: the header may change later. */
static inline uint32_t rawshm_snapshot_slots(const void *map, size_t map_size, uint64_t value_size,
                                             uint64_t fingerprint)
{
    const struct rawshm_snapshot *header = map;
    if (map_size < sizeof *header || memcmp(header->magic, RAWSHM_SNAPSHOT_MAGIC, 8) != 0)
        return 0;
    if (header->byte_order != 0x01020304 || header->version != 2)
        return 0;
    if (header->value_size != value_size || header->fingerprint != fingerprint)
        return 0;
    uint32_t slots = header->slots;
    if (slots < 2 || slots > 65536 || (slots & (slots - 1)) != 0)
        return 0;
    uint64_t space = (map_size - sizeof *header) / slots;
    return space < rawshm_snapshot_stride(value_size) ? 0 : slots;
}

/* Returns whether there is a value after the one with this number. To poll for one, this looks at
 * nothing but its slot. */
static inline int rawshm_snapshot_has_newer(const void *map, uint32_t slots, size_t value_size,
                                            uint64_t number)
{
    const char *slot = rawshm_snapshot_slot(map, slots, value_size, number + 1);
    const _Atomic uint64_t *stamp = (const _Atomic uint64_t *)(const void *)slot;
    uint64_t found = atomic_load_explicit(stamp, memory_order_relaxed);
    return found == 2 * (number + 1) || found > 2 * (number + 1) + 1;
}

/* Copies the last value, of value_size bytes, and its number. Give the number of the last value that
 * you have, or 0: then no older one is copied, and a newer one if rawshm_snapshot_has_newer says so.
 * Returns 0 if the writer has overwritten the value at the same time: then call it again. */
static inline int rawshm_snapshot_load(const void *map, uint32_t slots, void *value,
                                       size_t value_size, uint64_t *number)
{
    const struct rawshm_snapshot *header = map;
    uint64_t from = atomic_load_explicit(&header->last, memory_order_relaxed) & ~UINT64_C(1);
    atomic_thread_fence(memory_order_acquire);
    /* What rawshm_snapshot_has_newer has found may not be in the header yet. */
    uint64_t newer = rawshm_snapshot_has_newer(map, slots, value_size, *number) ? *number + 1
                                                                                 : *number;
    atomic_thread_fence(memory_order_acquire);
    if (from < 2 * newer)
        from = 2 * newer;
    const char *slot = rawshm_snapshot_slot(map, slots, value_size, from / 2);
    const _Atomic uint64_t *stamp = (const _Atomic uint64_t *)(const void *)slot;
    uint64_t before = atomic_load_explicit(stamp, memory_order_relaxed);
    if ((before & 1) != 0 || before < from)
        return 0;
    atomic_thread_fence(memory_order_acquire);
    /* C has no copy that may race. Compilers do not change a volatile one. */
    const volatile char *bytes = slot + rawshm_snapshot_value_offset(value_size);
    for (size_t at = 0; at < value_size; at++)
        ((char *)value)[at] = bytes[at];
    atomic_thread_fence(memory_order_acquire);
    if (atomic_load_explicit(stamp, memory_order_relaxed) != before)
        return 0;
    /* The next load goes by the header, which must not be behind this value then. */
    if (before > from && atomic_load_explicit(&header->last, memory_order_relaxed) < before)
        return 0;
    *number = before / 2;
    return 1;
}

/* To sleep until the next value: take what this returns; if there is nothing newer then, FUTEX_WAIT
 * on rawshm_snapshot_word, without FUTEX_PRIVATE_FLAG, while that is it. If it is odd and there is
 * nothing newer, no value will follow. */
static inline uint32_t rawshm_snapshot_seen(const void *map)
{
    const struct rawshm_snapshot *header = map;
    return (uint32_t)atomic_load_explicit(&header->last, memory_order_acquire);
}

/* The address of the lower half of the header's stamp. */
static inline const uint32_t *rawshm_snapshot_word(const void *map)
{
    const struct rawshm_snapshot *header = map;
    const uint32_t *halves = (const uint32_t *)(const void *)&header->last;
    const uint16_t one = 1;
    return *(const unsigned char *)&one == 1 ? halves : halves + 1;
}

#endif
