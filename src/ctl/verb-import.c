/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vrrpctl import: turns a keepalived.conf into instances of the running daemon, or into files for a
 * daemon that need not be there. It reads the file with the rights of whoever calls it.
 *
 * All or nothing before the first instance is added or the first byte is written: where something
 * was lost that decides who is master, or the name is taken already, nothing is done unless the
 * administrator said so. The key is never printed; it goes into the file or to the daemon only.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bus/bus-names.h"
#include "config/config-write.h"
#include "config/keepalived-import.h"
#include "config/schema.h"
#include "ctl-change.h"
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

/* --- Adding to the daemon --------------------------------------------------------------------- */

/* The object of an instance that exists already in *@ret_path, else NULL. Returns FALSE, and said
 * why, where the daemon does not answer. */
static gboolean find_existing(Ctl *ctl, const char *name, char **ret_path)
{
	const CtlCall call = { .doing = "import the instances" };
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = ctl_bus_open(ctl);
	gboolean unknown;

	if (r >= 0)
		r = ctl_bus_try_find(ctl, name, &error, ret_path);
	unknown = sd_bus_error_has_name(&error, BUS_ERROR_NO_SUCH_INSTANCE);
	if (r < 0 && !unknown)
		ctl_bus_explain(ctl, &call, &error, r);
	sd_bus_error_free(&error);
	return r >= 0 || unknown;
}

/* Paths (char *, NULL for a new one) in the order of @instances, or NULL. */
static GPtrArray *find_all_existing(Ctl *ctl, const GPtrArray *instances)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	gboolean free_to_go = TRUE;

	for (guint i = 0; i < instances->len; i++) {
		const KeepalivedInstance *instance = instances->pdata[i];
		char *path = NULL;

		if (!find_existing(ctl, instance->name, &path))
			return NULL;
		g_ptr_array_add(paths, path);
		if (path && !ctl->replace) {
			ctl_error("Failed to add %s: there is an instance of this name already.",
				  instance->name);
			free_to_go = FALSE;
		}
	}
	if (free_to_go)
		return g_steal_pointer(&paths);
	ctl_error("Nothing was added. Hint: --replace gives existing instances these settings.");
	return NULL;
}

static gboolean add_instance(Ctl *ctl, const KeepalivedInstance *instance, const char *path)
{
	g_autoptr(CtlSettings) settings = ctl_settings_new();
	g_autofree char *added = NULL;
	int r;

	for (guint i = 0; i < instance->pairs->len; i++) {
		const KeepalivedPair *pair = instance->pairs->pdata[i];

		ctl_settings_add(settings, pair->key, pair->value);
	}
	r = path ? ctl_change_update(ctl, instance->name, path, settings,
				     ctl_change_flags(ctl) | BUS_FLAG_REPLACE)
		 : ctl_change_add(ctl, instance->name, settings, &added);
	if (r >= 0 && !ctl->quiet && ctl->json == CTL_JSON_OFF)
		printf("%s %s\n", path ? "Replaced" : "Added", instance->name);
	return r >= 0;
}

/* Returns how many were added: all, or those before the one that failed. */
static guint add_instances(Ctl *ctl, const GPtrArray *instances)
{
	g_autoptr(GPtrArray) paths = find_all_existing(ctl, instances);
	guint added = 0;

	while (paths && added < instances->len &&
	       add_instance(ctl, instances->pdata[added], paths->pdata[added]))
		added++;
	return added;
}

/* --- What came of it ------------------------------------------------------------------------- */

static void print_json(const Ctl *ctl, const GPtrArray *instances, const GPtrArray *problems,
		       guint done)
{
	g_autoptr(GString) json = g_string_new(NULL);

	ctl_json_open(json, '{');
	ctl_json_key(json, "Instances");
	ctl_json_open(json, '[');
	for (guint i = 0; i < instances->len; i++) {
		const KeepalivedInstance *instance = instances->pdata[i];
		g_autofree char *path = ctl->output || ctl->dry_run ? path_of(ctl, instance) : NULL;

		ctl_json_open(json, '{');
		ctl_json_pair_string(json, "Name", instance->name);
		ctl_json_pair_string(json, "OriginalName", instance->original_name);
		ctl_json_pair_string(json, "File", path);
		ctl_json_key(json, ctl->output || ctl->dry_run ? "Written" : "Added");
		ctl_json_boolean(json, i < done);
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
	ctl_error("%u of these can change who is master, so nothing was %s. Hint: change the "
		  "file, or say --accept-changes.",
		  count, ctl->output ? "written" : "added");
	return FALSE;
}

static CtlExit act(Ctl *ctl, const GPtrArray *instances, const GPtrArray *problems, guint *ret_done)
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
	if (!is_acceptable(ctl, problems) || (ctl->output && !can_write(ctl, instances)))
		return CTL_FAILED;
	*ret_done = ctl->output ? write_files(ctl, instances) : add_instances(ctl, instances);
	return *ret_done == instances->len ? CTL_OK : CTL_FAILED;
}

static void print_count(const Ctl *ctl, guint done)
{
	if (ctl->output)
		printf("%u instance%s imported. \"vrrpctl reload\" makes a running vrrpd use %s.\n",
		       done, done == 1 ? " was" : "s were", done == 1 ? "it" : "them");
	else
		printf("%u instance%s imported%s.\n", done, done == 1 ? " was" : "s were",
		       ctl->runtime ? " until vrrpd restarts" : "");
}

CtlExit verb_import(Ctl *ctl, char **arguments)
{
	g_autoptr(GPtrArray) instances = NULL, messages = NULL, problems = NULL;
	g_autoptr(GError) error = NULL;
	guint done = 0;
	CtlExit exit_code;

	if (ctl->output && ctl->runtime) {
		ctl_error("import: --runtime is about a running vrrpd, --output= about files.");
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
	exit_code = act(ctl, instances, problems, &done);
	if (ctl->json != CTL_JSON_OFF)
		print_json(ctl, instances, problems, done);
	else if (done > 0 && !ctl->quiet)
		print_count(ctl, done);
	return exit_code;
}
