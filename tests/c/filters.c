/* Prints the filters of the contract, a statement a line. */
#include <stdio.h>

#include "../../contract/filters.h"

#define PRINT(name) \
    do { \
        static const struct sock_filter filter[] = RAWSHM_FILTER_##name; \
        puts(#name); \
        for (size_t at = 0; at < sizeof filter / sizeof *filter; at++) \
            printf("%x %x %x %x\n", filter[at].code, filter[at].jt, filter[at].jf, filter[at].k); \
    } while (0)

int main(void)
{
    PRINT(CREATOR);
    PRINT(MAPPED);
    PRINT(PUBLISH);
    PRINT(READER);
    PRINT(WATCH);
    PRINT(WRITER);
    return 0;
}
