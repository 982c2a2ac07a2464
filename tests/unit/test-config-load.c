/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Loading from directories that the test makes: what overrides what, that every error names its
 * file and line and costs one instance only, that no secret gets into a message, and that files are
 * written as they must be.
 */

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config-file.h"
#include "config/config-load.h"
#include "config/config-write.h"

/* Three configuration directories, lowest first, as the daemon has them. */
typedef struct Fixture {
	char *root;
	char *directories[4];
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
	static const char *const names[] = { "usr", "run", "etc" };

	f->root = g_dir_make_tmp("vrrpd-config-XXXXXX", NULL);
	g_assert_nonnull(f->root);
	for (guint i = 0; i < 3; i++)
		f->directories[i] = g_build_filename(f->root, names[i], NULL);
}

static void remove_tree(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *child = g_build_filename(path, name, NULL);

		if (g_file_test(child, G_FILE_TEST_IS_DIR) &&
		    !g_file_test(child, G_FILE_TEST_IS_SYMLINK))
			remove_tree(child);
		else
			g_assert_no_errno(g_unlink(child));
	}
	g_assert_no_errno(g_rmdir(path));
}

static void tear_down(Fixture *f, gconstpointer data)
{
	remove_tree(f->root);
	for (guint i = 0; i < 3; i++)
		g_free(f->directories[i]);
	g_free(f->root);
}

/* Writes @text to @path below the root, with the folders that it needs. */
static void put(Fixture *f, const char *path, const char *text)
{
	g_autofree char *full = g_build_filename(f->root, path, NULL);
	g_autofree char *folder = g_path_get_dirname(full);
	g_autoptr(GError) error = NULL;

	g_assert_no_errno(g_mkdir_with_parents(folder, 0755));
	g_file_set_contents_full(full, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0640, &error);
	g_assert_no_error(error);
}

static void put_link(Fixture *f, const char *path, const char *target)
{
	g_autofree char *full = g_build_filename(f->root, path, NULL);
	g_autofree char *folder = g_path_get_dirname(full);

	g_assert_no_errno(g_mkdir_with_parents(folder, 0755));
	g_assert_no_errno(symlink(target, full));
}

/* A whole instance, with @more lines behind it; the first of these is line 5. */
static char *whole(guint vrid, const char *more)
{
	return g_strdup_printf("[Instance]\nInterface=eth0\nVirtualRouterId=%u\n"
			       "VirtualAddresses=192.0.2.%u/24\n%s",
			       vrid, vrid, more);
}

static void put_whole(Fixture *f, const char *path, guint vrid, const char *more)
{
	g_autofree char *text = whole(vrid, more);

	put(f, path, text);
}

static ConfigSet *load(Fixture *f)
{
	return config_load((const char *const *)f->directories);
}

static const Settings *get(ConfigSet *set, const char *name)
{
	const ConfigSource *source = g_hash_table_lookup(set->sources, name);

	return source ? source->settings : NULL;
}

/* All errors as lines, "FILE:LINE: [NAME] TEXT" with the file below the root. */
static char *list_errors(Fixture *f, ConfigSet *set)
{
	GString *list = g_string_new(NULL);

	for (guint i = 0; i < set->errors->len; i++) {
		const ConfigError *error = set->errors->pdata[i];

		g_assert_true(g_str_has_prefix(error->file, f->root));
		g_assert_null(strchr(error->text, '\n'));
		g_string_append_printf(list, "%s:%u: [%s] %s\n", error->file + strlen(f->root) + 1,
				       error->line, error->name ? error->name : "warning",
				       error->text);
	}
	return g_string_free(list, FALSE);
}

static void assert_errors(Fixture *f, ConfigSet *set, const char *expected)
{
	g_autofree char *errors = list_errors(f, set);

	g_assert_cmpstr(errors, ==, expected);
}

static void test_nothing(Fixture *f, gconstpointer data)
{
	g_autoptr(ConfigSet) set = load(f);

	g_assert_cmpuint(g_hash_table_size(set->sources), ==, 0);
	assert_errors(f, set, "");
	g_assert_false(set->incomplete);
}

