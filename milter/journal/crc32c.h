/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crc32c: the Castagnoli checksum (RFC 3720, appendix B.4) that guards every byte of the journal.
 */
#ifndef WAYBILL_JOURNAL_CRC32C_H
#define WAYBILL_JOURNAL_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Begin with 0; the result of one call is `before` of the next, as if the pieces were one. */
uint32_t crc32c(uint32_t before, const void *data, size_t size);
/* The same without the processor's help; for tests. */
uint32_t crc32c_by_table(uint32_t before, const void *data, size_t size);

#endif
