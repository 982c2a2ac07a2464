/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From directories to instances.
 *
 * First all directories are listed, and of files with the same name the one of the highest
 * directory is taken; the same for drop-ins. Then each instance is read by itself: its file, then
 * its drop-ins in the order of their names, a later value replacing an earlier one. Then come the
 * rules that need to see all instances. Whatever is wrong becomes a ConfigError with its file and
 * line, and costs that one instance. The error list must never hold a secret, since it goes to the
 * bus and the journal.
 */

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "config-claims.h"
#include "config-file.h"
#include "config-load.h"
#include "schema.h"
#include "settings-builder.h"
#include "values.h"

#define SUFFIX ".conf"

/* Where a key got its value. */
typedef struct Place {
	char *file;
	guint line;
} Place;

static void place_free(gpointer data)
{
	Place *place = data;

	g_free(place->file);
	g_free(place);
}

/* An instance that was found but not yet read. */
typedef struct Candidate {
	char *name;
	char *path;
} Candidate;

static void candidate_free(gpointer data)
{
	Candidate *candidate = data;

	g_free(candidate->name);
	g_free(candidate->path);
	g_free(candidate);
}

/* One load at work. */
typedef struct Load {
	ConfigSet *set;
	const char *const
		*directories; /* that hold files, in order; NULL where single paths are read */
	GTree *candidates;    /* name -> Candidate *, by byte order */
	GPtrArray *drop_in_directories; /* paths of NAME.conf.d that were seen */
	GHashTable *vrid_places;        /* instance name -> Place * of its VirtualRouterId */
} Load;

void config_error_free(ConfigError *error)
{
	g_free(error->file);
	g_free(error->text);
	g_free(error->name);
	g_free(error);
}

static void source_free(gpointer data)
{
	ConfigSource *source = data;

	g_free(source->name);
	g_free(source->fragment_path);
	settings_unref(source->settings);
	g_free(source);
}

void config_set_free(ConfigSet *set)
{
	if (!set)
		return;
	g_hash_table_unref(set->sources);
	g_ptr_array_unref(set->errors);
	g_free(set);
}

/* @name NULL is a warning; see ConfigError. */
static void G_GNUC_PRINTF(5, 6)
	report(Load *load, const char *file, guint line, const char *name, const char *format, ...)
{
	ConfigError *error = g_new0(ConfigError, 1);
	va_list arguments;

	va_start(arguments, format);
	error->text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	/* The bus takes nothing else, and a file may be called anything. */
	error->file = g_utf8_make_valid(file, -1);
	error->line = line;
	error->name = name ? g_utf8_make_valid(name, -1) : NULL;
	g_ptr_array_add(load->set->errors, error);
}

static int compare_names(gconstpointer a, gconstpointer b, gpointer userdata)
{
	return strcmp(a, b);
}

static Candidate *candidate_new(const char *name, const char *path)
{
	Candidate *candidate = g_new0(Candidate, 1);

	candidate->name = g_strdup(name);
	candidate->path = g_strdup(path);
	return candidate;
}

/* The file's name without ".conf"; NULL where it has another ending, is hidden, or is nothing but
 * the ending. */
static char *strip_suffix(const char *file_name)
{
	if (file_name[0] == '.' || !g_str_has_suffix(file_name, SUFFIX))
		return NULL;
	return g_strndup(file_name, strlen(file_name) - strlen(SUFFIX));
}

static void add_file(Load *load, const char *path)
{
	g_autofree char *file_name = g_path_get_basename(path);
	g_autofree char *name = strip_suffix(file_name);
	g_autofree char *escaped = name ? value_show(name, 80) : NULL;

	if (!name)
		return;
	if (!settings_name_is_valid(name)) {
		/* Nobody runs under this name, so nothing keeps its settings; but it is an error
		 * all the same. */
		report(load, path, 0, name,
		       "'%s' is not a valid instance name; rename the file: a letter or a digit "
		       "first, then letters, digits, '_', '.' and '-', at most %d in all",
		       escaped, SETTINGS_NAME_MAX);
		return;
	}
	if (!load->directories) {
		const Candidate *other = g_tree_lookup(load->candidates, name);

		if (other) {
			report(load, path, 0, name, "the instance %s is also in %s", name,
			       other->path);
			return;
		}
	}
	g_tree_replace(load->candidates, g_strdup(name), candidate_new(name, path));
}