static void test_override(Fixture *f, gconstpointer data)
{
	g_autoptr(ConfigSet) set = NULL;
	const ConfigSource *source;

	put_whole(f, "usr/instances/a.conf", 1, "Priority=10\n");
	put_whole(f, "run/instances/a.conf", 2, "Priority=20\n");
	put_whole(f, "etc/instances/a.conf", 3, "");
	put_whole(f, "usr/instances/b.conf", 4, "Priority=40\n");
	put_whole(f, "run/instances/b.conf", 5, "Priority=50\n");
	put_whole(f, "usr/instances/c.conf", 6, "");
	put_link(f, "etc/instances/c.conf", "/dev/null");
	put(f, "etc/instances/notes.txt", "not read");
	put(f, "etc/instances/.d.conf", "not read");
	put(f, "etc/instances/a.conf~", "not read");
	set = load(f);
	assert_errors(f, set, "");
	g_assert_cmpuint(g_hash_table_size(set->sources), ==, 2);
	/* A file replaces the lower one as a whole. */
	g_assert_cmpuint(get(set, "a")->vrid, ==, 3);
	g_assert_cmpuint(get(set, "a")->priority, ==, 100);
	g_assert_cmpuint(get(set, "b")->vrid, ==, 5);
	source = g_hash_table_lookup(set->sources, "b");
	g_assert_cmpstr(source->name, ==, "b");
	g_assert_true(g_str_has_suffix(source->fragment_path, "/run/instances/b.conf"));
}

static void test_drop_ins(Fixture *f, gconstpointer data)
{
	g_autoptr(ConfigSet) set = NULL;

	put_whole(f, "usr/instances/a.conf", 1, "Priority=10\nDescription=file\n");
	/* In the order of their names, whatever the directory. */
	put(f, "etc/instances/a.conf.d/10-x.conf", "[Instance]\nPriority=20\nPreempt=no\n");
	put(f, "usr/instances/a.conf.d/20-y.conf", "[Instance]\nPriority=30\n");
	/* Of two with one name the higher directory's. */
	put(f, "usr/instances/a.conf.d/30-z.conf", "[Instance]\nMissedAdverts=7\n");
	put(f, "run/instances/a.conf.d/30-z.conf", "[Instance]\nMissedAdverts=8\n");
	put(f, "usr/instances/a.conf.d/40-w.conf", "[Instance]\nAnnounceCount=1\n");
	put_link(f, "etc/instances/a.conf.d/40-w.conf", "/dev/null");
	put(f, "etc/instances/a.conf.d/50.txt", "not read");
	put(f, "etc/instances/gone.conf.d/10.conf", "[Instance]\nPriority=20\n");
	set = load(f);
	assert_errors(f, set,
		      "etc/instances/gone.conf.d:0: [warning] there is no gone.conf that this adds "
		      "to\n");
	g_assert_cmpuint(get(set, "a")->priority, ==, 30);
	g_assert_false(get(set, "a")->preempt);
	g_assert_cmpuint(get(set, "a")->missed_adverts, ==, 8);
	g_assert_cmpuint(get(set, "a")->announce_count, ==, 6);
	g_assert_cmpstr(get(set, "a")->description, ==, "file");
}

static void test_drop_in_error(Fixture *f, gconstpointer data)
{
	g_autoptr(ConfigSet) set = NULL;

	put_whole(f, "usr/instances/a.conf", 1, "");
	put(f, "etc/instances/a.conf.d/x.conf", "[Instance]\n\nPriority=300\n");
	put_whole(f, "usr/instances/b.conf", 2, "Version=3\n");
	put(f, "etc/instances/b.conf.d/x.conf", "[Instance]\nAdvertisementInterval=1ms\n");
	set = load(f);
	g_assert_cmpuint(g_hash_table_size(set->sources), ==, 0);
	assert_errors(f, set,
		      "etc/instances/a.conf.d/x.conf:3: [a] Priority=300: must be a whole number "
		      "from 1 to 255\n"
		      "etc/instances/b.conf.d/x.conf:2: [b] AdvertisementInterval: 1ms: version 3 "
		      "carries steps of 10ms only, from 10ms to 40s 950ms\n");
}

