/* Snapshots of rawshm, for readers in C and C++: one writer publishes values, and any number of
 * readers load the last one from a read-only mapping.
 *
 * A loaded value is always whole, whatever the writer does at the same time, and also if it was
 * killed in the middle of a store. Loading makes no system call and never waits;
 * rawshm_snapshot_wait sleeps until there is a new value. Needs no library. C99 or C++11, with GCC
 * or Clang, on 64-bit Linux. */
#ifndef RAWSHM_SNAPSHOT_H
#define RAWSHM_SNAPSHOT_H

#if !defined(__linux__) || __SIZEOF_POINTER__ != 8
#error rawshm_snapshot.h is for 64-bit Linux
#endif

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#ifdef __cplusplus
#include <unistd.h>
#else
long syscall(long number, ...); /* <unistd.h> does not declare it in strict modes of C. */
#endif

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
    uint64_t last;                   /* 2 * the number of the last value; the first is 1. 1 more:
                                      * retired, no value will follow */
    uint64_t reserved_too[2];        /* 0 */
};

typedef char rawshm_snapshot_has_64_bytes[sizeof(struct rawshm_snapshot) == 64 ? 1 : -1];

#define RAWSHM_SNAPSHOT_MAGIC "rawshm:S"

/* The fingerprint of a layout: FNV-1a of its description, such as "i64". For an array it is the
 * hash of 16 bytes: the fingerprint of its elements and their number, each as a little-endian
 * 64-bit integer. */
static inline uint64_t rawshm_fingerprint(const void *bytes, size_t len)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const unsigned char *byte = (const unsigned char *)bytes; len; byte++, len--)
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
    const struct rawshm_snapshot *header = (const struct rawshm_snapshot *)map;
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
    const uint64_t *stamp = (const uint64_t *)(const void *)slot;
    uint64_t found = __atomic_load_n(stamp, __ATOMIC_RELAXED);
    return found == 2 * (number + 1) || found > 2 * (number + 1) + 1;
}

/* Copies the last value, of value_size bytes, and its number. Give the number of the last value that
 * you have, or 0: then no older one is copied, and a newer one if rawshm_snapshot_has_newer says so.
 * Returns 0 if the writer has overwritten the value at the same time: then call it again. */
static inline int rawshm_snapshot_load(const void *map, uint32_t slots, void *value,
                                       size_t value_size, uint64_t *number)
{
    const struct rawshm_snapshot *header = (const struct rawshm_snapshot *)map;
    uint64_t from = __atomic_load_n(&header->last, __ATOMIC_RELAXED) & ~UINT64_C(1);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    /* What rawshm_snapshot_has_newer has found may not be in the header yet. */
    uint64_t newer = rawshm_snapshot_has_newer(map, slots, value_size, *number) ? *number + 1
                                                                                 : *number;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (from < 2 * newer)
        from = 2 * newer;
    const char *slot = rawshm_snapshot_slot(map, slots, value_size, from / 2);
    const uint64_t *stamp = (const uint64_t *)(const void *)slot;
    uint64_t before = __atomic_load_n(stamp, __ATOMIC_RELAXED);
    if ((before & 1) != 0 || before < from)
        return 0;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    /* C has no copy that may race. Compilers do not change a volatile one. */
    const volatile char *bytes = slot + rawshm_snapshot_value_offset(value_size);
    for (size_t at = 0; at < value_size; at++)
        ((char *)value)[at] = bytes[at];
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (__atomic_load_n(stamp, __ATOMIC_RELAXED) != before)
        return 0;
    /* The next load goes by the header, which must not be behind this value then. */
    if (before > from && __atomic_load_n(&header->last, __ATOMIC_RELAXED) < before)
        return 0;
    *number = before / 2;
    return 1;
}

/* For a reader that has its own way to sleep: take what this returns; if there is nothing newer then,
 * FUTEX_WAIT on rawshm_snapshot_word, without FUTEX_PRIVATE_FLAG, while that is it. If it is odd and
 * there is nothing newer, no value will follow. */
static inline uint32_t rawshm_snapshot_seen(const void *map)
{
    const struct rawshm_snapshot *header = (const struct rawshm_snapshot *)map;
    return (uint32_t)__atomic_load_n(&header->last, __ATOMIC_ACQUIRE);
}

/* The address of the lower half of the header's stamp. */
static inline const uint32_t *rawshm_snapshot_word(const void *map)
{
    const struct rawshm_snapshot *header = (const struct rawshm_snapshot *)map;
    const uint32_t *halves = (const uint32_t *)(const void *)&header->last;
    const uint16_t one = 1;
    return *(const unsigned char *)&one == 1 ? halves : halves + 1;
}

/* Sleeps until there is a value after the one with this number. Each sleep, with one futex call,
 * lasts at most timeout_ms milliseconds, or has no limit if that is negative. Returns
 *      1  if there is such a value: load it
 *      0  if there is none, and none will follow: the snapshot is retired
 *     -1  with errno: ETIMEDOUT if the writer has not woken this reader in time; EINTR if a signal
 *         has; or what a filter of system calls returns, such as ENOSYS or EPERM. */
static inline int rawshm_snapshot_wait(const void *map, uint32_t slots, size_t value_size,
                                       uint64_t number, int timeout_ms)
{
    const int futex_wait = 0;
    const int64_t timeout[2] = { timeout_ms / 1000, timeout_ms % 1000 * INT64_C(1000000) };
    for (;;) {
        uint32_t seen = rawshm_snapshot_seen(map);
        if (rawshm_snapshot_has_newer(map, slots, value_size, number))
            return 1;
        if (seen & 1)
            return 0;
        long slept = syscall(SYS_futex, rawshm_snapshot_word(map), futex_wait, seen,
                             timeout_ms < 0 ? NULL : timeout, NULL, 0);
        /* EAGAIN: the word has changed before the sleep. */
        if (slept == -1 && errno != EAGAIN)
            return rawshm_snapshot_has_newer(map, slots, value_size, number) ? 1 : -1;
    }
}

#endif