/* Calls @each for every entry of @directory. Returns 0 or negative errno. */
static int list_directory(const char *directory, void (*each)(const char *path, gpointer userdata),
			  gpointer userdata)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	int result;

	if (!dir)
		return -errno;
	while ((errno = 0, entry = readdir(dir))) {
		g_autofree char *path = g_build_filename(directory, entry->d_name, NULL);

		each(path, userdata);
	}
	result = -errno;
	closedir(dir);
	return result;
}

static void add_entry(const char *path, gpointer userdata)
{
	Load *load = userdata;
	g_autofree char *file_name = g_path_get_basename(path);

	if (file_name[0] != '.' && g_str_has_suffix(file_name, SUFFIX ".d"))
		g_ptr_array_add(load->drop_in_directories, g_strdup(path));
	else
		add_file(load, path);
}

/* @missing_ok: a directory that is not there is empty. */
static void add_directory(Load *load, const char *directory, gboolean missing_ok)
{
	int r = list_directory(directory, add_entry, load);

	if (r == 0 || (r == -ENOENT && missing_ok))
		return;
	report(load, directory, 0, "", "the directory cannot be read: %s", g_strerror(-r));
	load->set->incomplete = TRUE;
}

static void add_drop_in(const char *path, gpointer userdata)
{
	GTree *drop_ins = userdata;
	g_autofree char *file_name = g_path_get_basename(path);
	g_autofree char *name = strip_suffix(file_name);

	if (name)
		g_tree_replace(drop_ins, g_strdup(file_name), g_strdup(path));
}

static gboolean is_masked(const char *path)
{
	struct stat null, status;

	return stat("/dev/null", &null) == 0 && stat(path, &status) == 0 &&
	       S_ISCHR(status.st_mode) && status.st_rdev == null.st_rdev;
}

/* What came of reading one instance. */
typedef struct Reading {
	Load *load;
	const char *name;
	SettingsBuilder *builder;
	GHashTable *places; /* key -> Place * of its value */
	guint errors;
} Reading;

static void read_entry(Reading *reading, const char *path, const ConfigEntry *entry, mode_t mode)
{
	const SchemaKey *key = schema_find(entry->key);
	g_autoptr(GError) error = NULL;
	Place *place;

	if (!settings_builder_set(reading->builder, entry->key, entry->value, &error)) {
		report(reading->load, path, entry->line, reading->name, "%s", error->message);
		reading->errors++;
		return;
	}
	if ((key->flags & SCHEMA_SECRET) && *entry->value && (mode & S_IROTH))
		report(reading->load, path, entry->line, NULL,
		       "%s: everybody can read this file; use chmod 0640", key->name);
	place = g_new0(Place, 1);
	place->file = g_strdup(path);
	place->line = entry->line;
	g_hash_table_replace(reading->places, (gpointer)key->name, place);
}

static void read_text(Reading *reading, const char *path, const char *text, gsize length,
		      mode_t mode)
{
	g_autoptr(GPtrArray) faults =
		g_ptr_array_new_with_free_func((GDestroyNotify)config_fault_free);
	g_autoptr(GPtrArray) entries = config_file_parse(text, length, faults);

	for (guint i = 0; i < faults->len; i++) {
		const ConfigFault *fault = faults->pdata[i];

		report(reading->load, path, fault->line, reading->name, "%s", fault->text);
		reading->errors++;
	}
	for (guint i = 0; i < entries->len; i++)
		read_entry(reading, path, entries->pdata[i], mode);
}

static void read_file(Reading *reading, const char *path)
{
	g_autoptr(GError) error = NULL;
	gsize length;
	mode_t mode;
	char *text;

	if (is_masked(path))
		return;
	text = config_file_read(path, CONFIG_FILE_SIZE_MAX, &length, &mode, &error);
	if (!text) {
		report(reading->load, path, 0, reading->name, "%s", error->message);
		reading->errors++;
		return;
	}
	read_text(reading, path, text, length, mode);
	explicit_bzero(text, length);
	g_free(text);
}

static gboolean read_drop_in(gpointer file_name, gpointer path, gpointer userdata)
{
	read_file(userdata, path);
	return FALSE;
}

static void list_drop_ins(Reading *reading, const char *directory, GTree *drop_ins)
{
	int r = list_directory(directory, add_drop_in, drop_ins);

	if (r == 0 || r == -ENOENT)
		return;
	report(reading->load, directory, 0, reading->name, "the directory cannot be read: %s",
	       g_strerror(-r));
	reading->errors++;
}

/* Of drop-ins with one name the highest directory's is read; all together in the order of their
 * names. */