/* Syntax that is fine: comments, space, escapes, lists, Windows line ends, no line end at all. */
static void test_syntax(Fixture *f, gconstpointer data)
{
	g_autoptr(ConfigSet) set = NULL;

	put(f, "etc/instances/a.conf",
	    "# comment\n\n  # another\n  [Instance]  \r\n"
	    " Description = \\sa\\\\b\\tc \r\n"
	    "Interface=eth0\nVirtualRouterId\t=\t7\n"
	    "VirtualAddresses= 192.0.2.1/24 ; 192.0.2.2 ;\n"
	    "SourceAddress=");
	set = load(f);
	/* A tab in the description is refused by its rule, not by the syntax. */
	assert_errors(f, set,
		      "etc/instances/a.conf:5: [a] Description= a\\\\b\\tc: must be one line "
		      "without control characters\n");
	put(f, "etc/instances/a.conf",
	    "[Instance]\r\n Description = \\sa\\\\b c \r\n"
	    "Interface=eth0\nVirtualRouterId\t=\t7\n"
	    "VirtualAddresses= 192.0.2.1/24 ; 192.0.2.2 ;\n"
	    "SourceAddress=");
	config_set_free(g_steal_pointer(&set));
	set = load(f);
	assert_errors(f, set, "");
	g_assert_cmpstr(get(set, "a")->description, ==, " a\\b c");
	g_assert_cmpuint(get(set, "a")->addresses->len, ==, 2);
	g_assert_cmpuint(get(set, "a")->vrid, ==, 7);
}

static void test_syntax_errors(Fixture *f, gconstpointer data)
{
	g_autoptr(ConfigSet) set = NULL;

	put_whole(f, "etc/instances/good.conf", 1, "");
	put(f, "etc/instances/a.conf", "Priority=10\n[Instance]\n");
	put(f, "etc/instances/b.conf", "[instance]\nPriority=10\n[Other\nX=1\n");
	put_whole(f, "etc/instances/c.conf", 2,
		  "nonsense\n=5\nPriorty=7\nPriority=7\nPriority=8\n[Instance]\nPreempt=maybe\n"
		  "Description=a\\qb\nVirtualAddresses=1\\;\n");
	put(f, "etc/instances/d.conf", "");
	put(f, "etc/instances/e.conf", "[Instance]\nDescription=\xff\xfe\n");
	put_whole(f, "etc/instances/f.conf", 3, "Track=link:eth1\nVirtualMac=yes\n");
	set = load(f);
	g_assert_cmpuint(g_hash_table_size(set->sources), ==, 1);
	g_assert_nonnull(get(set, "good"));
	assert_errors(
		f, set,
		"etc/instances/a.conf:1: [a] there must be a line [Instance] before the first key\n"
		"etc/instances/b.conf:1: [b] [instance]: no such group; the only one is "
		"[Instance]\n"
		"etc/instances/b.conf:3: [b] a group is written [Instance]\n"
		"etc/instances/c.conf:5: [c] is neither KEY=VALUE nor [Instance] nor a comment "
		"with "
		"'#'\n"
		"etc/instances/c.conf:6: [c] there is no key in front of '='\n"
		"etc/instances/c.conf:7: [c] Priorty: no such key; did you mean Priority?\n"
		"etc/instances/c.conf:9: [c] Priority: is there twice, first in line 8\n"
		"etc/instances/c.conf:10: [c] [Instance] is there twice, first in line 1\n"
		"etc/instances/c.conf:11: [c] Preempt=maybe: must be yes or no\n"
		"etc/instances/c.conf:12: [c] Description: after a backslash only s, n, t, r and "
		"another backslash are known\n"
		"etc/instances/c.conf:13: [c] VirtualAddresses: is there twice, first in line 4\n"
		"etc/instances/d.conf:0: [d] there is no group [Instance]\n"
		"etc/instances/e.conf:2: [e] is not text in UTF-8\n"
		"etc/instances/f.conf:5: [f] Track: not supported yet; take the line out\n"
		"etc/instances/f.conf:6: [f] VirtualMac: not supported yet; take the line out\n");
}

