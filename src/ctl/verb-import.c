/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vrrpctl import: turns a keepalived.conf into instance files, with the rights of whoever calls it
 * and without the daemon.
 *
 * All or nothing before the first byte is written: where something was lost that decides who is
 * master, or a file is there already, nothing is written unless the administrator said so. The key
 * is never printed; it goes into the file only.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/config-write.h"
#include "config/keepalived-import.h"
#include "config/schema.h"
#include "ctl-json.h"
#include "ctl-report.h"

#define MASK "(hidden)"

static GPtrArray *collect_problems(const GPtrArray *messages)
{
	GPtrArray *problems = ctl_problems_new();

	for (guint i = 0; i < messages->len; i++) {
		const KeepalivedMessage *message = messages->pdata[i];

		ctl_problems_add(problems, message->file, message->line,
				 keepalived_severity_to_string(message->severity), message->text);
	}
	return problems;
}

static char *path_of(const Ctl *ctl, const KeepalivedInstance *instance)
{
	g_autofree char *file = g_strconcat(instance->name, ".conf", NULL);

	return ctl->output ? g_build_filename(ctl->output, file, NULL) : g_steal_pointer(&file);
}

static void wipe(char *text)
{
	explicit_bzero(text, strlen(text));
	g_free(text);
}

/* --- What would be written ------------------------------------------------------------------- */

static gboolean is_secret(const char *line)
{
	g_autofree char *name = g_strndup(line, strcspn(line, "="));
	const SchemaKey *key = schema_find(g_strstrip(name));

	return key && (key->flags & SCHEMA_SECRET);
}

static void show_file(const Ctl *ctl, const KeepalivedInstance *instance)
{
	g_autofree char *path = path_of(ctl, instance);
	char *text = keepalived_instance_render(instance);

	printf("# %s\n", path);
	for (char *line = text, *end; *line; line = end) {
		end = strchrnul(line, '\n');
		if (is_secret(line))
			printf("%.*s=" MASK "\n", (int)strcspn(line, "="), line);
		else
			printf("%.*s\n", (int)(end - line), line);
		end += *end == '\n';
	}
	wipe(text);
}

/* --- Writing --------------------------------------------------------------------------------- */

/* Whatever would stop the second file is found before the first one is written. */
static gboolean can_write(const Ctl *ctl, const GPtrArray *instances)
{
	gboolean free_to_go = TRUE;

	if (!g_file_test(ctl->output, G_FILE_TEST_IS_DIR)) {
		ctl_error("Failed to write to %s: it is not a directory.", ctl->output);
		return FALSE;
	}
	for (guint i = 0; i < instances->len && !ctl->replace; i++) {
		g_autofree char *path = path_of(ctl, instances->pdata[i]);

		if (g_file_test(path, G_FILE_TEST_EXISTS) ||
		    g_file_test(path, G_FILE_TEST_IS_SYMLINK)) {
			ctl_error("Failed to write %s: it is there already.", path);
			free_to_go = FALSE;
		}
	}
	if (!free_to_go)
		ctl_error("Nothing was written. Hint: --replace replaces existing files.");
	return free_to_go;
}

static gboolean write_file(const Ctl *ctl, const KeepalivedInstance *instance)
{
	g_autofree char *path = path_of(ctl, instance);
	g_autoptr(GError) error = NULL;
	char *text = keepalived_instance_render(instance);
	gboolean written = config_write_file(path, text, ctl->replace, &error);

	wipe(text);
	if (!written)
		ctl_error("Failed to write %s: %s", path, error->message);
	else if (!ctl->quiet && ctl->json == CTL_JSON_OFF)
		printf("Wrote %s\n", path);
	return written;
}

/* --- What came of it ------------------------------------------------------------------------- */

static void print_json(const Ctl *ctl, const GPtrArray *instances, const GPtrArray *problems,
		       guint written)
{
	g_autoptr(GString) json = g_string_new(NULL);

	ctl_json_open(json, '{');
	ctl_json_key(json, "Instances");
	ctl_json_open(json, '[');
	for (guint i = 0; i < instances->len; i++) {
		const KeepalivedInstance *instance = instances->pdata[i];
		g_autofree char *path = path_of(ctl, instance);

		ctl_json_open(json, '{');
		ctl_json_pair_string(json, "Name", instance->name);
		ctl_json_pair_string(json, "OriginalName", instance->original_name);
		ctl_json_pair_string(json, "File", path);
		ctl_json_key(json, "Written");
		ctl_json_boolean(json, i < written);
		ctl_json_close(json, '}');
	}
	ctl_json_close(json, ']');
	ctl_json_key(json, "Messages");
	ctl_problems_json(json, problems);
	ctl_json_close(json, '}');
	ctl_json_print(ctl, json->str);
}

/* Returns how many files were written: all, or those before the one that failed. */
static guint write_files(const Ctl *ctl, const GPtrArray *instances)
{
	guint written = 0;

	while (written < instances->len && write_file(ctl, instances->pdata[written]))
		written++;
	return written;
}

static gboolean is_acceptable(const Ctl *ctl, const GPtrArray *problems)
{
	guint count = ctl_problems_count(problems, "election");

	if (count == 0 || ctl->accept_changes)
		return TRUE;
	ctl_error("%u of these can change who is master, so nothing was written. Hint: change the "
		  "file, or say --accept-changes.",
		  count);
	return FALSE;
}

static CtlExit act(const Ctl *ctl, const GPtrArray *instances, const GPtrArray *problems,
		   guint *ret_written)
{
	if (instances->len == 0) {
		ctl_error("There is no instance to import.");
		return CTL_FAILED;
	}
	if (ctl->dry_run) {
		for (guint i = 0; i < instances->len && ctl->json == CTL_JSON_OFF; i++)
			show_file(ctl, instances->pdata[i]);
		return is_acceptable(ctl, problems) ? CTL_OK : CTL_FAILED;
	}
	if (!is_acceptable(ctl, problems) || !can_write(ctl, instances))
		return CTL_FAILED;
	*ret_written = write_files(ctl, instances);
	return *ret_written == instances->len ? CTL_OK : CTL_FAILED;
}

CtlExit verb_import(Ctl *ctl, char **arguments)
{
	g_autoptr(GPtrArray) instances = NULL, messages = NULL, problems = NULL;
	g_autoptr(GError) error = NULL;
	guint written = 0;
	CtlExit exit_code;

	if (!ctl->output && !ctl->dry_run) {
		ctl_error("import needs --output=DIR, or --dry-run to see what it would write.");
		ctl_error("Hint: vrrpctl import --output=/etc/vrrpd/instances %s && vrrpctl reload",
			  arguments[0]);
		return CTL_USAGE;
	}
	instances = keepalived_import(arguments[0], &messages, &error);
	if (!instances) {
		ctl_error("%s", error->message);
		return CTL_FAILED;
	}
	problems = collect_problems(messages);
	if (ctl->json == CTL_JSON_OFF)
		ctl_problems_print(problems);
	exit_code = act(ctl, instances, problems, &written);
	if (ctl->json != CTL_JSON_OFF)
		print_json(ctl, instances, problems, written);
	else if (written > 0 && !ctl->quiet)
		printf("%u instance%s imported. \"vrrpctl reload\" makes a running vrrpd use %s.\n",
		       written, written == 1 ? " was" : "s were", written == 1 ? "it" : "them");
	return exit_code;
}