static void read_drop_ins(Reading *reading, const Candidate *candidate)
{
	g_autoptr(GTree) drop_ins = g_tree_new_full(compare_names, NULL, g_free, g_free);
	g_autofree char *beside = g_strconcat(candidate->path, ".d", NULL);

	if (!reading->load->directories)
		list_drop_ins(reading, beside, drop_ins);
	else
		for (const char *const *d = reading->load->directories; *d; d++) {
			g_autofree char *path =
				g_strconcat(*d, "/", candidate->name, SUFFIX ".d", NULL);

			list_drop_ins(reading, path, drop_ins);
		}
	g_tree_foreach(drop_ins, read_drop_in, reading);
}

/* RFC 9568 5.2.9. We and keepalived take any list, others do not. */
static void warn_of_order(const Reading *reading, const Candidate *candidate,
			  const Settings *settings)
{
	const Place *place = g_hash_table_lookup(reading->places, "VirtualAddresses");
	const VrrpInterfaceAddress *first =
		&g_array_index(settings->addresses, VrrpInterfaceAddress, 0);

	if (settings->family == VRRP_FAMILY_IPV6 && !vrrp_address_is_link_local(&first->address))
		report(reading->load, place ? place->file : candidate->path,
		       place ? place->line : 0, NULL,
		       "VirtualAddresses: the first should be link-local, such as fe80::1/64: "
		       "RFC 9568 wants it, and some routers drop adverts without it");
}

static void finish(Reading *reading, const Candidate *candidate)
{
	g_autoptr(GPtrArray) problems =
		g_ptr_array_new_with_free_func((GDestroyNotify)settings_problem_free);
	Settings *settings = settings_builder_finish(reading->builder, problems, NULL);
	const Place *place = g_hash_table_lookup(reading->places, "VirtualRouterId");
	ConfigSource *source;

	for (guint i = 0; i < problems->len; i++) {
		const SettingsProblem *problem = problems->pdata[i];
		const Place *at =
			problem->key ? g_hash_table_lookup(reading->places, problem->key) : NULL;

		report(reading->load, at ? at->file : candidate->path, at ? at->line : 0,
		       reading->name, "%s", problem->text);
	}
	if (!settings)
		return;

	warn_of_order(reading, candidate, settings);
	source = g_new0(ConfigSource, 1);
	source->name = g_strdup(candidate->name);
	source->fragment_path = g_strdup(candidate->path);
	source->settings = settings;
	g_hash_table_replace(reading->load->set->sources, source->name, source);
	if (place) {
		Place *copy = g_new0(Place, 1);

		copy->file = g_strdup(place->file);
		copy->line = place->line;
		g_hash_table_replace(reading->load->vrid_places, g_strdup(candidate->name), copy);
	}
}

static gboolean read_candidate(gpointer name, gpointer data, gpointer userdata)
{
	Candidate *candidate = data;
	g_autoptr(SettingsBuilder) builder = settings_builder_new(name);
	g_autoptr(GHashTable) places =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, place_free);
	Reading reading = { .load = userdata, .name = name, .builder = builder, .places = places };

	if (is_masked(candidate->path))
		return FALSE;
	read_file(&reading, candidate->path);
	read_drop_ins(&reading, candidate);
	/* With a key missing because its line is broken, the whole would look worse than it is. */
	if (reading.errors == 0)
		finish(&reading, candidate);
	return FALSE;
}

static gboolean collect_names(gpointer name, gpointer data, gpointer userdata)
{
	g_ptr_array_add(userdata, name);
	return FALSE;
}

/* A disabled instance is not on the wire, so it stands in nobody's way. */
static void check_claims(Load *load)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autoptr(ConfigClaims) claims = config_claims_new();

	g_tree_foreach(load->candidates, collect_names, names);
	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];
		const ConfigSource *source = g_hash_table_lookup(load->set->sources, name);
		const Place *place = g_hash_table_lookup(load->vrid_places, name);
		g_autofree char *why = NULL;
		gboolean of_vrid;

		if (!source || !source->settings->enabled ||
		    config_claims_take(claims, source->settings, &of_vrid, &why))
			continue;
		report(load, place->file, of_vrid ? place->line : 0, name, "%s", why);
		g_hash_table_remove(load->set->sources, name);
	}
}

/* Drop-ins for nothing are most likely a mistyped name. */
static void check_drop_in_directories(Load *load)
{
	for (guint i = 0; i < load->drop_in_directories->len; i++) {
		const char *path = load->drop_in_directories->pdata[i];
		g_autofree char *file_name = g_path_get_basename(path);
		g_autofree char *name =
			g_strndup(file_name, strlen(file_name) - strlen(SUFFIX ".d"));

		if (!g_tree_lookup(load->candidates, name))
			report(load, path, 0, NULL, "there is no %s" SUFFIX " that this adds to",
			       name);
	}
}