/* The line is that of the key at fault; a key that is not there is the whole file's fault. */
static void test_whole_errors(Fixture *f, gconstpointer data)
{
	g_autoptr(ConfigSet) set = NULL;

	put_whole(f, "etc/instances/a.conf", 1, "Version=2\nAdvertisementInterval=500ms\n");
	put(f, "etc/instances/b.conf", "[Instance]\nInterface=eth0\n");
	set = load(f);
	g_assert_cmpuint(g_hash_table_size(set->sources), ==, 0);
	assert_errors(
		f, set,
		"etc/instances/a.conf:6: [a] AdvertisementInterval: 500ms: version 2 carries "
		"whole seconds only, from 1s to 255s\n"
		"etc/instances/b.conf:0: [b] VirtualAddresses: required, at least one address\n"
		"etc/instances/b.conf:0: [b] VirtualRouterId: required, a number from 1 to "
		"255\n");
}

/* A warning: the instance is fine for vrrpd and keepalived. */
static void test_ipv6_order(Fixture *f, gconstpointer data)
{
	g_autoptr(ConfigSet) set = NULL;

	put(f, "etc/instances/a.conf",
	    "[Instance]\nInterface=eth0\nVirtualRouterId=1\n"
	    "VirtualAddresses=2001:db8::1/64;fe80::1/64\n");
	put(f, "etc/instances/b.conf",
	    "[Instance]\nInterface=eth0\nVirtualRouterId=2\n"
	    "VirtualAddresses=fe80::2/64;2001:db8::2/64\n");
	put_whole(f, "etc/instances/c.conf", 1, "");
	set = load(f);
	g_assert_cmpuint(g_hash_table_size(set->sources), ==, 3);
	g_assert_cmpint(get(set, "a")->family, ==, VRRP_FAMILY_IPV6);
	g_assert_cmpint(get(set, "c")->family, ==, VRRP_FAMILY_IPV4);
	assert_errors(f, set,
		      "etc/instances/a.conf:4: [warning] VirtualAddresses: the first should be "
		      "link-local, such as fe80::1/64: RFC 9568 wants it, and some routers drop "
		      "adverts without it\n");
}

static void test_file_names(Fixture *f, gconstpointer data)
{
	g_autoptr(ConfigSet) set = NULL;
	g_autofree char *folder = g_build_filename(f->root, "etc/instances/dir.conf", NULL);
	g_autofree char *pipe = g_build_filename(f->root, "etc/instances/pipe.conf", NULL);
	g_autofree char *big = g_malloc0(CONFIG_FILE_SIZE_MAX + 2);

	put_whole(f, "etc/instances/bad name.conf", 1, "");
	put_whole(f, "etc/instances/_x.conf", 2, "");
	put_link(f, "etc/instances/lost.conf", "/does/not/exist");
	g_assert_no_errno(g_mkdir(folder, 0755));
	g_assert_no_errno(mkfifo(pipe, 0644));
	memset(big, '#', CONFIG_FILE_SIZE_MAX + 1);
	put(f, "etc/instances/big.conf", big);
	set = load(f);
	assert_errors(
		f, set,
		"etc/instances/_x.conf:0: [_x] '_x' is not a valid instance name; rename the file: "
		"a "
		"letter or a digit first, then letters, digits, '_', '.' and '-', at most 64 in "
		"all\n"
		"etc/instances/bad name.conf:0: [bad name] 'bad name' is not a valid instance "
		"name; "
		"rename the file: a letter or a digit first, then letters, digits, '_', '.' and "
		"'-', "
		"at most 64 in all\n"
		"etc/instances/big.conf:0: [big] is larger than 256 KiB\n"
		"etc/instances/dir.conf:0: [dir] is not a regular file\n"
		"etc/instances/lost.conf:0: [lost] cannot be read: No such file or directory\n"
		"etc/instances/pipe.conf:0: [pipe] is not a regular file\n");
	g_assert_false(set->incomplete);
	/* Exactly the limit is fine, for its size. */
	big[CONFIG_FILE_SIZE_MAX] = '\0';
	put(f, "etc/instances/big.conf", big);
	config_set_free(g_steal_pointer(&set));
	set = load(f);
	g_assert_cmpstr(((const ConfigError *)set->errors->pdata[2])->text, ==,
			"there is no group [Instance]");
}

