/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The life of a Settings: counted, compared, wiped. Only settings-builder.c makes one, and nothing
 * changes it afterwards, so whoever holds a reference may keep pointers into it. The count is not
 * atomic: the control thread alone touches it.
 */

#include <string.h>

#include "settings.h"

Settings *settings_ref(Settings *settings)
{
	settings->ref_count++;
	return settings;
}

void settings_unref(Settings *settings)
{
	if (!settings || --settings->ref_count > 0)
		return;
	g_free(settings->name);
	g_free(settings->description);
	g_free(settings->interface);
	g_array_unref(settings->addresses);
	g_ptr_array_unref(settings->address_strings);
	g_array_unref(settings->peers);
	explicit_bzero(settings->key, sizeof settings->key);
	g_free(settings);
}

/* The canonical strings are equal exactly where the addresses are. */
static gboolean same_addresses(const Settings *a, const Settings *b)
{
	if (a->address_strings->len != b->address_strings->len)
		return FALSE;
	for (guint i = 0; i < a->address_strings->len; i++)
		if (!g_str_equal(a->address_strings->pdata[i], b->address_strings->pdata[i]))
			return FALSE;
	return TRUE;
}

static gboolean same_address(const VrrpAddress *a, const VrrpAddress *b)
{
	return a->family == b->family && vrrp_address_compare(a, b) == 0;
}

static gboolean same_peers(const Settings *a, const Settings *b)
{
	if (a->peers->len != b->peers->len)
		return FALSE;
	for (guint i = 0; i < a->peers->len; i++)
		if (!same_address(&g_array_index(a->peers, VrrpAddress, i),
				  &g_array_index(b->peers, VrrpAddress, i)))
			return FALSE;
	return TRUE;
}

static gboolean same_authentication(const Settings *a, const Settings *b)
{
	return a->auth == b->auth && a->has_key == b->has_key &&
	       memcmp(a->key, b->key, sizeof a->key) == 0;
}

gboolean settings_equal(const Settings *a, const Settings *b)
{
	return g_str_equal(a->name, b->name) && g_str_equal(a->description, b->description) &&
	       a->enabled == b->enabled && g_str_equal(a->interface, b->interface) &&
	       a->vrid == b->vrid && a->family == b->family && a->version == b->version &&
	       a->priority == b->priority && a->interval_usec == b->interval_usec &&
	       same_addresses(a, b) && same_address(&a->source, &b->source) && same_peers(a, b) &&
	       same_address(&a->group, &b->group) && a->unicast_ttl == b->unicast_ttl &&
	       a->unicast_minimum_ttl == b->unicast_minimum_ttl && a->preempt == b->preempt &&
	       a->missed_adverts == b->missed_adverts && a->track_interface == b->track_interface &&
	       a->accept_mode == b->accept_mode && same_authentication(a, b) &&
	       a->checksum == b->checksum && a->announce_count == b->announce_count &&
	       a->preempt_delay_usec == b->preempt_delay_usec &&
	       a->startup_delay_usec == b->startup_delay_usec &&
	       a->link_up_delay_usec == b->link_up_delay_usec &&
	       a->announce_refresh_usec == b->announce_refresh_usec;
}

gboolean settings_same_identity(const Settings *a, const Settings *b)
{
	return g_str_equal(a->interface, b->interface) && a->family == b->family &&
	       a->vrid == b->vrid;
}

gboolean settings_same_router(const Settings *a, const Settings *b)
{
	return settings_same_identity(a, b) && a->version == b->version &&
	       same_address(&a->group, &b->group) && (a->peers->len > 0) == (b->peers->len > 0);
}

gboolean settings_name_is_valid(const char *name)
{
	gsize length = strlen(name);

	return length >= 1 && length <= SETTINGS_NAME_MAX && g_ascii_isalnum(name[0]) &&
	       strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.-") == length;
}
