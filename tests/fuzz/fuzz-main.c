/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Stands in for libFuzzer where the fuzz targets are built without it: runs each file of the corpus
 * folders on the command line through the target once, so that what the fuzzer ever found stays
 * fixed in every build. It must never pass without having run anything.
 */

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	exit(1);
}

static void run_file(const char *path)
{
	FILE *file = fopen(path, "rbe");
	struct stat st;
	uint8_t *data;

	if (!file || fstat(fileno(file), &st) < 0)
		fail(path);
	/* Exactly as large as the input, so that the sanitizer sees who reads beyond it. */
	data = malloc((size_t)st.st_size);
	if ((!data && st.st_size > 0) ||
	    fread(data, 1, (size_t)st.st_size, file) != (size_t)st.st_size)
		fail(path);
	fclose(file);
	LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
	free(data);
}

static unsigned run_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	unsigned count = 0;

	if (!dir)
		fail(folder);
	while ((entry = readdir(dir))) {
		char path[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		run_file(path);
		count++;
	}
	closedir(dir);
	return count;
}

int main(int argc, char **argv)
{
	unsigned count = 0;

	for (int i = 1; i < argc; i++)
		count += run_folder(argv[i]);
	printf("%u inputs\n", count);
	if (count > 0)
		return 0;
	fprintf(stderr, "%s: no inputs: name a corpus folder\n", argv[0]);
	return 1;
}