/* Messages go to the bus, which takes nothing but UTF-8. */
static void test_file_name_encoding(Fixture *f, gconstpointer data)
{
	g_autoptr(ConfigSet) set = NULL;
	const ConfigError *error;

	put_whole(f, "etc/instances/gr\xfcn.conf", 1, "");
	set = load(f);
	g_assert_cmpuint(set->errors->len, ==, 1);
	error = set->errors->pdata[0];
	g_assert_true(g_utf8_validate(error->file, -1, NULL) &&
		      g_utf8_validate(error->text, -1, NULL) &&
		      g_utf8_validate(error->name, -1, NULL));
}

/* What cannot be listed must not look like instances that were removed, and an instance whose
 * overrides and drop-ins are not known is not the instance that was asked for. */
static void test_bad_directory(Fixture *f, gconstpointer data)
{
	g_autoptr(ConfigSet) set = NULL;

	put_whole(f, "usr/instances/a.conf", 1, "");
	put(f, "etc/instances", "a file, not a directory");
	set = load(f);
	g_assert_true(set->incomplete);
	g_assert_null(get(set, "a"));
	assert_errors(f, set,
		      "etc/instances:0: [] the directory cannot be read: Not a directory\n"
		      "etc/instances/a.conf.d:0: [a] the directory cannot be read: Not a "
		      "directory\n");
}

static void test_bad_drop_in_directory(Fixture *f, gconstpointer data)
{
	g_autoptr(ConfigSet) set = NULL;

	put_whole(f, "usr/instances/a.conf", 1, "");
	put_whole(f, "usr/instances/b.conf", 2, "");
	put(f, "etc/instances/b.conf.d", "a file, not a directory");
	set = load(f);
	g_assert_false(set->incomplete);
	g_assert_nonnull(get(set, "a"));
	g_assert_null(get(set, "b"));
	assert_errors(f, set,
		      "etc/instances/b.conf.d:0: [b] the directory cannot be read: Not a "
		      "directory\n");
}

/* A file without permission is that instance's error. Root reads everything, so root lends its eyes
 * to nobody. */
static void test_unreadable(Fixture *f, gconstpointer data)
{
	g_autoptr(ConfigSet) set = NULL;
	g_autofree char *path = g_build_filename(f->root, "etc/instances/a.conf", NULL);
	gboolean root = geteuid() == 0;

	put_whole(f, "etc/instances/a.conf", 1, "");
	put_whole(f, "etc/instances/b.conf", 2, "");
	g_assert_no_errno(chmod(path, 0));
	g_assert_no_errno(chmod(f->root, 0755));
	if (root) {
		g_autofree char *readable = g_build_filename(f->root, "etc/instances/b.conf", NULL);

		g_assert_no_errno(chmod(readable, 0644));
		g_assert_no_errno(seteuid(65534));
	}
	set = load(f);
	if (root)
		g_assert_no_errno(seteuid(0));
	assert_errors(f, set, "etc/instances/a.conf:0: [a] cannot be read: Permission denied\n");
	g_assert_nonnull(get(set, "b"));
	g_assert_false(set->incomplete);
}

