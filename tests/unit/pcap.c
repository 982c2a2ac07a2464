/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reads captures in the classic pcap format, as far as the files in tests/data/pcaps need it:
 * Ethernet, whole frames, either byte order. A file that is anything else fails the test; nothing
 * is skipped in silence.
 */

#include <stdbool.h>
#include <string.h>

#include "pcap.h"

enum {
	FILE_HEADER = 24,
	RECORD_HEADER = 16,
	LINK_TYPE_ETHERNET = 1,
};

static uint32_t get32(const char *p, bool swapped)
{
	uint32_t value;

	memcpy(&value, p, sizeof value);
	return swapped ? GUINT32_SWAP_LE_BE(value) : value;
}

void pcap_foreach(const char *file, PcapFunction function, void *userdata)
{
	g_autofree char *path = g_build_filename(TEST_DATA_DIR, "pcaps", file, NULL);
	g_autofree char *data = NULL;
	g_autoptr(GError) error = NULL;
	gsize size, offset = FILE_HEADER;
	bool swapped;

	g_file_get_contents(path, &data, &size, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(size, >=, FILE_HEADER);
	swapped = get32(data, false) == 0xd4c3b2a1;
	g_assert_cmphex(get32(data, swapped), ==, 0xa1b2c3d4);
	g_assert_cmpuint(get32(data + 20, swapped), ==, LINK_TYPE_ETHERNET);

	while (offset < size) {
		gsize captured, length;

		g_assert_cmpuint(size - offset, >=, RECORD_HEADER);
		captured = get32(data + offset + 8, swapped);
		length = get32(data + offset + 12, swapped);
		offset += RECORD_HEADER;
		g_assert_cmpuint(captured, ==, length);
		g_assert_cmpuint(captured, <=, size - offset);
		function((const uint8_t *)data + offset, captured, userdata);
		offset += captured;
	}
}