static int compare_errors(gconstpointer a, gconstpointer b)
{
	const ConfigError *x = *(const ConfigError *const *)a, *y = *(const ConfigError *const *)b;
	int order = strcmp(x->file, y->file);

	if (order == 0)
		order = (x->line > y->line) - (x->line < y->line);
	return order ? order : strcmp(x->text, y->text);
}

static void load_begin(Load *load, const char *const *directories)
{
	load->set = g_new0(ConfigSet, 1);
	load->set->sources = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, source_free);
	load->set->errors = g_ptr_array_new_with_free_func((GDestroyNotify)config_error_free);
	load->directories = directories;
	load->candidates = g_tree_new_full(compare_names, NULL, g_free, candidate_free);
	load->drop_in_directories = g_ptr_array_new_with_free_func(g_free);
	load->vrid_places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, place_free);
}

/* Reads what was listed, frees everything but the set, and returns that. */
static ConfigSet *load_end(Load *load)
{
	g_tree_foreach(load->candidates, read_candidate, load);
	check_claims(load);
	check_drop_in_directories(load);
	g_ptr_array_sort(load->set->errors, compare_errors);
	g_tree_unref(load->candidates);
	g_ptr_array_unref(load->drop_in_directories);
	g_hash_table_unref(load->vrid_places);
	return load->set;
}

static GPtrArray *instance_directories(const char *const *directories)
{
	GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);

	for (; *directories; directories++)
		g_ptr_array_add(paths, g_build_filename(*directories, "instances", NULL));
	g_ptr_array_add(paths, NULL);
	return paths;
}

ConfigSet *config_load(const char *const *directories)
{
	g_autoptr(GPtrArray) paths = instance_directories(directories);
	Load load;

	load_begin(&load, (const char *const *)paths->pdata);
	for (const char *const *path = load.directories; *path; path++)
		add_directory(&load, *path, TRUE);
	return load_end(&load);
}

/* A directory that has instances/ is a configuration directory. */
static void add_path(Load *load, const char *path)
{
	g_autofree char *instances = g_build_filename(path, "instances", NULL);
	g_autofree char *file_name = g_path_get_basename(path);
	g_autofree char *name = strip_suffix(file_name);

	if (g_file_test(instances, G_FILE_TEST_IS_DIR))
		add_directory(load, instances, FALSE);
	else if (g_file_test(path, G_FILE_TEST_IS_DIR))
		add_directory(load, path, FALSE);
	else if (name)
		add_file(load, path);
	else
		report(load, path, 0, "", "the file of an instance is called NAME" SUFFIX);
}

ConfigSet *config_load_paths(const char *const *paths)
{
	Load load;

	load_begin(&load, NULL);
	for (; *paths; paths++)
		add_path(&load, *paths);
	return load_end(&load);
}

static void check_deciders(const Reading *reading, const char *path, const char *const *keys)
{
	for (; *keys; keys++) {
		const Place *place = g_hash_table_lookup(reading->places, *keys);

		if (place && !g_str_equal(place->file, path))
			report(reading->load, place->file, place->line, reading->name,
			       "%s: this file decides it, whatever %s says; change it here", *keys,
			       path);
	}
}

Settings *config_preview(const char *const *directories, const char *name, const char *path,
			 const char *text, const char *const *keys, GPtrArray *errors)
{
	g_autoptr(GPtrArray) paths = instance_directories(directories);
	g_autoptr(SettingsBuilder) builder = settings_builder_new(name);
	g_autoptr(GHashTable) places =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, place_free);
	g_autoptr(ConfigSet) set = NULL;
	const Candidate candidate = { .name = (char *)name, .path = (char *)path };
	Load load;
	Reading reading = { .load = &load, .name = name, .builder = builder, .places = places };
	ConfigSource *source;

	load_begin(&load, (const char *const *)paths->pdata);
	read_text(&reading, path, text, strlen(text), 0);
	read_drop_ins(&reading, &candidate);
	check_deciders(&reading, path, keys);
	if (reading.errors == 0)
		finish(&reading, &candidate);
	set = load_end(&load);
	for (guint i = 0; i < set->errors->len; i++)
		g_ptr_array_add(errors, set->errors->pdata[i]);
	g_ptr_array_set_free_func(set->errors, NULL);
	source = g_hash_table_lookup(set->sources, name);
	return source ? settings_ref(source->settings) : NULL;
}