/* Two routers with one identity on the wire: the later name goes. */
static void test_identities(Fixture *f, gconstpointer data)
{
	g_autoptr(ConfigSet) set = NULL;

	put_whole(f, "usr/instances/b.conf", 7, "");
	put_whole(f, "etc/instances/c.conf", 7, "");
	put_whole(f, "etc/instances/a.conf", 8, "");
	put(f, "etc/instances/d.conf",
	    "[Instance]\nVirtualRouterId=7\nInterface=eth1\nVirtualAddresses=192.0.2.9\n");
	put_whole(f, "etc/instances/e.conf", 7, "Enabled=no\n");
	put(f, "etc/instances/x.conf",
	    "[Instance]\nVirtualRouterId=9\nVirtualAddresses=192.0.2.9 dev v0\n"
	    "UnicastPeers=192.0.2.8\n");
	put(f, "etc/instances/y.conf",
	    "[Instance]\nVirtualRouterId=9\nVirtualAddresses=192.0.2.7 dev v0\n"
	    "UnicastPeers=192.0.2.8\n");
	set = load(f);
	assert_errors(
		f, set,
		"etc/instances/c.conf:3: [c] VirtualRouterId: VRID 7 for ipv4 on eth0 is "
		"already the instance b\n"
		"etc/instances/y.conf:2: [y] VirtualRouterId: VRID 9 for ipv4 on any interface "
		"is already the instance x\n");
	g_assert_nonnull(get(set, "b"));
	g_assert_null(get(set, "c"));
	g_assert_nonnull(get(set, "d"));
	g_assert_false(get(set, "e")->enabled);
	g_assert_null(get(set, "y"));
}

/* Two instances with one address on one interface would take it from each other; of two with one
 * VRID and one peer the second would never hear it. */
static void test_addresses(Fixture *f, gconstpointer data)
{
	g_autoptr(ConfigSet) set = NULL;

	put_whole(f, "etc/instances/a.conf", 7, "");
	put(f, "etc/instances/b.conf",
	    "[Instance]\nVirtualRouterId=8\nInterface=eth1\n"
	    "VirtualAddresses=192.0.2.1;192.0.2.7 dev eth0\n");
	put(f, "etc/instances/c.conf",
	    "[Instance]\nVirtualRouterId=8\nInterface=eth1\nVirtualAddresses=192.0.2.7\n");
	put(f, "etc/instances/d.conf",
	    "[Instance]\nVirtualRouterId=9\nInterface=eth0\nVirtualAddresses=192.0.2.7\nEnabled="
	    "no\n");
	put(f, "etc/instances/x.conf",
	    "[Instance]\nVirtualRouterId=9\nInterface=eth2\nVirtualAddresses=192.0.2.20\n"
	    "UnicastPeers=192.0.2.8;192.0.2.9\n");
	put(f, "etc/instances/y.conf",
	    "[Instance]\nVirtualRouterId=9\nInterface=eth3\nVirtualAddresses=192.0.2.21\n"
	    "UnicastPeers=192.0.2.9\n");
	put(f, "etc/instances/z.conf",
	    "[Instance]\nVirtualRouterId=10\nInterface=eth3\nVirtualAddresses=192.0.2.22\n"
	    "UnicastPeers=192.0.2.9\n");
	set = load(f);
	assert_errors(
		f, set,
		"etc/instances/b.conf:0: [b] VirtualAddresses: 192.0.2.7 on eth0 is already an "
		"address of the instance a\n"
		"etc/instances/y.conf:2: [y] VirtualRouterId: VRID 9 with the peer 192.0.2.9 is "
		"already the instance x\n");
	g_assert_nonnull(get(set, "z"));
	g_assert_nonnull(get(set, "c"));
	g_assert_nonnull(get(set, "d"));
}

#define SECRET "hunter22"

static void test_secret(Fixture *f, gconstpointer data)
{
	g_autofree char *errors = NULL;
	g_autoptr(ConfigSet) set = NULL;
	g_autofree char *path = g_build_filename(f->root, "etc/instances/ok.conf", NULL);
	const char *more = "Version=2\nAuthenticationType=ah\nAuthenticationKey=" SECRET "\n";

	put_whole(f, "etc/instances/ok.conf", 1, more);
	g_assert_no_errno(chmod(path, 0644));
	put_whole(f, "etc/instances/private.conf", 2, more);
	put_whole(f, "etc/instances/long.conf", 3, "AuthenticationKey=" SECRET "x\n");
	put_whole(f, "etc/instances/twice.conf", 4,
		  "AuthenticationKey=" SECRET "\nAuthenticationKey=" SECRET "\n");
	put_whole(f, "etc/instances/slip.conf", 5, "AuthenticationKey " SECRET "\n");
	put_whole(f, "etc/instances/typo.conf", 6, "AuthenticationKye=" SECRET "\n");
	put_whole(f, "etc/instances/escape.conf", 7, "AuthenticationKey=\\x" SECRET "\n");
	put_whole(f, "etc/instances/alone.conf", 8, "AuthenticationKey=" SECRET "\n");
	set = load(f);
	errors = list_errors(f, set);
	g_assert_null(strstr(errors, "hunter"));
	g_assert_cmpuint(g_hash_table_size(set->sources), ==, 2);
	g_assert_cmpmem(get(set, "ok")->key, 8, SECRET, 8);
	g_assert_nonnull(strstr(
		errors, "etc/instances/ok.conf:7: [warning] AuthenticationKey: everybody can "
			"read this file; use chmod 0640\n"));
	g_assert_null(strstr(errors, "private.conf"));
	g_assert_nonnull(strstr(errors, "typo.conf:5: [typo] AuthenticationKye: no such key; did "
					"you mean AuthenticationKey?"));
	g_assert_nonnull(strstr(errors, "long.conf:5: [long] AuthenticationKey: must have at most "
					"8 bytes"));
}

/* What `vrrpctl check` reads. */
static void test_paths(Fixture *f, gconstpointer data)
{
	g_autoptr(ConfigSet) set = NULL;
	g_autofree char *single = g_build_filename(f->root, "one/single.conf", NULL);
	g_autofree char *folder = g_build_filename(f->root, "folder", NULL);
	g_autofree char *twice = g_build_filename(f->root, "two/single.conf", NULL);
	g_autofree char *other = g_build_filename(f->root, "one/keepalived.txt", NULL);
	g_autofree char *missing = g_build_filename(f->root, "one/missing.conf", NULL);
	const char *paths[] = { single, folder, f->directories[2], twice, other, missing, NULL };

	put_whole(f, "one/single.conf", 1, "");
	put(f, "one/single.conf.d/x.conf", "[Instance]\nPriority=7\n");
	put_whole(f, "folder/a.conf", 2, "");
	put_whole(f, "etc/instances/b.conf", 3, "");
	put_whole(f, "two/single.conf", 4, "");
	put(f, "one/keepalived.txt", "");
	set = config_load_paths(paths);
	g_assert_cmpuint(g_hash_table_size(set->sources), ==, 3);
	g_assert_cmpuint(get(set, "single")->vrid, ==, 1);
	g_assert_cmpuint(get(set, "single")->priority, ==, 7);
	g_assert_nonnull(get(set, "a"));
	g_assert_nonnull(get(set, "b"));
	g_assert_cmpuint(set->errors->len, ==, 3);
	g_assert_cmpstr(((const ConfigError *)set->errors->pdata[0])->text, ==,
			"the file of an instance is called NAME.conf");
	g_assert_cmpstr(((const ConfigError *)set->errors->pdata[1])->text, ==,
			"cannot be read: No such file or directory");
	g_assert_true(g_str_has_prefix(((const ConfigError *)set->errors->pdata[2])->text,
				       "the instance single is also in /"));
}

static void put_copy(Fixture *f, const char *path, const char *original)
{
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(original, &text, NULL, NULL));
	put(f, path, text);
}

/* The examples that are installed say what they say, once they have the mode that they ask for. */
static void test_example(Fixture *f, gconstpointer data)
{
	g_autoptr(ConfigSet) set = NULL;
	const Settings *settings;

	put_copy(f, "run/instances/example.conf", TEST_DATA_DIR "/../../data/example.conf");
	put_copy(f, "etc/instances/failover_test.conf",
		 TEST_DATA_DIR "/../../data/examples/failover_test.conf");
	set = config_load_paths((const char *const[]){ f->directories[2], NULL });
	assert_errors(f, set, "");
	settings = get(set, "failover_test");
	g_assert_nonnull(settings);
	g_assert_cmpuint(settings->vrid, ==, 10);
	g_assert_cmpuint(settings->priority, ==, 110);
	g_assert_cmpuint(settings->interval_usec, ==, 4000000);
	g_assert_cmpint(settings->auth, ==, VRRP_AUTH_AH);
	g_assert_cmpstr(settings->address_strings->pdata[0], ==,
			"192.168.120.3/21 brd 192.168.127.255 dev eno1 label eno1:vip");

	config_set_free(g_steal_pointer(&set));
	set = config_load_paths((const char *const[]){ f->directories[1], NULL });
	assert_errors(f, set, "");
	g_assert_nonnull(get(set, "example"));
}

static void test_write(Fixture *f, gconstpointer data)
{
	g_autofree char *path = g_build_filename(f->root, "out.conf", NULL);
	g_autofree char *nowhere = g_build_filename(f->root, "none/out.conf", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) dir = NULL;
	struct stat status, parent;
	mode_t mask = umask(0);

	/* A group other than ours, where we may give one. */
	if (geteuid() == 0)
		g_assert_no_errno(chown(f->root, (uid_t)-1, 12345));
	g_assert_true(config_write_file(path, "one", FALSE, &error));
	umask(mask);
	g_assert_no_errno(stat(path, &status));
	g_assert_no_errno(stat(f->root, &parent));
	g_assert_cmpuint(status.st_mode & 07777, ==, 0640);
	g_assert_cmpuint(status.st_gid, ==, parent.st_gid);

	g_assert_false(config_write_file(path, "two", FALSE, &error));
	g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST);
	g_assert_nonnull(strstr(error->message, "out.conf: is already there"));
	g_clear_error(&error);
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "one");
	g_clear_pointer(&text, g_free);

	g_assert_true(config_write_file(path, "three", TRUE, &error));
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "three");
	g_assert_false(config_write_file(nowhere, "four", TRUE, &error));
	g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);

	/* No temporary file is left, neither of what worked nor of what did not. */
	dir = g_dir_open(f->root, 0, NULL);
	g_assert_cmpstr(g_dir_read_name(dir), ==, "out.conf");
	g_assert_null(g_dir_read_name(dir));
}

/* What is escaped comes back through the scanner, whatever it is. */
static void test_escape(void)
{
	static const char *const values[] = { "",       "plain",  " both ends ", "a\\b",  "a\\sb",
					      "\n\r\t", "  two ", " ",           "#x=[y]" };

	for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
		g_autofree char *escaped = config_escape_value(values[i]);
		g_autofree char *text = g_strdup_printf("[Instance]\nDescription=%s\n", escaped);
		g_autoptr(GPtrArray) faults = g_ptr_array_new();
		g_autoptr(GPtrArray) entries = config_file_parse(text, strlen(text), faults);

		g_assert_cmpuint(faults->len, ==, 0);
		g_assert_cmpuint(entries->len, ==, 1);
		g_assert_cmpstr(((const ConfigEntry *)entries->pdata[0])->value, ==, values[i]);
	}
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/config-load/nothing", test_nothing);
	ADD("/config-load/override", test_override);
	ADD("/config-load/drop-ins", test_drop_ins);
	ADD("/config-load/drop-in-error", test_drop_in_error);
	ADD("/config-load/syntax", test_syntax);
	ADD("/config-load/syntax-errors", test_syntax_errors);
	ADD("/config-load/whole-errors", test_whole_errors);
	ADD("/config-load/ipv6-order", test_ipv6_order);
	ADD("/config-load/file-names", test_file_names);
	ADD("/config-load/file-name-encoding", test_file_name_encoding);
	ADD("/config-load/bad-directory", test_bad_directory);
	ADD("/config-load/bad-drop-in-directory", test_bad_drop_in_directory);
	ADD("/config-load/unreadable", test_unreadable);
	ADD("/config-load/identities", test_identities);
	ADD("/config-load/addresses", test_addresses);
	ADD("/config-load/secret", test_secret);
	ADD("/config-load/paths", test_paths);
	ADD("/config-load/example", test_example);
	ADD("/config-write/file", test_write);
	g_test_add_func("/config-write/escape", test_escape);
	return g_test_run();
}
